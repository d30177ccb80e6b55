// An answer that somebody wrote anew. The model reads it as a text, so that its tokens can be coloured and looked into as before.
import { own, post } from '../api.js';
import { api, onText } from '../steer/entries.js';
import { loops, messages, nextId } from './session.js';
import { TOP } from './run.js';

/** The answer of a column with another text. */
async function read(session, column, node, text) {
  const { stack } = session.columns.find(one => one.id === column);
  const steering = api(stack), said = messages(session, column, node);
  const tokenized = (list, open) => post(own('/tokenize'), { model: session.model, messages: list, open });
  const [before, all] = await Promise.all([tokenized(said, true), tokenized([...said, { role: 'assistant', content: text }], false)]);
  let end = all.tokens.length;
  while (end > before.count && all.tokens[end - 1].role === 'header') end--; // what the template writes after an answer
  const body = { model: session.model, ids: all.tokens.slice(0, end).map(token => token.id), steering: onText(steering, before.count), top: TOP };
  if (steering.length) body.twin = 'unsteered';
  const scored = await post(own('/score'), body);
  const tokens = all.tokens.slice(before.count, end).map(({ id, text: piece }, i) => {
    const { logprob, top, twin } = scored.tokens[before.count + i];
    return { id, text: piece, lp: logprob ?? null, top, ...(twin ? { tw: { lp: twin.logprob, kl: twin.kl, top: twin.top } } : {}) };
  });
  return { text, tokens, stop: 'edited', prompt: before.count, fp: scored.system_fingerprint, loops: loops(tokens), body: { messages: said, steering } };
}

/** The session with a branch in which a column said something else; what other columns said stays. */
export async function branched(session, column, node, text) {
  const answer = await read(session, column, node, text);
  const id = nextId(session);
  return { ...session, nodes: [...session.nodes, { ...node, id, answers: { ...node.answers, [column]: answer } }], leaf: id };
}
