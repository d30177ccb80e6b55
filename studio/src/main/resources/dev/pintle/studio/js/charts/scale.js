/*
 * Colours for numbers, from the palette of the reports.
 *
 *   const scale = signed(values)            or signed(values, 2.5): 0 is always the ground's colour
 *   const scale = positive(values)          from 0 up
 *   scale.fill(1.2), scale.ink(1.2)         CSS colours of the cell and of text on it
 *   <Legend scale=${scale} unit="of the norm" />
 *
 * The theme is a signal: components that call useTheme() are drawn again when it changes.
 */
import { html, signal, useSignal, num } from '../ui.js';

const theme = signal(document.documentElement.dataset.theme);
addEventListener('pintle-theme', event => { stops.clear(); theme.value = event.detail.theme; });
export const useTheme = () => useSignal(theme);

const stops = new Map();

/** Colours of the palette: ramp('diverging') is a list of [r, g, b]. */
export function ramp(name) {
  if (!stops.has(name)) {
    const style = getComputedStyle(document.documentElement);
    const found = [];
    for (let i = 0; ; i++) {
      const text = style.getPropertyValue(`--${name}-${i}`).trim();
      if (!text) break;
      found.push([1, 3, 5].map(at => parseInt(text.slice(at, at + 2), 16)));
    }
    stops.set(name, found);
  }
  return stops.get(name);
}

/** A colour of the palette as CSS: color('series', 0), color('ink'). */
export const color = (name, index) => {
  const all = index == null ? null : ramp(name);
  return all ? css(all[index % all.length]) : getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
};

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const linear = channel => { const share = channel / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };

function scale(name, from, to) {
  const at = value => {
    const colors = ramp(name);
    const share = Math.max(0, Math.min(1, (value - from) / (to - from || 1))) * (colors.length - 1);
    const below = Math.min(colors.length - 2, Math.floor(share));
    return colors[below].map((c, i) => Math.round(c + (share - below) * (colors[below + 1][i] - c)));
  };
  const isNumber = value => value != null && Number.isFinite(value);
  return {
    name, from, to,
    rgb: at,
    fill: value => isNumber(value) ? css(at(value)) : null,
    ink: value => {
      if (!isNumber(value)) return null;
      const [r, g, b] = at(value);
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.179 ? '#000' : '#fff';
    },
  };
}

function largest(values) {
  let most = 0;
  for (const value of values) if (value != null && Number.isFinite(value)) most = Math.max(most, Math.abs(value));
  return most || 1;
}

export const signed = (values, reach = largest(values)) => scale('diverging', -reach, reach);
export const positive = (values, most = largest(values)) => scale('sequential', 0, most);

export function Legend({ scale: shown, unit }) {
  useTheme();
  const steps = 24;
  return html`<span class="scale"><span>${num(shown.from, 2)}</span>
    <svg viewBox="0 0 ${steps} 1" preserveAspectRatio="none" aria-hidden="true">${Array.from({ length: steps }, (_, i) =>
      html`<rect key=${i} x=${i} width="1.05" height="1" fill=${shown.fill(shown.from + (i + 0.5) / steps * (shown.to - shown.from))} />`)}</svg>
    <span>${num(shown.to, 2)}</span>${unit && html`<span>${unit}</span>`}</span>`;
}
