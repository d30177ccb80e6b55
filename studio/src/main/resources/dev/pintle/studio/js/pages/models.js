/* Models on this machine: memory before loading, downloads, autoencoders and whether they fit. */
import { html, useEffect, useLoaded, useState, visible, cls } from '../ui.js';
import { get, own, post } from '../api.js';
import { Field, Loading, Panel, Trouble } from '../parts.js';
import { readModels, say } from '../shell.js';
import { asked, bytes, cancelJob, count, enc, ended, fixed, percent, place, Progress, startJob, useJob, useModel } from './common.js';

/** What loading needs beside what is there; says it before anything is loaded. */
function Room({ needs, machine, device }) {
  const free = machine.devices.find(one => one.device === device)?.available_bytes ?? machine.devices[0].available_bytes;
  const fits = needs <= free;
  return html`<div class="meter"><progress max=${Math.max(free, needs)} value=${needs} aria-label=${`Needs ${bytes(needs)} of ${bytes(free)}`} />
    <span class=${cls(!fits && 'bad')}>${fits ? '' : 'Does not fit: '}needs ${bytes(needs)}, ${bytes(free)} available on ${device}</span></div>`;
}

const BITS = { int8: 8.5, int4: 5 }; // of a weight, with its scales

function Load({ model, machine, onJob }) {
  const [dtype, setDtype] = useState(model.needs?.bf16 ? 'bf16' : 'fp32');
  const [device, setDevice] = useState(machine.devices.at(-1).device);
  const [quantise, setQuantise] = useState('');
  const [error, setError] = useState(null);
  const rounds = device === 'cpu' && model.needs && model.needs.fp32 !== model.needs.bf16; // else its weights are in few bits already
  const needs = rounds && quantise ? model.weights * BITS[quantise] / 8 : model.needs?.[dtype];
  const load = async () => { setError(null); try { onJob((await startJob('/models/load', { model: model.name, dtype, device, ...(rounds && quantise ? { quantise } : {}) })).id); } catch (problem) { setError(problem); } };
  return html`<div class="stack">${model.needs && html`<${Room} needs=${needs} machine=${machine} device=${device} />`}
    <div class="row"><select class="auto" aria-label=${`Dtype of ${model.name}`} value=${dtype} onChange=${event => setDtype(event.target.value)}>${Object.keys(model.needs ?? { bf16: 0 }).map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select>
      <select class="auto" aria-label=${`Device of ${model.name}`} value=${device} onChange=${event => setDevice(event.target.value)}>${machine.devices.map(one => html`<option key=${one.device} value=${one.device}>${one.device}</option>`)}</select>
      ${rounds && html`<select class="auto" aria-label=${`Rounding of ${model.name}`} value=${quantise} onChange=${event => setQuantise(event.target.value)}><option value="">not rounded</option>${Object.keys(BITS).map(one => html`<option key=${one} value=${one}>rounded to ${one}</option>`)}</select>`}
      <button onClick=${load}>Load</button></div>${error && html`<${Trouble} error=${error} />`}</div>`;
}

