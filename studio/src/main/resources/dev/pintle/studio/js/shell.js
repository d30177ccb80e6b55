/*
 * What is around every page: the rail (below 900 px a bar), the inspector (a sheet), jobs, help, the key, messages.
 *
 *   inspect(title, component)   shows something in the inspector; null closes it
 *   say('Saved.')               a message that screen readers read and that goes away; {bad: true} stays
 */
import { html, signal, useEffect, useRef, useSignal, useState, useMemo, cls, Component } from './ui.js';
import { get, keepKey, keyWanted, offline, Problem } from './api.js';
import { route, pageState, setter, go } from './state.js';
import { pages, parts } from './routes.js';
import { useKeys, listed, press } from './keys.js';
import { Trouble, Loading } from './parts.js';

export const inspected = signal(null);
const messages = signal([]);
const helping = signal(false);
const jobsOpen = signal(false);
/** How many jobs run; the jobs drawer says so. */
export const running = signal(0);

let opener = null; // what had the focus when the inspector was opened

export function inspect(title, content) {
  if (content && !inspected.peek()) opener = document.activeElement;
  inspected.value = content ? { title, content } : null;
  if (!content) { opener?.focus?.(); opener = null; }
}

export function say(text, { bad = false } = {}) {
  const message = { text, bad, id: Math.random() };
  messages.value = [...messages.peek(), message];
  if (!bad) setTimeout(() => dismiss(message), 5000);
}
const dismiss = message => { messages.value = messages.peek().filter(other => other !== message); };

export const openJobs = (open = true) => { jobsOpen.value = open; };

// ---------------------------------------------------------------- models

/** Models and presets that are served; the first is chosen where a page has no model. */
export const models = signal([]);
export async function readModels() {
  models.value = (await get('/v1/models')).data;
  return models.peek();
}
/** Those that are no presets. */
export const plain = list => list.filter(model => model.pintle.kind === 'model');

// ---------------------------------------------------------------- pieces

