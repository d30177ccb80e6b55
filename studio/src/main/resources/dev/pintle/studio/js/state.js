/*
 * What the page shows is in its address: #/chat?s=…, base64url of deflated JSON, or #/chat?id=… where that would exceed 2 kB;
 * then the state is kept in this browser under a hash of its content. Opening an address runs nothing again.
 *
 *   route          signal: {path, page, params}
 *   pageState      signal: the state of the page, a plain object; {} where the address has none
 *   setState(next) changes it and, a little later, the address; {push: true} makes a step that "back" undoes
 *   go('/text', state)  another page
 */
import { signal, debounced } from './ui.js';
import { pages } from './routes.js';

const LONGEST = 2048;
const KEPT = 200;

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

/** 64 bits of FNV-1a, in hexadecimal: two states with the same hash are the same. */
function hash(text) {
  let a = 0x811c9dc5, b = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ (c + i), 0x01000193);
  }
  return [a, b].map(n => (n >>> 0).toString(16).padStart(8, '0')).join('');
}

export async function encoded(state) {
  const json = JSON.stringify(state);
  if (json === '{}') return '';
  const text = json.length > 40 * LONGEST ? null
    : base64(await through(new TextEncoder().encode(json), new CompressionStream('deflate-raw')));
  if (text && text.length <= LONGEST) return '?s=' + text;
  const id = hash(json);
  await keep(id, state);
  return '?id=' + id;
}

export async function decoded(query) {
  const asked = new URLSearchParams(query);
  if (asked.has('s')) {
    const bytes = await through(unbase64(asked.get('s')), new DecompressionStream('deflate-raw'));
    return JSON.parse(new TextDecoder().decode(bytes));
  }
  if (asked.has('id')) {
    const found = await kept(asked.get('id'));
    if (!found) throw new Error('This address names a session that is kept in the browser where it was made, and not in this one.');
    return found;
  }
  return {};
}

// ---------------------------------------------------------------- sessions in this browser

const request = (mode, run) => new Promise((resolve, reject) => {
  const open = indexedDB.open('pintle-studio', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('sessions', { keyPath: 'id' }).createIndex('time', 'time');
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const db = open.result;
    const transaction = db.transaction('sessions', mode);
    const asked = run(transaction.objectStore('sessions'));
    transaction.oncomplete = () => { db.close(); resolve(asked?.result); };
    transaction.onerror = () => { db.close(); reject(transaction.error); };
  };
});

async function keep(id, state) {
  await request('readwrite', store => store.put({ id, state, time: Date.now() }));
  const all = await request('readonly', store => store.index('time').getAllKeys());
  if (all.length > KEPT) await request('readwrite', store => all.slice(0, all.length - KEPT).forEach(old => store.delete(old)));
}

const kept = async id => (await request('readonly', store => store.get(id)))?.state;

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

let shown = null; // the hash that the state belongs to

async function read() {
  const address = location.hash || '#' + pages[0].path;
  if (address === shown) return;
  shown = address;
  const [path, query = ''] = address.slice(1).split('?');
  let state;
  try { state = await decoded(query); } catch (error) { state = { unreadable: String(error.message) }; }
  if (shown !== address) return;
  pageState.value = state;
  const found = match(path);
  const before = route.peek();
  if (!before || before.path !== path) route.value = { path, ...(found ?? { page: null, params: {} }) };
}

async function write(path, state, push) {
  const address = '#' + path + await encoded(state);
  if (route.peek()?.path !== path || address === shown) return;
  shown = address;
  history[push ? 'pushState' : 'replaceState'](null, '', address);
}

const later = debounced(write, 250);

/** Changes the state of the page. Parts that are undefined are left out of the address. */
export function setState(next, { push = false } = {}) {
  const state = typeof next === 'function' ? next(pageState.peek()) : next;
  pageState.value = state;
  const path = route.peek().path;
  if (push) write(path, state, true); else later(path, state, false);
}

/** The address of a page in a state, for a link. */
export const address = async (path, state = {}) => '#' + path + await encoded(state);

export async function go(path, state) {
  location.hash = await address(path, state);
}

export function listen() {
  addEventListener('hashchange', read);
  addEventListener('popstate', read);
  return read();
}
