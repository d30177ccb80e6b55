// What every component imports: htm and Preact, signals, and a hook that renders again when a signal changes.
export { html, render, h, Component, createContext, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext }
  from '../vendor/preact.js';
export { signal, computed, effect, batch } from '../vendor/signals.js';
import { useState, useEffect, useRef } from '../vendor/preact.js';

/** The value of a signal; the component renders again when it changes. */
export function useSignal(source) {
  const [, bump] = useState(0);
  const shown = useRef();
  shown.current = source.peek();
  useEffect(() => source.subscribe(value => { if (value !== shown.current) bump(n => n + 1); }), [source]);
  return shown.current;
}

/**
 * What an asynchronous function gives: {value, error, loading, again}. Runs again when a dependency changes, and aborts what
 * it superseded. The value of before stays until the next one is there.
 */
export function useLoaded(load, dependencies) {
  const [state, set] = useState({ loading: true });
  const [turn, next] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    set(old => ({ ...old, loading: true, error: null }));
    load(abort.signal).then(
      value => { if (!abort.signal.aborted) set({ value, loading: false }); },
      error => { if (!abort.signal.aborted) set(old => ({ ...old, error, loading: false })); });
    return () => abort.abort();
  }, [...dependencies, turn]);
  return { ...state, again: () => next(n => n + 1) };
}

/** A function that waits until it has not been called for this long (milliseconds). */
export function debounced(run, wait) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => run(...given), wait); };
}

/** A number with so many significant digits, as it is shown; a dash where there is none. */
export function num(value, digits = 3) {
  if (value == null || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
  return text.replace('-', '−');
}

/** Milliseconds or seconds in words. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60e3)} min ${Math.round(ms % 60e3 / 1000)} s`;
}

const SIGNS = { '\n': '⏎', '\t': '⇥', '\r': '␍' };

/** Text in which what can't be seen can: control characters, and marks that would turn the text around. */
export function visible(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, c =>
    SIGNS[c] ?? (c < ' ' ? String.fromCodePoint(0x2400 + c.charCodeAt(0)) : `⟨${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`));
}

/** A token's text on its own: blanks at its ends can be seen too. */
export const piece = text => visible(text).replace(/^ +| +$/g, blanks => '␣'.repeat(blanks.length)) || '∅';

/** Words for a class attribute; what is false is left out. */
export const cls = (...words) => words.filter(Boolean).join(' ');
