/* One latent: what it is called and by whom, where it fires, what it does to the logits, and what steering by it writes. */
import { html, useEffect, useLoaded, useMemo, useState, debounced, num, visible } from '../ui.js';
import { get, own, post } from '../api.js';
import { Field, Loading, Panel, Segmented, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { go } from '../state.js';
import { say } from '../shell.js';
import { Bars } from '../charts/bars.js';
import { Histogram } from '../charts/histogram.js';
import { Strip } from '../charts/strip.js';
import { Legend, positive } from '../charts/scale.js';
import { count, enc, fixed, place, query, SteeredBy, steerBy, three, useModel } from './common.js';

const pins = () => JSON.parse(localStorage.getItem('pintle.pins') ?? '{}');
const signed = value => (value >= 0 ? '+' : '') + fixed(value, 2);
const quoted = text => `“${visible(text).replaceAll(' ', '␣')}”`;

const fired = value => value > 0 ? value : null; // where it does not fire, nothing is coloured

/** A context: its tokens coloured by the latent, and the activation at the peak. */
function Context({ shown, scale, name, width }) {
  const from = Math.max(0, shown.peak - width), to = Math.min(shown.pieces.length, shown.peak + Math.ceil(width / 2) + 1);
  const tokens = useMemo(() => shown.pieces.slice(from, to).map(text => ({ text: text.replaceAll('\n', '⏎') })), [shown, from, to]);
  const values = useMemo(() => shown.activations.slice(from, to).map(fired), [shown, from, to]);
  return html`<div class="context"><span class="num" title=${`text ${shown.document} of the collection`}>${fixed(shown.activations[shown.peak], 2)}</span>
    <${Strip} tokens=${tokens} values=${values} scale=${scale} what="activation" label=${name} chosen=${shown.peak - from} /></div>`;
}

function Live({ id, model, latent, reach, state, set }) {
  const [text, setText] = useState(state.text ?? 'Ahoy, matey! The whale be mighty.');
  const later = useMemo(() => debounced(value => set({ text: value }), 300), []);
  const asked = { model, text, latents: [latent], top: 8 };
  const { value, error, loading } = useLoaded(signal => model && text ? post(own(`/saes/${enc(id)}/encode`), asked, { signal }) : Promise.resolve(null), [id, model, latent, text]);
  const values = useMemo(() => value?.tokens.map(token => token.values[0]), [value]);
  const scale = useMemo(() => positive(values ?? [], reach || undefined), [values, reach]);
  const most = values ? Math.max(...values) : 0;
  return html`<${Panel} title="Test a text" note=${value && (most > 0 ? `largest activation ${fixed(most, 2)}` : 'does not fire')}
      exports=${value && { name: `latent-${latent}-text`, json: () => ({ sae: id, latent, text, tokens: value.tokens }), csv: () => [['token', 'activation'], ...value.tokens.map((token, i) => [token.text, values[i]])],
        request: () => ({ path: own(`/saes/${enc(id)}/encode`), body: asked }), cli: () => `./pintle sae encode --prompt '${text}'` }}>
    <div class="stack"><textarea rows="2" aria-label="Text to test" value=${text} onInput=${event => { setText(event.target.value); later(event.target.value); }} />
      ${error ? html`<${Trouble} error=${error} />` : values ? html`<div class=${loading ? 'stale' : ''}><${Strip} tokens=${value.tokens} values=${values.map(fired)} scale=${scale} what="activation" label="The text, coloured by the latent" /></div>` : text && html`<${Loading} what="Reading the text" lines=${1} />`}</div><//>`;
}

/** The latents of another autoencoder whose decoder rows point most the same way. */
function Elsewhere({ id, latent, model, at }) {
  const { value: found } = useLoaded(signal => get(own('/saes'), { signal }), []);
  const others = (found?.saes ?? []).filter(one => one.id !== id && one.model === model && one.at === at);
  const [chosen, choose] = useState(null);
  const other = chosen ?? others[0]?.id;
  const path = other && own(`/saes/${enc(other)}/latents?${query({ model, cosine_to: `latent:${id}:${latent}`, sort: 'cosine', limit: 8 })}`);
  const { value, error } = useLoaded(signal => path ? get(path, { signal }) : Promise.resolve(null), [path]);
  if (!other) return null;
  return html`<${Panel} title="Nearest in another autoencoder" actions=${html`<select class="auto" aria-label="Another autoencoder" value=${other} onChange=${event => choose(event.target.value)}>${others.map(one => html`<option key=${one.id} value=${one.id}>${one.id}</option>`)}</select>`}
      exports=${value && { name: `latent-${latent}-elsewhere`, json: () => value, csv: () => [['latent', 'cosine', 'label'], ...value.latents.map(one => [one.latent, one.cosine, one.label ?? ''])], request: () => ({ method: 'GET', path }) }}>
    ${error ? html`<${Trouble} error=${error} />` : value && html`<${Bars} label="Nearest in another autoencoder" reach=${1} format=${number => fixed(number, 2)} rows=${value.latents.map(one => ({ key: one.latent, text: `${one.latent} ${one.label ? visible(one.label) : ''}`, value: one.cosine, onChoose: () => go(`/sae/${enc(other)}/${one.latent}`) }))} />`}<//>`;
}

export default function Latent({ params: { id, n }, state, setState }) {
  const latent = Number(n);
  const model = useModel(state.model);
  const set = changes => setState(old => ({ ...old, ...changes }));
  const about = useLoaded(signal => model ? get(own(`/saes/${enc(id)}?${query({ model })}`), { signal }) : Promise.resolve(null), [id, model]);
  const profile = state.profile ?? about.value?.profiles.find(one => !one.problem)?.name;
  const path = own(`/saes/${enc(id)}/latents/${latent}?${query({ model, profile, effects: profile ? null : true })}`);
  const { value, error, again, loading } = useLoaded(signal => about.value ? get(path, { signal }) : Promise.resolve(null), [about.value, path]);
  const shown = value?.latent === latent ? value : null;
  const facts = shown?.facts;
  const effects = facts ?? shown?.effects;
  const scale = useMemo(() => positive([], facts?.max || 1), [facts]);
  const last = (about.value?.d_sae ?? 1) - 1;
  const to = number => go(`/sae/${enc(id)}/${Math.max(0, Math.min(last, number))}`, { profile: state.profile });
  const key = `${id}/${latent}`;
  const [pinned, setPinned] = useState(pins());
  const pin = note => {
    const all = pins();
    if (note == null) delete all[key]; else all[key] = note;
    localStorage.setItem('pintle.pins', JSON.stringify(all));
    setPinned(all);
  };
  const unit = facts?.max > 0 ? facts.max : 4;
  const steering = [{ sae: id, latent, op: 'add', value: Number(unit.toPrecision(2)) }];
  useKeys({
    s: ['steer by this latent', () => steerBy(steering, model)],
    '[': ['previous latent', () => to(latent - 1)], ']': ['next latent', () => to(latent + 1)],
    p: ['pin this latent', () => pin(key in pinned ? null : '')],
  });
  const variants = useMemo(() => [{ label: 'unsteered', steering: [] }, ...[0.5, 1, 2].map(times => {
    const added = Number((times * unit).toPrecision(2));
    return { label: `+${num(added)}${facts?.max > 0 ? `, ${num(times)} × its largest` : ''}`, steering: [{ sae: id, latent, op: 'add', value: added }] };
  })], [id, latent, unit]);
  const [name, setName] = useState('');
  const keep = async event => {
    event.preventDefault();
    try {
      const kept = await post(own(`/saes/${enc(id)}/latents/${latent}/vector`), { model, name });
      say(`Kept as ${name}.`);
      go(`/vectors/${kept.vector}`);
    } catch (problem) { say(problem.message, { bad: true }); }
  };
  const width = state.width ?? 12;
  const at = state.at ?? 'top';
  const contexts = !facts ? [] : at === 'top' ? facts.contexts : facts.quantiles.filter(one => String(one.quantile) === at).map(one => one.context);
  const labels = shown?.labels ?? [];
  const title = labels[0]?.label;
  if (error ?? about.error) return html`<div class="page"><header><h1>Latent ${n}</h1></header><${Trouble} error=${error ?? about.error} again=${again} /></div>`;
  const nearby = number => shown.nearest_labels[number] ? `${number} ${visible(shown.nearest_labels[number])}` : String(number);
  return html`<div class="page">
    <header><button class="quiet" disabled=${latent <= 0} onClick=${() => to(latent - 1)} aria-label="Previous latent" title="Previous ([)">‹</button>
      <h1>Latent ${n}</h1><button class="quiet" disabled=${latent >= last} onClick=${() => to(latent + 1)} aria-label="Next latent" title="Next (])">›</button>
      <span class="muted">of <a href=${`#/sae/${enc(id)}`}>${id}</a>${about.value && `, ${place(about.value.at)}`}</span><span class="grow" />
      <button aria-pressed=${key in pinned} class="quiet" onClick=${() => pin(key in pinned ? null : '')}>${key in pinned ? 'Pinned' : 'Pin'}</button>
      <button class="main" onClick=${() => steerBy(steering, model)} title="Steer by this (s)">Steer by this</button></header>
    ${!shown ? html`<${Loading} what="The latent" lines=${8} />` : html`<div class=${`columns ${loading ? 'stale' : ''}`}>
    <div class="stack">
      <${Panel} title="Label" exports=${{ name: `latent-${latent}-label`, json: () => ({ sae: id, latent, labels, note: pinned[key] }), csv: () => [['label', 'source'], ...labels.map(one => [one.label, one.source])], request: () => ({ method: 'GET', path }), cli: () => `./pintle sae show ${latent}` }}>${title ? html`<ul class="labels">${labels.map(one => html`<li key=${one.source}><span class="said">${visible(one.label)}</span><small class="muted">${one.source}</small></li>`)}</ul>`
          : html`<p class="muted">Nobody has labelled it, and there is no profile to derive a label from.</p>`}
        ${key in pinned && html`<${Field} label="Note, kept in this browser"><textarea rows="2" value=${pinned[key]} onInput=${event => pin(event.target.value)} /><//>`}
        <form class="row" onSubmit=${keep}><input class="grow" aria-label="Name of the vector" placeholder="a name" value=${name} onInput=${event => setName(event.target.value)} /><button disabled=${!name}>Save as vector</button></form><//>
      <${Panel} title="Activations" note=${facts && `${count(shown.profiled.tokens)} tokens, profile ${profile}`}
          exports=${facts && { name: `latent-${latent}`, figure: facts.histogram.length > 0, json: () => ({ sae: id, ...shown }), csv: () => [['from', 'to', 'count'], ...facts.histogram.map(bin => [bin.from, bin.to, bin.count])],
            request: () => ({ method: 'GET', path }), cli: () => `./pintle sae show ${latent}${profile === about.value.usual_profile ? '' : ` --profile ${profile}`}` }}>
        ${facts ? html`<dl class="stats"><div><dt>density</dt><dd>${facts.fires ? three(100 * facts.density) + '%' : 'never fires'}</dd></div><div><dt>fires on</dt><dd>${count(facts.fires)}</dd></div>
            <div><dt>mean</dt><dd>${fixed(facts.mean, 2)}</dd></div><div><dt>max</dt><dd>${fixed(facts.max, 2)}</dd></div><div><dt>decoder norm</dt><dd>${fixed(shown.decoder_norm, 3)}</dd></div></dl>
          ${facts.histogram.length > 0 && html`<${Histogram} bins=${facts.histogram} label=${`Activations of latent ${n}`} xlabel="activation" logx=${true} />`}`
          : html`<p class="muted">Decoder norm ${fixed(shown.decoder_norm, 3)}. Where it fires is known from a profile, which <a href=${`#/sae/${enc(id)}`}>the list of latents</a> makes.</p>`}<//>
      <${Panel} title="Effect on the logits" note="one unit, unembedded directly" exports=${{ name: `latent-${latent}-effects`, json: () => ({ sae: id, latent, promoted: effects.promoted, suppressed: effects.suppressed }),
          csv: () => [['token', 'logit'], ...effects.promoted.map(one => [one.token, one.logit]), ...effects.suppressed.map(one => [one.token, one.logit])], request: () => ({ method: 'GET', path }) }}>
        <div class="halves"><div><h3>Promotes</h3><${Bars} label="Promoted tokens" format=${signed} rows=${effects.promoted.map((one, i) => ({ key: i, text: quoted(one.token), value: one.logit }))} /></div>
          <div><h3>Suppresses</h3><${Bars} label="Suppressed tokens" format=${signed} rows=${effects.suppressed.map((one, i) => ({ key: i, text: quoted(one.token), value: one.logit }))} /></div></div><//>
      <${Panel} title="Nearest latents" note="cosine of decoder rows" exports=${{ name: `latent-${latent}-nearest`, json: () => ({ sae: id, latent, nearest: effects.nearest.map(one => ({ ...one, label: shown.nearest_labels[one.latent] })) }),
          csv: () => [['latent', 'cosine', 'label'], ...effects.nearest.map(one => [one.latent, one.cosine, shown.nearest_labels[one.latent] ?? ''])], request: () => ({ method: 'GET', path }) }}><${Bars} label="Nearest latents" reach=${1} format=${value => fixed(value, 2)}
          rows=${effects.nearest.map(one => ({ key: one.latent, text: nearby(one.latent), value: one.cosine, onChoose: () => to(one.latent) }))} /><//>
      ${about.value && html`<${Elsewhere} id=${id} latent=${latent} model=${model} at=${about.value.at} />`}
    </div>
    <div class="stack">
      ${facts && html`<${Panel} title="Contexts" note=${facts.contexts.length ? 'each token coloured by its activation' : null} actions=${html`<${Legend} scale=${scale} />`}
          exports=${{ name: `latent-${latent}-contexts`, json: () => ({ sae: id, latent, profile, contexts: facts.contexts, quantiles: facts.quantiles }),
            csv: () => [['activation', 'peak', 'text'], ...contexts.map(one => [one.activations[one.peak], one.pieces[one.peak], one.pieces.join('')])], request: () => ({ method: 'GET', path }) }}>
        ${facts.contexts.length === 0 ? html`<p class="muted">It never fired in ${count(shown.profiled.tokens)} tokens of ${shown.profiled.texts}.</p>` : html`<div class="stack">
          <div class="row"><${Segmented} label="Which contexts" value=${at} onChange=${key => set({ at: key })} options=${[['top', 'Strongest'], ...facts.quantiles.map(one => [String(one.quantile), `${Math.round(100 * one.quantile)}%`, `where ${Math.round(100 * one.quantile)}% of its activations are smaller`])]} />
            <label class="row nowrap muted">Width <input type="range" class="short" min="3" max="14" value=${width} aria-valuetext=${`${width} tokens before`} onInput=${event => set({ width: Number(event.target.value) })} /></label></div>
          ${contexts.map((one, i) => html`<${Context} key=${`${at} ${i}`} shown=${one} scale=${scale} width=${width} name=${`Context ${i + 1}`} />`)}</div>`}<//>
      ${facts.tokens.length > 0 && html`<${Panel} title="Fires on" note="share of the sum of its activations" exports=${{ name: `latent-${latent}-tokens`, json: () => ({ sae: id, latent, profile, tokens: facts.tokens }),
          csv: () => [['token', 'share', 'mean'], ...facts.tokens.map(one => [one.text, one.share, one.mean])], request: () => ({ method: 'GET', path }) }}><${Bars} label="Tokens it fires on" format=${share => Math.round(100 * share) + '%'}
          rows=${facts.tokens.map((one, i) => ({ key: i, text: quoted(one.text), value: one.share, hint: `mean activation ${fixed(one.mean, 2)} over all its occurrences` }))} /><//>`}`}
      <${Live} key=${latent} ...${{ id, model, latent, reach: facts?.max, state, set }} />
      <${SteeredBy} key=${latent} model=${model} title=${`latent ${n}`} variants=${variants} />
    </div></div>`}</div>`;
}
