/*
 * Reads a given text: its tokens, what the model predicted at each, and numbers by which they can be coloured. All by token
 * ids, so that every route reads the same tokens.
 */
import { post, own } from '../api.js';
import { asInput } from './input.js';

const MOST_WITH_ALTERNATIVES = 800;

/** {ids, tokens: [{id, text, role, lp, top, tw}], fp}: under the steering, and beside the unsteered model if there is any. */
export async function read(model, text, steering, signal) {
  const given = asInput(text);
  const { tokens } = await post(own('/tokenize'), { model, ...given, ...(given.messages ? { open: false } : {}) }, { signal });
  const ids = tokens.map(token => token.id);
  const body = { model, ids, steering, top: ids.length <= MOST_WITH_ALTERNATIVES ? 10 : 0 };
  if (steering.length) body.twin = 'unsteered';
  const scored = await post(own('/score'), body, { signal });
  return { ids, plain: !given.messages, body, fp: scored.system_fingerprint, acted: scored.steering, tokens: tokens.map((token, i) => {
    const { logprob, top, twin } = scored.tokens[i];
    return { id: token.id, text: token.text, ...(token.role ? { role: token.role } : {}), lp: logprob ?? null, ...(top ? { top } : {}), ...(twin ? { tw: { lp: twin.logprob, kl: twin.kl, top: twin.top } } : {}) };
  }) };
}

const floats = data => new Float32Array(Uint8Array.from(atob(data), c => c.charCodeAt(0)).buffer);

/** Components of every token along a vector, by hook point: [{point, data: [numbers]}]. */
export async function projected(model, ids, steering, vector, point, signal) {
  const body = { model, prompt: ids, max_tokens: 1, temperature: 0, steering, capture: [{ point, positions: 'prompt', reduce: { project: [vector] } }] };
  const { choices } = await post('/v1/completions', body, { signal });
  return { body, path: '/v1/completions', rows: choices[0].pintle.captures.map(one => ({ point: one.point, data: Array.from(floats(one.data)) })) };
}

/** Lengths of the residual stream at every token, by hook point, of the activations that the API gives. */
export async function lengths(model, ids, steering, point, signal) {
  const body = { model, ids, steering, points: [point] };
  const { activations } = await post(own('/activations'), body, { signal });
  return { body, path: own('/activations'), rows: activations.map(({ point: at, shape, data }) => {
    const values = floats(data), width = shape.at(-1);
    return { point: at, data: Array.from({ length: values.length / width }, (_, t) => { let sum = 0; for (let i = 0; i < width; i++) sum += values[t * width + i] ** 2; return Math.sqrt(sum); }) };
  }) };
}

/**
 * Latents of every token: {path, body, tokens: [{left_out, latents: [[n, activation]]}]}. Plain text is read after the token that
 * the texts of the autoencoder's training start with, whose own row is left out.
 */
export async function encodedBy(sae, model, { ids, plain }, steering, signal) {
  const path = own(`/saes/${encodeURIComponent(sae)}/encode`);
  const body = { model, ids, start: plain, steering, top: 40 };
  const { tokens, prepended_token: prepended } = await post(path, body, { signal });
  return { path, body, prepended, tokens: prepended == null ? tokens : tokens.slice(1) };
}

/** Which tokens of two texts have no counterpart, by the longest common sequence; null if they are too long for that. */
export function different(a, b) {
  if (a.length * b.length > 4_000_000) return null;
  const wide = b.length + 1;
  const best = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) {
    best[i * wide + j] = a[i] === b[j] ? best[(i + 1) * wide + j + 1] + 1 : Math.max(best[(i + 1) * wide + j], best[i * wide + j + 1]);
  }
  const left = new Set(), right = new Set();
  let i = 0, j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) { i++; j++; } else if (best[(i + 1) * wide + j] >= best[i * wide + j + 1]) left.add(i++); else right.add(j++);
  }
  while (i < a.length) left.add(i++);
  while (j < b.length) right.add(j++);
  return [left, right];
}
