// One answer: its tokens, and what is said of them.
import { html, useSignal, useState, signal, cls, num, duration } from '../ui.js';
import { Strip } from '../charts/strip.js';
import { Growing, Trouble, copy } from '../parts.js';
import { Problem } from '../api.js';
import { inWords, api } from '../steer/entries.js';
import { mean } from './session.js';

const NOTHING = signal(null);
const STOPS = { stop_token: 'ended by itself', stop_string: 'stop string', length: 'token limit', context: 'context is full', stopped: 'stopped', cancelled: 'cancelled', error: 'failed', edited: 'edited', not_finite: 'overflowed' };

export function Answer({ node, column, name, live, colour, coloured, scale, chosen, onToken, stack, onAgain, onContinue, onEdit, onText, isLast }) {
  const writing = useSignal(live ?? NOTHING);
  const answer = writing ?? node.answers[column.id];
  const [draft, setDraft] = useState(null);
  if (!answer) return html`<div class="turn answer" data-column=${column.id}><p class="who">${name}</p><p><button class="small" onClick=${onAgain}>Answer</button></p></div>`;
  const kl = mean(answer.tokens.map(token => token.tw?.kl));
  const rate = answer.ms && answer.tokens.length > 1 ? answer.tokens.length / answer.ms * 1000 : null;
  const steering = answer.body?.steering ?? [];
  const stale = !writing && answer.body && JSON.stringify(steering) !== JSON.stringify(stack);
  return html`<div class=${cls('turn answer', writing && 'writing')} data-column=${column.id}>
    <p class="who">${name}</p>
    ${answer.tokens.length === 0 && !answer.error && html`<p class="muted">${writing ? '…' : '(nothing)'}</p>`}
    ${draft != null && html`<form class="stack" onSubmit=${event => { event.preventDefault(); setDraft(null); onEdit(draft); }}>
        <${Growing} value=${draft} onInput=${setDraft} aria-label=${`Edited answer, ${name}`} />
        <div class="row"><button class="main small" disabled=${!draft.trim()}>Keep as a branch</button><button type="button" class="small" onClick=${() => setDraft(null)}>Cancel</button></div></form>`}
    <${Strip} prose tokens=${answer.tokens} values=${coloured(colour, answer)} scale=${scale} what=${colour.replace('on:', 'projection on ')} chosen=${chosen} onChoose=${onToken} label=${`${name}, answer`} />
    ${answer.error && html`<${Trouble} error=${asProblem(answer.error)} again=${onAgain} />`}
    <div class="row measures"><small class="muted num">${writing ? html`writing · ${answer.tokens.length} tokens` : html`
        <span>${answer.tokens.length} tokens</span>${rate ? html`<span title=${`${answer.tokens.length} tokens in ${duration(answer.ms)}, prompt and all, as the server measured`}>${num(rate)} tok/s</span>` : ''}
        <span>${STOPS[answer.stop] ?? answer.stop}</span>${kl != null && html`<span title="Mean over the tokens of KL(this row's prediction, the other's)">KL ${num(kl)}</span>`}`}</small>
      ${answer.loops && html`<span class="tag bad" title="The last 24 tokens repeat with a period of at most 8">loops</span>`}
      ${stale && html`<span class="tag" title=${`This answer: ${inWords(steering)}`}>steering has changed</span>`}
      <span class="grow" />
      ${!writing && html`<span class="row nowrap acts">${['length', 'stopped', 'edited'].includes(answer.stop) ? isLast && html`<button class="quiet small" onClick=${onContinue}>Continue</button>` : null}
        <button class="quiet small" onClick=${onAgain}>Run again</button>
        <button class="quiet small" title="Write it anew, as a branch" aria-label=${`Edit the answer, ${name}`} onClick=${() => setDraft(answer.text)}>Edit</button>
        <button class="quiet small" title="Look into this text" onClick=${onText}>Text</button>
        <button class="quiet small" onClick=${() => copy(answer.text)}>Copy</button></span>`}</div>
  </div>`;
}

function asProblem({ message, facts, param, requestId }) {
  const problem = new Problem(0, { message, param, pintle: { sentence: message, facts: Object.fromEntries(facts ?? []) } }, requestId);
  return problem;
}
