/* Numbers as the commands print them, and other things in a few characters. */

export const known = value => typeof value === 'number' && Number.isFinite(value);

/** So many decimals, halves rounded up as the commands do; a dash where there is no number. */
export function fixed(value, decimals) {
  if (!known(value)) return '–';
  const size = Math.abs(value);
  const text = size >= 1e-6 && size < 1e15 ? Number(Math.round(Number(size + 'e' + decimals)) + 'e-' + decimals).toFixed(decimals) : size.toFixed(decimals);
  return (value < 0 && Number(text) !== 0 ? '−' : '') + text;
}
/** Three significant digits, as the commands print densities: 2.80. */
export const three = value => known(value) ? value.toPrecision(3) : '–';
export const percent = (share, decimals = 0) => known(share) ? fixed(100 * share, decimals) + '%' : '–';
/** The ends of an interval: 0.76 to 1.00. */
export const range = (interval, decimals = 2) => interval && known(interval.low) && known(interval.high)
  ? `${fixed(interval.low, decimals)} to ${fixed(interval.high, decimals)}` : '–';
export const count = value => known(value) ? value.toLocaleString('en') : '–';
export function bytes(size) {
  if (!known(size)) return '–';
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  while (size >= 1000 && at < 4) { size /= 1000; at++; }
  return `${at === 0 ? size : size.toPrecision(3)} ${unit[at]}`;
}
export function ago(time) {
  const seconds = (Date.now() - new Date(time)) / 1000;
  return seconds < 60 ? 'just now' : seconds < 3600 ? `${Math.round(seconds / 60)} min ago` : seconds < 86400 ? `${Math.round(seconds / 3600)} h ago` : new Date(time).toISOString().slice(0, 10);
}
/** A hook point in a few characters: layer 3, or its own name. */
export const place = at => String(at).replace(/^blocks\.(\d+)\.hook_resid_post$/, 'layer $1');
export const layerOf = at => Number(/blocks\.(\d+)/.exec(at)?.[1] ?? -1);
