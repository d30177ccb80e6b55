/*
 * A list with a bar and a number a row; 0 is at the left, or in the middle when a value is negative.
 *
 *   <Bars label="Top latents" rows=${[{key, text, value, hint, onChoose, chosen}]} reach=${number} format=${num} />
 */
import { html, cls, num } from '../ui.js';
import { color, useTheme } from './scale.js';

export function Bars({ rows, label, reach, format = num, series = 0 }) {
  useTheme();
  const most = reach ?? Math.max(1e-9, ...rows.map(row => Math.abs(row.value ?? 0)));
  const signed = rows.some(row => row.value < 0);
  return html`<ul class="bars" aria-label=${label}>${rows.map(row => {
    const share = Math.min(1, Math.abs(row.value ?? 0) / most);
    const width = signed ? share * 50 : share * 100;
    const x = !signed ? 0 : row.value < 0 ? 50 - width : 50;
    return html`<li key=${row.key ?? row.text} class=${cls(row.chosen && 'chosen')}>
      ${row.onChoose ? html`<button class="link cut" title=${row.hint ?? row.text} onClick=${row.onChoose}>${row.text}</button>`
        : html`<span class="cut" title=${row.hint ?? row.text}>${row.text}</span>`}
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect x=${x} y="1" width=${width} height="10" fill=${color('series', row.value < 0 ? series + 1 : row.series ?? series)} />
        ${signed && html`<rect x="49.7" width="0.6" height="12" fill=${color('ink')} opacity="0.4" />`}</svg>
      <span class="value">${format(row.value)}</span></li>`;
  })}</ul>`;
}
