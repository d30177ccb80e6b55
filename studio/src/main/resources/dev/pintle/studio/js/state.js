/*
 * What the page shows is in its address: #/chat?s=…, base64url of deflated JSON, or #/chat?id=… where that would exceed 2 kB;
 * then the state is kept in this browser under a hash of its content. Opening an address runs nothing again.
 *
 *   route          signal: {path, page, params}
 *   pageState      signal: the state of the page, a plain object; {} where the address has none
 *   setter(path)   changes it and, a little later, the address; {push: true} makes a step that "back" undoes
 *   go('/text', state)  another page
 */
import { signal, debounced } from './ui.js';
import { pages } from './routes.js';

const LONGEST = 2048;
const KEPT = () => import('./kept.js');

export const route = signal(null);
export const pageState = signal({});

// ---------------------------------------------------------------- text of a state

const base64 = bytes => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
};
const unbase64 = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
const through = async (bytes, transform) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());

export async function encoded(state) {
  const json = JSON.stringify(state);
  if (json === '{}') return '';
  const text = json.length > 40 * LONGEST ? null
    : base64(await through(new TextEncoder().encode(json), new CompressionStream('deflate-raw')));
  if (text && text.length <= LONGEST) return '?s=' + text;
  return '?id=' + await (await KEPT()).keep(json, state);
}

export async function decoded(query) {
  const asked = new URLSearchParams(query);
  if (asked.has('s')) {
    const bytes = await through(unbase64(asked.get('s')), new DecompressionStream('deflate-raw'));
    return JSON.parse(new TextDecoder().decode(bytes));
  }
  if (asked.has('id')) {
    const found = await (await KEPT()).kept(asked.get('id'));
    if (!found) throw new Error('This address names a session that is kept in the browser where it was made, and not in this one.');
    return found;
  }
  return {};
}

// ---------------------------------------------------------------- routes

/** The page of a path and the values of its names: /sae/:id/:n. */
export function match(path) {
  const parts = path.split('/').filter(Boolean);
  for (const page of pages) {
    const mine = page.path.split('/').filter(Boolean);
    if (mine.length !== parts.length) continue;
    const params = {};
    if (mine.every((part, i) => part.startsWith(':') ? (params[part.slice(1)] = decodeURIComponent(parts[i])) !== '' : part === parts[i])) {
      return { page, params };
    }
  }
  return null;
}

let step = null; // of the browser's history: the one that is shown
let read = null; // the one that is shown or about to be
const steps = new Map(); // their states in this tab, which are there before their addresses are
const left = new Map(); // path → the step at which its page was left
const begin = push => { read = Date.now() + Math.random(); history[push ? 'pushState' : 'replaceState'](read, ''); };

async function arrive() {
  if (!history.state) begin(false);
  if (history.state === read && step === read) return;
  const mine = read = history.state;
  const [path, query = ''] = (location.hash || '#' + pages[0].path).slice(1).split('?');
  let state = steps.get(mine);
  if (state) later(); // its address may lack what was changed last
  else try { state = await decoded(query); } catch (error) { state = { unreadable: String(error.message) }; }
  if (read !== mine) return;
  const before = route.peek();
  if (before) left.set(before.path, step);
  step = mine;
  steps.set(mine, state);
  pageState.value = state;
  if (before?.path !== path) route.value = { path, ...(match(path) ?? { page: null, params: {} }) };
}

async function write() {
  const state = pageState.peek();
  const mine = step;
  const address = '#' + route.peek().path + await encoded(state);
  if (step === mine && read === mine && pageState.peek() === state) history.replaceState(mine, '', address);
}

const later = debounced(write, 250);

/** What changes the state of a page. What it does after the page was left is there when "back" leads to it. */
export const setter = path => (next, { push = false } = {}) => {
  const shown = route.peek().path === path;
  const state = typeof next === 'function' ? next(steps.get(shown ? step : left.get(path))) : next;
  if (!shown) return void steps.set(left.get(path), state);
  if (push) { begin(true); step = read; }
  steps.set(step, state);
  pageState.value = state;
  if (push) write(); else later();
};

/** The address of a page in a state, for a link. */
export const address = async (path, state = {}) => '#' + path + await encoded(state);

export async function go(path, state) {
  location.hash = await address(path, state);
}

export function listen() {
  addEventListener('hashchange', arrive);
  addEventListener('popstate', arrive);
  return arrive();
}