export const Icon = ({ path }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;

const THEMES = { auto: 'Theme of the system', light: 'Light theme', dark: 'Dark theme' };
const SUN = 'M12 4V2M12 22v-2M4 12H2M22 12h-2M6 6 4.6 4.6M19.4 19.4 18 18M18 6l1.4-1.4M4.6 19.4 6 18M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8';
const MOON = 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10';
const AUTO = 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M12 7h5M12 12h8M12 17h5';

function Theme() {
  const [chosen, set] = useState(() => localStorage.getItem('pintle.theme') ?? 'auto');
  const next = { auto: 'light', light: 'dark', dark: 'auto' }[chosen];
  const change = () => {
    localStorage.setItem('pintle.theme', next);
    set(next);
    dispatchEvent(new Event('pintle-choose-theme'));
  };
  return html`<button class="quiet" onClick=${change} title=${THEMES[chosen]} aria-label=${`${THEMES[chosen]}; switch to ${next}`}>
    <${Icon} path=${{ auto: AUTO, light: SUN, dark: MOON }[chosen]} /></button>`;
}

function Rail({ at }) {
  const jobs = useSignal(running);
  const current = at?.under ?? at?.path;
  return html`<nav class="rail" aria-label="Pages">
    <a class="brand" href=${'#' + (pages[0]?.path ?? '/')}><img src="/studio/icon.svg" alt="" width="22" height="22" /> Pintle</a>
    <div class="places">${pages.filter(page => page.icon).map(page => html`
      <a key=${page.path} href=${'#' + page.path} aria-current=${page.path === current ? 'page' : null}
        title=${page.key ? `${page.title} (g ${page.key})` : page.title}><${Icon} path=${page.icon} /><span>${page.title}</span></a>`)}
    </div>
    <div class="tools">
      ${parts.jobs && html`<button class="quiet" onClick=${() => openJobs(!jobsOpen.peek())} aria-label=${jobs ? `Jobs, ${jobs} running` : 'Jobs'} title="Jobs">
        <${Icon} path="M4 6h16M4 12h10M4 18h6" />${jobs > 0 && html`<b class="count">${jobs}</b>`}</button>`}
      <${Theme} />
      <button class="quiet" onClick=${() => { helping.value = true; }} aria-label="Keyboard help" title="Keyboard help (?)">
        <${Icon} path="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.4c-.6.3-1 .8-1 1.6M12 16.6v.3" /></button>
    </div>
  </nav>`;
}

function Inspector() {
  const shown = useSignal(inspected);
  const box = useRef();
  useKeys(shown ? { Escape: ['close the inspector', () => inspect(null)] } : {});
  if (!shown) return null;
  return html`<aside class="inspector" aria-label="Inspector" ref=${box}>
    <header><h2>${shown.title}</h2>
      <button class="quiet" aria-label="Close the inspector" title="Close (Esc)" onClick=${() => inspect(null)}><${Icon} path="M6 6l12 12M18 6 6 18" /></button></header>
    <div class="scroll">${shown.content}</div>
  </aside>`;
}

/** A window over the page, as the browser's own dialog element: it keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, wide }) {
  const box = useRef();
  useEffect(() => { box.current.showModal(); }, []);
  return html`<dialog ref=${box} class=${cls(wide && 'wide')} aria-label=${title} onClose=${onClose}
      onClick=${event => { if (event.target === box.current) box.current.close(); }}>
    <header><h2>${title}</h2>
      <button class="quiet" aria-label="Close" onClick=${() => box.current.close()}><${Icon} path="M6 6l12 12M18 6 6 18" /></button></header>
    <div class="scroll" tabindex="0">${children}</div>
  </dialog>`;
}

const KEY_NAMES = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', 'Ctrl+Enter': 'Ctrl Enter' };

function Help() {
  const open = useSignal(helping);
  if (!open) return null;
  return html`<${Dialog} title="Keyboard" onClose=${() => { helping.value = false; }}>
    <dl class="keys">
      ${listed().map(([key, what]) => html`<div key=${key}><dt><kbd>${KEY_NAMES[key] ?? key}</kbd></dt><dd>${what}</dd></div>`)}
      ${pages.filter(page => page.key).map(page => html`<div key=${page.path}><dt><kbd>g</kbd> <kbd>${page.key}</kbd></dt><dd>${page.title}</dd></div>`)}
      <div><dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>previous, next token in a strip</dd></div>
    </dl>
    <p class="row"><button class="small" onClick=${() => { localStorage.removeItem('pintle.toured'); location.hash = '#/chat'; location.reload(); }}>Take the tour</button></p>
  <//>`;
}

function Key() {
  const wanted = useSignal(keyWanted);
  const [key, set] = useState('');
  if (!wanted) return null;
  const enter = event => { event.preventDefault(); keepKey(key.trim()); location.reload(); };
  return html`<${Dialog} title="API key" onClose=${() => { keyWanted.value = false; }}>
    <form onSubmit=${enter} class="stack">
      <p>This server was started with API keys. The key is kept in this tab until it is closed.</p>
      <label>Key <input type="password" autocomplete="off" value=${key} onInput=${event => set(event.target.value)} autofocus /></label>
      <button class="main" disabled=${!key.trim()}>Use the key</button>
    </form><//>`;
}

function Messages() {
  const shown = useSignal(messages);
  return html`<div class="messages" aria-live="polite" role="status">${shown.map(message => html`
    <div key=${message.id} class=${cls('message', message.bad && 'bad')}>${message.text}
      <button class="quiet" aria-label="Dismiss" onClick=${() => dismiss(message)}><${Icon} path="M6 6l12 12M18 6 6 18" /></button></div>`)}</div>`;
}

/** A part that is loaded when it is first shown; says what is awaited, where that is something. */
export function Later({ load, what, ...given }) {
  const [found, set] = useState(null);
  useEffect(() => {
    let here = true;
    load().then(module => here && set({ Part: module.default }), error => here && set({ error }));
    return () => { here = false; };
  }, [load]);
  if (!found) return what && html`<${Loading} what=${what} />`;
  if (found.error) return html`<${Trouble} error=${found.error} />`;
  return html`<${found.Part} ...${given} />`;
}

function Jobs() {
  const open = useSignal(jobsOpen);
  return parts.jobs && html`<aside class="drawer" hidden=${!open} aria-label="Jobs">
    <${Later} load=${parts.jobs} what="Jobs" open=${open} close=${() => openJobs(false)} /></aside>`;
}

/** Shows what a page threw while it was drawn, instead of nothing. */
class Fence extends Component {
  componentDidCatch(error) { console.warn(error); this.setState({ error }); }
  render({ children }, { error }) { return error ? html`<div class="page"><${Trouble} error=${error} again=${() => this.setState({ error: null })} /></div>` : children; }
}

const styles = new Map();

/** Loads a style sheet once. */
export const style = name => {
  if (!styles.has(name)) {
    styles.set(name, new Promise(resolve => {
      const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `/studio/css/${name}.css`, onload: resolve, onerror: resolve });
      document.head.append(link);
    }));
  }
  return styles.get(name);
};

