/* The library of vectors: what each is, upload, and what two or more have in common. */
import { html, useLoaded, useMemo, useRef, useState, visible, cls } from '../ui.js';
import { get, own, post, send } from '../api.js';
import { Empty, Field, Loading, Panel, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { go } from '../state.js';
import { say } from '../shell.js';
import { HeatMap } from '../charts/heat.js';
import { Legend, signed } from '../charts/scale.js';
import { called, count, fixed, known, layerOf, place, query, ref, startJob, useModel } from './common.js';

const OPS = [['minus', '−'], ['plus', '+'], ['without', 'without its part along'], ['projected-onto', 'projected onto']];

/** The layers of a vector in a few characters. */
export const places = vector => vector.layers.length === 1 ? place(vector.layers[0].at)
  : `${vector.layers.length} layers, ${layerOf(vector.layers[0].at)} to ${layerOf(vector.layers.at(-1).at)}`;

/** The halves' cosine of the best layer, with its interval. */
export function Halves({ vector }) {
  const best = vector.layers.filter(one => known(one.split_half_cosine)).sort((a, b) => b.split_half_cosine - a.split_half_cosine)[0];
  if (!best) return html`<span class="muted" title="Known for vectors of several pairs">–</span>`;
  return html`${fixed(best.split_half_cosine, 3)}${known(best.split_half_cosine_low) && html` <small class="muted nowrap">${fixed(best.split_half_cosine_low, 3)} to ${fixed(best.split_half_cosine_high, 3)}</small>`}`;
}

const short = label => label.replace(/ blocks\.(\d+)\.hook_resid_post$/, ' L$1');
const shorter = label => { const [, name, layer = ''] = /^(.*?)( L\d+)?$/.exec(short(label)); return (name.length + layer.length > 14 ? name.slice(0, 13 - layer.length) + '…' : name) + layer; };

function Compare({ chosen, onClose, again }) {
  const names = useMemo(() => chosen.map(ref), [chosen]);
  const body = { vectors: names, across_layers: true };
  const { value, error, loading, again: retry } = useLoaded(signal => names.length && (names.length > 1 || chosen[0].layers.length > 1) ? post(own('/vectors/compare'), body, { signal }) : Promise.resolve(null), [names.join('\n')]);
  const scale = useMemo(() => signed([1]), []);
  const [at, setAt] = useState(null);
  const [op, setOp] = useState('minus');
  const [name, setName] = useState('');
  const [turned, turn] = useState(false);
  const [a, b] = turned ? [names[1], names[0]] : names;
  const combine = async event => {
    event.preventDefault();
    try {
      const made = await post(own('/vectors/combine'), { a, op, b, name: name || undefined });
      say(name ? `Kept as ${name}.` : 'Kept.');
      again();
      go(`/vectors/${made.vector}`);
    } catch (problem) { say(problem.message, { bad: true }); }
  };
  const two = value?.comparison;
  return html`<${Panel} title="Comparison" note=${value && 'cosines'} actions=${html`<${Legend} scale=${scale} /><button class="small" onClick=${onClose}>Clear</button>`}
      exports=${value && { name: 'cosines', figure: true, json: () => value, csv: () => [['', ...value.vectors], ...value.cosines.map((row, i) => [value.vectors[i], ...row])],
        request: () => ({ path: own('/vectors/compare'), body }), cli: () => `./pintle vector compare ${names.join(' ')}${value.vectors.length > names.length ? ' --across-layers' : ''}` }}>
    ${error ? html`<${Trouble} error=${error} again=${retry} />` : !value ? html`<p class="muted">${chosen.length < 2 && !loading ? 'Choose another vector to compare with.' : 'Comparing …'}</p>` : html`<div class="stack">
      <${HeatMap} label="Cosines between vectors" values=${value.cosines} rows=${value.vectors.map(one => visible(short(one)).slice(0, 40))} columns=${value.vectors.map(shorter)} scale=${scale} what="cosine" numbers=${value.vectors.length <= 14}
        cell=${value.vectors.length <= 14 ? 44 : 22} height=${value.vectors.length <= 14 ? 28 : 18} chosen=${at} onChoose=${(row, column) => setAt([row, column])} />
      ${at && html`<p aria-live="polite">${visible(value.vectors[at[0]])} and ${visible(value.vectors[at[1]])}: cosine <b class="num">${fixed(value.cosines[at[0]][at[1]], 4)}</b></p>`}
      ${two && html`<dl class="stats"><div><dt>cosine</dt><dd>${fixed(two.cosine, 4)}</dd></div><div><dt>Euclidean</dt><dd>${fixed(two.euclidean, 4)}</dd></div>
        <div><dt>Pearson</dt><dd>${fixed(two.pearson, 4)}</dd></div><div><dt>top-${two.topK} overlap</dt><dd>${fixed(100 * two.overlap, 1)}%</dd></div></dl>`}
      ${names.length === 2 && html`<form class="row" onSubmit=${combine} aria-label="Arithmetic"><b class="wrap">${visible(a)}</b>
        <select class="auto" aria-label="Operation" value=${op} onChange=${event => setOp(event.target.value)}>${OPS.map(([key, words]) => html`<option key=${key} value=${key}>${words}</option>`)}</select>
        <b class="wrap">${visible(b)}</b><button type="button" class="small" onClick=${() => turn(!turned)}>Swap</button>
        <input class="auto" aria-label="Name of the result" placeholder="a name" value=${name} onInput=${event => setName(event.target.value)} /><button class="main">Keep</button></form>`}</div>`}<//>`;
}

export default function Vectors({ state, setState }) {
  const model = useModel(state.model);
  const { value, error, again } = useLoaded(signal => get(own('/vectors'), { signal }), []);
  const chosen = state.chosen ?? [];
  const [at, moveTo] = useState(0);
  const body = useRef(), file = useRef();
  const [over, setOver] = useState(false);
  const toggle = hash => setState(old => { const next = chosen.includes(hash) ? chosen.filter(one => one !== hash) : [...chosen, hash]; return { ...old, chosen: next.length ? next : undefined }; });
  const words = (state.q ?? '').toLowerCase();
  const all = useMemo(() => [...(value?.vectors ?? [])].sort((a, b) => called(a).localeCompare(called(b))), [value]);
  const rows = all.filter(vector => [vector.hash, ...vector.names, ...vector.layers.flatMap(one => [one.at, one.method, one.model])].some(text => String(text).toLowerCase().includes(words)));
  const compared = useMemo(() => chosen.map(hash => all.find(one => one.hash === hash)).filter(Boolean), [all, state.chosen]);
  const move = step => {
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    moveTo(next);
    body.current?.querySelectorAll('tbody tr')[next]?.querySelector('a')?.focus();
  };
  useKeys({ ArrowDown: ['next vector', () => move(1)], ArrowUp: ['previous vector', () => move(-1)],
    x: ['choose for comparison', () => { if (!rows[at]) return false; toggle(rows[at].hash); return true; }], n: ['fit a vector', () => go('/vectors/new')] });
  const upload = async files => {
    for (const one of files) {
      const ending = one.name.split('.').at(-1).toLowerCase().replace('pth', 'pt');
      const stem = one.name.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, 60);
      try {
        const kept = await send('POST', own('/vectors?' + query({ format: ending, model, name: stem })), one, { type: 'application/octet-stream' });
        say(`Kept ${called(kept)}.`);
      } catch (problem) { say(`${one.name}: ${problem.message}`, { bad: true }); }
    }
    again();
  };
  const fitPirate = async () => {
    try {
      const job = await startJob('/vectors/fit', { model, positive: 'The assistant should talk like a pirate.', negative: 'The assistant should act normally.', layers: model === 'parley-7m' ? [3] : undefined, name: 'pirate' });
      go('/vectors/new', { job: job.id, positive: job.asked.body.positive, negative: job.asked.body.negative, layers: job.asked.body.layers, name: 'pirate' });
    } catch (problem) { say(problem.message, { bad: true }); }
  };
  const flat = vector => { const one = vector.layers[0]; return [called(vector), vector.hash, places(vector), one.method, one.pairs, one.split_half_cosine ?? '', one.norm, one.mean_activation_norm ?? '', one.model]; };
  return html`<div class="page" onDragOver=${event => { if (event.dataTransfer.types.includes('Files')) { event.preventDefault(); setOver(true); } }} onDragLeave=${() => setOver(false)}
      onDrop=${event => { event.preventDefault(); setOver(false); upload(event.dataTransfer.files); }}>
    <header><h1>Vectors</h1><span class="grow" />
      <input type="file" hidden multiple ref=${file} accept=".safetensors,.gguf,.npy,.npz,.pt,.pth" onChange=${event => { upload(event.target.files); event.target.value = ''; }} />
      <button onClick=${() => file.current.click()} title="safetensors, GGUF, NumPy or PyTorch; files can also be dropped here">Upload</button>
      <a class="button main" href="#/vectors/new" title="n">Fit a vector</a></header>
    ${over && html`<p class="note">Drop files of vectors: safetensors, GGUF, NumPy or PyTorch.</p>`}
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    ${!value ? !error && html`<${Loading} what="Vectors" lines=${6} />` : all.length === 0 ? html`<${Empty} title="The library has no vectors yet" action="Fit the vector pirate" onAction=${fitPirate}>
        A vector is a direction in the residual stream that stands for a way to write. The button fits one from two system prompts in a few seconds.<//>` : html`
    <${Panel} title=${`${count(rows.length)} ${rows.length === 1 ? 'vector' : 'vectors'}`}
        actions=${html`<input type="search" class="auto" aria-label="Search vectors" placeholder="name, layer, method" value=${state.q ?? ''} onInput=${event => setState(old => ({ ...old, q: event.target.value || undefined }))} />`}
        exports=${{ name: 'vectors', json: () => rows, csv: () => [['name', 'hash', 'layers', 'method', 'pairs', 'split_half_cosine', 'norm', 'mean_activation_norm', 'model'], ...rows.map(flat)],
          request: () => ({ method: 'GET', path: own('/vectors') }), cli: () => './pintle vector list' }}>
      <div class="table" ref=${body} tabindex="0" role="group" aria-label="Table of vectors"><table class="list">
        <thead><tr><th><span class="hidden-text">chosen</span></th><th>name</th><th>read at</th><th class="optional">method</th><th class="num optional">pairs</th><th class="num">halves’ cosine</th><th class="num optional">length</th><th class="num optional">activation norm</th></tr></thead>
        <tbody>${rows.map((vector, i) => html`<tr key=${vector.hash} class=${cls(i === at && 'at')} onClick=${() => moveTo(i)}>
          <td><input type="checkbox" checked=${chosen.includes(vector.hash)} aria-label=${`Choose ${visible(called(vector))}`} onChange=${() => toggle(vector.hash)} /></td>
          <td class="name"><a href=${`#/vectors/${vector.hash}`} onFocus=${() => moveTo(i)}>${vector.names.length ? vector.names.map(visible).join(', ') : html`<span class="mono">${vector.hash.slice(0, 12)}</span>`}</a></td>
          <td class="nowrap">${places(vector)}</td><td class="optional">${visible(vector.layers[0].method)}</td><td class="num optional">${vector.layers[0].pairs || '–'}</td>
          <td class="num"><${Halves} vector=${vector} /></td><td class="num optional">${fixed(vector.layers[0].norm, 3)}</td><td class="num optional">${fixed(vector.layers[0].mean_activation_norm, 2)}</td></tr>`)}</tbody></table></div>
      ${chosen.length === 0 && rows.length > 1 && html`<p class="muted"><small>Choose two or more to compare them.</small></p>`}<//>
    ${compared.length > 0 && html`<${Compare} chosen=${compared} again=${again} onClose=${() => setState(old => ({ ...old, chosen: undefined }))} />`}`}</div>`;
}
