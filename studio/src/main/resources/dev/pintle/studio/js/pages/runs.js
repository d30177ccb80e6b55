/* Runs of studies: their verdicts and pages in place, how two differ, and starting one. */
import { html, useEffect, useLoaded, useMemo, useRef, useState, visible, cls, num } from '../ui.js';
import { get, own, send } from '../api.js';
import { Empty, Field, Loading, Panel, Segmented, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { say } from '../shell.js';
import { ago, asked, cancelJob, count, ended, Progress, query, startJob, useJob, useModel } from './common.js';

const value = number => typeof number === 'number' ? num(number, 5) : String(number);

/** A study's settings, those that people change first. */
const FIRST = ['strength', 'max_new_tokens', 'layer', 'strengths', 'questions'];

/** What a text stands for beside a setting's usual value; a text that is no number is left for the server to refuse. */
function like(usual, text) {
  if (typeof usual === 'boolean') return text === 'true' || (text === 'false' ? false : text);
  return typeof usual === 'number' && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function Start({ model, state, set, onStarted, now }) {
  const style = state.style ?? '';
  const { value: found, error } = useLoaded(signal => model ? get(own('/studies?' + query({ model, style })), { signal }) : Promise.resolve(null), [model, style]);
  const [study, setStudy] = useState(state.study ?? 'caa-mean-vs-pca');
  const [typed, type] = useState({}); // by setting, as text
  const [problem, setProblem] = useState(null);
  const usual = found?.settings ?? {};
  const fields = useMemo(() => Object.entries(usual).filter(([, one]) => typeof one !== 'object' || one === null).sort(([a], [b]) => (FIRST.indexOf(b) - FIRST.indexOf(a)) || a.localeCompare(b)), [found]);
  const changes = Object.fromEntries(Object.entries(typed).map(([key, text]) => [key, like(usual[key], text)]).filter(([key, value]) => value !== '' && value !== usual[key]));
  const body = { model, study, style: style || undefined, settings: Object.keys(changes).length ? changes : undefined };
  now.current = body;
  const start = async event => {
    event.preventDefault();
    setProblem(null);
    try { onStarted((await startJob('/studies/run', body)).id); } catch (thrown) { setProblem(thrown); }
  };
  if (error) return html`<${Trouble} error=${error} />`;
  if (!found) return html`<${Loading} what="Studies" />`;
  return html`<form class="stack" onSubmit=${start}><div class="controls">
      <${Field} label="Study" class="wide"><select value=${study} onChange=${event => setStudy(event.target.value)}>${found.studies.map(one => html`<option key=${one.name} value=${one.name}>${one.title}</option>`)}<option value="all">all of them</option></select><//>
      ${found.styles.length > 0 && html`<${Field} label="Style"><select value=${style} onChange=${event => { type({}); set({ style: event.target.value || undefined }); }}><option value="">the model’s own</option>${found.styles.map(one => html`<option key=${one.name} value=${one.name}>${one.name}</option>`)}</select><//>`}
      <button class="main">Start</button></div>
    <p class="muted">${found.studies.find(one => one.name === study)?.asks ?? 'Every study, one after the other.'}</p>
    <details><summary>Settings${Object.keys(changes).length ? `, ${Object.keys(changes).length} changed` : ''}</summary><div class="controls pad">${fields.map(([key, one]) => html`<${Field} key=${key} label=${key.replaceAll('_', ' ')}>
      <input value=${typed[key] ?? one ?? ''} class=${cls(key in changes && 'changed')} onInput=${event => { const text = event.target.value; type(old => ({ ...old, [key]: text })); }} /><//>`)}</div></details>
    ${problem && html`<${Trouble} error=${problem} />`}</form>`;
}

const TONES = { holds: 'good', 'does not hold': 'bad' };

function Run({ id, state, set }) {
  const { value: run, error, again } = useLoaded(signal => get(own('/runs/' + id), { signal }), [id]);
  const view = state.view ?? 'page';
  const filter = state.verdict ?? '';
  if (error) return html`<${Trouble} error=${error} again=${again} />`;
  if (!run) return html`<${Loading} what="The run" />`;
  const verdicts = run.verdicts ?? [];
  const shown = verdicts.filter(one => !filter || one.verdict === filter);
  const kinds = [...new Set(verdicts.map(one => one.verdict))];
  const headlines = Object.entries(run.headlines ?? {});
  return html`<${Panel} title=${visible(run.name)} note=${run.id} class=${view === 'page' ? 'flush' : ''}
      actions=${html`<${Segmented} label="What to show" value=${view} onChange=${key => set({ view: key })} options=${[['page', 'Page'], ['verdicts', `Verdicts${verdicts.length ? ` ${verdicts.length}` : ''}`], ['numbers', 'Numbers'], ['settings', 'Settings']]} /><a class="button small" href=${own(`/runs/${id}/report.html`)} target="_blank" rel="noopener">Open alone</a>`}
      exports=${{ name: `run-${id}`, json: () => run, csv: () => view === 'verdicts' ? [['study', 'claim', 'verdict', 'because'], ...verdicts.map(one => [one.study, one.claim, one.verdict, one.because])] : [['number', 'value'], ...headlines], request: () => ({ method: 'GET', path: own('/runs/' + id) }), cli: () => `./pintle report open ${id}` }}>
    ${view === 'page' ? run.state === 'finished' ? html`<iframe class="report" title=${`Report of run ${id}`} src=${own(`/runs/${id}/report.html`)} sandbox="allow-same-origin allow-popups"></iframe>` : html`<p class="muted pad">The run has not finished, so it has no page yet.</p>`
    : view === 'verdicts' ? html`<div class="stack"><label class="row nowrap muted">Verdict <select class="auto" value=${filter} onChange=${event => set({ verdict: event.target.value || undefined })}><option value="">any</option>${kinds.map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>
        ${shown.length === 0 ? html`<p class="muted">No claims.</p>` : html`<ul class="labels">${shown.map((one, i) => html`<li key=${i}><div class="row"><span class=${`tag ${TONES[one.verdict] ?? ''}`}>${one.verdict}</span><b class="wrap">${one.claim}</b></div><span class="muted">${one.because}</span><small class="muted">${one.study}</small></li>`)}</ul>`}</div>`
    : view === 'numbers' ? html`<div class="stack">${(run.findings ?? []).map((one, i) => html`<p key=${i}>${one}</p>`)}<table><tbody>${headlines.map(([key, text]) => html`<tr key=${key}><td>${key}</td><td class="num">${text}</td></tr>`)}</tbody></table></div>`
    : html`<pre class="snippet" tabindex="0">${JSON.stringify({ settings: run.settings, manifest: run.manifest }, null, 2)}</pre>`}<//>`;
}

function Diff({ a, b, onClose }) {
  const path = own(`/runs/${a}/diff/${b}`);
  const { value: diff, error, again } = useLoaded(signal => get(path, { signal }), [path]);
  const texts = (diff?.texts ?? []).filter(one => /text$/.test(one.path));
  const names = diff && [...new Set([...Object.keys(diff.headlines.a), ...Object.keys(diff.headlines.b)])];
  return html`<${Panel} title="Difference" note=${`${a} and ${b}`} actions=${html`<button class="small" onClick=${onClose}>Close</button>`}
      exports=${diff && { name: 'diff', json: () => diff, csv: () => [['path', 'a', 'b'], ...diff.circumstances.map(one => [one.path, one.a, one.b]), ...diff.numbers.map(one => [one.path, one.a, one.b])], request: () => ({ method: 'GET', path }), cli: () => `./pintle report diff ${a} ${b}` }}>
    ${error ? html`<${Trouble} error=${error} again=${again} />` : !diff ? html`<${Loading} what="The difference" />` : html`<div class="stack">
      <p>${count(diff.compared)} numbers are in both; ${count(diff.numbers.length)} differ by more than ${num(diff.tolerance)} of their size, and ${count(diff.texts.length)} texts.</p>
      <div class="table" tabindex="0" role="group" aria-label="Headline numbers"><table><thead><tr><th>headline number</th><th class="num">A</th><th class="num">B</th></tr></thead><tbody>${names.map(name => html`<tr key=${name} class=${diff.headlines.a[name] !== diff.headlines.b[name] ? 'at' : ''}><td>${name}</td><td class="num">${diff.headlines.a[name] ?? '–'}</td><td class="num">${diff.headlines.b[name] ?? '–'}</td></tr>`)}</tbody></table></div>
      <h3>Settings and environment</h3>${diff.circumstances.length === 0 ? html`<p class="muted">The same.</p>` : html`<div class="table" tabindex="0" role="group" aria-label="Settings that differ"><table><thead><tr><th>setting</th><th>A</th><th>B</th></tr></thead><tbody>${diff.circumstances.map(one => html`<tr key=${one.path}><td class="mono path">${one.path}</td><td class="wrap">${visible(one.a)}</td><td class="wrap">${visible(one.b)}</td></tr>`)}</tbody></table></div>`}
      <h3>Numbers, the largest change first</h3><div class="table" tabindex="0" role="group" aria-label="Numbers that differ"><table><thead><tr><th>number</th><th class="num">A</th><th class="num">B</th><th class="num">change</th></tr></thead>
        <tbody>${diff.numbers.slice(0, 40).map(one => html`<tr key=${one.path}><td class="mono path">${one.path}</td><td class="num">${value(one.a)}</td><td class="num">${value(one.b)}</td><td class="num">${value(one.change)}</td></tr>`)}</tbody></table></div>
      ${diff.numbers.length > 40 && html`<p class="muted">The export has all ${count(diff.numbers.length)}.</p>`}
      ${texts.length > 0 && html`<h3>Texts</h3>${texts.slice(0, 10).map(one => html`<div class="halves" key=${one.path}><div class="card"><h3 class="mono wrap">${one.path}, A</h3><p class="text">${visible(one.a)}</p></div><div class="card"><h3>B</h3><p class="text">${visible(one.b)}</p></div></div>`)}`}</div>`}<//>`;
}

export default function Runs({ state, setState }) {
  const model = useModel(state.model);
  const set = changes => setState(old => ({ ...old, ...changes }));
  const { value: found, error, again } = useLoaded(signal => get(own('/runs'), { signal }), []);
  const { job, error: jobError } = useJob(state.job);
  useEffect(() => { if (ended(job)) { again(); if (job.result?.run) set({ run: job.result.run, diff: undefined, job: undefined }); } }, [job?.state]);
  const [sure, ask] = useState(null);
  const form = useRef({ model });
  const runs = found?.runs ?? [];
  const at = Math.max(0, runs.findIndex(one => one.id === state.run));
  const move = step => { const next = runs[Math.max(0, Math.min(runs.length - 1, state.run ? at + step : 0))]; if (next) set({ run: next.id }); };
  useKeys({ ArrowDown: ['next run', () => move(1)], ArrowUp: ['previous run', () => move(-1)] });
  const remove = async run => {
    ask(null);
    try { await send('DELETE', own('/runs/' + run.id)); say(`Deleted ${run.id}.`); if (state.run === run.id) set({ run: undefined, diff: undefined }); } catch (problem) { say(problem.message, { bad: true }); }
    again();
  };
  const chosen = state.diff ?? [];
  const toggle = id => { const next = chosen.includes(id) ? chosen.filter(one => one !== id) : [...chosen, id].slice(-2); set({ diff: next.length ? next : undefined }); };
  return html`<div class="page"><header><h1>Runs</h1><span class="muted">studies, what they found, and whether claims hold</span></header>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    <${Panel} title="Start a study" exports=${asked('study', '/studies/run', () => form.current, () => `./pintle study ${form.current.study ?? 'all'}${form.current.style ? ` --style ${form.current.style}` : ''}${form.current.settings ? '   # with --settings FILE' : ''}`)}><${Start} now=${form} model=${model} state=${state} set=${set} onStarted=${id => set({ job: id })} />
      ${state.job && (jobError ? html`<${Trouble} error=${jobError} />` : job && html`<div class="pad"><${Progress} job=${job} onCancel=${() => cancelJob(job.id)} /></div>`)}<//>
    ${!found ? !error && html`<${Loading} what="Runs" />` : runs.length === 0 ? html`<${Empty} title="No study has run yet">Choose one above; on parley-7m most take less than a minute.<//>` : html`
    <${Panel} title=${`${count(runs.length)} ${runs.length === 1 ? 'run' : 'runs'}`} note=${runs.length > 1 ? 'choose two to see how they differ' : null} exports=${{ name: 'runs', json: () => runs, csv: () => [['id', 'name', 'model', 'autoencoder', 'state', 'started'], ...runs.map(one => [one.id, one.name, one.model, one.autoencoder, one.state, one.started])], request: () => ({ method: 'GET', path: own('/runs') }), cli: () => './pintle report list' }}>
      <div class="table" tabindex="0" role="group" aria-label="Table of runs"><table class="list"><thead><tr><th><span class="hidden-text">compare</span></th><th>study</th><th class="optional">id</th><th class="optional">model</th><th>state</th><th>begun</th><th><span class="hidden-text">delete</span></th></tr></thead>
        <tbody>${runs.map(run => html`<tr key=${run.id} class=${cls(run.id === state.run && 'at')}>
          <td><input type="checkbox" aria-label=${`Compare ${run.id}`} checked=${chosen.includes(run.id)} onChange=${() => toggle(run.id)} /></td>
          <td><button class="link" onClick=${() => set({ run: run.id })}>${visible(run.name.replace(/^study /, ''))}</button></td><td class="mono optional">${run.id}</td><td class="optional wrap">${visible(run.model)}</td><td>${run.state}</td><td class="nowrap">${ago(run.started)}</td>
          <td class="num">${sure === run.id ? html`<span class="row end"><button class="small" onClick=${() => remove(run)}>Delete it</button><button class="small" onClick=${() => ask(null)}>Keep</button></span>` : html`<button class="small quiet" onClick=${() => ask(run.id)} aria-label=${`Delete ${run.id}`}>Delete</button>`}</td></tr>`)}</tbody></table></div><//>
    ${chosen.length === 2 && html`<${Diff} a=${chosen[0]} b=${chosen[1]} onClose=${() => set({ diff: undefined })} />`}
    ${state.run && html`<${Run} key=${state.run} id=${state.run} state=${state} set=${set} />`}`}</div>`;
}
