// The same number at all layers: a map of layers by tokens.
import { html, useMemo, useLoaded, num } from '../ui.js';
import { Panel, Trouble, Loading } from '../parts.js';
import { HeatMap } from '../charts/heat.js';
import { Legend, positive, signed } from '../charts/scale.js';
import { lengths, projected } from './read.js';

const depth = point => Number(/\d+/.exec(point)[0]);

export function LayerMap({ model, result, steering, colour, label, layer, range, token, onChoose }) {
  const point = 'blocks.*.hook_resid_post';
  const given = JSON.stringify([model, result.ids, steering, colour]);
  const found = useLoaded(signal => colour === 'norm' ? lengths(model, result.ids, steering, point, signal) : projected(model, result.ids, steering, colour.slice(3), point, signal), [given]);
  const rows = useMemo(() => [...(found.value?.rows ?? [])].sort((a, b) => depth(a.point) - depth(b.point)), [found.value]);
  const values = useMemo(() => rows.map(row => row.data), [rows]);
  const scale = useMemo(() => {
    const every = values.flat();
    const sorted = every.filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
    const reach = range || sorted[Math.floor((sorted.length - 1) * 0.985)] || 1;
    return colour === 'norm' ? positive(every, reach) : signed(every, reach);
  }, [values, colour, range]);
  const exports = found.value && {
    name: 'layers', figure: true,
    json: () => ({ made_by: 'Pintle studio', model, steering, what: label, tokens: result.tokens.map(({ id, text }) => ({ id, text })), layers: rows.map(row => ({ at: row.point, values: row.data })) }),
    csv: () => [['at', ...result.tokens.map(one => one.text)], ...rows.map(row => [row.point, ...row.data])],
    request: () => ({ path: found.value.path, body: found.value.body }),
  };
  return html`<${Panel} title="Layers by tokens" note=${label} exports=${exports} actions=${rows.length > 0 && html`<${Legend} scale=${scale} />`}>
    ${found.error ? html`<${Trouble} error=${found.error} again=${found.again} />` : rows.length === 0 || values[0].length !== result.tokens.length ? html`<${Loading} what="All layers" />` : html`
      <${HeatMap} values=${values} rows=${rows.map(row => depth(row.point))} columns=${result.tokens.map(one => one.text)} scale=${scale} label=${`${label} by layer and token`} what=${label} ylabel="layer" cell=${Math.max(4, Math.min(24, Math.floor(1000 / result.tokens.length)))} height=${20}
        chosen=${token == null ? null : [layer, token]} onChoose=${onChoose} />`}
  <//>`;
}
