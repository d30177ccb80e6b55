// How tokens are drawn, and the system prompt, in one line that opens.
import { html, num } from '../ui.js';
import { Field, Growing } from '../parts.js';

const FIELDS = [['temperature', 'Temperature', 0, 2, 0.1, '0: the likeliest token'], ['max_tokens', 'Tokens at most', 1, 4000, 1], ['top_p', 'Top p', 0.01, 1, 0.01], ['top_k', 'Top k', 0, 1000, 1, '0: all'],
  ['min_p', 'Min p', 0, 1, 0.01], ['repetition_penalty', 'Repetition penalty', 0.5, 2, 0.05]];

export function Sampling({ session, onChange, used, context }) {
  const { sampling } = session;
  const set = (field, value) => onChange({ ...session, sampling: { ...sampling, [field]: value } });
  return html`<details class="sampling"><summary>${sampling.temperature === 0 ? 'greedy' : `temperature ${num(sampling.temperature)}`}, ${sampling.max_tokens} tokens${sampling.temperature > 0 ? `, seed ${sampling.seed}${sampling.locked ? '' : ' (new each time)'}` : ''}${session.system.trim() ? ', system prompt' : ''}${used > 0 && context ? ` · ${used} of ${context} tokens of context` : ''}</summary>
    <div class="stack"><${Field} label="System prompt, for every column"><${Growing} value=${session.system} onInput=${system => onChange({ ...session, system })} placeholder="None" /><//>
      <div class="fields">${FIELDS.map(([field, label, min, most, step, hint]) => html`<${Field} key=${field} label=${label} hint=${hint}>
        <input type="number" min=${min} max=${most} step=${step} value=${sampling[field]} onInput=${event => event.target.value !== '' && set(field, Number(event.target.value))} /><//>`)}
        <${Field} label="Seed"><input type="number" min="0" step="1" value=${sampling.seed} onInput=${event => event.target.value !== '' && set('seed', Number(event.target.value))} /><//>
        <label class="check"><input type="checkbox" checked=${sampling.locked} onChange=${event => set('locked', event.target.checked)} /> Lock the seed</label></div></div></details>`;
}
