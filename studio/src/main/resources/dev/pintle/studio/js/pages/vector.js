/* One vector: where it comes from, what it is made of, what it promotes and writes, and how it leaves. */
import { html, useLoaded, useMemo, useState, visible, num } from '../ui.js';
import { get, own, post, send } from '../api.js';
import { Field, Loading, Panel, Segmented, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { go } from '../state.js';
import { say } from '../shell.js';
import { Bars } from '../charts/bars.js';
import { HeatMap } from '../charts/heat.js';
import { signed } from '../charts/scale.js';
import { ago, called, count, enc, fixed, known, layerOf, percent, place, ref, SteeredBy, steerBy, useModel, bytes } from './common.js';

const WAYS = [['pursuit', 'Pursuit', 'coefficient'], ['encode', 'Encode', 'activation'], ['scaled', 'Scaled', 'activation'], ['difference', 'Difference', 'change'], ['nearest', 'Nearest', 'cosine']];
const MEANS = {
  pursuit: 'The fewest latents whose decoder rows add up to the vector, each with a sign.',
  encode: 'What the encoder says of the vector as it is, although it has only seen activations.',
  scaled: 'What the encoder says of the vector at a length that activations have.',
  difference: 'How latents of a text change where the vector is added.',
  nearest: 'The latents whose decoder rows point most the same way.',
};
const TOOLS = ['llama.cpp', 'repeng', 'easysteer', 'lm-eval', 'numpy'];
const signedText = value => (value >= 0 ? '+' : '') + fixed(value, 2);

function Decomposition({ vector, at, model, state, set }) {
  const saes = useLoaded(signal => get(own('/saes'), { signal }), []);
  const here = (saes.value?.saes ?? []).filter(one => one.model === model);
  const sae = state.sae ?? (here.find(one => one.at === at) ?? here[0])?.id;
  const way = state.way ?? 'pursuit', terms = state.terms ?? 12;
  const [text, setText] = useState(state.text ?? 'Tell me about the whale.');
  const asked = useMemo(() => ({ model, vector: ref(vector), sae, terms, way: way === 'difference' ? { how: way, strength: state.strength ?? 0.45, texts: [state.text ?? text] } : way === 'scaled' ? { how: way, strength: state.strength ?? 1 } : way }),
    [model, vector, sae, terms, way, state.strength, state.text]);
  const { value, error, again, loading } = useLoaded(signal => sae && model ? post(own('/vectors/decompose'), asked, { signal }) : Promise.resolve(null), [asked]);
  const [, words, field] = WAYS.find(([key]) => key === way);
  const shown = value?.how === way ? value : null;
  const strength = way === 'scaled' || way === 'difference';
  const cli = `./pintle sae decompose ${ref(vector)} --how ${way} --terms ${terms}${strength ? ` --strength ${asked.way.strength}` : ''}${way === 'difference' ? ` --prompt '${asked.way.texts[0]}'` : ''}`;
  return html`<${Panel} title="What it is made of" note=${sae && `latents of ${sae}`}
      exports=${shown && { name: `decomposition-${way}`, json: () => shown, csv: () => [['latent', field, 'label'], ...shown.terms.map(one => [one.latent, one[field], one.label ?? ''])],
        request: () => ({ path: own('/vectors/decompose'), body: asked }), cli: () => cli }}>
    <div class="stack">
      <div class="row"><${Segmented} label="Way to decompose" value=${way} onChange=${key => set({ way: key })} options=${WAYS} />
        <label class="row nowrap muted">Latents <input type="number" class="auto" min="1" max="100" value=${terms} onChange=${event => set({ terms: Math.max(1, Math.min(100, Number(event.target.value) || 12)) })} /></label>
        ${strength && html`<label class="row nowrap muted">Strength, of the norm <input type="number" class="auto" step="0.05" value=${state.strength ?? (way === 'scaled' ? 1 : 0.45)} onChange=${event => set({ strength: Number(event.target.value) || undefined })} /></label>`}</div>
      ${way === 'difference' && html`<${Field} label="Text"><input value=${text} onInput=${event => setText(event.target.value)} onChange=${event => set({ text: event.target.value || undefined })} /><//>`}
      <p class="muted">${MEANS[way]}</p>
      ${saes.value && !here.length ? html`<p class="muted">No autoencoder of this model is open. <a href="#/models">Open one</a>.</p>` : error ? html`<${Trouble} error=${error} again=${again} />` : !shown ? html`<${Loading} what="The decomposition" />` : html`
      <dl class="stats"><div><dt>relative error</dt><dd>${percent(shown.relative_error, 1)}</dd></div>${way !== 'pursuit' && way !== 'nearest' && html`<div><dt>without the bias</dt><dd>${percent(shown.relative_error_without_bias, 1)}</dd></div>`}
        <div><dt>cosine</dt><dd>${fixed(shown.cosine, 3)}</dd></div><div><dt>latents</dt><dd>${count(shown.latents)}</dd></div></dl>
      ${(way === 'encode' || way === 'scaled') && shown.bias_share !== 0 && html`<p class="note warn"><b>The decoder’s bias is ${percent(shown.bias_share, 1)} of the reconstruction</b>, and the zero vector activates ${count(shown.zero_vector_latents)} latents as well: ${shown.warnings[0]}</p>`}
      <div class=${loading ? 'stale' : ''}><${Bars} label=${`${words}: latents of the vector`} format=${value => fixed(value, 4)}
        rows=${shown.terms.map(one => ({ key: one.latent, value: one[field], text: `${one.latent} ${one.label ? visible(one.label) : ''}${one.of_zero_vector ? ' (also of the zero vector)' : ''}`, onChoose: () => go(`/sae/${enc(sae)}/${one.latent}`) }))} /></div>`}</div><//>`;
}

function Effects({ vector, layer, model }) {
  const asked = { model, vector: ref(vector), at: layer, top: 10 };
  const { value, error, again } = useLoaded(signal => model ? post(own('/vectors/effects'), asked, { signal }) : Promise.resolve(null), [vector.hash, layer, model]);
  const one = value?.effects[0];
  const bars = (label, list) => html`<div><h3>${label}</h3><${Bars} label=${label} format=${signedText} rows=${list.map((effect, i) => ({ key: i, text: `“${visible(effect.token).replaceAll(' ', '␣')}”`, value: effect.logit }))} /></div>`;
  return html`<${Panel} title="Effect on the logits" note="as fitted, unembedded directly" exports=${one && { name: 'effects', json: () => value, csv: () => [['token', 'logit'], ...[...one.promoted, ...one.suppressed].map(each => [each.token, each.logit])], request: () => ({ path: own('/vectors/effects'), body: asked }) }}>
    ${error ? html`<${Trouble} error=${error} again=${again} />` : !one ? html`<${Loading} what="Promoted tokens" />` : html`<div class="halves">${bars('Promotes', one.promoted)}${bars('Suppresses', one.suppressed)}</div>`}<//>`;
}

/** Saves the file for another tool and says how that tool loads it. */
function Export({ vector }) {
  const [tool, choose] = useState('llama.cpp');
  const { value, error } = useLoaded(signal => get(own(`/vectors/${vector.hash}/export?for=${enc(tool)}`), { signal }), [vector.hash, tool]);
  const save = async () => {
    const { raw } = await import('../api.js');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await (await raw(own(`/vectors/${vector.hash}/file?for=${enc(tool)}`))).blob());
    link.download = value.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return html`<${Panel} title="Export" exports=${value && { name: `export-${tool}`, json: () => value, request: () => ({ method: 'GET', path: own(`/vectors/${vector.hash}/export?for=${enc(tool)}`) }), cli: () => `./pintle vector export ${ref(vector)} --for ${tool}` }}><div class="stack">
    <div class="row"><select class="auto" aria-label="Tool" value=${tool} onChange=${event => choose(event.target.value)}>${TOOLS.map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select>
      <button class="main" disabled=${!value || error} onClick=${save}>Save ${value && !error ? value.file : 'the file'}</button>${value && !error && html`<span class="muted">${bytes(value.bytes)}</span>`}</div>
    ${error ? html`<${Trouble} error=${error} />` : value && html`<pre class="snippet" tabindex="0">${value.loads}</pre>${value.left_out.map(line => html`<p key=${line} class="muted">${line}</p>`)}`}</div><//>`;
}

/** Presets that hold the vector, and sweeps of this server that tried it. */
function UsedBy({ vector: { hash, used_by: { presets, sweeps } } }) {
  return html`<${Panel} title="Used by" exports=${{ name: 'used-by', json: () => ({ vector: hash, presets, sweeps }), csv: () => [['kind', 'name', 'state'], ...presets.map(name => ['preset', name, '']), ...sweeps.map(one => [one.kind, one.id, one.state])], request: () => ({ method: 'GET', path: own('/vectors/' + hash) }) }}>
    ${presets.length + sweeps.length === 0 ? html`<p class="muted">No preset, and no sweep since the server started.</p>` : html`<ul class="labels">${presets.map(name => html`<li key=${name}>preset ${visible(name)}</li>`)}
      ${sweeps.map(one => html`<li key=${one.id}><button class="link" onClick=${() => go('/sweeps', { kind: one.kind, job: one.id })}>${one.kind}, ${ago(one.created)}</button><small class="muted">${one.state}</small></li>`)}</ul>`}<//>`;
}

function Names({ vector, again }) {
  const [name, set] = useState(null);
  const old = vector.names[0];
  const rename = async event => {
    event.preventDefault();
    const next = name.trim();
    if (!next || next === old) { set(null); return; }
    try {
      await send('PUT', own(`/names/${enc(next)}`), { vector: vector.hash }, { headers: {} });
      if (old) await send('DELETE', own(`/names/${enc(old)}`), undefined, { headers: { 'If-Match': vector.hash } });
      say(old ? `${old} is ${next} now. Requests that run keep the vector that they began with.` : `Called ${next}.`);
      set(null);
      again();
    } catch (problem) { say(problem.message, { bad: true }); }
  };
  return name == null ? html`<button onClick=${() => set(old ?? '')}>${old ? 'Rename' : 'Name it'}</button>`
    : html`<form class="row" onSubmit=${rename}><input class="auto" aria-label="Name" value=${name} onInput=${event => set(event.target.value)} /><button class="main">Keep</button><button type="button" onClick=${() => set(null)}>Cancel</button></form>`;
}

export default function Vector({ params, state, setState }) {
  const model = useModel(state.model);
  const set = changes => setState(old => ({ ...old, ...changes }));
  const { value, error, again } = useLoaded(async signal => {
    const names = /^[0-9a-f]{64}$/.test(params.hash) ? {} : await get(own('/names'), { signal });
    const found = await get(own('/vectors/' + enc(names[params.hash] ?? params.hash)), { signal });
    return names[params.hash] ? { ...found, names: [params.hash, ...found.names.filter(name => name !== params.hash)] } : found;
  }, [params.hash]);
  const several = (value?.layers.length ?? 0) > 1;
  const layers = useMemo(() => value?.layers.map(one => layerOf(one.at)) ?? [], [value]);
  const layer = state.at ?? layers[Math.floor(layers.length / 2)];
  const i = Math.max(0, layers.indexOf(layer));
  const record = value?.records[i];
  const across = useLoaded(signal => several ? post(own('/vectors/compare'), { vectors: [ref(value)], across_layers: true }, { signal }) : Promise.resolve(null), [value]);
  const scale = useMemo(() => signed([1]), []);
  const norm = known(record?.mean_activation_norm);
  const entry = strength => ({ vector: ref(value), ...(several ? { at: layer } : {}), strength: norm ? strength : `${strength * 10}abs` });
  const steer = () => value && steerBy([entry(0.4)], model);
  useKeys({ s: ['steer by this vector', () => steer() ?? true] });
  const variants = useMemo(() => value ? [{ label: 'unsteered', steering: [] }, ...[0.3, 0.45, 0.7].map(strength => ({ label: norm ? `${strength} of the norm` : `raw multiplier ${strength * 10}`, steering: [entry(strength)] }))] : [], [value, layer]);
  const remove = async () => {
    try {
      for (const name of value.names) await send('DELETE', own(`/names/${enc(name)}`), undefined, { headers: { 'If-Match': value.hash } });
      await send('DELETE', own('/vectors/' + value.hash));
      say(`Deleted ${called(value)}.`);
      go('/vectors');
    } catch (problem) { say(problem.message, { bad: true }); again(); }
  };
  const [sure, ask] = useState(false);
  if (error) return html`<div class="page"><header><h1>Vector</h1></header><${Trouble} error=${error} again=${again} /></div>`;
  if (!value) return html`<div class="page"><header><h1>Vector</h1></header><${Loading} what="The vector" lines=${8} /></div>`;
  const facts = Object.entries(record).filter(([key]) => !['split_half_cosine', 'split_half_cosine_low', 'split_half_cosine_high', 'norm', 'mean_activation_norm', 'layer'].includes(key));
  return html`<div class="page">
    <header><h1 class="wrap">${value.names.length ? value.names.map(visible).join(', ') : html`<span class="mono">${value.hash.slice(0, 16)}</span>`}</h1>
      <${Names} vector=${value} again=${again} /><span class="grow" />
      ${several && html`<label class="row nowrap muted">Layer <select class="auto" value=${layer} onChange=${event => set({ at: Number(event.target.value) })}>${layers.map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>`}
      ${sure ? html`<span class="row">Delete it and its names?<button onClick=${remove}>Delete</button><button onClick=${() => ask(false)}>Keep</button></span>` : html`<button class="quiet" onClick=${() => ask(true)}>Delete</button>`}
      <button class="main" onClick=${steer} title="Steer by this (s)">Steer by this</button></header>
    <div class="columns">
      <div class="stack">
        <${Panel} title="Record" note=${place(record.hook_point)} exports=${{ name: 'vector', json: () => value, csv: () => [['field', 'value'], ...Object.entries(record)], request: () => ({ method: 'GET', path: own('/vectors/' + value.hash) }), cli: () => `./pintle vector show ${value.names[0] ?? value.hash}` }}>
          <dl class="stats"><div><dt>halves’ cosine</dt><dd>${fixed(record.split_half_cosine, 3)}${known(record.split_half_cosine_low) && html`<br /><small class="muted">95%: ${fixed(record.split_half_cosine_low, 3)} to ${fixed(record.split_half_cosine_high, 3)}</small>`}</dd></div>
            <div><dt>length</dt><dd>${fixed(record.norm, 3)}</dd></div><div><dt>activation norm</dt><dd>${fixed(record.mean_activation_norm, 2)}</dd></div></dl>
          <dl class="record">${facts.map(([key, text]) => [html`<dt key=${key}>${key.replaceAll('_', ' ')}</dt>`, /sha256/.test(key) ? html`<dd key=${key + ' value'} class="mono" title=${text}>${text.slice(0, 16)}…</dd>` : html`<dd key=${key + ' value'}>${typeof text === 'number' ? num(text, 6) : visible(text)}</dd>`])}</dl><//>
        ${several && html`<${Panel} title="Cosines by layer" exports=${across.value && { name: 'layers', figure: true, json: () => across.value, csv: () => [['', ...across.value.at], ...across.value.cosines.map((row, r) => [across.value.at[r], ...row])], request: () => ({ path: own('/vectors/compare'), body: { vectors: [ref(value)], across_layers: true } }), cli: () => `./pintle vector compare ${ref(value)} --across-layers` }}>
          ${across.error ? html`<${Trouble} error=${across.error} />` : !across.value ? html`<${Loading} what="Cosines by layer" />` : html`<${HeatMap} label="Cosines between layers" values=${across.value.cosines} rows=${layers.map(String)} columns=${layers.map(String)} scale=${scale} ylabel="layer" what="cosine" numbers=${layers.length <= 12} cell=${layers.length <= 12 ? 40 : 18} height=${layers.length <= 12 ? 26 : 14} chosen=${[i, i]} onChoose=${row => set({ at: layers[row] })} />`}<//>`}
        <${Effects} vector=${value} layer=${several ? layer : undefined} model=${model} />
        <${UsedBy} vector=${value} />
        <${Export} vector=${value} />
      </div>
      <div class="stack">
        <${Decomposition} key=${layer} vector=${value} at=${record.hook_point} model=${model} state=${state} set=${set} />
        <${SteeredBy} key=${layer} model=${model} title=${called(value)} variants=${variants} />
      </div></div></div>`;
}
