/*
 * The server's routes, as docs/server.md describes them.
 *
 *   await get('/pintle/v1/vectors', { signal })         JSON of a GET
 *   await send('POST', '/pintle/v1/score', body)        JSON of a request with a body
 *   for await (const chunk of stream(path, body)) …     frames of a stream, parsed; a frame with an error is thrown
 *   const latest = superseding(); latest(signal => …)   each call aborts the one before
 *
 * What is refused is thrown as a Problem. Routes below /pintle/v1 have short names: own('/vectors').
 */
import { signal } from './ui.js';

const KEY = 'pintle.key';

/** Whether the server wants a key that we don't have. */
export const keyWanted = signal(false);
/** Whether the server could not be reached. */
export const offline = signal(false);

export const own = path => '/pintle/v1' + path;

export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
  keyWanted.value = false;
}

/** What the server refused, or why it could not be asked. */
export class Problem extends Error {
  /** @param error OpenAI's error object */
  constructor(status, error = {}, requestId = null) {
    super(error.message ?? `The server answered with status ${status}.`);
    this.status = status;
    this.param = error.param ?? null;
    this.code = error.code ?? null;
    this.requestId = requestId;
    this.sentence = error.pintle?.sentence ?? this.message;
    this.facts = Object.entries(error.pintle?.facts ?? {}); // [label, [values]]
  }

  static of(thrown) {
    if (thrown instanceof Problem) return thrown;
    return new Problem(0, { message: String(thrown?.message ?? thrown) });
  }

  /** All of it, to be copied. */
  text() {
    return [this.sentence, ...this.facts.map(([label, values]) => `  ${label}: ${values.join('; ')}`),
      this.param && `  field: ${this.param}`, this.requestId && `  request: ${this.requestId}`].filter(Boolean).join('\n');
  }
}

export const isAbort = error => error?.name === 'AbortError';

async function fetched(method, path, body, { signal, headers = {}, type } = {}) {
  const key = sessionStorage.getItem(KEY);
  const given = { ...headers };
  if (key) given.Authorization = 'Bearer ' + key;
  if (body !== undefined) given['Content-Type'] = type ?? 'application/json';
  let response;
  try {
    response = await fetch(path, { method, signal, headers: given, cache: 'no-store',
      body: body === undefined ? undefined : type ? body : JSON.stringify(body) });
  } catch (error) {
    if (isAbort(error)) throw error;
    offline.value = true;
    throw new Problem(0, { message: 'The server cannot be reached.', code: 'offline',
      pintle: { sentence: 'The server cannot be reached.', facts: { address: [location.origin], try: ['start it again with ./pintle studio'] } } });
  }
  offline.value = false;
  if (response.ok) return response;
  const text = await response.text();
  let error;
  try { error = JSON.parse(text).error; } catch { error = { message: text || response.statusText }; }
  if (response.status === 401) keyWanted.value = true;
  throw new Problem(response.status, error, response.headers.get('x-request-id'));
}

export async function send(method, path, body, options) {
  const response = await fetched(method, path, body, options);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

export const get = (path, options) => send('GET', path, undefined, options);
export const post = (path, body, options) => send('POST', path, body, options);

/** Bytes or text of a reply. */
export const raw = (path, options) => fetched('GET', path, undefined, options);

/** The frames of a stream of events; ends at [DONE] or with the stream. Without a body it is a GET. */
export async function* stream(path, body, options = {}) {
  const response = await fetched(body === undefined ? 'GET' : 'POST', path, body, options);
  const id = response.headers.get('x-request-id');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      held += value;
      let end;
      while ((end = held.indexOf('\n\n')) >= 0) {
        const frame = held.slice(0, end);
        held = held.slice(end + 2);
        if (!frame.startsWith('data: ')) continue;
        const data = frame.slice(6);
        if (data === '[DONE]') return;
        const json = JSON.parse(data);
        if (json.error) throw new Problem(200, json.error, id);
        yield json;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Runs one thing at a time: each call aborts what the one before still waits for. */
export function superseding() {
  let last;
  return run => {
    last?.abort();
    last = new AbortController();
    return run(last.signal);
  };
}
