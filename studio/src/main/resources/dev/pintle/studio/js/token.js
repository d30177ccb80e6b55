/*
 * What is known of one token, for the inspector: alternatives steered and unsteered, the largest latents with labels, its
 * components along vectors. Pages say how to read it:
 *
 *   inspectToken({token, index, tokens, texts, read, steering, model, project, onSteer, onMove, onAllOf, twinName})
 *
 *   token     {id, text, lp, top: [[id, logprob]], tw: {lp, kl, top}}
 *   read      async signal => {sae, tokens: [{latents}], labels} of the text, or null where there is no autoencoder
 *   onSteer   (entry) adds an entry to the steering; onMove(step) chooses a neighbour; onAllOf(latent) colours by it
 */
import { html, useLoaded, useState, num, piece } from './ui.js';
import { post, get, own } from './api.js';
import { inspect } from './shell.js';
import { useKeys } from './keys.js';
import { Loading, Trouble } from './parts.js';
import { Bars } from './charts/bars.js';
import { match } from './state.js';

const percent = logprob => { const p = Math.exp(logprob); return p >= 0.9995 ? '100%' : p < 0.0005 ? '<0.1%' : `${(p * 100).toFixed(1)}%`; };

const names = new Map(); // model/id → text

/** Texts of token ids. */
export async function texts(model, ids, signal) {
  const missing = [...new Set(ids)].filter(id => !names.has(`${model}/${id}`));
  if (missing.length) {
    const { tokens } = await post(own('/tokenize'), { model, ids: missing }, { signal });
    tokens.forEach(token => names.set(`${model}/${token.id}`, token.text));
  }
  return id => names.get(`${model}/${id}`) ?? String(id);
}

function Alternatives({ token, model, steeredFirst }) {
  const [mine, other] = steeredFirst ? ['Steered', 'Unsteered'] : ['Unsteered', 'Steered'];
  const ids = [...(token.top ?? []), ...(token.tw?.top ?? [])].map(([id]) => id);
  const named = useLoaded(signal => texts(model, ids, signal), [token]);
  if (ids.length === 0) return null;
  if (named.error) return html`<${Trouble} error=${named.error} again=${named.again} />`;
  if (!named.value) return html`<${Loading} what="Alternatives" />`;
  const shown = new Map();
  for (const [id, lp] of token.top ?? []) shown.set(id, { lp });
  for (const [id, lp] of token.tw?.top ?? []) shown.set(id, { ...shown.get(id), tw: lp });
  const rows = [...shown].sort((a, b) => Math.max(b[1].lp ?? -99, b[1].tw ?? -99) - Math.max(a[1].lp ?? -99, a[1].tw ?? -99)).slice(0, 12);
  const bar = (lp, series) => html`<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${lp == null ? 0 : Math.max(0.5, Math.exp(lp) * 100)} height="8" class=${'fill-' + series} /></svg>`;
  return html`<table class="alternatives"><thead><tr><th>token</th><th class="num">${token.tw ? mine : 'probability'}</th>${token.tw && html`<th class="num">${other}</th>`}</tr></thead>
    <tbody>${rows.map(([id, one]) => html`<tr key=${id} class=${id === token.id ? 'taken' : ''}><td><code class="piece">${piece(named.value(id))}</code>${id === token.id && html` <span class="tag">taken</span>`}</td>
      <td class="num">${one.lp == null ? '–' : percent(one.lp)}${bar(one.lp, steeredFirst ? 1 : 0)}</td>${token.tw && html`<td class="num">${one.tw == null ? '–' : percent(one.tw)}${bar(one.tw, steeredFirst ? 0 : 1)}</td>`}</tr>`)}</tbody></table>`;
}

