/*
 * What the pages about vectors, latents, sweeps, runs, models and the server share.
 */
import { html, useState, useEffect, useLoaded, useSignal, visible } from '../ui.js';
import { own, post, send, stream } from '../api.js';
import { models, plain, readModels, say } from '../shell.js';
import { go } from '../state.js';

/** Loads a style sheet once; a page awaits it, so that it is never seen without. */
export const styled = name => new Promise((resolve, reject) => {
  const known = document.querySelector(`link[data-style="${name}"]`);
  if (known) { resolve(); return; }
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.dataset.style = name;
  link.href = `/studio/css/${name}.css`;
  link.onload = () => resolve();
  link.onerror = () => reject(new Error('A style sheet cannot be loaded.'));
  document.head.append(link);
});

/** The model of a page: what its state says, else the first that is served. */
export function useModel(named) {
  const known = useSignal(models);
  useEffect(() => { if (!known.length) readModels().catch(() => {}); }, []);
  return named ?? plain(known)[0]?.id ?? null;
}

export const enc = encodeURIComponent;

/** A query of what is given: {sort: 'max', dead: undefined} is sort=max. */
export const query = given => new URLSearchParams(Object.entries(given).filter(([, value]) => value != null && value !== '')).toString();

// ---------------------------------------------------------------- numbers, as the commands print them

export const known = value => typeof value === 'number' && Number.isFinite(value);

/** So many decimals, halves rounded up as the commands do; a dash where there is no number. */
export function fixed(value, decimals) {
  if (!known(value)) return '–';
  const size = Math.abs(value);
  const text = size >= 1e-6 && size < 1e15 ? Number(Math.round(Number(size + 'e' + decimals)) + 'e-' + decimals).toFixed(decimals) : size.toFixed(decimals);
  return (value < 0 && Number(text) !== 0 ? '−' : '') + text;
}
export const percent = (share, decimals = 0) => known(share) ? fixed(100 * share, decimals) + '%' : '–';
/** The ends of an interval: 0.76 to 1.00. */
export const range = (interval, decimals = 2) => interval && known(interval.low) && known(interval.high)
  ? `${fixed(interval.low, decimals)} to ${fixed(interval.high, decimals)}` : '–';
export const count = value => known(value) ? value.toLocaleString('en') : '–';
export function bytes(size) {
  if (!known(size)) return '–';
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  while (size >= 1000 && at < 4) { size /= 1000; at++; }
  return `${at === 0 ? size : size.toPrecision(3)} ${unit[at]}`;
}
export function ago(time) {
  const seconds = (Date.now() - new Date(time)) / 1000;
  return seconds < 60 ? 'just now' : seconds < 3600 ? `${Math.round(seconds / 60)} min ago` : seconds < 86400 ? `${Math.round(seconds / 3600)} h ago` : new Date(time).toISOString().slice(0, 10);
}
/** A hook point in a few characters: layer 3, or its own name. */
export const place = at => String(at).replace(/^blocks\.(\d+)\.hook_resid_post$/, 'layer $1');
export const layerOf = at => Number(/blocks\.(\d+)/.exec(at)?.[1] ?? -1);
/** A vector as people call it. */
export const called = vector => vector.names[0] ?? vector.hash.slice(0, 12);
export const ref = vector => vector.names[0] ?? 'sha256:' + vector.hash;

// ---------------------------------------------------------------- jobs

/** Follows a job to its end: {job, error}. Nothing without an id. */
export function useJob(id) {
  const [state, set] = useState({});
  useEffect(() => {
    set({});
    if (!id) return undefined;
    const abort = new AbortController();
    (async () => {
      for await (const job of stream(own(`/jobs/${id}/events`), undefined, { signal: abort.signal })) set({ job });
    })().catch(error => { if (!abort.signal.aborted) set(old => ({ ...old, error })); });
    return () => abort.abort();
  }, [id]);
  return state;
}

/** Starts a job; the drawer notices. */
export async function startJob(path, body) {
  const job = await post(own(path), body);
  dispatchEvent(new Event('pintle-jobs'));
  return job;
}

export const ended = job => job && !['waiting', 'running'].includes(job.state);

/** Seconds that a job will still take, by what it has done so far. */
export function remaining(job) {
  const { done, total } = job.progress;
  return job.seconds > 1 && done > 0 && total > done ? job.seconds / done * (total - done) : null;
}

const clock = seconds => seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${fixed(seconds / 3600, 1)} h`;

/** How far a job is. */
export function Progress({ job, onCancel }) {
  const { stage, done, total } = job.progress;
  const left = remaining(job);
  const words = job.state === 'running' ? `${stage || 'starting'}${total > 1 ? (stage === 'downloading' ? ` ${bytes(done)} of ${bytes(total)}` : ` ${count(done)} of ${count(total)}`) : ''}` : job.state;
  const speed = stage === 'downloading' && job.seconds > 1 ? `, ${bytes(done / job.seconds)}/s` : '';
  return html`<div class="progress" role="status"><div class="row"><span>${words}${speed}</span><span class="grow" />
      <span class="muted num">${known(job.seconds) ? clock(job.seconds) : ''}${left != null ? `, about ${clock(left)} left` : ''}</span>
      ${onCancel && !ended(job) && html`<button class="small" onClick=${onCancel}>Cancel</button>`}</div>
    <progress max=${total || 1} value=${ended(job) ? total || 1 : total ? done : null} aria-label=${`${job.kind}: ${words}`} /></div>`;
}

export async function cancelJob(id) {
  try {
    await send('DELETE', own('/jobs/' + id));
    dispatchEvent(new Event('pintle-jobs'));
  } catch (error) { say(error.message, { bad: true }); }
}

// ---------------------------------------------------------------- steering

/** Opens Chat with these entries in its first column, beside an unsteered one. */
export const steerBy = (steering, model) => go('/chat', { model: model ?? undefined, columns: [{ id: 'a', stack: steering }, { id: 'b', stack: [] }] });

/** What a model answers under several steerings; the first is not steered. */
export async function samples(model, question, steerings, signal) {
  return Promise.all(steerings.map(steering => post('/v1/chat/completions', {
    model, temperature: 0, max_tokens: 60, messages: [{ role: 'user', content: question }], steering,
  }, { signal })));
}

/** Answers side by side, asked for when somebody wants them. */
export function Samples({ model, title, variants }) {
  const [question, setQuestion] = useState('Tell me about the whale.');
  const [asked, ask] = useState(null);
  const { value, error, loading } = useLoaded(signal => asked ? samples(model, asked.question, asked.variants.map(one => one.steering), signal) : Promise.resolve(null), [asked]);
  const run = event => { event?.preventDefault(); ask({ question, variants }); };
  return html`<form class="row" onSubmit=${run}>
      <input class="grow" aria-label=${`Question for ${title}`} value=${question} onInput=${event => setQuestion(event.target.value)} />
      <button class="main" disabled=${loading && asked}>Write samples</button></form>
    ${error && html`<p class="bad">${error.message}</p>`}
    ${asked && html`<div class="samples" aria-live="polite">${asked.variants.map((one, i) => html`<article key=${one.label}>
      <h3>${one.label}</h3><p class="text">${value ? visibleLines(value[i].choices[0].message.content) : '…'}</p></article>`)}</div>`}`;
}

/** Text with its line ends kept and all else that cannot be seen shown. */
export const visibleLines = text => String(text).split('\n').map(visible).join('\n');
