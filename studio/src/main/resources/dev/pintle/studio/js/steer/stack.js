/*
 * The steering of one column or text: entries that can be added, ordered, muted and set.
 *
 *   <Stack stack=${entries} onChange=${entries => …} lib=${library} model=${name} label="Steering of B" compact />
 */
import { html, useRef, useState, cls, num } from '../ui.js';
import { Icon, Later } from '../shell.js';
import { Field } from '../parts.js';
import { known, main, named, operations, withOp } from './entries.js';

const UP = 'M12 19V5m0 0-6 6m6-6 6 6', DOWN = 'M12 5v14m0 0 6-6m-6 6-6-6', CROSS = 'M6 6l12 12M18 6 6 18';
const ADDING = () => import('./add.js');
const SPEAKER = 'M4 10v4h4l5 4V6L8 10zM17 9a4 4 0 0 1 0 6', MUTED = 'M4 10v4h4l5 4V6L8 10zM17 9l5 6M22 9l-5 6';

/** A slider of a strength: ticks where tuning found the vector best and where it breaks; double click is 0. */
export function Slider({ entry, onChange, about, ticks, label }) {
  const number = main(entry);
  if (!number) return html`<p class="muted note">Sets the latent to 0 and keeps what the autoencoder leaves out.</p>`;
  const value = Number(entry[number.field] ?? 0);
  const isNorm = number.unit === 'of the norm';
  const length = isNorm && about?.norm ? value * about.norm : null;
  const said = `${num(value)} ${number.unit}${length == null ? '' : `, ${num(length)}`}`;
  const set = next => onChange({ ...entry, [number.field]: Math.round(next * 1e4) / 1e4 });
  const share = at => (at - number.min) / (number.max - number.min) * 100;
  const marks = isNorm ? [[0, '0'], ticks?.tuned != null && [ticks.tuned, 'tuned'], ticks?.breaks != null && [ticks.breaks, 'breaks']].filter(Boolean) : [[0, '0']];
  const near = (one, other, most) => Math.abs(one - other) < most * (number.max - number.min);
  const below = ([at, text]) => text === 'breaks' && marks.some(([other, its]) => its === 'tuned' && near(at, other, 0.2)); // their labels would overlap
  const label0 = at => !marks.some(([other, its]) => its !== '0' && near(at, other, 0.13));
  return html`<div class="slider">
    <div class="track"><input type="range" min=${number.min} max=${number.max} step=${number.step} value=${Math.max(number.min, Math.min(number.max, value))}
        aria-label=${label} aria-valuetext=${said} data-strength onInput=${event => set(Number(event.target.value))} onDblClick=${() => set(0)} title="Double click: 0" />
      <svg class=${marks.some(below) ? 'ticks two' : 'ticks'} aria-hidden="true">${marks.filter(([at]) => at >= number.min && at <= number.max).map(([at, text]) => html`<g key=${text}>
        <line x1=${share(at) + '%'} x2=${share(at) + '%'} y1="0" y2="5" /><text x=${share(at) + '%'} y=${below([at, text]) ? 26 : 15} text-anchor="middle">${text !== '0' ? `${text} ${num(at)}` : label0(at) ? '0' : ''}</text></g>`)}</svg></div>
    <input type="number" class="num" step=${number.step} value=${value} aria-label=${`${label}, number`} onInput=${event => event.target.value !== '' && set(Number(event.target.value))} />
    <small class="muted">${number.unit}${length == null ? '' : html`<br />adds ${num(length)}`}</small></div>`;
}

const POSITIONS = [['all', 'all tokens'], ['prompt', 'the prompt'], ['generated', 'the answer'], ['role:system', 'system message'], ['role:user', "user's messages"], ['role:assistant', "assistant's messages"]];

function Positions({ entry, onChange }) {
  const text = typeof entry.positions === 'object' ? JSON.stringify(entry.positions) : entry.positions ?? 'all';
  const usual = POSITIONS.some(([key]) => key === text);
  const [own, setOwn] = useState(!usual);
  const set = value => { const { positions, ...rest } = entry; onChange(value === 'all' ? rest : { ...rest, positions: value }); };
  const write = value => { let parsed = value; if (value.trim().startsWith('{')) { try { parsed = JSON.parse(value); } catch { return; } } if (value.trim()) set(parsed); };
  return html`<${Field} label="Positions"><select value=${own ? 'own' : text} onChange=${event => { const value = event.target.value; setOwn(value === 'own'); if (value !== 'own') set(value); }}>
      ${POSITIONS.map(([key, words]) => html`<option key=${key} value=${key}>${words}</option>`)}<option value="own">others …</option></select>
    ${own && html`<input aria-label="Positions in words or JSON" placeholder='from:12 or {"prompt": [[0, 4], [-1, null]]}' value=${usual ? '' : text} onChange=${event => write(event.target.value)} />`}<//>`;
}

function When({ entry, onChange, lib }) {
  const when = entry.when;
  const set = next => { const { when: old, ...rest } = entry; onChange(next ? { ...rest, when: next } : rest); };
  const names = Object.keys(lib?.names ?? {});
  return html`<${Field} label="When"><select value=${when ? 'when' : ''} onChange=${event => set(event.target.value ? { vector: entry.vector ?? names[0], above: 0.1 } : null)}>
      <option value="">always</option><option value="when" disabled=${names.length === 0}>a component is above …</option></select>
    ${when && html`<div class="row nowrap"><select aria-label="Vector of the condition" value=${when.vector} onChange=${event => set({ ...when, vector: event.target.value })}>
        ${names.map(name => html`<option key=${name} value=${name}>${name}</option>`)}</select>
      <input type="number" step="0.05" aria-label="Component above, of the norm" value=${when.above} onInput=${event => event.target.value !== '' && set({ ...when, above: Number(event.target.value) })} /></div>`}<//>`;
}

