/*
 * Steering as the page holds it: the entries of the API (docs/steering.md), with marks of the page's own: muted, solo, and
 * the label of a latent.
 *
 *   api(stack)              the entries that act, without marks
 *   known(library, entry)   what the library says of the entry's vector: {norm, at, hash, layers}
 *   main(entry)             the number that the slider moves: {field, min, max, step, value, unit}
 *   named(entry)            words for it
 */
import { num } from '../ui.js';
import { get, own } from '../api.js';

export const api = stack => {
  const solo = stack.some(entry => entry.solo);
  return stack.filter(entry => !entry.muted && (!solo || entry.solo)).map(({ muted, solo: alone, label, ...entry }) => entry);
};

/** Vectors by name, and the strengths that this server's tune jobs found: {vectors, names, ticks}. */
export async function library(signal) {
  const [{ vectors }, names, { jobs }] = await Promise.all([get(own('/vectors'), { signal }), get(own('/names'), { signal }), get(own('/jobs'), { signal })]);
  return { vectors, names, byHash: new Map(vectors.map(vector => [vector.hash, vector])), ticks: ticks(jobs, names) };
}

/** For each tuned vector, by its hash, where its tune job found it best, and the least strength at which most answers looped. */
function ticks(jobs, names) {
  const found = {};
  for (const { kind, state, result } of jobs) {
    const name = result?.steering?.[0]?.vector;
    if (kind !== 'tune' || state !== 'finished' || !name || !result.proposal) continue;
    const { layer, method, strength } = result.proposal;
    const broken = result.points.filter(point => point.layer === layer && point.method === method && point.strength > 0 && point.loops?.mean > 0.5);
    found[names[name] ?? name] = { tuned: strength, breaks: broken.length ? Math.min(...broken.map(point => point.strength)) : null };
  }
  return found;
}

export function known(lib, entry) {
  const vector = lib?.byHash.get(lib.names[entry.vector] ?? String(entry.vector ?? '').replace('sha256:', ''));
  if (!vector) return null;
  const layer = vector.layers[0];
  return { hash: vector.hash, at: vector.layers.map(one => one.at), layer: Number(/\d+/.exec(layer.at)?.[0]), norm: layer.mean_activation_norm ?? null,
    several: vector.layers.length > 1, sha256: layer.sha256 };
}

export const operations = entry => entry.latent != null ? ['add', 'scale', 'clamp', 'ablate'] : ['add', 'ablate', 'clamp', 'rotate'];

/** An entry with another operation, and only the fields that it has. */
export function withOp(entry, op) {
  const { strength, unit, share, low, high, value, ...rest } = entry;
  const next = { ...rest, op };
  if (entry.latent != null) {
    if (op === 'add') next.value = 4;
    if (op === 'scale') next.value = 2;
    if (op === 'clamp') next.high = 0;
  } else {
    if (op === 'add' || op === 'rotate') next.strength = strength ?? 0.4;
    if (op === 'ablate') next.share = 1;
    if (op === 'clamp') next.high = 0.2;
  }
  return next;
}

export function main(entry) {
  const op = entry.op ?? 'add';
  if (entry.latent != null) {
    if (op === 'ablate') return null;
    if (op === 'clamp') return { field: 'high', min: 0, max: 20, step: 0.5, unit: 'activation' };
    return op === 'scale' ? { field: 'value', min: 0, max: 10, step: 0.1, unit: '×' } : { field: 'value', min: -20, max: 20, step: 0.5, unit: 'activation' };
  }
  if (op === 'ablate') return { field: 'share', min: 0, max: 1, step: 0.05, unit: 'of the component' };
  if (op === 'clamp') return { field: 'high', min: -2, max: 2, step: 0.05, unit: 'of the norm' };
  return { field: 'strength', min: -2, max: 2, step: 0.05, unit: 'of the norm' };
}

export const named = entry => entry.latent != null ? `latent ${entry.latent}` : typeof entry.vector === 'string' ? entry.vector.replace(/^(sha256:.{8}).*/, '$1…') : entry.vector ? 'inline vector' : 'entry';

export const inWords = stack => {
  const acting = api(stack);
  return acting.length === 0 ? 'unsteered' : acting.map(entry => {
    const number = main(entry);
    return `${named(entry)}${number ? ` ${num(Number(entry[number.field]))}` : ''}${(entry.op ?? 'add') === 'add' ? '' : ` ${entry.op}`}`;
  }).join(' + ');
};

/** Vectors of a stack by name, for the tokens' components; those of several layers have no single one. */
export const projectable = (lib, stacks) => [...new Set(stacks.flat().map(entry => entry.vector)
  .filter(name => typeof name === 'string' && !name.startsWith('{') && known(lib, { vector: name }) && !known(lib, { vector: name }).several))];

const given = positions => !positions || positions === 'all';

/**
 * The same steering for a text that is given, of which so many tokens were the prompt: there, what was generated is a part of
 * the text like any other.
 */
export const onText = (stack, prompt) => stack.map(entry => given(entry.positions) ? entry
  : entry.positions === 'generated' ? { ...entry, positions: `from:${prompt}` }
    : entry.positions === 'prompt' ? { ...entry, positions: { prompt: [[0, prompt]] } } : entry);
