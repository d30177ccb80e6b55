/*
 * How often values occur, with a logarithmic axis of counts.
 *
 *   <Histogram bins=${[{from, to, count}]} label="Activations of latent 146" xlabel="activation" log=${true} logx=${false} />
 *
 * With logx, values are drawn by their logarithm too; bins that grow by a factor are then equally wide.
 */
import { html, num } from '../ui.js';
import { color, useTheme } from './scale.js';

export function Histogram({ bins, label, xlabel, log = true, logx = false, height = 160, width = 480, series = 0 }) {
  useTheme();
  const left = 48, bottom = 34, top = 8, right = 8;
  const most = Math.max(1, ...bins.map(bin => bin.count));
  const high = count => count <= 0 ? 0 : log ? Math.log10(count + 1) / Math.log10(most + 1) : count / most;
  const from = bins[0]?.from ?? 0, to = bins.at(-1)?.to ?? 1;
  const least = bins.find(bin => bin.from > 0)?.from ?? bins[0]?.to ?? 1;
  const place = value => logx ? Math.log(Math.max(value, least / Math.SQRT2)) : value;
  const x = value => left + (place(value) - place(from)) / (place(to) - place(from) || 1) * (width - left - right);
  const y = share => top + (1 - share) * (height - top - bottom);
  const ticks = log ? Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i) : [most / 2, most];
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  return html`<svg class="figure" viewBox="0 0 ${width} ${height}" role="img" aria-label=${`${label}: ${total} values from ${num(from)} to ${num(to)}, at most ${most} in a bin`}>
    ${ticks.map(tick => html`<g key=${tick}><line x1=${left} x2=${width - right} y1=${y(high(tick))} y2=${y(high(tick))} stroke=${color('grid')} />
      <text x=${left - 6} y=${y(high(tick)) + 4} text-anchor="end">${tick >= 1000 ? num(tick / 1000) + 'k' : num(tick)}</text></g>`)}
    ${bins.map((bin, i) => html`<rect key=${i} x=${x(bin.from) + 0.5} y=${y(high(bin.count))} width=${Math.max(0.5, x(bin.to) - x(bin.from) - 1)} height=${y(0) - y(high(bin.count))} fill=${color('series', series)}>
      <title>${`${num(bin.from)} to ${num(bin.to)}: ${bin.count}`}</title></rect>`)}
    <line x1=${left} x2=${width - right} y1=${y(0)} y2=${y(0)} stroke=${color('ink')} />
    ${(logx ? [from, bins[bins.length >> 1]?.from ?? to, to] : [from, (from + to) / 2, to]).map((value, i) => html`<text key=${i} x=${x(value)} y=${height - 18} text-anchor=${['start', 'middle', 'end'][i]}>${num(value)}</text>`)}
    ${xlabel && html`<text x=${(left + width - right) / 2} y=${height - 3} text-anchor="middle">${xlabel}</text>`}
  </svg>`;
}