function Latents({ read, index, version, onSteer, onAllOf }) {
  const found = useLoaded(signal => read(signal), [version]);
  const here = found.value?.tokens[index]?.latents ?? [];
  const [choice, setChoice] = useState({ index, row: 0 }); // of another token: the first
  const chosen = choice.index === index ? choice.row : 0;
  const choose = row => setChoice({ index, row });
  const steerBy = latent => onSteer?.({ sae: found.value.sae, latent, op: 'add', value: 2, label: found.value.labels?.[latent] });
  useKeys({
    ArrowDown: ['next latent', () => choose(Math.min(here.length - 1, chosen + 1))],
    ArrowUp: ['previous latent', () => choose(Math.max(0, chosen - 1))],
    s: ['steer by the chosen latent', () => { if (!here[chosen] || !onSteer) return false; steerBy(here[chosen][0]); return true; }],
  });
  if (found.error) return html`<${Trouble} error=${found.error} again=${found.again} />`;
  if (!found.value && found.loading) return html`<${Loading} what="Latents of the text" />`;
  if (!found.value) return html`<p class="muted">No autoencoder is open for this model.</p>`;
  if (here.length === 0) return html`<p class="muted">No latent is active on this token, or it was never run.</p>`;
  const { sae, labels = {} } = found.value;
  const label = latent => labels[latent] ?? 'label not known';
  const [latent, activation] = here[chosen] ?? here[0];
  const hasPage = match(`/sae/${encodeURIComponent(sae)}/${latent}`);
  return html`<${Bars} label="Latents by activation" rows=${here.map(([one, value], i) => ({ key: one, text: `${one} · ${label(one)}`, value, chosen: i === chosen, onChoose: () => choose(i) }))} />
    <div class="latent-of-token"><p><b>Latent ${latent}</b>, activation ${num(activation)}<br /><span class="muted">${label(latent)}</span></p>
    <div class="row">${onSteer && html`<button class="main" onClick=${() => steerBy(latent)} title="s">Steer by this</button>`}
      ${onAllOf && html`<button onClick=${() => onAllOf(latent)}>All tokens where it is active</button>`}
      ${hasPage && html`<a class="button" href=${`#/sae/${encodeURIComponent(sae)}/${latent}`}>Its page</a>`}</div></div>
    <small class="muted">${sae} at ${found.value.at}; left out here: ${num(found.value.tokens[index]?.left_out)} of the activation's length</small>`;
}

function Token({ token, index, model, read, version, project, role, steeredFirst = true, onSteer, onMove, onAllOf, extra }) {
  return html`<div class="stack token-facts">
    <div class="row"><code class="piece big">${piece(token.text)}</code><span class="grow" />
      ${onMove && html`<button class="quiet" aria-label="Previous token" onClick=${() => onMove(-1)}>←</button><button class="quiet" aria-label="Next token" onClick=${() => onMove(1)}>→</button>`}</div>
    <dl class="facts"><div><dt>id</dt><dd class="num">${token.id}</dd></div><div><dt>position</dt><dd class="num">${index}</dd></div>
      ${role && html`<div><dt>role</dt><dd>${role}</dd></div>`}
      ${token.lp != null && html`<div><dt>logprob</dt><dd class="num">${num(token.lp, 4)} (${percent(token.lp)})</dd></div>`}
      ${token.tw && html`<div><dt>${steeredFirst ? 'unsteered' : 'steered'}</dt><dd class="num">${num(token.tw.lp, 4)} (${percent(token.tw.lp)})</dd></div><div><dt>KL</dt><dd class="num">${num(token.tw.kl, 4)} nats</dd></div>`}
      ${Object.entries(project ?? {}).map(([name, value]) => html`<div key=${name}><dt class="cut">on ${name}</dt><dd class="num">${num(value, 4)}</dd></div>`)}
      ${extra}</dl>
    ${token.top && html`<section><h3>Alternatives</h3><${Alternatives} ...${{ token, model, steeredFirst }} /></section>`}
    ${read && html`<section><h3>Latents</h3><${Latents} ...${{ read, index, version, onSteer, onAllOf }} /></section>`}
  </div>`;
}

export const inspectToken = given => inspect(`Token ${given.index}`, html`<${Token} ...${given} />`);

/** Reads which latents a text activates, by the model's first autoencoder; null where there is none. */
export function latentReader(model, body) {
  return async signal => {
    const { saes } = await get(own('/saes'), { signal });
    const sae = saes.find(one => one.model === model);
    if (!sae) return null;
    const found = await post(own(`/saes/${encodeURIComponent(sae.id)}/encode`), { model, top: 10, ...await body(signal) }, { signal });
    return found.prepended_token == null ? found : { ...found, tokens: found.tokens.slice(1) };
  };
}
