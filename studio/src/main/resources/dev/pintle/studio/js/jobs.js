/* Jobs: starting, following and cancelling them, and how far they are. */
import { html, useEffect, useState } from './ui.js';
import { own, post, send, stream } from './api.js';
import { say } from './shell.js';
import { bytes, count, fixed, known } from './numbers.js';

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
