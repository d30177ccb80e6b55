// The head of a column: its name, what steers it, and what can be done with it.
import { html, useState, cls } from '../ui.js';
import { Menu, copy } from '../parts.js';
import { Later } from '../shell.js';
import { Stack } from '../steer/stack.js';
import { api } from '../steer/entries.js';
import { letter } from './session.js';

const PRESET = () => import('./preset.js');

export function Column({ column, session, name, lib, onStack, onLibrary, onFork, onRemove }) {
  const [saving, setSaving] = useState(false);
  const label = letter(session, column.id);
  const steering = () => JSON.stringify(api(column.stack));
  return html`<section class=${cls('column-head', column.stack.length === 0 && 'plain')} data-column=${column.id} aria-label=${`Column ${label}: ${name}`}>
    <div class="row nowrap"><span class="letter">${label}</span><h3 class="cut">${name}</h3><span class="grow" />
      <${Menu} label=${`Column ${label}`} icon="M5 12h.01M12 12h.01M19 12h.01" items=${[
        onFork && ['Fork with this stack', () => onFork()],
        column.stack.length > 0 && ['Save as preset', () => setSaving(true)],
        column.stack.length > 0 && ['Copy steering as JSON', () => copy(steering())],
        column.stack.length > 0 && ['Clear the steering', () => onStack([])],
        onRemove && ['Remove the column', onRemove],
      ]} /></div>
    <${Stack} stack=${column.stack} onChange=${onStack} lib=${lib} model=${session.model} label=${label} onLibrary=${onLibrary} />
    ${saving && html`<${Later} load=${PRESET} session=${session} column=${column} onClose=${() => setSaving(false)} />`}
  </section>`;
}
