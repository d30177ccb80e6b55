/*
 * The tour: three steps on the first start with parley, from two sentences to the reader's own steered one, and what the
 * vector that steers it is made of. It does what the pages do, by the same routes; what it made stays.
 */
import { html, useEffect, useRef, useState, num } from './ui.js';
import { post, get, own } from './api.js';
import { Field, Growing, Trouble } from './parts.js';
import { Bars } from './charts/bars.js';
import { fit, PIRATE } from './steer/add.js';
import { match } from './state.js';

const STEPS = ['Two sentences make a direction', 'Your own words, steered', 'What the direction is made of'];
const STRENGTH = 0.45;

export default function Tour({ model, layer, onLibrary, onSteer, onAsk, answered, onEnd }) {
  const [step, setStep] = useState(0);
  const [positive, setPositive] = useState(PIRATE.positive);
  const [negative, setNegative] = useState(PIRATE.negative);
  const [words, setWords] = useState('Tell me about the whale.');
  const [busy, setBusy] = useState(null);
  const [error, setError] = useState(null);
  const [result, setResult] = useState(null);
  const [parts, setParts] = useState(null);
  const box = useRef();
  useEffect(() => { box.current?.querySelector('h2')?.focus(); }, [step]);
  const doing = (what, run) => async event => {
    event?.preventDefault?.();
    setBusy(what); setError(null);
    try { await run(); } catch (thrown) { setError(thrown); }
    setBusy(null);
  };
  const name = positive === PIRATE.positive && negative === PIRATE.negative ? PIRATE.name : 'tour';
  const fitting = doing('Fitting …', async () => {
    setResult(await fit({ model, positive, negative, layers: [layer], name }, ({ stage, done, total }) => total && setBusy(`${stage}: ${done} of ${total}`)));
    await onLibrary();
    setStep(1);
  });
  const asking = doing('Writing …', async () => { onSteer({ vector: name, strength: STRENGTH }); await onAsk(words.trim()); });
  const taking = doing('Taking it apart …', async () => {
    const { saes } = await get(own('/saes'));
    const sae = saes.find(one => one.model === model);
    setParts(await post(own('/vectors/decompose'), { model, vector: name, sae: sae.id, way: 'pursuit', terms: 6 }));
    setStep(2);
  });
  return html`<section class="panel tour" ref=${box} aria-label="Tour">
    <header><h2 tabindex="-1">${STEPS[step]}</h2><small class="muted num">step ${step + 1} of 3</small><span class="grow" /><button class="quiet small" onClick=${onEnd}>${step === 2 ? 'Close' : 'Skip the tour'}</button></header>
    <div class="body stack">
      ${step === 0 && html`<form class="stack" onSubmit=${fitting}>
        <p>A steering vector is a direction in the model's residual stream: here, the difference between what it holds under one system prompt and under another. Change the sentences if you like.</p>
        <div class="two"><${Field} label="Towards"><${Growing} value=${positive} onInput=${setPositive} /><//><${Field} label="Away from"><${Growing} value=${negative} onInput=${setNegative} /><//></div>
        <div class="row"><button class="main" disabled=${!!busy || !positive.trim() || !negative.trim() || positive === negative}>${busy ?? `Fit a vector at layer ${layer}`}</button></div></form>`}
      ${step === 1 && html`<form class="stack" onSubmit=${asking}>
        <p>The vector <b>${name}</b> is fitted. Two fits, each on half of what was read, agree with cosine <b class="num">${num(result?.layers[0].split_half_cosine)}</b>. Now say something: column A answers unsteered, column B with ${num(STRENGTH)} of the activation norm added along it.</p>
        <${Field} label="Your words"><input value=${words} onInput=${event => setWords(event.target.value)} /><//>
        <div class="row"><button class=${answered ? '' : 'main'} disabled=${!!busy || !words.trim()}>${busy === 'Writing …' ? busy : answered ? 'Ask again' : 'Ask both'}</button>
          ${answered && html`<button type="button" class="main" disabled=${!!busy} onClick=${taking}>${busy && busy !== 'Writing …' ? busy : 'What is it made of?'}</button><span class="muted">Move the slider of B and ask again; beyond 1, most vectors break the model.</span>`}</div></form>`}
      ${step === 2 && parts && html`<p>Written with the fewest latents of the sparse autoencoder <b>${parts.sae}</b>, ${name} is mostly these, with cosine <b class="num">${num(parts.cosine)}</b> to the vector; ${num(parts.relative_error * 100)}% of its length is left over.</p>
        <${Bars} label="Latents of the vector" rows=${parts.terms.map(({ latent, coefficient, label }) => ({ key: latent, text: `${latent} · ${label ?? 'label not known'}`, value: coefficient }))} />
        <p>Click any word of an answer to see what was likely in its place and which latents are active there, and steer by one of them.</p>
        <div class="row"><button class="main" onClick=${onEnd}>Done</button>${match('/vectors') && html`<a class="button" href="#/vectors">All vectors</a>`}</div>`}
      ${error && html`<${Trouble} error=${error} />`}
    </div></section>`;
}
