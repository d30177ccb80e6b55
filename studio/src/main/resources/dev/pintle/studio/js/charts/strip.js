/*
 * A text as its tokens, each coloured by a number.
 *
 *   <Strip tokens=${[{text}]} values=${numbers} scale=${scale} what="projection on pirate"
 *     chosen=${index} onChoose=${(index, event) => …} span=${[from, to]} onSpan=${([from, to]) => …} mark=${set of indices} prose />
 *
 * mark underlines tokens; prose leaves spaces and line ends as they are read, for answers; otherwise they are drawn as signs.
 *
 * A grid for the keyboard: one token has the focus, arrows move it, Enter chooses it, Shift and arrows or dragging select a
 * span (end is exclusive). Values that are null have no colour. Long texts are cut into rows that the browser only lays out
 * when they are seen; a row is drawn again only if something in it changes.
 */
import { html, Component, useRef, useEffect, cls, num, visible } from '../ui.js';
import { useTheme } from './scale.js';

const LONGEST_ROW = 160;

/** Rows of a text: [from, to) of tokens, broken after line ends and after so many tokens. */
function rows(tokens) {
  const found = [];
  let from = 0;
  tokens.forEach((token, i) => {
    if (token.text.includes('\n') || i - from + 1 >= LONGEST_ROW) { found.push([from, i + 1]); from = i + 1; }
  });
  if (from < tokens.length) found.push([from, tokens.length]);
  return found;
}

const proseText = text => visible(text).replaceAll('⏎', '\n');
const shownText = text => text === '' ? '∅' : text.includes('\n') ? visible(text) : text.trim() === '' ? '␣'.repeat(text.length) : visible(text);

class Row extends Component {
  shouldComponentUpdate(next) {
    const { from, to, tokens, values, scale, theme, chosen, focus, span, mark } = this.props;
    if (tokens !== next.tokens || values !== next.values || scale !== next.scale || theme !== next.theme || mark !== next.mark || from !== next.from || to !== next.to) return true;
    const inside = index => index >= from && index < to;
    if (chosen !== next.chosen && (inside(chosen) || inside(next.chosen))) return true;
    if (focus !== next.focus && (inside(focus) || inside(next.focus))) return true;
    return span !== next.span && [span, next.span].some(one => one && one[0] < to && one[1] > from);
  }

  render({ from, to, tokens, values, scale, what, chosen, focus, span, mark, prose }) {
    const cells = [];
    for (let i = from; i < to; i++) {
      const value = values?.[i];
      const fill = scale?.fill(value);
      cells.push(html`<span role="gridcell" key=${i} data-i=${i} tabindex=${i === focus ? 0 : -1}
        aria-selected=${i === chosen} class=${cls('token', i === chosen && 'chosen', span && i >= span[0] && i < span[1] && 'in', mark?.has(i) && 'marked')}
        aria-label=${`${visible(tokens[i].text)}${value == null || Number.isNaN(value) ? '' : `, ${what} ${num(value)}`}${mark?.has(i) ? ', differs' : ''}`}
        style=${{ background: fill ?? '', color: fill ? scale.ink(value) : '' }}>${(prose ? proseText : shownText)(tokens[i].text)}</span>`);
    }
    return html`<div role="row">${cells}</div>`;
  }
}

export function Strip({ tokens, values, scale, what = 'value', chosen = -1, onChoose, span, onSpan, mark, label, prose }) {
  const theme = useTheme();
  const box = useRef();
  const focus = useRef(0);
  const drag = useRef(null);
  if (tokens.length === 0) return null;
  if (focus.current >= tokens.length) focus.current = Math.max(0, tokens.length - 1);
  if (chosen >= 0 && chosen < tokens.length && drag.current === null) focus.current = chosen;
  const at = event => { const cell = event.target.closest?.('[data-i]'); return cell ? Number(cell.dataset.i) : -1; };

  const focusOn = index => {
    const grid = box.current;
    grid.querySelector('[data-i][tabindex="0"]')?.setAttribute('tabindex', '-1');
    focus.current = index;
    const cell = grid.querySelector(`[data-i="${index}"]`);
    cell?.setAttribute('tabindex', '0');
    cell?.focus();
  };

  const key = event => {
    const here = at(event);
    if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); onChoose?.(here, event); return; }
    const last = tokens.length - 1;
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: last }[event.key];
    if (next == null) return;
    event.preventDefault();
    event.stopPropagation();
    const to = Math.max(0, Math.min(last, next));
    if (event.shiftKey && onSpan) {
      const anchor = span && (here === span[0] || here === span[1] - 1) ? (here === span[0] && span[1] - span[0] > 1 ? span[1] - 1 : span[0]) : here;
      onSpan([Math.min(anchor, to), Math.max(anchor, to) + 1]);
    }
    focusOn(to);
    if (chosen >= 0 && !event.shiftKey) onChoose?.(to, event);
  };
  const down = event => {
    const index = at(event);
    if (index >= 0 && onSpan && event.button === 0 && event.pointerType !== 'touch') drag.current = { from: index, moved: false };
  };
  const over = event => {
    const index = at(event);
    if (!drag.current || index < 0 || !(event.buttons & 1)) return;
    if (index !== drag.current.from) drag.current.moved = true;
    if (drag.current.moved) onSpan([Math.min(index, drag.current.from), Math.max(index, drag.current.from) + 1]);
  };
  const click = event => {
    const moved = drag.current?.moved;
    drag.current = null;
    const index = at(event);
    if (index < 0 || moved) return;
    focusOn(index);
    onChoose?.(index, event);
  };
  useEffect(() => {
    const up = () => { setTimeout(() => { drag.current = null; }); };
    addEventListener('pointerup', up);
    return () => removeEventListener('pointerup', up);
  }, []);

  return html`<div class=${cls('strip', prose && 'prose')} role="grid" aria-label=${label ?? `Tokens${values ? `, coloured by ${what}` : ''}`} ref=${box}
    onKeyDown=${key} onPointerDown=${down} onPointerOver=${over} onClick=${click}>
    ${rows(tokens).map(([from, to]) => html`<${Row} key=${from} ...${{ from, to, tokens, values, scale, what, theme, chosen, focus: focus.current, span, mark, prose }} />`)}</div>`;
}

/** A strip as a picture of its own, for exports: {tokens, values, scale, title, paint} to SVG. */
export function stripPicture({ tokens, values, scale, title }, colors) {
  const width = 960, size = 14, pitch = 8.43, height = 26;
  let x = 16, y = 48;
  const parts = [];
  tokens.forEach((token, i) => {
    const text = shownText(token.text);
    const long = text.length * pitch;
    if (x + long > width - 16 && x > 16) { x = 16; y += height; }
    const fill = scale?.fill(values?.[i]);
    if (fill) parts.push(['rect', { x, y: y - 17, width: long, height: 22, rx: 3, fill }]);
    parts.push(['text', { x, y, 'xml:space': 'preserve', fill: fill ? scale.ink(values[i]) : colors.ink }, text]);
    x += long;
    if (token.text.includes('\n')) { x = 16; y += height; }
  });
  return { width, height: y + 20, title, font: `${size}px`, parts };
}
