// The dialog that adds to steering: a vector of the library, a latent by its label, a preset's entries, or entries as JSON.
import { html, useState, useLoaded, num } from '../ui.js';
import { get, post, own, stream, Problem } from '../api.js';
import { Dialog, say } from '../shell.js';
import { inWords } from './entries.js';
import { Segmented, Field, Loading, Trouble, Growing } from '../parts.js';

/** Fits a vector from two system prompts and waits for it. */
export async function fit(request, onProgress = () => {}) {
  const job = await post(own('/vectors/fit'), request);
  let last = job;
  for await (const now of stream(own(`/jobs/${job.id}/events`))) { last = now; onProgress(now.progress); }
  if (last.state !== 'finished') throw new Problem(200, last.error ?? { message: `The fit was ${last.state}.` });
  return last.result;
}

export const PIRATE = { positive: 'The assistant should talk like a pirate.', negative: 'The assistant should act normally.', name: 'pirate' };

function Vectors({ lib, model, onAdd, onLibrary }) {
  const [query, set] = useState('');
  const [busy, setBusy] = useState(null);
  const [error, setError] = useState(null);
  const fitPirate = async () => {
    setBusy('Fitting …'); setError(null);
    try {
      await fit({ model, ...PIRATE, layers: model === 'parley-7m' ? [3] : undefined }, progress => progress.total && setBusy(`${progress.stage}: ${progress.done} of ${progress.total}`));
      await onLibrary?.();
      onAdd([{ vector: 'pirate', strength: 0.45 }]);
    } catch (thrown) { setError(thrown); }
    setBusy(null);
  };
  if (!lib) return html`<${Loading} what="The library" />`;
  const words = query.toLowerCase();
  const found = lib.vectors.filter(vector => [vector.hash, ...vector.names, ...vector.layers.map(one => one.at)].some(text => text.toLowerCase().includes(words)));
  return html`<div class="stack">${lib.vectors.length > 6 && html`<input type="search" placeholder="Name, hash or hook point" aria-label="Search vectors" value=${query} onInput=${event => set(event.target.value)} />`}
    ${lib.vectors.length === 0 && html`<p class="muted">The library has no vectors yet. This fits one from two system prompts, “talk like a pirate” against “act normally”, in a second or two:</p>`}
    ${error && html`<${Trouble} error=${error} />`}
    <ul class="choices">${found.flatMap(vector => (vector.names.length ? vector.names : [null]).map(name => { const layer = vector.layers[0]; return html`<li key=${vector.hash + name}>
      <button onClick=${() => onAdd([{ vector: name ?? 'sha256:' + vector.hash, strength: layer.mean_activation_norm ? 0.4 : 1, ...(layer.mean_activation_norm ? {} : { unit: 'absolute' }) }])}>
        <b class="cut">${name ?? vector.hash.slice(0, 16)}</b><small class="cut">${vector.layers.length > 1 ? `${vector.layers.length} layers` : layer.at} · ${layer.method}${layer.split_half_cosine != null ? ` · halves' cosine ${num(layer.split_half_cosine)}` : ''}</small></button></li>`; }))}</ul>
    ${!lib.names.pirate && html`<p><button class=${lib.vectors.length ? '' : 'main'} disabled=${!!busy} onClick=${fitPirate}>${busy ?? 'Fit the vector pirate'}</button></p>`}</div>`;
}