function Entry({ entry, index, count, onChange, onRemove, onMove, lib, label, drag }) {
  const [open, setOpen] = useState(false);
  const about = known(lib, entry);
  const missing = typeof entry.vector === 'string' && lib && !about;
  const op = entry.op ?? 'add';
  const toggle = mark => { const next = { ...entry, [mark]: !entry[mark] }; if (!next[mark]) delete next[mark]; onChange(next); };
  const at = entry.at ?? (entry.latent != null ? entry.sae : about?.at.join(', ').replace('blocks.', 'layer ').replace('.hook_resid_post', ''));
  return html`<li class=${cls('entry', entry.muted && 'muted-entry', entry.solo && 'solo')} draggable=${drag.grabbed === index} data-entry=${index}
      onDragStart=${event => drag.start(index, event)} onDragOver=${event => event.preventDefault()} onDrop=${event => drag.drop(index, event)} onDragEnd=${drag.end}>
    <div class="row nowrap head">
      <span class="grip" title="Drag to reorder" aria-hidden="true" onPointerDown=${() => drag.grab(index)}>⠿</span>
      <button class="link strong cut" aria-expanded=${open} onClick=${() => setOpen(!open)} title="Operation, positions, condition">${named(entry)}</button>
      ${op !== 'add' && html`<span class="tag">${op}</span>`}${entry.label && html`<span class="muted cut" title=${entry.label}>${entry.label}</span>`}
      ${missing && html`<span class="tag bad">not in the library</span>`}${entry.positions && html`<span class="tag">${typeof entry.positions === 'string' ? entry.positions : 'positions'}</span>`}${entry.when && html`<span class="tag">when</span>`}
      <span class="grow" />
      <button class="quiet small" aria-pressed=${!!entry.solo} title="Only this one acts" aria-label=${`Solo ${named(entry)}`} onClick=${() => toggle('solo')}>S</button>
      <button class="quiet small" aria-pressed=${!!entry.muted} title="Mute" aria-label=${`Mute ${named(entry)}`} onClick=${() => toggle('muted')}><${Icon} path=${entry.muted ? MUTED : SPEAKER} /></button>
      <button class="quiet small" aria-label=${`Remove ${named(entry)}`} title="Remove" onClick=${onRemove}><${Icon} path=${CROSS} /></button></div>
    <${Slider} entry=${entry} onChange=${onChange} about=${about} ticks=${lib?.ticks[about?.hash]} label=${`Strength of ${named(entry)}${label ? ` in ${label}` : ''}`} />
    ${open && html`<div class="more">
      <${Field} label="Operation"><select value=${op} onChange=${event => onChange(withOp(entry, event.target.value))}>${operations(entry).map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select><//>
      <${Positions} entry=${entry} onChange=${onChange} />
      ${entry.latent == null && html`<${Field} label="At layer"><input value=${entry.at ?? ''} placeholder=${about ? String(about.at.length > 1 ? 'as fitted' : about.layer) : ''} inputmode="numeric"
        onChange=${event => { const { at: old, ...rest } = entry; const text = event.target.value.trim(); onChange(text === '' ? rest : { ...rest, at: /^\d+$/.test(text) ? Number(text) : text }); }} /><//>`}
      <${When} entry=${entry} onChange=${onChange} lib=${lib} />
      <div class="row"><button class="small" disabled=${index === 0} onClick=${() => onMove(index - 1)} aria-label=${`Move ${named(entry)} up`}><${Icon} path=${UP} /> Up</button>
        <button class="small" disabled=${index === count - 1} onClick=${() => onMove(index + 1)} aria-label=${`Move ${named(entry)} down`}><${Icon} path=${DOWN} /> Down</button>
        <small class="muted cut" title=${about?.hash}>${at}${about ? ` · ${about.hash.slice(0, 12)}` : ''}</small></div>
    </div>`}
  </li>`;
}

export function Stack({ stack, onChange, lib, model, label, onLibrary }) {
  const [adding, setAdding] = useState(false);
  const [grabbed, grab] = useState(-1);
  const from = useRef(-1);
  const replace = (index, entry) => onChange(stack.map((old, i) => i === index ? entry : old));
  const move = (index, to) => { const next = [...stack]; next.splice(to, 0, ...next.splice(index, 1)); onChange(next); };
  const drag = { grabbed, grab, end: () => grab(-1), start: (index, event) => { from.current = index; event.dataTransfer.effectAllowed = 'move'; },
    drop: (index, event) => { event.preventDefault(); if (from.current >= 0 && from.current !== index) move(from.current, index); from.current = -1; grab(-1); } };
  return html`<div class="stack-of-steering">
    ${stack.length > 0 && html`<ol class="entries" aria-label=${label}>${stack.map((entry, index) => html`<${Entry} key=${index} ...${{ entry, index, lib, label, drag, count: stack.length }}
      onChange=${next => replace(index, next)} onRemove=${() => onChange(stack.filter((_, i) => i !== index))} onMove=${to => move(index, to)} />`)}</ol>`}
    <div class="row"><button class="small" onClick=${() => setAdding(true)}><${Icon} path="M12 5v14M5 12h14" />${stack.length ? 'Add' : 'Steer by …'}</button></div>
    ${adding && html`<${Later} load=${ADDING} model=${model} lib=${lib} onLibrary=${onLibrary} onClose=${() => setAdding(false)} onAdd=${entries => onChange([...stack, ...entries])} />`}</div>`;
}
