/*
 * Text: one given text under the microscope, or two beside each other. Each token is coloured by a number that the API gives;
 * the map shows the same number at all layers.
 */
import { html, useEffect, useMemo, useRef, useSignal, useState, useLoaded, debounced, num, visible } from '../ui.js';
import { get, own, superseding, isAbort } from '../api.js';
import { models, plain, inspect, say } from '../shell.js';
import { Panel, Field, Growing, Trouble, Loading, Empty } from '../parts.js';
import { useKeys } from '../keys.js';
import { Legend, positive, signed, color } from '../charts/scale.js';
import { Strip, stripPicture } from '../charts/strip.js';
import { Stack } from '../steer/stack.js';
import { api, inWords, known, library, projectable } from '../steer/entries.js';
import { read, projected, lengths, encodedBy, different } from '../text/read.js';
import { LayerMap } from '../text/map.js';

const EXAMPLE = "user: Tell me about the whale.\nassistant: Ahoy there! Th' whale be a huge beast. Th' whale devours krill.";
const WORDS = { surprise: 'surprise', kl: 'KL to unsteered', norm: 'length of the residual stream', leftout: "what the autoencoder leaves out", latent: 'latent' };
const UNITS = { surprise: 'nats', kl: 'nats', norm: '', leftout: 'of the length' };

const percentile = (values, share) => { const sorted = values.filter(v => v != null && Number.isFinite(v)).map(Math.abs).sort((a, b) => a - b); return sorted[Math.floor((sorted.length - 1) * share)] || 1; };

/** The numbers of a colour for a text that was read; cached by the text. */
function useValues(model, result, steering, colour, layer, latent, sae) {
  const cache = useRef(new Map());
  const key = result && JSON.stringify([model, result.ids.length, result.ids.slice(0, 50), result.ids.reduce((a, b) => (a * 31 + b) | 0, 7), steering, colour, colour === 'latent' || colour === 'leftout' ? sae : layer]);
  return useLoaded(async signal => {
    if (!result) return null;
    if (colour === 'surprise') return { values: result.tokens.map(token => token.lp == null ? null : -token.lp), path: own('/score'), body: result.body };
    if (colour === 'kl') return { values: result.tokens.map(token => token.tw?.kl ?? null), path: own('/score'), body: result.body };
    if (!cache.current.has(key)) {
      const point = `blocks.${layer}.hook_resid_post`;
      const given = [model, result.ids, steering];
      const found = colour === 'norm' ? await lengths(...given, point, signal)
        : colour.startsWith('on:') ? await projected(...given, colour.slice(3), point, signal)
          : sae ? await encodedBy(sae, model, result, steering, signal) : null;
      if (!found) return null;
      cache.current.set(key, found);
    }
    const found = cache.current.get(key);
    if (found.rows) return { values: found.rows[0].data, ...found };
    if (colour === 'leftout') return { values: found.tokens.map(token => token.left_out), ...found };
    return { values: found.tokens.map(token => token.latents.find(([n]) => n === latent)?.[1] ?? 0), ...found };
  }, [key, latent, result]);
}

