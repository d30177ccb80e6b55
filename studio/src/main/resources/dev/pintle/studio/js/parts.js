/*
 * Small parts of pages.
 *
 *   <Loading what="the token strip" />                    a skeleton; says what is awaited and how long it took last time
 *   <Trouble error=${error} again=${retry} />             what went wrong: sentence, facts, what to try; can be copied
 *   <Empty title="No vectors yet" action="Fit one" onAction=${…}>What to do.</Empty>
 *   <Panel title … exports=${…}>…</Panel>                 a box with a title, a menu of exports and a full-screen button
 *   <Menu label="Export" items=${[['JSON', run], …]} />   a button that opens a list of actions
 *   <Field label="Temperature" hint="…">…</Field>         a labelled control
 *   <Segmented label="Columns" value options=${[['both', 'Both'], …]} onChange />
 */
import { html, useEffect, useRef, useState, useLayoutEffect, cls, duration } from './ui.js';
import { Problem } from './api.js';
import { say } from './shell.js';

const took = key => Number(localStorage.getItem('pintle.took.' + key)) || 0;

export function Loading({ what, lines = 3 }) {
  const [before] = useState(() => took(what));
  const began = useRef(performance.now());
  useEffect(() => () => { try { localStorage.setItem('pintle.took.' + what, String(Math.round(performance.now() - began.current))); } catch { /* full */ } }, []);
  return html`<div class="loading" role="status"><span class="muted">${what}${before > 300 ? ` (last time ${duration(before)})` : ''} …</span>
    ${Array.from({ length: lines }, (_, i) => html`<i key=${i} class="bone" />`)}</div>`;
}

export async function copy(text) {
  try { await navigator.clipboard.writeText(text); say('Copied.'); } catch { say('The browser does not allow copying.', { bad: true }); }
}

export function Trouble({ error, again }) {
  const problem = Problem.of(error);
  return html`<div class="trouble" role="alert">
    <p><b>${problem.sentence}</b></p>
    ${(problem.facts.length > 0 || problem.param) && html`<dl>${problem.param && html`<div><dt>field</dt><dd>${problem.param}</dd></div>`}
      ${problem.facts.map(([label, values]) => html`<div key=${label}><dt>${label}</dt><dd>${values.join('; ')}</dd></div>`)}</dl>`}
    <p class="row">${again && html`<button onClick=${again}>Try again</button>`}
      <button class="quiet" onClick=${() => copy(problem.text())}>Copy</button>
      ${problem.requestId && html`<small class="muted">request ${problem.requestId}</small>`}</p></div>`;
}

export function Empty({ title, action, onAction, children }) {
  return html`<div class="empty"><h2>${title}</h2><div class="muted">${children}</div>
    ${action && html`<p><button class="main" onClick=${onAction}>${action}</button></p>`}</div>`;
}

export function Menu({ label, icon, items, align = 'right', quiet = true }) {
  const [open, set] = useState(false);
  const box = useRef();
  useEffect(() => {
    if (!open) return undefined;
    box.current.querySelector('[role=menuitem]')?.focus();
    const away = event => { if (!box.current?.contains(event.target)) set(false); };
    addEventListener('pointerdown', away);
    return () => removeEventListener('pointerdown', away);
  }, [open]);
  const move = event => {
    const all = [...box.current.querySelectorAll('[role=menuitem]')];
    const at = all.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); all.at((at + step) % all.length)?.focus(); }
    if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); set(false); box.current.querySelector('button').focus(); }
  };
  return html`<div class="menu" ref=${box} onKeyDown=${open ? move : null}>
    <button class=${cls(quiet && 'quiet')} aria-haspopup="menu" aria-expanded=${open} aria-label=${icon ? label : null} title=${icon ? label : null} onClick=${() => set(!open)}>
      ${icon ? html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${icon} /></svg>` : label}</button>
    ${open && html`<div role="menu" aria-label=${label} class=${align}>${items.filter(Boolean).map(([text, run, hint]) => html`
      <button role="menuitem" key=${text} tabindex="-1" onClick=${() => { set(false); run(); }}>${text}${hint && html`<small>${hint}</small>`}</button>`)}</div>`}
  </div>`;
}

/**
 * A box with a title. What it can be exported as:
 *
 *   exports={{name: 'strip', json: () => object, csv: () => rows, svg: () => text, request: () => ({path, body}), cli: () => line}}
 *
 * Any of them may be missing; without svg, the first <svg> inside is taken. All say what is shown, with labels and hashes.
 */
export function Panel({ title, note, actions, exports: out, children, class: name, level = 2 }) {
  const box = useRef();
  const [full, setFull] = useState(false);
  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement === box.current);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);
  const as = kind => () => import('./export.js').then(module => module.save(kind, out, box.current)).catch(error => say(error.message, { bad: true }));
  const hasFigure = out && (out.svg || out.figure);
  const items = out && [
    out.json && ['JSON', as('json')], out.csv && ['CSV', as('csv')], hasFigure && ['SVG', as('svg')], hasFigure && ['PNG', as('png')],
    out.request && ['curl', as('curl'), 'as code'], out.request && ['Python', as('python'), 'as code'],
    out.request && ['Java', as('java'), 'as code'], out.cli && ['Command line', as('cli'), 'as code'],
    ...(out.more ?? []),
  ];
  return html`<section class=${cls('panel', name)} ref=${box} aria-label=${typeof title === 'string' ? title : null}>
    <header>${level === 3 ? html`<h3>${title}</h3>` : html`<h2>${title}</h2>`}${note && html`<small class="muted">${note}</small>`}
      <span class="grow" />${actions}
      ${items && html`<${Menu} label="Export" icon="M12 4v11m0 0-4-4m4 4 4-4M5 20h14" items=${items} />`}
      <button class="quiet" aria-label=${full ? 'Leave full screen' : 'Full screen'} title="Full screen (f)" aria-pressed=${full}
        onClick=${() => full ? document.exitFullscreen() : box.current.requestFullscreen()}>
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" /></svg></button>
    </header>
    <div class="body">${children}</div></section>`;
}

export function Field({ label, hint, children, class: name }) {
  return html`<label class=${cls('field', name)}><span>${label}</span>${children}${hint && html`<small class="muted">${hint}</small>`}</label>`;
}

export function Segmented({ label, value, options, onChange }) {
  return html`<div class="segmented" role="group" aria-label=${label}>${options.map(([key, text, title]) => html`
    <button key=${key} aria-pressed=${value === key} title=${title} onClick=${() => onChange(key)}>${text}</button>`)}</div>`;
}

/** A text area that grows with what is written. */
export function Growing({ value, onInput, rows = 1, most = 12, ...others }) {
  const box = useRef();
  useLayoutEffect(() => {
    const area = box.current;
    area.style.height = 'auto';
    area.style.height = Math.min(area.scrollHeight + 2, most * 24) + 'px';
  }, [value]);
  return html`<textarea ref=${box} rows=${rows} value=${value} onInput=${event => onInput(event.target.value)} ...${others} />`;
}
