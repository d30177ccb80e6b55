/*
 * Runs answers: one request a column, all at once, so that the server writes them as rows of one batch. What is being written
 * lives in signals of its own, so that a token draws one answer again and not the page.
 */
import { signal, batch } from '../ui.js';
import { stream, isAbort } from '../api.js';
import { api, projectable } from '../steer/entries.js';
import { messages, loops } from './session.js';

export const TOP = 10;

/** The request of a column, as it is sent. */
export function request(session, column, node, lib, more = null) {
  const { stack } = session.columns.find(one => one.id === column);
  const { temperature, max_tokens, top_p, top_k, min_p, repetition_penalty, seed } = session.sampling;
  const steering = api(stack);
  const other = session.columns.map(one => api(one.stack)).find(entries => entries.length > 0);
  const twin = steering.length > 0 ? 'unsteered' : other ? { steering: other } : undefined;
  const project = projectable(lib, session.columns.map(one => api(one.stack)));
  const said = messages(session, column, node);
  const body = { model: session.model, messages: more ? [...said, { role: 'assistant', content: more.text }] : said, temperature, max_tokens, seed, steering,
    tokens: { top: TOP, ...(project.length ? { project } : {}) }, stream: true, stream_options: { include_usage: true } };
  if (more) body.continue_final_message = true;
  if (twin) body.twin = twin;
  if (temperature > 0) Object.assign(body, Object.fromEntries(Object.entries({ top_p: top_p < 1 && top_p, top_k: top_k > 0 && top_k, min_p: min_p > 0 && min_p }).filter(([, value]) => value)));
  if (repetition_penalty !== 1) body.repetition_penalty = repetition_penalty;
  return body;
}

const live = new Map(); // node/column → {signal, abort}
/** Changes when an answer begins or ends. */
export const turns = signal(0);

export const running = (node, column) => live.get(`${node}/${column}`)?.signal ?? null;
export const busy = () => live.size > 0;
export const stop = () => { for (const { abort } of live.values()) abort.abort(); };

const told = token => ({ id: token.id, text: token.text, lp: token.logprob, top: token.top, ...(token.twin ? { tw: { lp: token.twin.logprob, kl: token.twin.kl, top: token.twin.top } } : {}) });

/**
 * Writes an answer. Returns it when it has ended, in whichever way; a stopped one keeps what was written.
 *
 * @param more the answer that is continued, or null
 * @param alone without the other row
 */
export async function write(session, column, node, lib, more = null, alone = false) {
  const key = `${node.id}/${column}`;
  live.get(key)?.abort.abort();
  const abort = new AbortController();
  const body = request(session, column, node, lib, more);
  if (alone) delete body.twin;
  let answer = more ? { ...more, stop: null, error: null } : { text: '', tokens: [], stop: null };
  answer.body = body;
  const shown = signal(answer);
  const mine = { signal: shown, abort };
  batch(() => { live.set(key, mine); turns.value++; });
  const began = performance.now();
  const before = answer.tokens.length;
  const continued = answer.tokens;
  try {
    for await (const chunk of stream('/v1/chat/completions', body, { signal: abort.signal })) {
      const choice = chunk.choices[0];
      const next = { ...answer, fp: chunk.system_fingerprint };
      if (choice) {
        next.text += choice.delta?.content ?? '';
        if (choice.pintle?.tokens) next.tokens = [...answer.tokens, ...choice.pintle.tokens.map(told)];
        if (choice.finish_reason) Object.assign(next, { stop: choice.pintle.stop_reason, acted: choice.pintle.acted_on, project: choice.pintle.project ?? null });
      }
      if (chunk.pintle) Object.assign(next, { steering: chunk.pintle.steering, seed: chunk.pintle.seed, ms: (more?.ms ?? 0) + chunk.pintle.timings.total_ms });
      if (chunk.usage) Object.assign(next, { prompt: more ? more.prompt : chunk.usage.prompt_tokens, cached: chunk.usage.prompt_tokens_details?.cached_tokens ?? 0 });
      answer = next;
      shown.value = next;
    }
  } catch (error) {
    // what is wrong with the steering of another column is that column's to say
    if (!alone && error.param?.startsWith('twin') && live.get(key) === mine) return write(session, column, node, lib, more, true);
    answer = { ...answer, stop: isAbort(error) ? 'stopped' : 'error', error: isAbort(error) ? null : { message: error.sentence ?? error.message, facts: error.facts, param: error.param, requestId: error.requestId } };
  }
  answer = { ...answer, ms: answer.ms ?? Math.round(performance.now() - began), loops: loops(answer.tokens) };
  if (answer.project) answer.project = ownPart(answer.project, answer.tokens.length - before, continued, more);
  if (live.get(key) === mine) { batch(() => { live.delete(key); turns.value++; }); return answer; }
  return null; // superseded: another run owns this answer
}

/** Components of the answer's own tokens; those of the prompt before it are left out. */
function ownPart(project, fresh, continued, more) {
  const found = {};
  for (const [name, values] of Object.entries(project)) {
    const all = more ? continued.length + fresh : fresh;
    found[name] = values.slice(values.length - all);
  }
  return found;
}
