/* Latents of an autoencoder: searched by label, sorted and filtered by what a profile counted, or those active on a text. */
import { html, useEffect, useLoaded, useMemo, useRef, useState, debounced, num, visible, cls } from '../ui.js';
import { get, own, post } from '../api.js';
import { Empty, Field, Loading, Panel, Trouble } from '../parts.js';
import { useKeys } from '../keys.js';
import { go } from '../state.js';
import { say } from '../shell.js';
import { color, useTheme } from '../charts/scale.js';
import { count, enc, fixed, known, place, Progress, query, startJob, steerBy, three, useJob, useModel } from './common.js';

const SORTS = [['latent', 'number'], ['density', 'density'], ['max', 'largest activation'], ['mean', 'mean activation'], ['cosine', 'cosine to a vector']];
const STEP = 50;

/** A density as a bar on a logarithmic scale from one token in 100,000 to all. */
function Density({ share }) {
  useTheme();
  const width = known(share) && share > 0 ? Math.max(0, Math.min(60, 60 * (5 + Math.log10(share)) / 5)) : 0;
  return html`<svg class="inline" viewBox="0 0 60 8" aria-hidden="true"><rect width="60" height="8" fill=${color('grid')} opacity="0.5" /><rect width=${width} height="8" fill=${color('series', 0)} /></svg>`;
}

/** The latents that a text activates most, and how strongly. */
async function active(id, model, text, signal) {
  const reply = await post(own(`/saes/${enc(id)}/encode`), { model, text, top: 20 }, { signal });
  const most = new Map();
  reply.tokens.slice(1).forEach(token => token.latents.forEach(([latent, value]) => most.set(latent, Math.max(value, most.get(latent) ?? 0))));
  return new Map([...most].sort((a, b) => b[1] - a[1]).slice(0, 100));
}

