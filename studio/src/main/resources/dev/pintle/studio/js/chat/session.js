/*
 * A session of chat: columns with their steering, and a tree of turns, so that editing and regenerating lose nothing. What is
 * said to every column is the same; each has its own answers.
 *
 *   {model, system, sampling, columns: [{id, stack}], nodes: [{id, parent, user, answers: {column: answer}}], leaf, colour, view}
 */
export const SAMPLING = { temperature: 0, max_tokens: 200, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1, seed: 1, locked: true };

export const fresh = state => ({ system: '', sampling: SAMPLING, columns: [{ id: 'a', stack: [] }, { id: 'b', stack: [] }], nodes: [], leaf: null, colour: 'none', view: 'both', ...state });

/** The turns from the first to the one that is shown last. */
export function path(session) {
  const byId = new Map(session.nodes.map(node => [node.id, node]));
  const turns = [];
  for (let node = byId.get(session.leaf); node; node = byId.get(node.parent)) turns.unshift(node);
  return turns;
}

export const siblings = (session, node) => session.nodes.filter(other => other.parent === node.parent);

/** The last turn below one, along what was shown last. */
export function lastBelow(session, node) {
  for (let next = node; ; ) {
    const below = session.nodes.filter(other => other.parent === next.id);
    if (below.length === 0) return next;
    next = below.at(-1);
  }
}

export const nextId = session => 1 + Math.max(0, ...session.nodes.map(node => node.id));

/** What a column has been told and has said before a turn, as messages. */
export function messages(session, column, node) {
  const said = session.system.trim() ? [{ role: 'system', content: session.system }] : [];
  const byId = new Map(session.nodes.map(one => [one.id, one]));
  const before = [];
  for (let one = byId.get(node.parent); one; one = byId.get(one.parent)) before.unshift(one);
  for (const turn of before) {
    said.push({ role: 'user', content: turn.user });
    const answer = turn.answers[column];
    if (answer?.text) said.push({ role: 'assistant', content: answer.text });
  }
  return [...said, { role: 'user', content: node.user }];
}

const NAMES = 'ABCD';
export const letter = (session, column) => NAMES[session.columns.findIndex(one => one.id === column)] ?? '?';

export function withAnswer(session, node, column, answer) {
  return { ...session, nodes: session.nodes.map(one => one.id !== node ? one
    : { ...one, answers: answer ? { ...one.answers, [column]: answer } : Object.fromEntries(Object.entries(one.answers).filter(([key]) => key !== column)) }) };
}

/** A copy of a column with its answers and its steering; at most four. */
export function forked(session, column, stack) {
  const id = 'abcdefgh'.split('').find(one => !session.columns.some(other => other.id === one));
  const at = session.columns.findIndex(one => one.id === column);
  const columns = [...session.columns];
  columns.splice(at + 1, 0, { id, stack: stack ?? session.columns[at].stack });
  return { ...session, columns, nodes: session.nodes.map(node => node.answers[column] ? { ...node, answers: { ...node.answers, [id]: node.answers[column] } } : node) };
}

export const without = (session, column) => ({ ...session, columns: session.columns.filter(one => one.id !== column), view: 'both' });

/** Whether an answer runs in circles: its last 24 tokens repeat with a period of at most 8. */
export function loops(tokens) {
  const ids = tokens.slice(-24).map(token => token.id);
  if (ids.length < 24) return false;
  for (let period = 1; period <= 8; period++) if (ids.every((id, i) => i < period || id === ids[i - period])) return true;
  return false;
}

export const mean = numbers => { const found = numbers.filter(value => value != null && Number.isFinite(value)); return found.length ? found.reduce((a, b) => a + b, 0) / found.length : null; };
