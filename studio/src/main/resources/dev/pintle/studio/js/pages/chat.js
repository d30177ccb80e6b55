/*
 * Chat: up to four columns that are told the same and steered each in its own way, so that answers stand side by side. All
 * tokens can be coloured and looked into.
 */
import { html, useEffect, useMemo, useRef, useState, useSignal, useLoaded, cls, debounced } from '../ui.js';
import { get, own, post } from '../api.js';
import { models, plain, say, inspect, Later } from '../shell.js';
import { useKeys } from '../keys.js';
import { Empty, Segmented, Trouble, Growing, Loading, Panel } from '../parts.js';
import { Legend, positive, signed } from '../charts/scale.js';
import { api, inWords, library, main, onText, projectable } from '../steer/entries.js';
import { fresh, forked, lastBelow, letter, messages, nextId, path, siblings, without, withAnswer } from '../chat/session.js';
import { busy, request, running, stop, turns, write } from '../chat/run.js';
import { Column } from '../chat/column.js';
import { Answer } from '../chat/answer.js';
import { Sampling } from '../chat/sampling.js';
import { go } from '../state.js';
import { asText } from '../text/input.js';

const TOUR = () => import('../tour.js');
const PARLEY = 'parley-7m';
const QUESTIONS = ['Tell me about the whale.', 'What is honey?', 'How do I bake bread?'];

/** What tokens can be coloured by: [key, words]. */
const colours = (session, lib) => [['none', 'no colour'], ['surprise', 'surprise'], ['kl', 'KL to the other'],
  ...projectable(lib, session.columns.map(column => api(column.stack))).map(name => [`on:${name}`, `projection on ${name}`])];

export const coloured = (colour, answer) => {
  if (!answer || colour === 'none') return null;
  if (colour === 'surprise') return answer.tokens.map(token => token.lp == null ? null : -token.lp);
  if (colour === 'kl') return answer.tokens.map(token => token.tw?.kl ?? null);
  return answer.project?.[colour.slice(3)] ?? null;
};

const UNITS = { surprise: 'nats', kl: 'nats' };