export default function Latents({ params, state, setState }) {
  const model = useModel(state.model);
  const set = changes => setState(old => ({ ...old, ...changes }));
  const saes = useLoaded(signal => get(own('/saes'), { signal }), []);
  const id = params.id ?? saes.value?.saes[0]?.id;
  const about = useLoaded(signal => id && model ? get(own(`/saes/${enc(id)}?${query({ model })}`), { signal }) : Promise.resolve(null), [id, model]);
  const vectors = useLoaded(signal => get(own('/vectors'), { signal }), []);
  const profiles = (about.value?.profiles ?? []).filter(one => !one.problem);
  const profile = state.profile ?? profiles[0]?.name;
  const [typed, type] = useState(state.q ?? '');
  const [text, setText] = useState(state.text ?? '');
  const [at, moveTo] = useState(0);
  const limit = state.limit ?? STEP;
  useEffect(() => { type(state.q ?? ''); }, [state.q]);
  const search = useMemo(() => debounced(q => set({ q: q || undefined, limit: undefined }), 200), []);
  const onText = useLoaded(signal => state.text && id && model ? active(id, model, state.text, signal) : Promise.resolve(null), [id, model, state.text]);
  const sort = state.sort ?? (state.text ? 'text' : 'latent');
  const pinned = useMemo(() => Object.keys(JSON.parse(localStorage.getItem('pintle.pins') ?? '{}')).filter(key => key.startsWith(id + '/')).map(key => Number(key.slice(id.length + 1))), [id]);
  const path = useMemo(() => id && model && about.value && own(`/saes/${enc(id)}/latents?` + query({ model, query: state.q, profile, limit,
    sort: sort === 'text' || (sort !== 'latent' && sort !== 'cosine' && !profile) ? 'latent' : sort, ascending: state.rising == null ? null : state.rising,
    dead: profile ? state.dead : null, special: profile ? state.special : null, cosine_to: state.to,
    latents: state.pinned ? pinned.join(',') || '0' : onText.value ? [...onText.value.keys()].join(',') || '0' : null })),
  [id, model, about.value, state.q, profile, limit, sort, state.rising, state.dead, state.special, state.to, state.pinned, onText.value]);
  const list = useLoaded(signal => path && !onText.loading ? get(path, { signal }) : Promise.resolve(null), [path, onText.loading]);
  const rows = useMemo(() => {
    const found = list.value?.latents ?? [];
    if (!onText.value) return found;
    const here = found.map(row => ({ ...row, here: onText.value.get(row.latent) }));
    return sort === 'text' ? here.sort((a, b) => b.here - a.here) : here;
  }, [list.value, onText.value, sort]);
  const [jobId, setJobId] = useState(null);
  const { job, error: jobError } = useJob(jobId);
  useEffect(() => { if (job?.state === 'finished') { setJobId(null); about.again(); say('The profile is ready.'); } }, [job?.state]);

  const body = useRef();
  const open = row => row && go(`/sae/${enc(id)}/${row.latent}`, { profile });
  const move = step => {
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    moveTo(next);
    body.current?.querySelectorAll('tbody tr')[next]?.querySelector('a')?.focus();
  };
  useKeys({
    ArrowDown: ['next latent', () => move(1)], ArrowUp: ['previous latent', () => move(-1)],
    s: ['steer by this latent', () => { if (!rows[at]) return false; steerBy([{ sae: id, latent: rows[at].latent, op: 'add', value: Math.round(rows[at].max ?? 4) || 1 }], model); return true; }],
  });
  const makeProfile = async () => {
    try { setJobId((await startJob(`/saes/${enc(id)}/profile`, { model })).id); } catch (error) { say(error.message, { bad: true }); }
  };

  if (saes.value && !saes.value.saes.length) {
    return html`<div class="page"><header><h1>Latents</h1></header><${Empty} title="No autoencoder is open" action="Open one" onAction=${() => go('/models')}>
      Latents are units of a sparse autoencoder. Open one of the cache on the page Models.<//></div>`;
  }
  const cells = row => [row.latent, row.label ?? row.auto_label ?? '', row.density ?? '', row.fires ?? '', row.mean ?? '', row.max ?? '', row.token ?? '', row.cosine ?? '', row.here ?? ''];
  const has = { profile: Boolean(profile), cosine: Boolean(state.to), here: Boolean(onText.value) };
  return html`<div class="page">
    <header><h1>Latents</h1>
      <select aria-label="Autoencoder" class="auto" value=${id} onChange=${event => go(`/sae/${enc(event.target.value)}`)}>
        ${(saes.value?.saes ?? []).map(sae => html`<option key=${sae.id} value=${sae.id}>${sae.id}</option>`)}</select>
      ${about.value && html`<span class="muted">${count(about.value.d_sae)} latents at ${place(about.value.at)} of ${about.value.model}, ${about.value.sparsity}</span>`}
    </header>
    ${saes.error && html`<${Trouble} error=${saes.error} again=${saes.again} />`}
    <form class="controls" onSubmit=${event => event.preventDefault()}>
      <${Field} label="Search labels" class="wide"><input type="search" value=${typed} placeholder="words, in any form" onInput=${event => { type(event.target.value); search(event.target.value.trim()); }} /><//>
      <${Field} label="Sort by"><select value=${sort} onChange=${event => set({ sort: event.target.value, rising: undefined })}>
        ${state.text && html`<option value="text">activation on the text</option>`}
        ${SORTS.map(([key, words]) => html`<option key=${key} value=${key} disabled=${key === 'cosine' ? !state.to : key !== 'latent' && !profile}>${words}</option>`)}</select><//>
      <${Field} label="Order"><select value=${state.rising == null ? '' : String(state.rising)} onChange=${event => set({ rising: event.target.value === '' ? undefined : event.target.value === 'true' })}>
        <option value="">usual</option><option value="true">rising</option><option value="false">falling</option></select><//>
      <${Field} label="Firing"><select disabled=${!profile} value=${state.dead == null ? '' : String(state.dead)} onChange=${event => set({ dead: event.target.value === '' ? undefined : event.target.value === 'true' })}>
        <option value="">any</option><option value="false">fired</option><option value="true">never fired</option></select><//>
      <${Field} label="Special tokens"><select disabled=${!profile} value=${state.special == null ? '' : String(state.special)} onChange=${event => set({ special: event.target.value === '' ? undefined : event.target.value === 'true' })}>
        <option value="">any</option><option value="false">without</option><option value="true">only</option></select><//>
      <${Field} label="Cosine to"><select value=${state.to ?? ''} onChange=${event => set({ to: event.target.value || undefined, sort: event.target.value ? 'cosine' : undefined })}>
        <option value="">no vector</option>${(vectors.value?.vectors ?? []).flatMap(one => one.names).map(name => html`<option key=${name} value=${name}>${visible(name)}</option>`)}</select><//>
      ${profiles.length > 1 && html`<${Field} label="Profile"><select value=${profile} onChange=${event => set({ profile: event.target.value })}>
        ${profiles.map(one => html`<option key=${one.name} value=${one.name}>${one.name}</option>`)}</select><//>`}
      <${Field} label="Active on a text" class="wide"><span class="row nowrap"><input value=${text} placeholder="Ahoy, matey!" onInput=${event => setText(event.target.value)}
        onKeyDown=${event => { if (event.key === 'Enter') set({ text: text || undefined, sort: undefined }); }} />
        <button type="button" onClick=${() => set({ text: text || undefined, sort: undefined })}>Show</button></span><//>
      ${(pinned.length > 0 || state.pinned) && html`<button type="button" aria-pressed=${Boolean(state.pinned)} onClick=${() => set({ pinned: state.pinned ? undefined : true })}>${state.pinned ? 'All latents' : `Pinned (${pinned.length})`}</button>`}
    </form>
    ${about.value && !profile && html`<section class="note"><p><b>How often these latents fire is not known yet.</b> A profile reads the bundled conversations once, and then densities,
      histograms and contexts are shown.</p>
      ${job ? html`<${Progress} job=${job} />` : html`<button class="main" onClick=${makeProfile}>Make a profile</button>`}
      ${jobError && html`<${Trouble} error=${jobError} />`}</section>`}
    ${list.error || onText.error ? html`<${Trouble} error=${list.error ?? onText.error} again=${list.again} />` : null}
    <${Panel} title=${list.value ? `${count(list.value.total)} ${list.value.total === 1 ? 'latent' : 'latents'}` : 'Latents'}
      note=${profile ? `profile ${profile}: ${count(profiles.find(one => one.name === profile)?.tokens)} tokens` : null}
      exports=${list.value && { name: 'latents', json: () => ({ sae: id, profile, labels: list.value.source, latents: rows }),
        csv: () => [['latent', 'label', 'density', 'fires', 'mean', 'max', 'token', 'cosine', 'activation'], ...rows.map(cells)],
        request: () => ({ method: 'GET', path }), cli: () => state.q ? `./pintle sae labels --search '${state.q}'` : `./pintle sae show ${rows[0]?.latent ?? 0}` }}>
      ${!list.value ? html`<${Loading} what="Latents" lines=${8} />` : rows.length === 0 ? html`<p class="muted">No latent is like that.</p>` : html`
      <div class=${cls('table', list.loading && 'stale')} ref=${body} tabindex="0" role="group" aria-label="Table of latents"><table class="list">
        <thead><tr><th class="num">latent</th><th>label</th>${has.here && html`<th class="num">on the text</th>`}${has.cosine && html`<th class="num">cosine</th>`}
          ${has.profile && html`<th class="num">density</th><th class="num max">max</th><th class="num mean">mean</th><th class="token">token</th>`}</tr></thead>
        <tbody>${rows.map((row, i) => html`<tr key=${row.latent} class=${cls(i === at && 'at')} onClick=${() => moveTo(i)}>
          <td class="num"><a href=${`#/sae/${enc(id)}/${row.latent}`} onFocus=${() => moveTo(i)} onClick=${event => { event.preventDefault(); open(row); }}>${row.latent}</a></td>
          <td class="label">${row.label ? visible(row.label) : row.auto_label ? html`<i>${visible(row.auto_label)}</i>` : html`<span class="muted">no label</span>`}</td>
          ${has.here && html`<td class="num">${num(row.here)}</td>`}${has.cosine && html`<td class="num">${fixed(row.cosine, 3)}</td>`}
          ${has.profile && html`<td class="num"><span class="row nowrap end"><${Density} share=${row.density} /><span class="figure-width">${known(row.density) ? three(100 * row.density) + '%' : 'never'}</span></span></td>
            <td class="num max">${fixed(row.max, 2)}</td><td class="num mean">${fixed(row.mean, 2)}</td><td class="token mono">${row.token ? visible(row.token).replaceAll(' ', '␣') : ''}</td>`}
        </tr>`)}</tbody></table></div>
      ${list.value.total > limit && html`<p class="more"><button onClick=${() => set({ limit: Math.min(1000, limit + 4 * STEP) })}>Show more</button></p>`}`}
    <//></div>`;
}
