// The dialog that saves a column as a preset, and says how clients call it.
import { html, useState } from '../ui.js';
import { send, own } from '../api.js';
import { Dialog, readModels } from '../shell.js';
import { Field, Trouble, copy } from '../parts.js';
import { api, inWords } from '../steer/entries.js';

export default function Preset({ session, column, onClose }) {
  const steering = api(column.stack);
  const [name, set] = useState(() => String(steering[0]?.vector ?? 'preset').replace(/[^a-z0-9-]/gi, '-').slice(0, 30));
  const [error, setError] = useState(null);
  const [saved, setSaved] = useState(null);
  const save = async event => {
    event.preventDefault();
    setError(null);
    try {
      const { temperature, max_tokens } = session.sampling;
      await send('PUT', own(`/presets/${encodeURIComponent(name)}`), { model: session.model, steering, ...(session.system.trim() ? { system: session.system } : {}), defaults: { temperature, max_tokens } });
      await readModels();
      setSaved(`${session.model}:${name}`);
    } catch (thrown) { setError(thrown); }
  };
  if (saved) {
    const code = `curl ${location.origin}/v1/chat/completions -H 'Content-Type: application/json' -d '{"model": "${saved}", "messages": [{"role": "user", "content": "Tell me about the whale."}]}'`;
    return html`<${Dialog} title="Preset saved" onClose=${onClose}><div class="stack"><p>Any client of OpenAI's API now finds the model <code>${saved}</code>; <code>${saved}@0.5</code> steers half as strongly.</p>
      <pre class="code">${code}</pre><div class="row"><button class="main" onClick=${() => copy(code)}>Copy</button></div></div><//>`;
  }
  return html`<${Dialog} title="Save as preset" onClose=${onClose}><form class="stack" onSubmit=${save}>
    <p class="muted">A preset is steering as a model: ${inWords(column.stack)}${session.system.trim() ? ', with the system prompt' : ''}.</p>
    <${Field} label="Name"><input value=${name} onInput=${event => set(event.target.value)} autofocus /><//>
    ${error && html`<${Trouble} error=${error} />`}<div class="row"><button class="main" disabled=${!name.trim()}>Save</button></div></form><//>`;
}
