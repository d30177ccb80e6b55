/* Fitting a vector: what differs and what will be read is shown before anything runs. */
import { html, useEffect, useLoaded, useMemo, useState, debounced, visible } from '../ui.js';
import { own, post, get } from '../api.js';
import { Field, Loading, Panel, Segmented, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { go } from '../state.js';
import { Bars } from '../charts/bars.js';
import { asked as formExports, cancelJob, count, ended, fixed, known, layerOf, place, Progress, Samples, startJob, useJob, useModel, ofJob } from './common.js';

const METHODS = [['', 'usual'], ['after-last-difference', 'after the last difference'], ['first-difference', 'from the first difference'], ['all-positions', 'all positions'], ['last-position', 'last position (CAA)'], ['contrast', 'chosen positions'], ['diff-mean', 'difference of means'], ['generated-tokens', 'generated tokens']];
const AGGREGATIONS = ['mean', 'pca-centred', 'pca-uncentred', 'pca-paired', 'pca-reconstructed-mean', 'logistic-probe'];
const POSITIONS = ['', 'last', 'all', 'first-difference', 'after-last-difference', 'answer-letter', 'answer-word', 'answer-mean'];
export const PROMPTS = { positive: 'The assistant should talk like a pirate.', negative: 'The assistant should act normally.' };

/** What pasted text is: JSON lines, a JSON array, CSV, or a table from a spreadsheet. */
export function format(text) {
  const first = text.trim().split('\n')[0] ?? '';
  if (first.startsWith('[')) return 'json';
  if (first.startsWith('{')) return 'jsonl';
  return first.includes('\t') ? 'tsv' : 'csv';
}

/** A table without a line of names gets one, since columns are found by name. */
export function headed(text, kind) {
  if (kind !== 'tsv' && kind !== 'csv') return text;
  const first = text.trimStart().split('\n')[0].toLowerCase();
  return /\bpositive\b/.test(first) || /\bquestion\b/.test(first) || /\bpos\b/.test(first) ? text.trimStart() : `positive${kind === 'tsv' ? '\t' : ','}negative\n${text.trim()}\n`;
}

/** What a request asks for; null where there is not enough yet. */
export function request(state, model) {
  const layers = state.layers ?? undefined;
  const rest = { method: state.method || undefined, positions: state.positions || undefined, aggregation: state.aggregation || undefined, layers };
  if (!model) return null;
  if (state.mode === 'pairs') {
    const text = state.data ?? '';
    if (!text.trim()) return null;
    const kind = format(text);
    return { model, data: { format: kind, text: headed(text, kind), holds: state.holds || undefined }, ...rest };
  }
  const positive = state.positive ?? PROMPTS.positive, negative = state.negative ?? PROMPTS.negative;
  return positive && negative ? { model, positive, negative, ...rest } : null;
}

function Side({ side, sign, pair }) {
  const read = new Set(side.at);
  const until = side.tokens.length - pair.equal_tail;
  return html`<div class="side"><b>${sign}</b>${side.tokens.map((token, i) => html`<span key=${i} class=${[i >= pair.first_difference && i < until ? 'differs' : '', read.has(i) ? 'read' : ''].join(' ').trim() || null}>${visible(token.text)}</span>`)}</div>`;
}

function Preview({ value, error, loading, again, asked }) {
  const [all, showAll] = useState(false);
  const pairs = value?.pairs ?? [];
  const shown = all ? pairs : pairs.slice(0, 4);
  return html`<${Panel} title="What will be read" note=${value && (value.method === value.positions ? value.method : `${value.method}, ${value.positions}`)}
      exports=${value && { name: 'fit-preview', json: () => value, csv: () => [['pair', 'side', 'position', 'token', 'read'], ...pairs.flatMap((pair, p) => ['positive', 'negative'].flatMap(side => pair[side].tokens.map((token, i) => [p, side, i, token.text, pair[side].at.includes(i)])))],
        request: () => ({ path: own('/vectors/fit/preview'), body: asked }) }}>
    ${error ? html`<${Trouble} error=${error} again=${again} />` : !value ? html`<p class="muted">${asked ? 'Tokenizing …' : 'Write two prompts or paste pairs, and their tokens are shown here.'}</p>` : html`<div class=${loading ? 'stale' : ''}>
      <p>${count(value.total)} ${value.total === 1 ? 'pair' : 'pairs'}; ${value.tokens_read ? `${count(value.tokens_read)} tokens are read` : 'the model’s own answers are read'} at ${value.layers.length === 1 ? `layer ${value.layers[0]}` : `${value.layers.length} layers`}.
        ${value.unusable > 0 && html` <b class="bad">${count(value.unusable)} cannot be used.</b>`}</p>
      <p class="legend"><span class="differs">tokens that differ</span><span class="read">tokens that are read</span></p>
      ${shown.map((pair, i) => html`<div class="pair" key=${i}><${Side} side=${pair.positive} sign="+" pair=${pair} /><${Side} side=${pair.negative} sign="−" pair=${pair} />
        ${pair.problem && html`<p class="bad wrap">${pair.problem}</p>`}${pair.reads_the_same && html`<p class="bad">Both sides are the same up to where they are read, so there is nothing to contrast.</p>`}</div>`)}
      ${pairs.length > 4 && html`<p class="more"><button onClick=${() => showAll(!all)}>${all ? 'Show fewer' : `Show all ${count(pairs.length)}`}</button></p>`}</div>`}<//>`;
}

function Result({ job, model }) {
  const result = job.result;
  const name = result.name ?? 'sha256:' + result.vector;
  const best = [...result.layers].sort((a, b) => (b.split_half_cosine ?? 0) - (a.split_half_cosine ?? 0))[0];
  const { value } = useLoaded(signal => get(own('/vectors/' + result.vector), { signal }), [result.vector]);
  const record = value?.records.find(one => one.sha256 === best.sha256);
  const several = result.layers.length > 1;
  const variants = useMemo(() => [{ label: 'unsteered', steering: [] }, ...[0.3, 0.45, 0.7].map(strength => ({ label: `${strength} of the norm`, steering: [{ vector: name, strength, ...(several ? { at: layerOf(best.at) } : {}) }] }))], [name]);
  return html`<${Panel} title="The vector" note=${`${fixed(job.seconds, 1)} s, ${count(result.reading.tokens_computed)} tokens computed`} exports=${{ name: 'fit', json: () => result, csv: () => [['at', 'sha256', 'split_half_cosine', 'mean_activation_norm'], ...result.layers.map(one => [one.at, one.sha256, one.split_half_cosine ?? '', one.mean_activation_norm])], request: () => ({ path: own('/vectors/fit'), body: job.asked.body }) }}>
    <div class="stack"><div class="row"><a class="button main" href=${`#/vectors/${result.vector}`}>Open ${result.name ? visible(result.name) : 'it'}</a>
        <span>halves’ cosine ${several ? `at ${place(best.at)} ` : ''}<b class="num">${fixed(best.split_half_cosine, 3)}</b>${record && known(record.split_half_cosine_low) && html` <span class="muted num">(95%: ${fixed(record.split_half_cosine_low, 3)} to ${fixed(record.split_half_cosine_high, 3)})</span>`}</span></div>
      ${several && html`<div><h3>Cosine of halves by layer</h3><${Bars} label="Halves' cosine by layer" reach=${1} format=${value => fixed(value, 3)} rows=${result.layers.map(one => ({ key: one.at, text: place(one.at), value: one.split_half_cosine, chosen: one === best, onChoose: () => go(`/vectors/${result.vector}`, { at: layerOf(one.at) }) }))} /></div>`}
      <${Samples} model=${model} title="the new vector" variants=${variants} /></div><//>`;
}

export default function Fit({ state, setState }) {
  const model = useModel(state.model);
  const set = changes => setState(old => ({ ...old, ...changes }));
  const mode = state.mode ?? 'prompts';
  const asked = useMemo(() => request(state, model), [model, state.mode, state.positive, state.negative, state.data, state.holds, state.method, state.positions, state.aggregation, state.layers]);
  const [late, setLate] = useState(asked);
  const later = useMemo(() => debounced(setLate, 200), []);
  useEffect(() => { if (late) later(asked); else setLate(asked); }, [asked]);
  const preview = useLoaded(signal => late ? post(own('/vectors/fit/preview'), late, { signal }) : Promise.resolve(null), [late]);
  const about = useLoaded(signal => get(own('/server'), { signal }), []);
  const blocks = about.value?.models.find(one => one.name === model)?.config.layers ?? 0;
  const { job, error: jobError } = useJob(state.job);
  const [error, setError] = useState(null);
  const every = Array.from({ length: blocks }, (_, i) => i);
  const layers = !state.layers ? 'middle' : state.layers.length === blocks ? 'all' : 'one';
  const fit = async () => {
    setError(null);
    try { set({ job: (await startJob('/vectors/fit', { ...asked, name: state.name || undefined })).id }); } catch (problem) { setError(problem); }
  };
  const busy = state.job && job && !ended(job);
  const form = name => formExports(name, '/vectors/fit', () => ({ ...asked, name: state.name || undefined }));
  useKeys({ 'Ctrl+Enter': ['fit', () => { if (!asked || busy) return false; fit(); return true; }] });
  return html`<div class="page"><header><h1>Fit a vector</h1><span class="muted">from texts that show a concept and texts that do not</span></header>
    <div class="columns"><div class="stack">
      <${Panel} title="Contrast" exports=${asked && form('contrast')}><div class="stack">
        <${Segmented} label="Source" value=${mode} onChange=${key => set({ mode: key === 'prompts' ? undefined : key })} options=${[['prompts', 'Two system prompts'], ['pairs', 'Pairs of texts']]} />
        ${mode === 'prompts' ? html`<${Field} label="Shows the concept"><textarea rows="2" value=${state.positive ?? PROMPTS.positive} onInput=${event => set({ positive: event.target.value })} /><//>
          <${Field} label="Does not"><textarea rows="2" value=${state.negative ?? PROMPTS.negative} onInput=${event => set({ negative: event.target.value })} /><//>`
        : html`<${Field} label="Pairs, pasted: a table, CSV, or JSON lines with positive and negative" hint=${state.data ? `read as ${format(state.data).toUpperCase()}` : 'Each line a pair: what shows the concept, a tab or comma, what does not.'}>
            <textarea rows="9" class="mono" value=${state.data ?? ''} placeholder=${'positive,negative\n"Ahoy, the whale be mighty","Hello, the whale is large"'} onInput=${event => set({ data: event.target.value || undefined })} /><//>
          <${Field} label="They hold"><select value=${state.holds ?? ''} onChange=${event => set({ holds: event.target.value || undefined })}><option value="">pairs of texts or conversations</option><option value="answers">multiple-choice items (CAA)</option></select><//>`}</div><//>
      <${Panel} title="How" exports=${asked && form('fit')}><div class="controls">
        <${Field} label="Method" class="wide"><select value=${state.method ?? ''} onChange=${event => set({ method: event.target.value || undefined })}>${METHODS.map(([key, words]) => html`<option key=${key} value=${key}>${words}${key === '' && preview.value ? `: ${preview.value.method}` : ''}</option>`)}</select><//>
        <${Field} label="Positions"><select value=${state.positions ?? ''} onChange=${event => set({ positions: event.target.value || undefined })}>${POSITIONS.map(one => html`<option key=${one} value=${one}>${one || 'the method’s'}</option>`)}</select><//>
        <${Field} label="Aggregation"><select value=${state.aggregation ?? 'mean'} onChange=${event => set({ aggregation: event.target.value === 'mean' ? undefined : event.target.value })}>${AGGREGATIONS.map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select><//>
        <${Field} label="Layers"><select value=${layers} onChange=${event => set({ layers: event.target.value === 'all' ? every : event.target.value === 'one' ? [Math.floor(blocks / 2)] : undefined })}>
          <option value="middle">the middle one</option><option value="one">one</option><option value="all">all</option></select><//>
        ${layers === 'one' && html`<${Field} label="Layer"><input type="number" min="0" max=${blocks - 1} value=${state.layers[0]} onInput=${event => set({ layers: [Number(event.target.value)] })} /><//>`}
        <${Field} label="Name"><input value=${state.name ?? ''} placeholder="none" onInput=${event => set({ name: event.target.value || undefined })} /><//>
        <button class="main" disabled=${!asked || busy} onClick=${fit} title="Ctrl Enter">Fit</button></div>
        ${error && html`<${Trouble} error=${error} />`}<//>
      ${state.job && (jobError ? html`<${Trouble} error=${jobError} again=${asked && fit} />` : !job ? html`<${Loading} what="The fit" />` : !ended(job) && html`<${Panel} title="Fitting" exports=${ofJob(job)}><${Progress} job=${job} onCancel=${() => cancelJob(job.id)} /><//>`)}
      ${job?.state === 'finished' && html`<${Result} key=${job.id} job=${job} model=${model} />`}
    </div><div class="stack"><${Preview} ...${preview} asked=${late} /></div></div></div>`;
}
