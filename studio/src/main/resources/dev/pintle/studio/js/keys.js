/*
 * The keyboard. A component says what a key does while it is shown:
 *
 *   useKeys({ 'Escape': ['stop', stop], 's': ['steer by this', steer] })
 *
 * Later components come first; a handler that returns false leaves the key to the others. Plain keys do nothing while
 * somebody types; those with Ctrl, and Escape, do. Names are those of KeyboardEvent.key, with "Ctrl+" before. Help (?) lists
 * all that act at the moment.
 */
import { useEffect, useRef } from './ui.js';

const layers = [];

export function useKeys(keys) {
  const held = useRef();
  held.current = keys;
  useEffect(() => {
    layers.push(held);
    return () => layers.splice(layers.indexOf(held), 1);
  }, []);
}

/** [key, what it does] of all that act, each key once. */
export function listed() {
  const found = new Map();
  for (let i = layers.length - 1; i >= 0; i--) {
    for (const [key, [what]] of Object.entries(layers[i].current)) if (what && !found.has(key)) found.set(key, what);
  }
  return [...found];
}

const types = element => element?.closest?.('input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]');

export function press(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const ctrl = event.ctrlKey || event.metaKey;
  const name = (ctrl ? 'Ctrl+' : '') + event.key;
  if (types(event.target) && !ctrl && event.key !== 'Escape') return;
  for (let i = layers.length - 1; i >= 0; i--) {
    const found = layers[i].current[name];
    if (found && found[1](event) !== false) { event.preventDefault(); return; }
  }
}
