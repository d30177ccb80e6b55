/*
 * Curves with bands around them, as SVG, so that exports hold what is shown.
 *
 *   <Curves label="Concept over strength" x=${numbers} xlabel="strength" ylabel="concept" time=${false} height=${260}
 *     series=${[{name, values, low, high}]} mark=${{x, words}} />
 *
 * Values that are null leave a gap. With time, x is seconds and its axis says how long ago. Colours and dashes are the reports'.
 */
import { html, useLayoutEffect, useRef, useState, num } from '../ui.js';
import { color, useTheme } from './scale.js';

const DASHES = ['', '9 5', '2 5', '12 4 2 4'];
const finite = value => value != null && Number.isFinite(value);

/** Round numbers that divide a range into about so many parts. */
export function ticks(from, to, parts) {
  const rough = (to - from || 1) / parts, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find(one => one * power >= rough * 0.999) * power;
  const found = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

export function Curves({ label, x, xlabel, ylabel, series, height = 260, time = false, mark }) {
  useTheme();
  const box = useRef();
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const look = () => setWidth(Math.max(240, Math.round(box.current.clientWidth)));
    const watch = new ResizeObserver(look);
    look();
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const all = series.flatMap(one => [...one.values, ...(one.low ?? []), ...(one.high ?? [])]).filter(finite);
  const low = Math.min(0, ...all), high = Math.max(...all, low + 1e-9) === low + 1e-9 ? low + 1 : Math.max(...all);
  const first = x[0] ?? 0, last = x.at(-1) ?? 1;
  const left = 46, right = 12, top = ylabel ? 22 : 10, bottom = xlabel ? 40 : 24;
  const px = value => left + (value - first) / (last - first || 1) * (width - left - right);
  const py = value => top + (1 - (value - low) / (high - low || 1)) * (height - top - bottom);
  const runs = values => { // unbroken stretches of indices
    const found = [[]];
    values.forEach((value, i) => { if (finite(value)) found.at(-1).push(i); else if (found.at(-1).length) found.push([]); });
    return found.filter(run => run.length);
  };
  const line = values => runs(values).map(run => 'M' + run.map(i => `${px(x[i]).toFixed(1)} ${py(values[i]).toFixed(1)}`).join('L')).join('');
  const band = one => runs(x.map((_, i) => finite(one.low?.[i]) && finite(one.high?.[i]) ? 1 : null))
    .map(run => 'M' + [...run.map(i => [i, one.high[i]]), ...[...run].reverse().map(i => [i, one.low[i]])].map(([i, value]) => `${px(x[i]).toFixed(1)} ${py(value).toFixed(1)}`).join('L') + 'Z').join('');
  const when = value => { const ago = last - value; return ago < 0.5 ? 'now' : ago < 90 ? `−${num(ago)} s` : `−${num(ago / 60, 2)} min`; };
  const xs = time ? ticks(0, last - first, Math.max(2, Math.floor(width / 160))).map(ago => last - ago) : ticks(first, last, Math.max(2, Math.floor(width / 90)));
  const ends = one => { const known = one.values.filter(finite); return known.length ? `${one.name} from ${num(known[0])} to ${num(known.at(-1))}, at most ${num(Math.max(...known))}` : `${one.name}: nothing yet`; };
  return html`<div>${series.length > 1 && html`<div class="row legend-row">${series.map((one, i) => html`<span key=${one.name} class="row nowrap"><svg width="28" height="8" aria-hidden="true">
      <line x1="0" x2="28" y1="4" y2="4" stroke=${color('series', i)} stroke-width="2.4" stroke-dasharray=${DASHES[i % 4]} /></svg><small>${one.name}</small></span>`)}</div>`}
    <div ref=${box}><svg class="figure" viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${`${label}: ${series.map(ends).join('; ')}`}>
      ${ticks(low, high, Math.max(2, Math.floor(height / 50))).map(tick => html`<g key=${tick}><line x1=${left} x2=${width - right} y1=${py(tick)} y2=${py(tick)} stroke=${color('grid')} /><text x=${left - 6} y=${py(tick) + 4} text-anchor="end">${num(tick)}</text></g>`)}
      ${xs.map(tick => html`<text key=${tick} x=${px(tick)} y=${height - bottom + 16} text-anchor=${time && tick === last ? 'end' : 'middle'}>${time ? when(tick) : num(tick)}</text>`)}
      ${mark && html`<g><line x1=${px(mark.x)} x2=${px(mark.x)} y1=${top} y2=${height - bottom} stroke=${color('ink')} stroke-dasharray="3 3" opacity="0.6" /><text x=${px(mark.x) + (px(mark.x) > width / 2 ? -6 : 6)} y=${height - bottom - 6} text-anchor=${px(mark.x) > width / 2 ? 'end' : 'start'} class="strong">${mark.words}</text></g>`}
      ${series.map((one, i) => html`<g key=${one.name}>${one.low && html`<path d=${band(one)} fill=${color('series', i)} opacity="0.14" />`}
        <path d=${line(one.values)} fill="none" stroke=${color('series', i)} stroke-width="2" stroke-dasharray=${DASHES[i % 4]} stroke-linejoin="round" />
        ${x.length < 40 && one.values.map((value, at) => finite(value) && html`<circle key=${at} cx=${px(x[at])} cy=${py(value)} r="3" fill=${color('series', i)}><title>${`${one.name} at ${time ? when(x[at]) : num(x[at])}: ${num(value)}`}</title></circle>`)}</g>`)}
      ${ylabel && html`<text x="2" y="12">${ylabel}</text>`}${xlabel && html`<text x=${(left + width - right) / 2} y=${height - 6} text-anchor="middle">${xlabel}</text>`}
    </svg></div></div>`;
}