function Latents({ model, onAdd }) {
  const [query, set] = useState('');
  const [sae, setSae] = useState(null);
  const saes = useLoaded(signal => get(own('/saes'), { signal }), []);
  const mine = (saes.value?.saes ?? []).filter(one => one.model === model);
  const chosen = sae ?? mine[0]?.id;
  const number = /^\d+$/.test(query.trim()) ? Number(query) : null;
  const found = useLoaded(async signal => {
    if (!chosen || !query.trim()) return null;
    const path = own(`/saes/${encodeURIComponent(chosen)}/latents`);
    const asked = `model=${encodeURIComponent(model)}`;
    if (number != null) { const one = await get(`${path}/${number}?${asked}`, { signal }); return { latents: [one] }; }
    return get(`${path}?${asked}&query=${encodeURIComponent(query)}`, { signal });
  }, [chosen, query]);
  if (saes.error) return html`<${Trouble} error=${saes.error} again=${saes.again} />`;
  if (!saes.value) return html`<${Loading} what="Autoencoders" />`;
  if (mine.length === 0) return html`<p class="muted">No autoencoder is open for this model. The page Models attaches one.</p>`;
  return html`<div class="stack">
    ${mine.length > 1 && html`<${Field} label="Autoencoder"><select value=${chosen} onChange=${event => setSae(event.target.value)}>${mine.map(one => html`<option key=${one.id} value=${one.id}>${one.id}</option>`)}</select><//>`}
    <${Field} label="Words of its label, or its number"><input type="search" placeholder="pirate, whale, 146" value=${query} onInput=${event => set(event.target.value)} /><//>
    ${found.error && html`<${Trouble} error=${found.error} />`}
    ${found.value && found.value.latents.length === 0 && html`<p class="muted">No label has these words.</p>`}
    <ul class="choices">${(found.value?.latents ?? []).map(({ latent, label }) => html`<li key=${latent}>
      <button onClick=${() => onAdd([{ sae: chosen, latent, op: 'add', value: 2, label }])}><b>${latent}</b><span class="cut">${label}</span></button></li>`)}</ul></div>`;
}

function Presets({ model, onAdd }) {
  const found = useLoaded(signal => get(own('/presets'), { signal }), []);
  if (found.error) return html`<${Trouble} error=${found.error} again=${found.again} />`;
  if (!found.value) return html`<${Loading} what="Presets" />`;
  const mine = found.value.presets.filter(preset => preset.model === model);
  if (mine.length === 0) return html`<p class="muted">No presets of this model yet. The menu of a column saves one.</p>`;
  return html`<ul class="choices">${mine.map(preset => html`<li key=${preset.name}><button onClick=${() => onAdd(preset.steering)}><b class="cut">${preset.name}</b><small class="cut">${inWords(preset.steering)}</small></button></li>`)}</ul>`;
}

function Json({ onAdd }) {
  const [text, set] = useState('');
  const [error, setError] = useState(null);
  const add = () => {
    try {
      const parsed = JSON.parse(text);
      const entries = Array.isArray(parsed) ? parsed : [parsed];
      if (entries.some(entry => typeof entry !== 'object' || entry === null)) throw new Error('Entries are objects.');
      onAdd(entries);
    } catch (thrown) { setError(new Error(`This is not steering as JSON: ${thrown.message}`)); }
  };
  return html`<div class="stack"><${Field} label="An entry, or a list of them"><${Growing} rows=${5} value=${text} onInput=${set} spellcheck="false" class="mono" placeholder='[{"vector": "pirate", "op": "clamp", "high": 0.5}]' /><//>
    ${error && html`<${Trouble} error=${error} />`}<p><button class="main" disabled=${!text.trim()} onClick=${add}>Add</button></p></div>`;
}

export default function Adding({ model, lib, onAdd, onClose, onLibrary }) {
  const [kind, set] = useState('vector');
  const add = entries => { onAdd(entries); onClose(); say('Added to the steering.'); };
  return html`<${Dialog} title="Steer by" onClose=${onClose}><div class="stack">
    <${Segmented} label="Kind" value=${kind} onChange=${set} options=${[['vector', 'Vector'], ['latent', 'Latent'], ['preset', 'Preset'], ['json', 'JSON']]} />
    ${kind === 'vector' ? html`<${Vectors} ...${{ lib, model, onLibrary }} onAdd=${add} />` : kind === 'latent' ? html`<${Latents} model=${model} onAdd=${add} />` : kind === 'preset' ? html`<${Presets} model=${model} onAdd=${add} />` : html`<${Json} onAdd=${add} />`}
  </div><//>`;
}
