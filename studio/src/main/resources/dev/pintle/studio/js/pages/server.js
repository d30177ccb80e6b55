/* The server: what runs and waits, rates of the last ten minutes, exactness, limits, and how clients reach it. */
import { html, useEffect, useMemo, useRef, useState, visible, num } from '../ui.js';
import { get, own, send } from '../api.js';
import { Loading, Panel, Segmented, Trouble, copy } from '../parts.js';
import { say } from '../shell.js';
import { Curves } from '../charts/curves.js';
import { bytes, count, fixed, percent, useModel } from './common.js';

const EVERY = 1500, KEPT = 10 * 60; // milliseconds; seconds
const past = []; // samples of this tab: {time, tokens, rows, waiting}
const sum = points => (points ?? []).reduce((all, point) => all + point.value, 0);

/** Asks again and again while the page is seen. */
function useWatched() {
  const [state, set] = useState({});
  const again = useRef(() => {});
  useEffect(() => {
    let timer, gone = false;
    const look = async () => {
      clearTimeout(timer);
      if (!document.hidden) {
        try {
          const [server, requests, metrics] = await Promise.all([get(own('/server')), get(own('/requests')), get(own('/metrics'))]);
          if (gone) return;
          const now = Date.now() / 1000;
          past.push({ time: now, tokens: sum(metrics.pintle_generated_tokens) + requests.running.reduce((all, one) => all + one.tokens, 0), rows: sum(metrics.pintle_rows), waiting: sum(metrics.pintle_requests_waiting) });
          while (past.length && past[0].time < now - KEPT) past.shift();
          set({ server, requests, metrics, at: now });
        } catch (error) { if (!gone) set(old => ({ ...old, error })); }
      }
      if (!gone) timer = setTimeout(look, EVERY);
    };
    again.current = look;
    look();
    return () => { gone = true; clearTimeout(timer); };
  }, []);
  return { ...state, again: () => again.current() };
}

const snippets = (origin, model) => ({
  curl: `curl ${origin}/v1/chat/completions -H 'Content-Type: application/json' -d '{\n  "model": "${model}", "temperature": 0,\n  "messages": [{"role": "user", "content": "Tell me about the whale."}],\n  "steering": [{"vector": "pirate", "strength": 0.45}]}'`,
  python: `from openai import OpenAI\nclient = OpenAI(base_url="${origin}/v1", api_key="none")\nreply = client.chat.completions.create(\n    model="${model}", temperature=0, messages=[{"role": "user", "content": "Tell me about the whale."}],\n    extra_body={"steering": [{"vector": "pirate", "strength": 0.45}]})\nprint(reply.choices[0].message.content)`,
  java: `OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl("${origin}/v1").apiKey("none").build();\nChatCompletion reply = client.chat().completions().create(ChatCompletionCreateParams.builder()\n        .model("${model}").temperature(0).addUserMessage("Tell me about the whale.")\n        .putAdditionalBodyProperty("steering", JsonValue.from(List.of(Map.of("vector", "pirate", "strength", 0.45))))\n        .build());`,
  langchain4j: `ChatModel model = OpenAiChatModel.builder().baseUrl("${origin}/v1").apiKey("none").modelName("${model}").build();\nChatResponse reply = model.chat(ChatRequest.builder()\n        .messages(UserMessage.from("Tell me about the whale."))\n        .parameters(OpenAiChatRequestParameters.builder()\n                .customParameters(Map.of("steering", List.of(Map.of("vector", "pirate", "strength", 0.45)))).build())\n        .build());`,
});

const steered = steering => steering.length === 0 ? 'not steered' : steering.map(one => `${one.vector ?? `latent ${one.latent}`} ${one.op ?? ''} ${num(one.strength ?? one.value ?? one.share)}`).join(', ');

/** The quantile of a histogram with these buckets: the upper end of the one that holds it. */
function quantile(points, share) {
  const point = points?.[0];
  if (!point?.count) return '–';
  let seen = 0;
  for (const [end, number] of point.buckets) { seen += number; if (seen >= share * point.count) return `≤ ${num(end)} s`; }
  return `> ${num(point.buckets.at(-1)[0])} s`;
}

