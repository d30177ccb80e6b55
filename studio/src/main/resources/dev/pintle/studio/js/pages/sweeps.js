/* Sweeps: how much a concept shows at rising strengths, what breaks, and what tuning proposes and why. */
import { html, useEffect, useLoaded, useMemo, useState, visible, cls } from '../ui.js';
import { get, own } from '../api.js';
import { Field, Loading, Panel, Segmented, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { HeatMap } from '../charts/heat.js';
import { Curves } from '../charts/curves.js';
import { Legend, positive } from '../charts/scale.js';
import { asked, ago, cancelJob, count, ended, fixed, known, percent, Progress, range, startJob, steerBy, useJob, useModel, visibleLines, ofJob } from './common.js';

const METHODS = ['after-last-difference', 'all-positions', 'first-difference', 'last-position'];
const DRAWN = 4; // curves in one figure, as the command draws them
const list = text => (text ?? '').split(/[\s,]+/).filter(Boolean);
const strengths = text => list(text).map(one => /abs$/.test(one) ? one : Number(one));
const MEASURES = [['fluent_concept', 'Concept'], ['loops', 'Loops'], ['kl', 'KL'], ['repetition', 'Repeats']];

/** The settings of the page as a request. */
export function request(state, model) {
  const questions = (state.questions ?? '').split('\n').map(line => line.trim()).filter(Boolean);
  const own = state.source === 'vectors';
  return {
    model, ...(own ? { vectors: state.vectors ?? [] } : { methods: state.methods ?? undefined }),
    layers: list(state.layers).length ? list(state.layers).map(Number) : undefined,
    strengths: list(state.strengths).length ? strengths(state.strengths) : undefined,
    ...(state.score === 'marker' ? { marker: state.marker || undefined, ...(own ? {} : { positive: state.positive || undefined, negative: state.negative || undefined }) } : { style: state.style ?? 'pirate', ...(own ? { methods: undefined } : {}) }),
    questions: questions.length ? questions : undefined, max_new_tokens: state.tokens ?? undefined,
  };
}

const settings = (state, blocks) => {
  const grid = (list(state.strengths).length || 5) * (list(state.layers).length || blocks || 1);
  return 1 + grid * (state.source === 'vectors' ? (state.vectors ?? []).length || 1 : (state.methods ?? []).length || (state.kind === 'sweep' ? 3 : 1));
};

const nameOf = point => point.method === 'unsteered' ? 'unsteered' : `${point.method}, layer ${point.layer}`;
const same = (point, other) => other && point.method === other.method && point.layer === other.layer && point.strength === other.strength;

/** Curves by vector, the unsteered point first, the best first. */
function curves(points) {
  const zero = points.filter(point => point.strength === 0);
  const found = new Map();
  points.filter(point => point.strength !== 0).forEach(point => {
    const key = nameOf(point);
    if (!found.has(key)) found.set(key, { name: key, method: point.method, layer: point.layer, points: [...zero] });
    found.get(key).points.push(point);
  });
  const best = curve => Math.max(0, ...curve.points.map(point => known(point.fluent_concept.mean) ? point.fluent_concept.mean : 0));
  return [...found.values()].sort((a, b) => best(b) - best(a));
}

function Figures({ result, measure }) {
  const all = useMemo(() => curves(result.points), [result]);
  const unit = result.points.at(-1)?.strength_unit ?? '';
  const words = MEASURES.find(([key]) => key === measure)[1];
  const drawn = useMemo(() => {
    const some = all.slice(0, DRAWN);
    const x = [...new Set(some.flatMap(curve => curve.points.map(point => point.strength)))].sort((a, b) => a - b);
    const at = (curve, field) => x.map(strength => { const point = curve.points.find(one => one.strength === strength); const value = point?.[measure][field]; return known(value) ? value : null; });
    return { x, series: some.map(curve => ({ name: curve.name, values: at(curve, 'mean'), low: at(curve, 'low'), high: at(curve, 'high') })) };
  }, [all, measure]);
  const map = useMemo(() => {
    if (all.length < 2) return null;
    const columns = [...new Set(result.points.filter(point => point.strength !== 0).map(point => point.strength))].sort((a, b) => a - b);
    const rows = [...all].sort((a, b) => a.method.localeCompare(b.method) || a.layer - b.layer);
    return { columns, rows, values: rows.map(curve => columns.map(strength => curve.points.find(one => one.strength === strength)?.[measure].mean ?? null)) };
  }, [all, measure]);
  const scale = useMemo(() => positive(map ? map.values.flat() : [1], measure === 'kl' ? undefined : 1), [map, measure]);
  const [at, setAt] = useState(null);
  return html`<div class="stack">${all.length > 0 && html`<${Curves} label=${`${words} over strength`} x=${drawn.x} series=${drawn.series} xlabel=${`strength (${unit})`} ylabel=${words.toLowerCase()} mark=${result.proposal && { x: result.proposal.strength, words: `proposed: layer ${result.proposal.layer}` }} />`}
    ${all.length > DRAWN && html`<p class="muted">The best ${DRAWN} of ${all.length}.</p>`}
    ${map && html`<div><div class="row"><h3>${words} by vector and strength</h3><${Legend} scale=${scale} /></div>
      <${HeatMap} label=${`${words} by vector and strength`} values=${map.values} rows=${map.rows.map(curve => curve.name)} columns=${map.columns.map(one => fixed(one, 2))} scale=${scale} what=${words.toLowerCase()} xlabel=${`strength (${unit})`} numbers=${true} cell=${44} height=${26} chosen=${at} onChoose=${(row, column) => setAt([row, column])} /></div>`}</div>`;
}

function Texts({ point }) {
  return html`<div class="samples flat">${point.samples.map(sample => html`<article key=${sample.question}><h3>${visible(sample.question)}</h3>
    <p class="text">${visibleLines(sample.text)}</p>
    <small class="muted num">concept ${fixed(sample.concept, 2)}${sample.loops ? ', loops' : ''}${known(sample.divergence) ? `, KL ${fixed(sample.divergence, 3)}` : ''}${sample.broken ? `, broken: ${visible(sample.broken)}` : ''}</small></article>`)}</div>`;
}

function Result({ job, model, state, set }) {
  const { result } = job;
  const { proposal } = result;
  const measure = state.measure ?? 'fluent_concept';
  const [at, choose] = useState(() => Math.max(0, result.points.findIndex(point => same(point, proposal))));
  const point = result.points[at] ?? result.points[0];
  const cells = one => [one.method, one.layer, one.strength, one.fluent_concept.mean, one.fluent_concept.low, one.fluent_concept.high, one.loops.mean, one.repetition.mean, one.perplexity.mean, one.kl.mean, one.why_not ?? ''];
  const out = { name: job.kind, figure: true, json: () => result, csv: () => [['method', 'layer', 'strength', 'concept', 'low', 'high', 'loops', 'repeats', 'perplexity', 'kl', 'why_not'], ...result.points.map(cells)],
    request: () => ({ path: own(job.asked.route), body: job.asked.body }), cli: () => command(job) };
  useKeys({ ArrowDown: ['next setting', () => choose(Math.min(result.points.length - 1, at + 1))], ArrowUp: ['previous setting', () => choose(Math.max(0, at - 1))] });
  return html`${job.kind === 'tune' && html`<${Panel} title="Proposal" class="proposal" exports=${{ name: 'proposal', json: () => ({ proposal: proposal ?? null, steering: result.steering ?? null }), request: out.request, cli: out.cli }}>${proposal ? html`<div class="stack">${proposal.sentences.map((one, i) => html`<p key=${i} class=${i ? 'muted' : 'big'}>${one}</p>`)}
      <div class="row"><button class="main" onClick=${() => steerBy(result.steering, model)}>Steer by it</button>${result.vector && html`<a class="button" href=${`#/vectors/${result.vector}`}>Open ${visible(result.vector)}</a>`}</div></div>`
      : html`<p>No setting shows the concept more than the unsteered model without looping.</p>`}<//>`}
    <${Panel} title="Curves" note=${visible(result.concept)} exports=${out} actions=${html`<${Segmented} label="Measure" value=${measure} onChange=${key => set({ measure: key })} options=${MEASURES} />`}>
      <${Figures} result=${result} measure=${measure} /><//>
    <${Panel} title="Settings" note=${`${count(result.points.length)}${result.whole ? '' : ', not finished'}`} exports=${{ ...out, figure: false }}>
      <div class="table" tabindex="0" role="group" aria-label="Table of settings"><table class="points"><thead><tr><th>vector</th><th class="num">strength</th><th class="num">concept</th><th class="num">95%</th><th class="num">loops</th><th class="num">repeats</th><th class="num">perplexity</th><th class="num">KL</th><th>not proposed, because</th></tr></thead>
        <tbody>${result.points.map((one, i) => html`<tr key=${i} class=${cls(i === at && 'at', same(one, proposal) && 'proposed')} onClick=${() => choose(i)}>
          <td><button class="link" aria-pressed=${i === at} onClick=${() => choose(i)}>${nameOf(one)}</button></td><td class="num">${fixed(one.strength, 2)}</td><td class="num">${fixed(one.fluent_concept.mean, 2)}</td><td class="num">${range(one.fluent_concept)}</td>
          <td class="num">${percent(one.loops.mean)}</td><td class="num">${percent(one.repetition.mean)}</td><td class="num">${fixed(one.perplexity.mean, 1)}</td><td class="num">${fixed(one.kl.mean, 3)}</td>
          <td class="muted">${same(one, proposal) ? html`<b class="good">proposed</b>` : one.why_not ?? ''}</td></tr>`)}</tbody></table></div><//>
    <${Panel} title="Texts" note=${`${nameOf(point)}${point.strength ? ` at ${fixed(point.strength, 2)}` : ''}`} exports=${{ name: 'texts', json: () => point, csv: () => [['question', 'text', 'concept', 'loops', 'divergence'], ...point.samples.map(one => [one.question, one.text, one.concept, one.loops, one.divergence])], request: out.request, cli: out.cli }}><${Texts} point=${point} /><//>`;
}

/** The same as a command. */
export function command({ kind, asked: { body } }) {
  const quoted = text => `'${String(text).replaceAll("'", "'\\''")}'`;
  const parts = [`./pintle ${kind}`];
  (body.vectors ?? []).forEach(one => parts.push(`--vector ${quoted(one)}`));
  if (body.methods) parts.push(`--method ${body.methods.join(',')}`);
  if (body.layers) parts.push(`--layer ${body.layers.join(',')}`);
  if (body.strengths) parts.push(`--strengths ${body.strengths.join(',')}`);
  if (body.style) parts.push(`--style ${body.style}`);
  if (body.marker) parts.push(`--marker ${quoted(body.marker)}`);
  if (body.positive) parts.push(`--positive ${quoted(body.positive)}`);
  if (body.negative) parts.push(`--negative ${quoted(body.negative)}`);
  if (body.max_new_tokens) parts.push(`--max-new-tokens ${body.max_new_tokens}`);
  return parts.join(' ') + (body.questions ? '   # with --questions FILE, a list of texts' : '');
}

export default function Sweeps({ state, setState }) {
  const model = useModel(state.model);
  const set = changes => setState(old => ({ ...old, ...changes }));
  const kind = state.kind ?? 'tune';
  const own_ = state.source === 'vectors';
  const about = useLoaded(signal => get(own('/server'), { signal }), []);
  const blocks = about.value?.models.find(one => one.name === model)?.config.layers ?? 0;
  const studies = useLoaded(signal => get(own('/studies'), { signal }), []);
  const vectors = useLoaded(signal => get(own('/vectors'), { signal }), []);
  const jobs = useLoaded(signal => get(own('/jobs?results=false'), { signal }), [state.job]);
  const earlier = (jobs.value?.jobs ?? []).filter(one => one.kind === 'sweep' || one.kind === 'tune').reverse();
  const { job, error: jobError } = useJob(state.job);
  const [error, setError] = useState(null);
  const questions = (state.questions ?? '').split('\n').filter(line => line.trim()).length || 12;
  const steps = settings({ ...state, kind }, blocks), answers = steps * questions;
  const rate = earlier.filter(one => one.state === 'finished' && one.progress.total > 0) // the slowest, since some knew all answers
    .sort((a, b) => b.seconds / b.progress.total - a.seconds / a.progress.total)[0];
  const seconds = rate ? steps * rate.seconds / rate.progress.total : null;
  const body = { ...request({ ...state, kind }, model), ...(kind === 'tune' && state.name ? { name: state.name } : {}) };
  const start = async () => {
    setError(null);
    try { set({ job: (await startJob('/vectors/' + kind, body)).id }); } catch (problem) { setError(problem); }
  };
  const busy = state.job && job && !ended(job);
  useKeys({ 'Ctrl+Enter': ['start', () => { if (busy || !model) return false; start(); return true; }] });
  useEffect(() => { if (ended(job)) jobs.again(); }, [job?.state]);
  return html`<div class="page"><header><h1>Sweeps</h1><span class="muted">how much a concept shows at rising strengths, and when texts break</span></header>
    <${Panel} title="What to try" exports=${asked(kind, '/vectors/' + kind, () => body, () => command({ kind, asked: { body } }))} actions=${html`<${Segmented} label="What to run" value=${kind} onChange=${key => set({ kind: key === 'tune' ? undefined : key })} options=${[['tune', 'Tune', 'finds layer and strength and keeps the vector'], ['sweep', 'Sweep', 'measures every setting']]} />`}>
      <div class="stack"><div class="controls">
        <${Field} label="Vectors"><select value=${state.source ?? ''} onChange=${event => set({ source: event.target.value || undefined })}><option value="">fitted for the concept</option><option value="vectors">of the library</option></select><//>
        ${own_ ? html`<${Field} label="Which" class="wide"><select multiple size="3" value=${state.vectors ?? []} onChange=${event => set({ vectors: [...event.target.selectedOptions].map(one => one.value) })}>${(vectors.value?.vectors ?? []).flatMap(one => one.names).map(name => html`<option key=${name} value=${name} selected=${(state.vectors ?? []).includes(name)}>${visible(name)}</option>`)}</select><//>`
          : html`<${Field} label="Methods"><select value=${(state.methods ?? []).join(',')} onChange=${event => set({ methods: event.target.value ? event.target.value.split(',') : undefined })}><option value="">usual</option>${METHODS.map(one => html`<option key=${one} value=${one}>${one}</option>`)}<option value=${METHODS.slice(0, 2).join(',')}>${METHODS.slice(0, 2).join(' and ')}</option></select><//>`}
        <${Field} label="Concept"><select value=${state.score ?? ''} onChange=${event => set({ score: event.target.value || undefined })}><option value="">a style</option><option value="marker">a pattern in answers</option></select><//>
        ${state.score === 'marker' ? html`<${Field} label="Pattern" class="wide"><input class="mono" value=${state.marker ?? ''} placeholder="(?i)\\bwhale" onInput=${event => set({ marker: event.target.value || undefined })} /><//>
            ${!own_ && html`<${Field} label="Prompt that shows it" class="wide"><input value=${state.positive ?? ''} onInput=${event => set({ positive: event.target.value || undefined })} /><//>`}`
          : html`<${Field} label="Style"><select value=${state.style ?? 'pirate'} onChange=${event => set({ style: event.target.value })}>${(studies.value?.styles ?? [{ name: 'pirate' }]).map(one => html`<option key=${one.name} value=${one.name}>${one.name}</option>`)}</select><//>`}
        <${Field} label="Layers" hint=${blocks ? `0 to ${blocks - 1}` : null}><input value=${state.layers ?? ''} placeholder="all usual" onInput=${event => set({ layers: event.target.value || undefined })} /><//>
        <${Field} label="Strengths" hint="of the norm, or 2abs"><input value=${state.strengths ?? ''} placeholder="usual" onInput=${event => set({ strengths: event.target.value || undefined })} /><//>
        <${Field} label="Tokens an answer"><input type="number" min="1" value=${state.tokens ?? ''} placeholder="40" onInput=${event => set({ tokens: Number(event.target.value) || undefined })} /><//>
        ${kind === 'tune' && html`<${Field} label="Keep as"><input value=${state.name ?? ''} placeholder="derived" onInput=${event => set({ name: event.target.value || undefined })} /><//>`}</div>
      <${Field} label="Questions, one a line"><textarea rows="2" value=${state.questions ?? ''} placeholder="the bundled ones" onInput=${event => set({ questions: event.target.value || undefined })} /><//>
      <div class="row"><button class="main" disabled=${busy || !model} onClick=${start} title="Ctrl Enter">${kind === 'tune' ? 'Tune' : 'Sweep'}</button>
        <span class="muted">at most ${count(answers)} answers${seconds ? `, about ${seconds < 90 ? Math.ceil(seconds) + ' s' : Math.ceil(seconds / 60) + ' min'} at the rate of an earlier one` : ''}; what an earlier one knows is not computed again</span></div>
      ${error && html`<${Trouble} error=${error} />`}</div><//>
    ${state.job && (jobError ? html`<${Trouble} error=${jobError} again=${start} />` : !job ? html`<${Loading} what="The sweep" />` : !ended(job) ? html`<${Panel} title=${job.kind === 'tune' ? 'Tuning' : 'Sweeping'} exports=${ofJob(job)}><${Progress} job=${job} onCancel=${() => cancelJob(job.id)} /><//>`
      : job.state === 'finished' ? html`<${Result} key=${job.id} job=${job} model=${model} state=${state} set=${set} />` : html`<p class="note">The job was ${job.state}. The same settings go on from where it stopped.</p>`)}
    ${earlier.length > 0 && html`<${Panel} title="Since the server started" exports=${{ name: 'sweeps', json: () => earlier, csv: () => [['id', 'kind', 'state', 'created', 'asked'], ...earlier.map(one => [one.id, one.kind, one.state, one.created, JSON.stringify(one.asked?.body ?? {})])], request: () => ({ method: 'GET', path: own('/jobs?results=false') }) }}><ul class="labels">${earlier.map(one => html`<li key=${one.id}><button class="link" onClick=${() => set({ job: one.id })}>${one.kind} ${one.asked?.body?.style ?? one.asked?.body?.marker ?? (one.asked?.body?.vectors ?? []).join(', ')}</button><small class="muted">${one.state}, ${ago(one.created)}${one.asked?.body?.layers ? `, layers ${one.asked.body.layers.join(', ')}` : ''}</small></li>`)}</ul><//>`}
    </div>`;
}