export default function Text({ state, setState }) {
  const all = useSignal(models);
  const found = useLoaded(library, []);
  const lib = found.value;
  const saes = useLoaded(signal => get(own('/saes'), { signal }), []);
  const page = { model: all[0]?.id, text: '', second: null, stack: [], colour: 'surprise', layer: null, latent: 0, range: null, result: null, other: null, ...state };
  const latest = useRef(page);
  latest.current = page;
  const change = part => { latest.current = { ...latest.current, ...part }; setState(latest.current); };
  const model = plain(all).find(one => one.id === page.model) ?? all[0];
  const layers = model?.pintle.layers ?? 1;
  const layer = Math.min(page.layer ?? Math.floor(layers / 2) - 1, layers - 1);
  const sae = saes.value?.saes.find(one => one.model === page.model)?.id;
  const steering = api(page.stack);
  const [error, setError] = useState(null);
  const [reading, setReading] = useState(false);
  const [chosen, choose] = useState(null); // [which text, index]
  const [span, setSpan] = useState(null);
  const one = useMemo(superseding, []);

  // ------------------------------------------------------------ reading

  const key = JSON.stringify([page.model, page.text, page.second, steering]);
  const run = () => one(async signal => {
    const now = latest.current;
    if (!now.text.trim()) return;
    setReading(true); setError(null);
    const acting = api(now.stack);
    const asked = JSON.stringify([now.model, now.text, now.second, acting]);
    const before = now.key === asked ? now.result : null;
    try {
      const result = await read(now.model, now.text, acting, signal);
      const other = now.second?.trim() ? await read(now.model, now.second, acting, signal) : null;
      change({ result, other, key: asked });
      if (before) say(JSON.stringify(before.tokens) === JSON.stringify(result.tokens) ? 'Read again: the same, to the bit.' : 'Read again: the numbers differ from those that were kept.');
      setReading(false);
    } catch (thrown) {
      if (!isAbort(thrown)) { setError(thrown); setReading(false); }
    }
  });
  const soon = useMemo(() => debounced(() => run(), 350), []);
  useEffect(() => { if (page.text.trim() && page.model && page.key !== key) soon(); }, [key]);
  useEffect(() => () => { one(() => {}); inspect(null); }, []);
  useKeys({ 'Ctrl+Enter': ['read the text', () => { run(); }] });

  // ------------------------------------------------------------ numbers

  const options = ['surprise', ...(page.result?.tokens.some(token => token.tw) ? ['kl'] : []), 'norm', ...(sae ? ['latent', 'leftout'] : []),
    ...Object.keys(lib?.names ?? {}).filter(name => !known(lib, { vector: name })?.several).map(name => `on:${name}`)];
  const colour = options.includes(page.colour) || (!lib && page.colour.startsWith('on:')) || (page.colour === 'kl' && steering.length) || !saes.value ? page.colour : 'surprise';
  const values = useValues(page.model, page.result, steering, colour, layer, page.latent, sae);
  const second = useValues(page.model, page.other, steering, colour, layer, page.latent, sae);
  const numbers = values.value?.values?.length === page.result?.ids.length ? values.value?.values : null;
  const others = page.other && second.value?.values?.length === page.other.ids.length ? second.value.values : null;
  const scale = useMemo(() => {
    const every = [...(numbers ?? []), ...(others ?? [])];
    const reach = page.range || percentile(every, 0.985);
    return colour.startsWith('on:') ? signed(every, reach) : positive(every, reach);
  }, [numbers, others, colour, page.range]);
  const label = colour === 'latent' ? `latent ${page.latent}` : colour.startsWith('on:') ? `projection on ${colour.slice(3)}` : WORDS[colour];
  const atLayer = colour === 'norm' || colour.startsWith('on:');
  const differ = useMemo(() => page.other && page.result ? different(page.result.ids, page.other.ids) : null, [page.result, page.other]);

  const lookAt = async (which, index) => {
    const result = which ? latest.current.other : latest.current.result;
    const token = result?.tokens[index];
    if (!token) return;
    choose([which, index]);
    const { inspectToken, latentReader } = await import('../token.js');
    const shown = (which ? others : numbers)?.[index];
    inspectToken({
      token, index, model: page.model, role: token.role, steeredFirst: steering.length > 0, version: `${which}${key}`,
      read: latentReader(page.model, async () => ({ ids: result.ids, start: result.plain, steering })),
      extra: colour === 'surprise' || colour === 'kl' ? null : html`<div><dt>${label}</dt><dd class="num">${num(shown, 4)}</dd></div>`,
      onMove: step => lookAt(which, Math.max(0, Math.min(result.tokens.length - 1, index + step))),
      onSteer: entry => { change({ stack: [...latest.current.stack, entry] }); say(`Latent ${entry.latent} was added to the steering.`); },
      onAllOf: latent => change({ colour: 'latent', latent }),
    });
  };

  if (all.length === 0) return html`<div class="page"><${Loading} what="Models" /></div>`;

  const rows = (result, list) => result.tokens.map((token, i) => [i, token.id, token.text, token.role, token.lp, token.tw?.lp, token.tw?.kl, list?.[i]]);
  const exports = page.result && {
    name: 'text',
    json: () => ({ made_by: 'Pintle studio', model: page.model, system_fingerprint: page.result.fp, steering, coloured_by: label, ...(atLayer ? { at: `blocks.${layer}.hook_resid_post` } : {}), ...(colour === 'latent' || colour === 'leftout' ? { sae } : {}),
      texts: [page.result, page.other].filter(Boolean).map((result, i) => ({ tokens: result.tokens.map((token, t) => ({ ...token, value: (i ? others : numbers)?.[t] ?? null })) })) }),
    csv: () => [['text', 'position', 'id', 'token', 'role', 'logprob', 'unsteered_logprob', 'kl', label], ...rows(page.result, numbers).map(row => [0, ...row]), ...(page.other ? rows(page.other, others).map(row => [1, ...row]) : [])],
    svg: () => stripPicture({ tokens: page.result.tokens, values: numbers, scale: numbers && scale, title: `${label}${atLayer ? `, layer ${layer}` : ''}` }, { ink: color('ink') }),
    request: () => ({ path: values.value?.path ?? own('/score'), body: values.value?.body ?? page.result.body }),
  };
  const strip = (which, result, list) => html`<${Strip} tokens=${result.tokens} values=${list} scale=${list && scale} what=${label} chosen=${chosen?.[0] === which ? chosen[1] : -1} onChoose=${index => lookAt(which, index)}
    span=${span?.which === which ? span.at : null} onSpan=${at => setSpan({ which, at })} label=${`Tokens${page.other ? ` of text ${which + 1}` : ''}, coloured by ${label}`} mark=${differ ? differ[which] : null} />`;
  const inSpan = span && (span.which ? others : numbers)?.slice(...span.at).filter(value => value != null);

  return html`<div class="page text">
    <header><h1>Text</h1><select class="narrow" aria-label="Model" value=${page.model} onChange=${event => change({ model: event.target.value })}>${plain(all).map(other => html`<option key=${other.id} value=${other.id}>${other.id}</option>`)}</select>
      <span class="grow" />${reading && html`<small class="muted" role="status">reading …</small>`}
      <button class="small" onClick=${() => change({ second: page.second == null ? page.text : null, other: null })}>${page.second == null ? 'Compare with another text' : 'One text only'}</button>
      <button class="small" disabled=${!page.text.trim()} onClick=${run} title="Ctrl+Enter">Read again</button></header>
    ${page.unreadable && html`<${Trouble} error=${new Error(page.unreadable)} />`}
    <div class="two" data-two=${page.second != null}>
      <${Field} label=${page.second == null ? 'A text, or a conversation with lines that begin user: and assistant:' : 'First text'}><${Growing} rows=${3} most=${9} value=${page.text} onInput=${text => change({ text })} data-text spellcheck="false" placeholder=${EXAMPLE} /><//>
      ${page.second != null && html`<${Field} label="Second text"><${Growing} rows=${3} most=${9} value=${page.second} onInput=${text => change({ second: text })} spellcheck="false" /><//>`}
    </div>
    <details class="steering" open=${page.stack.length > 0}><summary>Steering: ${inWords(page.stack)}</summary><div class="narrow-stack"><${Stack} stack=${page.stack} onChange=${stack => change({ stack })} lib=${lib} model=${page.model} onLibrary=${found.again} /></div></details>
    ${error && html`<${Trouble} error=${error} again=${run} />`}
    ${!page.result && !error && (reading ? html`<${Panel} title="Tokens"><${Loading} what="Tokens of the text" /><//>` : html`<${Panel} title="Tokens"><${Empty} title="No text yet" action="Read an example" onAction=${() => change({ text: EXAMPLE })}>
      Paste a text to see how surprised the model was at each token, where a vector or a latent is present, and what it would have written instead.<//><//>`)}
    ${page.result && html`<${Panel} title="Tokens" class="tokens" note=${`${page.result.tokens.length}${page.other ? ` and ${page.other.tokens.length}` : ''} tokens`} exports=${{ ...exports, figure: true }} actions=${html`<${Legend} scale=${scale} unit=${UNITS[colour] ?? ''} />`}>
      <div class="row controls">
        <label class="row nowrap">Colour by <select class="narrow" value=${colour} onChange=${event => change({ colour: event.target.value, range: null })}>${options.map(key => html`<option key=${key} value=${key}>${key.startsWith('on:') ? `projection on ${key.slice(3)}` : WORDS[key]}</option>`)}</select></label>
        ${colour === 'latent' && html`<label class="row nowrap">number <input type="number" class="number" min="0" value=${page.latent} onInput=${event => event.target.value !== '' && change({ latent: Number(event.target.value) })} /></label>`}
        ${atLayer && html`<label class="row nowrap">layer <input type="range" class="number" min="0" max=${layers - 1} value=${layer} onInput=${event => change({ layer: Number(event.target.value) })} aria-valuetext=${`layer ${layer}`} /> <span class="num">${layer}</span></label>`}
        <label class="row nowrap">range <select class="narrow" value=${page.range ? 'fixed' : ''} onChange=${event => change({ range: event.target.value ? Number(scale.to.toPrecision(3)) : null })}><option value="">automatic</option><option value="fixed">fixed</option></select></label>
        ${page.range && html`<input type="number" class="number" aria-label="Largest value of the scale" min="0" step="any" value=${page.range} onInput=${event => Number(event.target.value) > 0 && change({ range: Number(event.target.value) })} />`}
        ${values.loading && html`<small class="muted" role="status">…</small>`}
      </div>
      ${(values.error || second.error) && html`<${Trouble} error=${values.error ?? second.error} again=${values.again} />`}
      ${page.other ? html`<div class="two">${strip(0, page.result, numbers)}${strip(1, page.other, others)}</div>` : strip(0, page.result, numbers)}
      <p class="muted measure" aria-live="polite">${inSpan?.length ? html`Tokens ${span.at[0]} to ${span.at[1] - 1}: mean ${label} <b class="num">${num(inSpan.reduce((a, b) => a + b, 0) / inSpan.length, 4)}</b> over ${inSpan.length} <button class="link" onClick=${() => setSpan(null)}>clear</button>`
        : numbers ? html`Mean ${label}: <b class="num">${num(mean(numbers), 4)}</b>${others ? html`, second text <b class="num">${num(mean(others), 4)}</b>` : ''}. Drag over tokens, or hold Shift with the arrows, for the mean of a span.` : ''}${numbers && values.value?.prepended ? html` Read after <code>${values.value.prepended}</code>, as the texts that the autoencoder was trained on.` : ''}</p>
    <//>`}
    ${page.result && atLayer && html`<${LayerMap} model=${page.model} result=${page.result} steering=${steering} colour=${colour} label=${label} layer=${layer} range=${page.range} token=${chosen?.[0] === 0 ? chosen[1] : null}
      onChoose=${(row, column) => { change({ layer: row }); lookAt(0, column); }} />`}
  </div>`;
}

const mean = values => { const present = values.filter(value => value != null && Number.isFinite(value)); return present.reduce((a, b) => a + b, 0) / present.length; };