export default function Server({ state, setState }) {
  const model = useModel(state.model);
  const { server, requests, metrics, error, again, at } = useWatched();
  const client = state.client ?? 'curl';
  const code = snippets(location.origin, model ?? 'parley-7m')[client];
  const rates = useMemo(() => {
    const x = [], tokens = [], rows = [];
    for (let i = 1; i < past.length; i++) {
      x.push(past[i].time);
      tokens.push(Math.max(0, past[i].tokens - past[i - 1].tokens) / (past[i].time - past[i - 1].time));
      rows.push(past[i].rows);
    }
    return { x, tokens: [{ name: 'tokens per second', values: tokens }], rows: [{ name: 'rows', values: rows }] };
  }, [at]);
  const cancel = async id => { try { await send('DELETE', own('/requests/' + id)); say('Cancelled; its client is told.'); } catch (problem) { say(problem.message, { bad: true }); } again(); };
  if (!server) return html`<div class="page"><header><h1>Server</h1></header>${error ? html`<${Trouble} error=${error} again=${again} />` : html`<${Loading} what="The server" />`}</div>`;
  const running = requests.running;
  const cached = (metrics.pintle_prompt_tokens ?? []).find(one => one.source === 'cached')?.value ?? 0;
  return html`<div class="page"><header><h1>Server</h1><span class="muted">Pintle ${server.pintle} at <code>${location.origin}/v1</code></span>
      ${server.models.map(one => html`<span key=${one.name} class=${`tag ${one.exact ? 'good' : ''}`}>${one.name}: ${one.exact ? 'exact' : 'batched'}</span>`)}</header>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    <${Panel} title=${`${count(running.length)} ${running.length === 1 ? 'request runs' : 'requests run'}`} exports=${{ name: 'requests', json: () => running, csv: () => [['id', 'model', 'prompt_tokens', 'tokens', 'max_tokens', 'seconds', 'steering'], ...running.map(one => [one.id, one.model, one.prompt_tokens, one.tokens, one.max_tokens, one.seconds, JSON.stringify(one.steering)])], request: () => ({ method: 'GET', path: own('/requests') }) }}>
        ${running.length === 0 ? html`<p class="muted">Nothing runs. Requests are listed with how far they are and what steers them; their prompts are not shown.</p>` : html`<div class="table" tabindex="0" role="group" aria-label="Requests that run"><table><thead><tr><th>request</th><th>model</th><th class="num">tokens</th><th class="num">seconds</th><th>steered</th><th><span class="hidden-text">cancel</span></th></tr></thead>
          <tbody>${running.map(one => html`<tr key=${one.id}><td class="mono nowrap">${one.id}</td><td>${visible(one.model)}</td><td class="num">${one.prompt_tokens} + ${one.tokens} of ${one.max_tokens}</td><td class="num">${fixed(one.seconds, 1)}</td><td>${visible(steered(one.steering))}</td><td><button class="small" onClick=${() => cancel(one.id)}>Cancel</button></td></tr>`)}</tbody></table></div>`}<//>
    <div class="columns even"><div class="stack">
      <${Panel} title="Rates" note="last ten minutes, as this tab saw them" exports=${{ name: 'rates', figure: true, json: () => past, csv: () => [['time', 'tokens', 'rows', 'waiting'], ...past.map(one => [one.time, one.tokens, one.rows, one.waiting])], request: () => ({ method: 'GET', path: own('/metrics') }) }}>
        <${Curves} label="Tokens per second" x=${rates.x} series=${rates.tokens} time=${true} ylabel="tokens per second" height=${180} /><${Curves} label="Rows that run" x=${rates.x} series=${rates.rows} time=${true} ylabel="rows" height=${140} /><//>
      <${Panel} title="Since it started" exports=${{ name: 'metrics', json: () => metrics, request: () => ({ method: 'GET', path: own('/metrics') }) }}><dl class="stats">
        <div><dt>tokens generated</dt><dd>${count(sum(metrics.pintle_generated_tokens))}</dd></div><div><dt>prompt tokens</dt><dd>${count(sum(metrics.pintle_prompt_tokens))}</dd></div><div><dt>of them cached</dt><dd>${sum(metrics.pintle_prompt_tokens) ? percent(cached / sum(metrics.pintle_prompt_tokens)) : '–'}</dd></div>
        <div><dt>answers</dt><dd>${count(sum(metrics.pintle_answers))}</dd></div><div><dt>refused</dt><dd>${count(sum(metrics.pintle_refused))}</dd></div>
        <div><dt>first token, median</dt><dd>${quantile(metrics.pintle_time_to_first_token_seconds, 0.5)}</dd></div><div><dt>between tokens, 95%</dt><dd>${quantile(metrics.pintle_inter_token_seconds, 0.95)}</dd></div></dl>
        ${(metrics.pintle_refused ?? []).length > 0 && html`<dl class="record">${metrics.pintle_refused.map(one => [html`<dt key=${one.code}>${one.code}</dt>`, html`<dd key=${one.code + ' n'}>${count(one.value)}</dd>`])}</dl>`}<//>
    </div><div class="stack">
      ${server.models.map(one => { const { load } = one; return html`<${Panel} key=${one.name} title=${one.name} note=${`${one.dtype} on ${one.device}`} exports=${{ name: 'server', json: () => server, request: () => ({ method: 'GET', path: own('/server') }) }}>
        <div class="stack"><div class="meter"><span>Keys and values: ${bytes(load.reservedBytes)} reserved of ${bytes(load.roomBytes)}</span><progress max=${load.roomBytes || 1} value=${load.reservedBytes} aria-label="Room for keys and values" /></div>
        <dl class="record"><dt>rows that run</dt><dd>${count(load.rows)}</dd><dt>waiting</dt><dd>${count(load.waiting)}</dd><dt>steps</dt><dd>${one.route}</dd><dt>exactness</dt><dd>${one.exact ? 'an answer has the same bits whatever runs beside it' : 'the last bits can depend on how many requests run'}</dd>
          <dt>rows tried</dt><dd>${checked(one.rows_checked)}</dd><dt>fingerprint</dt><dd class="mono">${one.fingerprint}</dd><dt>shape</dt><dd>${one.config.layers} layers, ${count(one.config.d_model)} wide, context ${count(one.config.context)}, vocabulary ${count(one.config.vocabulary)}</dd></dl></div><//>`; })}
      <${Panel} title="Limits" exports=${{ name: 'limits', json: () => server.limits, csv: () => [['limit', 'value'], ...Object.entries(server.limits).map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : value])], request: () => ({ method: 'GET', path: own('/server') }) }}><dl class="record"><dt>requests that may wait</dt><dd>${count(server.limits.waiting)}</dd><dt>rows</dt><dd>${server.limits.rows ?? 'as many as can'}</dd><dt>cache of prompts</dt><dd>${bytes(server.limits.cache_bytes)}</dd><dt>a request’s body</dt><dd>${bytes(server.limits.json_bytes)}, files ${bytes(server.limits.file_bytes)}</dd><dt>API keys</dt><dd>${server.limits.keys_needed ? server.limits.keys.map((key, i) => html`<div key=${i}>${key.name ? html`<b>${visible(key.name)}</b>` : 'one without a name'}: ${key.scopes.join(', ')}</div>`) : 'not needed on this machine'}</dd></dl><//>
      <${Panel} title="Clients" exports=${{ name: 'clients', json: () => snippets(location.origin, model ?? 'parley-7m'), request: () => ({ path: '/v1/chat/completions', body: { model, temperature: 0, messages: [{ role: 'user', content: 'Tell me about the whale.' }], steering: [{ vector: 'pirate', strength: 0.45 }] } }) }} actions=${html`<button class="small" onClick=${() => copy(code)}>Copy</button>`}><div class="stack"><${Segmented} label="Client" value=${client} onChange=${key => setState(old => ({ ...old, client: key }))} options=${[['curl', 'curl'], ['python', 'Python'], ['java', 'Java'], ['langchain4j', 'LangChain4j']]} />
        <pre class="snippet" tabindex="0">${code}</pre></div><//>
    </div></div></div>`;
}

const checked = rows => { const same = rows.equal ?? [], other = rows.different ?? []; return `${same.length ? `the same bits at ${same.join(', ')}` : other.length ? '' : 'none: exact by construction'}${other.length ? `; other bits at ${other.join(', ')}` : ''}`; };
