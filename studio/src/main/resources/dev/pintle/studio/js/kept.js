// Sessions that are too long for an address, kept in this browser under a hash of their content.

const KEPT = 200;

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

/** Keeps a state, of which the JSON is given too; returns its name. */
export async function keep(json, state) {
  const id = hash(json);
  await request('readwrite', store => store.put({ id, state, time: Date.now() }));
  const all = await request('readonly', store => store.index('time').getAllKeys());
  if (all.length > KEPT) await request('readwrite', store => all.slice(0, all.length - KEPT).forEach(old => store.delete(old)));
  return id;
}

/** What was kept under a name; undefined where it is not in this browser. */
export const kept = async id => (await request('readonly', store => store.get(id)))?.state;