/** Loads the module of a page and its style sheets. */
const withStyles = page => (page.whole ??= () => Promise.all([page.load(), ...(page.css ?? []).map(style)]).then(([module]) => module));

function Page({ place }) {
  const state = useSignal(pageState);
  const setState = useMemo(() => setter(place?.path), [place]);
  if (!place?.page) {
    return html`<div class="page empty"><h1>There is no such page</h1><p>${place?.path}</p>
      ${pages[0] && html`<a class="button main" href=${'#' + pages[0].path}>${pages[0].title}</a>`}</div>`;
  }
  return html`<${Fence} key=${place.path}><${Later} load=${withStyles(place.page)} what=${place.page.title} ...${{ params: place.params, state, setState }} /><//>`;
}

function Offline() {
  const is = useSignal(offline);
  return is && html`<div class="banner" role="alert">The server does not answer. What is on the page stays.
    <button onClick=${() => get('/health').catch(() => {})}>Try again</button></div>`;
}

export function Shell() {
  const place = useSignal(route);
  const going = useRef(0);
  const at = place?.page;
  useEffect(() => { readModels().catch(error => { if (Problem.of(error).code !== 'offline' && error.status !== 401) say(error.message, { bad: true }); }); }, []);
  useEffect(() => {
    document.title = at ? `${at.title} – Pintle studio` : 'Pintle studio';
    inspected.value = null;
  }, [place]);
  const places = useMemo(() => Object.fromEntries(pages.filter(page => page.key).map(page => [page.key, ['', () => {
    if (Date.now() - going.current > 1500) return false;
    going.current = 0;
    go(page.path);
    return true;
  }]])), []);
  useKeys({
    g: ['then a letter: go to a page', () => { going.current = Date.now(); }],
    '?': ['this help', () => { helping.value = true; }],
    '/': ['search', () => { const found = document.querySelector('input[type=search]'); if (!found) return false; found.focus(); return true; }],
    f: ['full screen of the panel that has the focus', () => {
      const panel = document.activeElement?.closest('.panel');
      if (!panel) return false;
      if (document.fullscreenElement) document.exitFullscreen(); else panel.requestFullscreen();
      return true;
    }],
    Escape: ['', () => { if (!jobsOpen.peek()) return false; openJobs(false); return true; }],
  });
  const letters = useRef(places);
  useEffect(() => {
    const down = event => {
      const target = letters.current[event.key];
      const typing = event.target.closest?.('input, textarea, select');
      if (target && !typing && !event.ctrlKey && !event.metaKey && target[1]() !== false) { event.preventDefault(); return; }
      press(event);
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
  return html`<a class="skip" href="#main" onClick=${event => { event.preventDefault(); document.getElementById('main').focus(); }}>Skip to the page</a>
    <${Rail} at=${at} />
    <div class="middle"><${Offline} /><main id="main" tabindex="-1"><${Page} place=${place} /></main></div>
    <${Inspector} /><${Jobs} /><${Help} /><${Key} /><${Messages} />`;
}
