/*
 * A table of numbers as colours; an SVG up to 20,000 cells, a canvas beyond.
 *
 *   <HeatMap values=${rows} rows=${['0', …]} columns=${texts} scale=${signed(…)} xlabel ylabel what="projection"
 *     chosen=${[row, column]} onChoose=${(row, column) => …} cell=${18} numbers=${bool} />
 *
 * Arrows move through it; what is chosen is said as text.
 */
import { html, useEffect, useRef, num, visible } from '../ui.js';
import { color, useTheme } from './scale.js';

const MOST_IN_SVG = 20_000;

export function HeatMap({ values, rows, columns, scale, label, xlabel, ylabel, what = 'value', chosen, onChoose, cell = 18, numbers = false, height: cellHeight = cell }) {
  const theme = useTheme();
  const canvas = useRef();
  const wide = columns.length, high = rows.length;
  const big = wide * high > MOST_IN_SVG;
  const left = 16 + Math.max(...rows.map(text => String(text).length), 1) * 7 + (ylabel ? 16 : 0);
  const texts = columns.map(text => visible(text).trim().slice(0, 14));
  const head = wide * cell < 6000 && !big && cell >= 12 ? Math.max(...texts.map(text => text.length), 1) * 6.2 * 0.9 + 14 : 8;
  const width = left + wide * cell + 40, height = head + high * cellHeight + (xlabel ? 26 : 8);
  useEffect(() => {
    if (!big) return;
    const box = canvas.current;
    box.width = wide; box.height = high;
    const paint = box.getContext('2d');
    const picture = paint.createImageData(wide, high);
    values.forEach((row, r) => row.forEach((value, c) => {
      const [red, green, blue] = value == null ? [128, 128, 128] : scale.rgb(value);
      picture.data.set([red, green, blue, value == null ? 40 : 255], (r * wide + c) * 4);
    }));
    paint.putImageData(picture, 0, 0);
  }, [values, scale, theme, big]);
  const choose = event => {
    if (!onChoose) return;
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * width / cell - left / cell);
    const row = Math.floor(((event.clientY - box.top) / box.height * height - head) / cellHeight);
    if (row >= 0 && row < high && column >= 0 && column < wide) onChoose(row, column);
  };
  const key = event => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !onChoose) return;
    event.preventDefault(); event.stopPropagation();
    const [row, column] = chosen ?? [0, -1];
    onChoose(Math.max(0, Math.min(high - 1, row + step[0])), Math.max(0, Math.min(wide - 1, column + step[1])));
  };
  const said = chosen ? `; chosen: ${ylabel ?? 'row'} ${rows[chosen[0]]}, ${visible(columns[chosen[1]] ?? '')}, ${what} ${num(values[chosen[0]]?.[chosen[1]])}` : '';
  return html`<div class="heat" tabindex="0" role=${onChoose ? 'application' : 'img'} aria-roledescription="heat map" aria-label=${`${label}${said}`} onKeyDown=${key}>
    <svg class="figure" viewBox="0 0 ${width} ${height}" onClick=${choose} style=${{ width: width + 'px', maxWidth: big ? 'none' : '', height: 'auto' }} aria-hidden="true">
      ${head > 8 && texts.map((text, c) => html`<text key=${c} transform=${`translate(${left + (c + 0.6) * cell} ${head - 6}) rotate(-60)`} font-size="11" class="strong">${text}</text>`)}
      ${rows.map((text, r) => (high * cellHeight > 4000 || cellHeight >= 10 || r % Math.ceil(12 / cellHeight) === 0) && html`<text key=${r} x=${left - 6} y=${head + (r + 0.5) * cellHeight + 4} text-anchor="end">${text}</text>`)}
      ${!big && values.map((row, r) => row.map((value, c) => value != null && html`<rect key=${r * wide + c} x=${left + c * cell} y=${head + r * cellHeight} width=${cell - 0.5} height=${cellHeight - 0.5} fill=${scale.fill(value)}>
        <title>${`${visible(columns[c])}, ${ylabel ?? ''} ${rows[r]}: ${num(value)}`}</title></rect>`))}
      ${numbers && !big && values.map((row, r) => row.map((value, c) => value != null && html`<text key=${r * wide + c} x=${left + (c + 0.5) * cell} y=${head + (r + 0.5) * cellHeight + 4} text-anchor="middle" style=${{ fill: scale.ink(value) }}>${num(value, 2)}</text>`))}
      ${big && html`<foreignObject x=${left} y=${head} width=${wide * cell} height=${high * cellHeight}><canvas ref=${canvas} style=${{ width: '100%', height: '100%', imageRendering: 'pixelated' }} /></foreignObject>`}
      ${chosen && html`<rect x=${left + chosen[1] * cell - 1} y=${head + chosen[0] * cellHeight - 1} width=${cell + 1.5} height=${cellHeight + 1.5} fill="none" stroke=${color('ink')} stroke-width="2" />`}
      ${ylabel && html`<text transform=${`translate(12 ${head + high * cellHeight / 2}) rotate(-90)`} text-anchor="middle">${ylabel}</text>`}
      ${xlabel && html`<text x=${left + Math.min(wide * cell, 600) / 2} y=${height - 6} text-anchor="middle">${xlabel}</text>`}
    </svg></div>`;
}
