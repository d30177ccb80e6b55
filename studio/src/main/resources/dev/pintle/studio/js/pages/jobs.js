/* The drawer of jobs: how far each is, cancelling, and where its result is. Always here, so that the rail can say how many run. */
import { html, useEffect, useState } from '../ui.js';
import { get, own } from '../api.js';
import { Icon, running, say, style } from '../shell.js';
import { cancelJob, ended, Progress } from '../jobs.js';
import { ago } from '../numbers.js';

await style('jobs');

const OFTEN = 1000, SELDOM = 15_000; // milliseconds

/** Where the result of a job is shown. */
function link(job) {
  const body = job.asked?.body ?? {};
  switch (job.kind) {
    case 'fit': return ['/vectors/new', { job: job.id, positive: body.positive, negative: body.negative, layers: body.layers, name: body.name, ...(body.data ? { mode: 'pairs', data: body.data.text } : {}) }];
    case 'sweep': case 'tune': return ['/sweeps', { kind: job.kind, job: job.id }];
    case 'study': return ['/runs', { job: job.id }];
    case 'profile': case 'check': return [`/sae/${encodeURIComponent(decodeURIComponent(/saes\/([^/]+)/.exec(job.asked?.route ?? '')?.[1] ?? ''))}`, {}];
    default: return ['/models', { job: job.id }];
  }
}

const about = ({ asked }) => { const body = asked?.body ?? {}; return body.name ?? body.style ?? body.study ?? body.model ?? ''; };

export default function Jobs({ open, close }) {
  const [jobs, set] = useState([]);
  const [error, setError] = useState(null);
  useEffect(() => {
    let timer, gone = false, known = null;
    const look = async () => {
      clearTimeout(timer);
      let busy = 0;
      try {
        const found = (await get(own('/jobs?results=false'))).jobs.reverse();
        if (gone) return;
        busy = found.filter(job => !ended(job)).length;
        if (known) found.filter(job => ended(job) && known.has(job.id)).forEach(job => say(`${job.kind} ${about(job)}: ${job.state}`, { bad: job.state === 'failed' }));
        known = new Set(found.filter(job => !ended(job)).map(job => job.id));
        set(found); setError(null);
        running.value = busy;
      } catch (problem) { if (!gone) setError(problem); }
      if (!gone) timer = setTimeout(look, document.hidden ? SELDOM : busy || open ? OFTEN : SELDOM);
    };
    addEventListener('pintle-jobs', look);
    look();
    return () => { gone = true; clearTimeout(timer); removeEventListener('pintle-jobs', look); };
  }, [open]);
  const show = async job => { const { go } = await import('../state.js'); close(); const [path, state] = link(job); go(path, state); };
  return html`<div class="jobs drawer-inside"><header><h2>Jobs</h2><button class="quiet" aria-label="Close the jobs" title="Close (Esc)" onClick=${close}><${Icon} path="M6 6l12 12M18 6 6 18" /></button></header>
    <div class="scroll">${error && jobs.length === 0 ? html`<p class="bad">${error.message}</p>` : jobs.length === 0 ? html`<p class="muted">Fits, sweeps, studies, profiles and downloads are listed here while they run, one at a time, and after they have ended.</p>`
      : jobs.map(job => html`<article class="card stack" key=${job.id}><div class="row"><button class="link" onClick=${() => show(job)}>${job.kind} ${about(job)}</button><span class="grow" /><span class=${`tag ${job.state === 'failed' ? 'bad' : job.state === 'finished' ? 'good' : ''}`}>${job.state}</span></div>
        ${ended(job) ? html`<small class="muted">${ago(job.created)}${job.seconds ? `, took ${job.seconds} s` : ''}</small>${job.error && html`<p class="bad wrap">${job.error.message}</p>`}` : html`<${Progress} job=${job} onCancel=${() => cancelJob(job.id)} />`}</article>`)}</div></div>`;
}
