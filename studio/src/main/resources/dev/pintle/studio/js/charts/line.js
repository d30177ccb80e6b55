/*
 * Curves, by uPlot, which is loaded when the first one is shown.
 *
 *   <Lines label="Concept by strength" x=${numbers} xlabel="strength" ylabel="score"
 *     series=${[{name, values, low, high}]} height=${240} time=${false} onChoose=${index => …} />
 *
 * low and high are the bounds of a band around a curve. Colours and dashes are those of the reports' figures.
 */
import { html, useEffect, useRef, useState, num } from '../ui.js';
import { color, ramp, useTheme } from './scale.js';

let loading;
function uplot() {
  loading ??= new Promise((resolve, reject) => {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = '/studio/vendor/uplot.css';
    const script = document.createElement('script');
    script.src = '/studio/vendor/uplot.js';
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => reject(new Error('The library of curves cannot be loaded.'));
    document.head.append(style, script);
  });
  return loading;
}

const DASHES = [[], [9, 5], [2, 5], [12, 4, 2, 4]];

export function Lines({ label, x, xlabel, ylabel, series, height = 240, time = false, onChoose }) {
  const theme = useTheme();
  const box = useRef();
  const [error, setError] = useState(null);
  useEffect(() => {
    let plot, watch, gone = false;
    uplot().then(Plot => {
      if (gone) return;
      const ink = color('ink'), grid = { stroke: color('grid'), width: 1 }, ticks = { show: false };
      const data = [x], lines = [{}], bands = [];
      series.forEach((one, i) => {
        const stroke = color('series', i);
        const at = data.length;
        data.push(one.values);
        lines.push({ label: one.name, stroke, width: 2.2, dash: DASHES[i % DASHES.length], points: { show: x.length < 40, size: 6, fill: stroke } });
        if (one.low && one.high) {
          data.push(one.high, one.low);
          lines.push({ show: true, stroke: 'transparent', width: 0, points: { show: false }, label: one.name + ' high' }, { show: true, stroke: 'transparent', width: 0, points: { show: false }, label: one.name + ' low' });
          const [r, g, b] = ramp('series')[i % ramp('series').length];
          bands.push({ series: [at + 1, at + 2], fill: `rgb(${r} ${g} ${b} / 0.15)` });
        }
      });
      const axis = { stroke: ink, grid, ticks, font: '12px system-ui', labelFont: '12px system-ui', labelSize: 24 };
      plot = new Plot({
        width: box.current.clientWidth, height, legend: { show: false }, bands, series: lines,
        scales: { x: { time } }, axes: [{ ...axis, label: xlabel }, { ...axis, label: ylabel, size: 56 }],
        cursor: { drag: { x: false, y: false } },
      }, data, box.current);
      if (onChoose) plot.over.addEventListener('click', () => plot.cursor.idx != null && onChoose(plot.cursor.idx));
      watch = new ResizeObserver(() => plot.setSize({ width: box.current.clientWidth, height }));
      watch.observe(box.current);
    }).catch(setError);
    return () => { gone = true; watch?.disconnect(); plot?.destroy(); };
  }, [x, series, theme, height, xlabel, ylabel, time]);
  const ends = one => `${one.name} from ${num(one.values[0])} to ${num(one.values.at(-1))}`;
  return html`<div><div class="row key">${series.length > 1 && series.map((one, i) => html`<span key=${one.name} class="row"><svg width="28" height="8" aria-hidden="true">
      <line x1="0" x2="28" y1="4" y2="4" stroke=${color('series', i)} stroke-width="2.4" stroke-dasharray=${DASHES[i % DASHES.length].join(' ')} /></svg>${one.name}</span>`)}</div>
    ${error ? html`<p>${error.message}</p>` : null}
    <div ref=${box} role="img" aria-label=${`${label}: ${series.map(ends).join(', ')}`} style=${{ minHeight: height + 'px' }} /></div>`;
}