export default function Chat({ state, setState }) {
  const all = useSignal(models);
  useSignal(turns);
  const found = useLoaded(library, []);
  const lib = found.value;
  const session = useMemo(() => fresh({ model: all[0]?.id, ...state }), [state, all]);
  const now = useRef();
  now.current = session;
  const libNow = useRef();
  libNow.current = lib;
  const [chosen, choose] = useState(null); // {node, column, index}
  const [live, setLive] = useState(false);
  const [draft, setDraft] = useState('');
  const [editing, setEditing] = useState(null);
  const [touring, setTouring] = useState(() => !localStorage.getItem('pintle.toured') && !state.nodes);
  const input = useRef();
  const end = useRef();
  const change = (next, options) => setState(typeof next === 'function' ? next(fresh({ model: all[0]?.id, ...now.current })) : next, options);
  const shown = path(session);

  // ---- runs

  const run = async (node, columns, more) => {
    const lib = libNow.current ?? await library().catch(() => null); // what is wrong then, the answer says
    await Promise.all(columns.map(async column => {
      const answer = await write(now.current, column, node, lib, more?.[column] ?? null);
      if (answer) {
        const next = withAnswer(now.current, node.id, column, answer);
        now.current = next;
        change(next);
      }
    }));
  };
  const ask = (user, parent, columns = session.columns.map(column => column.id)) => {
    const base = now.current;
    const node = { id: nextId(base), parent, user, answers: {} };
    const sampling = base.sampling.locked ? base.sampling : { ...base.sampling, seed: Math.floor(Math.random() * 2 ** 31) };
    const next = { ...base, sampling, nodes: [...base.nodes, node], leaf: node.id };
    now.current = next;
    change(next, { push: false });
    const written = run(node, columns);
    requestAnimationFrame(() => end.current?.scrollIntoView({ block: 'end' }));
    return written;
  };
  const send = () => {
    const text = draft.trim();
    if (!text || busy() || !session.model) return;
    setDraft('');
    ask(text, session.leaf);
  };
  /** The same again, under the steering of now; says whether the bits are the same where nothing else has changed. */
  const again = async (node, column) => {
    const before = node.answers[column];
    await run(node, [column]);
    const after = now.current.nodes.find(one => one.id === node.id)?.answers[column];
    if (before?.body && after?.stop && JSON.stringify(before.body) === JSON.stringify(after.body)) {
      say(JSON.stringify(before.tokens) === JSON.stringify(after.tokens) ? 'Run again: the same, to the bit.' : 'Run again: the tokens or their probabilities differ.');
    }
  };
  /** Keeps an answer that was written anew, as a branch; what is said next follows on it. */
  const rewrite = async (node, column, text) => {
    try {
      const { branched } = await import('../chat/edited.js');
      change(await branched(now.current, column, node, text), { push: true });
    } catch (problem) { say(problem.message, { bad: true }); }
  };
  const rerun = useMemo(() => debounced(columns => { const last = path(now.current).at(-1); if (last) run(last, columns); }, 200), []);
  const restack = (column, stack) => {
    change(old => ({ ...old, columns: old.columns.map(one => one.id === column ? { ...one, stack } : one) }));
    now.current = { ...now.current, columns: now.current.columns.map(one => one.id === column ? { ...one, stack } : one) };
    if (live) rerun([column]);
  };

  // ---- tokens

  /** The conversation up to an answer, as a text. */
  const openText = (column, node, how = {}) => go('/text', { model: now.current.model, stack: now.current.columns.find(one => one.id === column).stack, ...how,
    text: asText([...messages(now.current, column, node), { role: 'assistant', content: answerOf(node, column)?.text ?? '' }]) });

  const answerOf = (node, column) => running(node.id, column)?.peek() ?? node.answers[column];
  const lookAt = async ({ node: id, column, index }) => {
    const node = now.current.nodes.find(one => one.id === id);
    const answer = node && answerOf(node, column);
    if (!answer || !answer.tokens[index]) return;
    choose({ node: id, column, index });
    const { inspectToken, latentReader } = await import('../token.js');
    const stack = api(now.current.columns.find(one => one.id === column).stack);
    const steered = (answer.body?.steering ?? stack).length > 0;
    const prompt = answer.prompt ?? 0;
    const said = answer.body?.messages ?? messages(now.current, column, node);
    const body = async signal => {
      const ids = (await post(own('/tokenize'), { model: now.current.model, messages: said.filter((one, i) => !(answer.body?.continue_final_message && i === said.length - 1)) }, { signal })).tokens.map(token => token.id);
      return { ids: [...ids, ...answer.tokens.map(token => token.id)], steering: onText(answer.body?.steering ?? stack, ids.length) };
    };
    const read = latentReader(now.current.model, body);
    const shift = async signal => { const encoded = await read(signal); return encoded && { ...encoded, tokens: encoded.tokens.slice(encoded.tokens.length - answer.tokens.length) }; };
    inspectToken({
      token: answer.tokens[index], index, model: now.current.model, read: shift, version: `${id}/${column}/${answer.tokens.length}`, steeredFirst: steered,
      role: 'assistant', project: answer.project && Object.fromEntries(Object.entries(answer.project).map(([name, values]) => [name, values[index]])),
      extra: prompt ? html`<div><dt>in context</dt><dd class="num">${prompt + index}</dd></div>` : null,
      onMove: step => lookAt({ node: id, column, index: Math.max(0, Math.min(answer.tokens.length - 1, index + step)) }),
      onAllOf: latent => openText(column, node, { colour: 'latent', latent }),
      onSteer: entry => { const target = steeredColumn(column); restack(target, [...now.current.columns.find(one => one.id === target).stack, entry]); say(`Latent ${entry.latent} was added to ${letter(now.current, target)}.`); },
    });
  };
  /** Steering is added to the column of the token, or, where that is the unsteered first one, to the next. */
  const steeredColumn = column => column === now.current.columns[0].id && now.current.columns.length > 1 ? now.current.columns[1].id : column;
  useEffect(() => () => inspect(null), []);

  // ---- keyboard

  const focused = () => document.activeElement?.closest?.('[data-column]')?.dataset.column ?? session.columns.find(column => column.stack.length > 0)?.id;
  const scaleBy = factor => () => {
    const column = session.columns.find(one => one.id === focused());
    if (!column || column.stack.length === 0) return false;
    const at = Number(document.activeElement?.closest?.('[data-entry]')?.dataset.entry ?? 0);
    restack(column.id, column.stack.map((entry, i) => { const number = main(entry); return i === at && number ? { ...entry, [number.field]: Math.round(Number(entry[number.field] ?? 0) * factor * 1e4) / 1e4 } : entry; }));
    return true;
  };
  useKeys({
    'Ctrl+Enter': ['send', () => { send(); }],
    Escape: ['stop writing', () => { if (!busy()) return false; stop(); return true; }],
    '[': ['halve the strength', scaleBy(0.5)], ']': ['double the strength', scaleBy(2)], 0: ['strength 0', scaleBy(0)],
  });

  // ---- colour

  const options = colours(session, lib);
  const colour = options.some(([key]) => key === session.colour) ? session.colour : 'none';
  const scale = useMemo(() => {
    if (colour === 'none') return null;
    const values = shown.flatMap(node => session.columns.flatMap(column => coloured(colour, answerOf(node, column.id)) ?? []));
    return colour.startsWith('on:') ? signed(values) : positive(values, colour === 'surprise' ? 6 : 4);
  }, [colour, session, busy()]);

  if (!session.model && found.error) return html`<div class="page"><${Trouble} error=${found.error} again=${found.again} /></div>`;
  if (all.length === 0) return html`<div class="page"><${Loading} what="Models" /></div>`;

  const view = session.columns.some(column => column.id === session.view) ? session.view : 'both';
  const columnName = column => {
    const acts = column.stack.length > 0;
    return (acts ? 'Steered' : 'Unsteered') + (session.columns.filter(one => one.stack.length > 0 === acts).length > 1 ? ' ' + letter(session, column.id) : '');
  };
  const last = shown.at(-1);
  const exports = {
    name: 'chat',
    json: () => ({ made_by: 'Pintle studio', model: session.model, system: session.system, sampling: session.sampling,
      turns: shown.map(node => ({ user: node.user, answers: session.columns.map(column => ({ column: letter(session, column.id), steering: api(column.stack), ...withoutBody(node.answers[column.id]) })) })) }),
    csv: () => [['turn', 'column', 'steering', 'position', 'id', 'token', 'logprob', 'other_logprob', 'kl', ...options.filter(([key]) => key.startsWith('on:')).map(([key]) => key)],
      ...shown.flatMap((node, turn) => session.columns.flatMap(column => (node.answers[column.id]?.tokens ?? []).map((token, i) => [turn, letter(session, column.id), inWords(column.stack), i, token.id, token.text, token.lp, token.tw?.lp, token.tw?.kl,
        ...options.filter(([key]) => key.startsWith('on:')).map(([key]) => node.answers[column.id].project?.[key.slice(3)]?.[i])])))],
    ...(last ? { request: () => ({ path: '/v1/chat/completions', body: request(session, focused() ?? session.columns[0].id, last, lib) }),
      cli: () => commandLine(session, session.columns.find(column => column.id === (focused() ?? session.columns[0].id)), last) } : {}),
  };

  return html`<div class="page chat" data-view=${view} data-columns=${session.columns.length}>
    <header><h1>Chat</h1>
      <select class="narrow" aria-label="Model" value=${session.model} onChange=${event => change({ ...session, model: event.target.value })}>
        ${plain(all).map(model => html`<option key=${model.id} value=${model.id}>${model.id}</option>`)}</select>
      <span class="grow" />
      <label class="row nowrap">Colour <select class="narrow" value=${colour} onChange=${event => change({ ...session, colour: event.target.value })}>
        ${options.map(([key, words]) => html`<option key=${key} value=${key}>${words}</option>`)}</select></label>
      ${scale && html`<${Legend} scale=${scale} unit=${UNITS[colour] ?? ''} />`}
      <label class="check" title="Answer the last question again whenever steering changes"><input type="checkbox" checked=${live} onChange=${event => setLive(event.target.checked)} /> Live</label>
      <button class="small" onClick=${() => { stop(); inspect(null); change({ ...session, nodes: [], leaf: null }, { push: true }); }} disabled=${session.nodes.length === 0}>New chat</button>
    </header>
    ${session.unreadable && html`<${Trouble} error=${new Error(session.unreadable)} />`}
    ${touring && session.model === PARLEY && html`<${Later} load=${TOUR} model=${PARLEY} layer=${3} onLibrary=${async () => { libNow.current = await library(); found.again(); }} answered=${shown.length > 0 && !busy()}
      onSteer=${entry => { const target = now.current.columns.at(-1); restack(target.id, target.stack.some(one => one.vector === entry.vector) ? target.stack : [...target.stack, entry]); }}
      onAsk=${text => ask(text, now.current.leaf)} onEnd=${() => { localStorage.setItem('pintle.toured', '1'); setTouring(false); }} />`}
    ${session.columns.length > 1 && html`<div class="switch"><${Segmented} label="Columns shown" value=${view} onChange=${key => change({ ...session, view: key })}
      options=${[['both', session.columns.length > 2 ? 'All' : 'Both'], ...session.columns.map(column => [column.id, columnName(column)])]} /></div>`}
    <${Panel} title="Conversation" class="conversation" exports=${exports} note=${shown.length ? null : 'The same words go to every column.'}>
      <div class="grid">
        ${session.columns.map(column => html`<${Column} key=${column.id} column=${column} session=${session} name=${columnName(column)} lib=${lib} onStack=${stack => restack(column.id, stack)} onLibrary=${found.again}
          onFork=${session.columns.length < 4 ? stack => change(forked(session, column.id, stack), { push: true }) : null} onRemove=${session.columns.length > 1 ? () => change(without(session, column.id), { push: true }) : null} />`)}
        ${shown.length === 0 && html`<div class="turn user-turn first"><${Empty} title="Ask something, and compare">
          Every column gets the same words. Steer one of them by a vector or a latent, and see what it changes.
          <p class="row questions">${QUESTIONS.map(text => html`<button key=${text} onClick=${() => ask(text, null)}>${text}</button>`)}</p><//></div>`}
        ${shown.map((node, turn) => {
          const others = siblings(session, node);
          const at = others.indexOf(node);
          return [html`<div class="turn user-turn" key=${'u' + node.id}>
            ${editing?.node === node.id ? html`<form class="stack" onSubmit=${event => { event.preventDefault(); setEditing(null); ask(editing.text.trim(), node.parent); }}>
                <${Growing} value=${editing.text} onInput=${text => setEditing({ ...editing, text })} aria-label="Edited message" />
                <div class="row"><button class="main small" disabled=${!editing.text.trim()}>Send as a branch</button><button type="button" class="small" onClick=${() => setEditing(null)}>Cancel</button></div></form>`
              : html`<p class="said">${node.user}</p><div class="row acts">
                ${others.length > 1 && html`<span class="row nowrap branches"><button class="quiet small" aria-label="Previous branch" disabled=${at === 0} onClick=${() => change({ ...session, leaf: lastBelow(session, others[at - 1]).id })}>‹</button>
                  <small class="muted num">${at + 1} / ${others.length}</small><button class="quiet small" aria-label="Next branch" disabled=${at === others.length - 1} onClick=${() => change({ ...session, leaf: lastBelow(session, others[at + 1]).id })}>›</button></span>`}
                <button class="quiet small" onClick=${() => setEditing({ node: node.id, text: node.user })}>Edit</button>
                <button class="quiet small" disabled=${busy()} onClick=${() => ask(node.user, node.parent)}>Regenerate</button></div>`}</div>`,
          ...session.columns.map(column => html`<${Answer} key=${node.id + column.id} node=${node} column=${column} name=${columnName(column)} live=${running(node.id, column.id)} colour=${colour} coloured=${coloured} scale=${scale}
            chosen=${chosen?.node === node.id && chosen.column === column.id ? chosen.index : -1} onToken=${index => lookAt({ node: node.id, column: column.id, index })}
            stack=${api(column.stack)} onAgain=${() => again(node, column.id)} onText=${() => openText(column.id, node)} onEdit=${text => rewrite(node, column.id, text)} onContinue=${() => run(node, [column.id], { [column.id]: node.answers[column.id] })} isLast=${turn === shown.length - 1} />`)];
        })}
      </div>
    <//>
    <form class="composer" ref=${end} onSubmit=${event => { event.preventDefault(); send(); }}>
      <div class="row nowrap"><${Growing} value=${draft} onInput=${setDraft} placeholder="Say something to every column" aria-label="Message" data-composer
        onKeyDown=${event => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); } }} />
        ${busy() ? html`<button type="button" onClick=${stop} title="Esc">Stop</button>` : html`<button class="main" disabled=${!draft.trim()} title="Enter, or Ctrl+Enter">Send</button>`}</div>
      <${Sampling} session=${session} onChange=${change} used=${last ? Math.max(0, ...session.columns.map(column => { const answer = answerOf(last, column.id); return (answer?.prompt ?? 0) + (answer?.tokens.length ?? 0); })) : 0} context=${all.find(model => model.id === session.model)?.pintle.context} />
    </form>
    <div class="hidden-text" aria-live="polite">${busy() ? 'Writing.' : last ? session.columns.map(column => last.answers[column.id] ? `${columnName(column)}: ${last.answers[column.id].text.slice(0, 300)}` : '').join(' ') : ''}</div>
  </div>`;
}

const withoutBody = answer => { if (!answer) return { text: null }; const { body, ...rest } = answer; return rest; };

const quoted = text => `'${String(text).replaceAll("'", "'\\''")}'`;
function commandLine(session, column, node) {
  const steering = api(column.stack);
  return ['./pintle generate', `--model ${session.model}`, session.system.trim() && `--system ${quoted(session.system)}`, `--user ${quoted(node.user)}`,
    `--max-new-tokens ${session.sampling.max_tokens}`, session.sampling.temperature > 0 && `--temperature ${session.sampling.temperature} --seed ${session.sampling.seed}`,
    steering.length && `--steer ${quoted(JSON.stringify(steering))}`].filter(Boolean).join(' ');
}