function Autoencoders({ model }) {
  const { value, error, again } = useLoaded(signal => get(own('/saes'), { signal }), []);
  const [name, setName] = useState('');
  const [jobs, setJobs] = useState({});
  const open = async event => {
    event.preventDefault();
    try { const made = await post(own('/saes/open'), { model, sae: name.trim() }); say(`Opened ${made.id}.`); setName(''); again(); } catch (problem) { say(problem.message, { bad: true }); }
  };
  const check = async sae => { try { const job = await startJob(`/saes/${enc(sae.id)}/check`, { model: sae.model }); setJobs(old => ({ ...old, [sae.id]: job.id })); } catch (problem) { say(problem.message, { bad: true }); } };
  return html`<${Panel} title="Autoencoders" exports=${value && { name: 'saes', json: () => value.saes, csv: () => [['id', 'model', 'at', 'd_sae', 'sparsity'], ...value.saes.map(one => [one.id, one.model, one.at, one.d_sae, one.sparsity])], request: () => ({ method: 'GET', path: own('/saes') }), cli: () => './pintle sae info' }}>
    ${error ? html`<${Trouble} error=${error} again=${again} />` : !value ? html`<${Loading} what="Autoencoders" />` : html`<div class="stack">
      ${value.saes.map(sae => html`<article class="card" key=${sae.id}><div class="row"><a href=${`#/sae/${enc(sae.id)}`}><b class="wrap">${visible(sae.id)}</b></a><span class="muted">${count(sae.d_sae)} latents at ${place(sae.at)} of ${sae.model}, ${sae.sparsity}, ${sae.format}</span><span class="grow" />
        <button class="small" onClick=${() => check(sae)}>Check it</button></div><${Check} id=${jobs[sae.id]} />${sae.notes.map(one => html`<p key=${one} class="muted">${one}</p>`)}</article>`)}
      <form class="row" onSubmit=${open}><input class="grow" aria-label="Autoencoder" placeholder="org/name[:folder] in the cache" value=${name} onInput=${event => setName(event.target.value)} /><button disabled=${!name.trim() || !model}>Open</button></form></div>`}<//>`;
}

/** The verdict of a check, with the numbers of the command. */
function Check({ id }) {
  const { job, error } = useJob(id);
  if (!id) return null;
  if (error) return html`<${Trouble} error=${error} />`;
  if (!job || !ended(job)) return job ? html`<${Progress} job=${job} onCancel=${() => cancelJob(id)} />` : null;
  const it = job.result;
  return it && html`<div><dl class="stats"><div><dt>variance explained</dt><dd>${percent(it.variance_explained, 1)}</dd></div><div><dt>active per token</dt><dd>${fixed(it.mean_l0, 1)}</dd></div><div><dt>latents that fired</dt><dd>${percent(it.share_of_latents_that_fired, 1)}</dd></div><div><dt>tokens</dt><dd>${count(it.tokens)}</dd></div></dl>
    ${it.suggestions.length ? it.suggestions.map(one => html`<p key=${one} class="bad">${one}</p>`) : html`<p class="good">Nothing looks wrong.</p>`}${it.trials.map(one => html`<p key=${one.what} class="muted">tried ${one.what}: ${percent(one.varianceExplained, 1)} explained</p>`)}</div>`;
}

export default function Models({ state, setState }) {
  const model = useModel(state.model);
  const { value, error, again } = useLoaded(signal => get(own('/models'), { signal }), []);
  const [repository, setRepository] = useState('');
  const { job, error: jobError } = useJob(state.job);
  const follow = id => setState(old => ({ ...old, job: id }));
  useEffect(() => { if (ended(job)) { again(); readModels().catch(() => {}); } }, [job?.state]);
  const [problem, setProblem] = useState(null);
  const pull = async event => { event.preventDefault(); setProblem(null); try { follow((await startJob('/models/pull', { model: repository.trim() })).id); } catch (thrown) { setProblem(thrown); } };
  const unload = async name => { try { await post(own('/models/unload'), { model: name }); say(`${name} is served no longer.`); } catch (thrown) { say(thrown.message, { bad: true }); } again(); readModels().catch(() => {}); };
  const [sure, ask] = useState(null);
  return html`<div class="page"><header><h1>Models</h1>${value && html`<span class="muted">${value.machine.devices.map(one => `${bytes(one.available_bytes)} available on ${one.device}`).join(', ')}${value.machine.disk_bytes ? `; ${bytes(value.machine.disk_bytes)} free on the cache’s disk` : ''}</span>`}</header>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    ${!value ? !error && html`<${Loading} what="Models" />` : html`
    <${Panel} title="On this machine" exports=${{ name: 'models', json: () => value, csv: () => [['name', 'revision', 'family', 'bytes', 'complete', 'supported', 'served'], ...value.models.map(one => [one.name, one.revision, one.family, one.bytes, one.complete, one.supported, one.served])], request: () => ({ method: 'GET', path: own('/models') }), cli: () => './pintle models' }}>
      <div class="stack">${value.models.map(one => html`<article class="card" key=${one.name + one.revision}><div class="row"><b class="wrap">${visible(one.name)}</b><span class="mono muted">${one.revision.slice(0, 8)}</span><span class="muted">${[one.keeper, one.family || 'no model', one.format].filter(Boolean).map(visible).join(', ')}, ${bytes(one.bytes)}${one.weights ? `, ${count(one.weights)} weights` : ''}</span><span class="grow" />
          ${one.loaded ? html`<span class="tag good">loaded: ${one.loaded.dtype} on ${one.loaded.device}</span>${sure === one.name ? html`<button class="small" onClick=${() => { ask(null); unload(one.name); }}>Unload it</button><button class="small" onClick=${() => ask(null)}>Keep</button>` : html`<button class="small" onClick=${() => ask(one.name)}>Unload</button>`}`
            : one.why || (one.family && !one.supported) ? html`<span class="tag">${one.why ? visible(one.why) : 'not supported'}</span>` : one.family && !one.complete ? html`<button class="small" onClick=${() => startJob('/models/pull', { model: one.name + (one.name.includes(':') ? '' : '@' + one.revision) }).then(begun => follow(begun.id), setProblem)}>Download the rest</button>` : null}</div>
        ${!one.loaded && one.supported && one.complete && html`<${Load} model=${one} machine=${value.machine} onJob=${follow} />`}</article>`)}</div><//>
    <${Panel} title="Download" exports=${asked('download', '/models/pull', () => ({ model: repository.trim() || 'org/name' }), () => `./pintle pull ${repository.trim() || 'org/name'}`)}><form class="row" onSubmit=${pull}><input class="grow" aria-label="Repository" placeholder="org/name, org/name@revision, or org/name:Q4_K_M" value=${repository} onInput=${event => setRepository(event.target.value)} /><button class="main" disabled=${!repository.trim()}>Download</button></form>
      <p class="muted"><small>Into the cache that the Python library uses too. A download that was stopped goes on where it was.</small></p>
      ${problem && html`<${Trouble} error=${problem} />`}
      ${state.job && (jobError ? html`<${Trouble} error=${jobError} />` : job && html`<${Progress} job=${job} onCancel=${() => cancelJob(job.id)} />`)}<//>
    <${Autoencoders} model=${model} />`}</div>`;
}
