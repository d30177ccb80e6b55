/*
 * What the pages about vectors, latents, sweeps, runs, models and the server share.
 */
import { html, useState, useEffect, useLoaded, useRef, useSignal, visible } from '../ui.js';
import { own, post } from '../api.js';
import { Panel } from '../parts.js';
import { models, plain, readModels } from '../shell.js';
import { go } from '../state.js';

export * from '../numbers.js';
export * from '../jobs.js';

/** The model of a page: what its state says, else the first that is served. */
export function useModel(named) {
  const known = useSignal(models);
  useEffect(() => { if (!known.length) readModels().catch(() => {}); }, []);
  return named ?? plain(known)[0]?.id ?? null;
}

export const enc = encodeURIComponent;

/** A query of what is given: {sort: 'max', dead: undefined} is sort=max. */
export const query = given => new URLSearchParams(Object.entries(given).filter(([, value]) => value != null && value !== '')).toString();

/** A vector as people call it. */
export const called = vector => vector.names[0] ?? vector.hash.slice(0, 12);
export const ref = vector => vector.names[0] ?? 'sha256:' + vector.hash;

// ---------------------------------------------------------------- steering

/** Opens Chat with these entries in its second column, beside an unsteered one. */
export const steerBy = (steering, model) => go('/chat', { model: model ?? undefined, columns: [{ id: 'a', stack: [] }, { id: 'b', stack: steering }] });

/** What a model answers under several steerings; the first is not steered. */
export async function samples(model, question, steerings, signal) {
  return Promise.all(steerings.map(steering => post('/v1/chat/completions', sampled(model, question, steering), { signal })));
}

const sampled = (model, question, steering) => ({ model, temperature: 0, max_tokens: 60, messages: [{ role: 'user', content: question }], steering });

/** Answers side by side, asked for when somebody wants them. */
export function Samples({ model, title, variants, shown }) {
  const [question, setQuestion] = useState('Tell me about the whale.');
  const [asked, ask] = useState(null);
  const { value, error, loading } = useLoaded(signal => asked ? samples(model, asked.question, asked.variants.map(one => one.steering), signal) : Promise.resolve(null), [asked]);
  const run = event => { event?.preventDefault(); ask({ question, variants }); };
  if (shown) shown.current = { question, samples: (asked?.variants ?? variants).map((one, i) => ({ ...one, text: value?.[i].choices[0].message.content ?? null })) };
  return html`<form class="row" onSubmit=${run}>
      <input class="grow" aria-label=${`Question for ${title}`} value=${question} onInput=${event => setQuestion(event.target.value)} />
      <button class="main" disabled=${loading && asked}>Write samples</button></form>
    ${error && html`<p class="bad">${error.message}</p>`}
    ${asked && html`<div class="samples" aria-live="polite">${asked.variants.map((one, i) => html`<article key=${one.label}>
      <h3>${one.label}</h3><p class="text">${value ? visibleLines(value[i].choices[0].message.content) : '…'}</p></article>`)}</div>`}`;
}

/** Samples in a panel of their own. */
export function SteeredBy({ model, title, variants }) {
  const shown = useRef({ question: '', samples: variants });
  const last = () => shown.current.samples.at(-1).steering;
  const exports = { name: 'samples', json: () => ({ model, ...shown.current }), csv: () => [['steering', 'text'], ...shown.current.samples.map(one => [one.label, one.text])],
    request: () => ({ path: '/v1/chat/completions', body: sampled(model, shown.current.question, last()) }), cli: () => `./pintle generate --model ${model} --max-new-tokens 60 --user ${shell(shown.current.question)} --steer ${shell(JSON.stringify(last()))}` };
  return html`<${Panel} title="Steered by it" note="greedy answers" exports=${exports}><${Samples} ...${{ model, title, variants, shown }} /><//>`;
}

// ---------------------------------------------------------------- exports

/** Text as one word of a shell. */
export const shell = text => `'${String(text).replaceAll("'", "'\\''")}'`;

/** What a form would ask for, as JSON and as code. */
export const asked = (name, path, body, cli) => ({ name, json: () => body(), request: () => ({ path: own(path), body: body() }), cli });

/** A job, as it is told now. */
export const ofJob = job => ({ name: job.kind, json: () => job, request: () => ({ method: 'GET', path: own('/jobs/' + job.id) }) });

/** Text with its line ends kept and all else that cannot be seen shown. */
export const visibleLines = text => String(text).split('\n').map(visible).join('\n');
