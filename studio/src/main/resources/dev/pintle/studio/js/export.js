/*
 * What a panel shows, as a file or as code. Files are made here, in the page; nothing is asked of the server again.
 */
import { copy } from './parts.js';
import { color } from './charts/scale.js';

function download(name, type, content) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const cell = value => {
  const text = value == null ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
export const csv = rows => rows.map(row => row.map(cell).join(',')).join('\r\n') + '\r\n';

const NS = 'http://www.w3.org/2000/svg';

function element(name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text != null) made.textContent = text;
  return made;
}

/** A picture described as {width, height, title, font, parts: [[name, attributes, text]]}. */
function drawn(picture) {
  const svg = element('svg', { xmlns: NS, viewBox: `0 0 ${picture.width} ${picture.height}`, width: picture.width, height: picture.height, 'font-family': 'monospace', 'font-size': picture.font });
  svg.append(element('rect', { width: picture.width, height: picture.height, fill: color('ground') }));
  if (picture.title) svg.append(element('text', { x: 16, y: 22, fill: color('ink'), 'font-family': 'sans-serif', 'font-weight': 'bold' }, picture.title));
  for (const part of picture.parts) svg.append(element(...part));
  return svg;
}

const PAINTED = ['fill', 'stroke', 'stroke-width', 'font-size', 'font-family', 'opacity'];

/** A figure of the page with the styles that it has there. */
function taken(source) {
  const copied = source.cloneNode(true);
  const from = [source, ...source.querySelectorAll('*')], to = [copied, ...copied.querySelectorAll('*')];
  from.forEach((one, i) => {
    const style = getComputedStyle(one);
    for (const name of PAINTED) {
      const value = style.getPropertyValue(name);
      if (value && !(name === 'stroke' && value === 'none')) to[i].setAttribute(name, value);
    }
    to[i].removeAttribute('class');
    to[i].removeAttribute('style');
    if (one.localName === 'canvas') {
      const holder = to[i].parentNode;
      const image = element('image', { href: one.toDataURL(), x: holder.getAttribute('x'), y: holder.getAttribute('y'), width: holder.getAttribute('width'), height: holder.getAttribute('height'), preserveAspectRatio: 'none', 'image-rendering': 'pixelated' });
      holder.replaceWith(image);
    }
  });
  const [, , width, height] = source.getAttribute('viewBox').split(' ').map(Number);
  copied.setAttribute('xmlns', NS);
  copied.setAttribute('width', width);
  copied.setAttribute('height', height);
  copied.insertBefore(element('rect', { width, height, fill: color('ground') }), copied.firstChild);
  return copied;
}

const MOST_PIXELS = 16_384; // a side of a canvas in browsers

async function png(svg) {
  const long = Math.max(Number(svg.getAttribute('width')), Number(svg.getAttribute('height')));
  const scale = Math.min(2, MOST_PIXELS / long);
  const image = new Image();
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(new XMLSerializer().serializeToString(svg));
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Number(svg.getAttribute('width')) * scale;
  canvas.height = Number(svg.getAttribute('height')) * scale;
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(resolve => canvas.toBlob(resolve, 'image/png'));
}

// ---------------------------------------------------------------- code

const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
const curl = ({ method = 'POST', path, body }) => `curl ${method === 'POST' ? '' : `-X ${method} `}${location.origin}${path}`
  + (body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`);

const py = value => JSON.stringify(value, null, 4).replace(/\btrue\b|\bfalse\b|\bnull\b|"(?:[^"\\]|\\.)*"/g, word =>
  ({ true: 'True', false: 'False', null: 'None' })[word] ?? word);

/** Fields that OpenAI's client knows of a chat; the others go into extra_body. */
const KNOWN = ['model', 'messages', 'temperature', 'top_p', 'max_tokens', 'seed', 'n', 'stop'];

function python({ method = 'POST', path, body }) {
  const head = `from openai import OpenAI\n\nclient = OpenAI(base_url="${location.origin}/v1", api_key="none")\n`;
  if (path === '/v1/chat/completions') {
    const entries = Object.entries(body).filter(([name]) => name !== 'stream' && name !== 'stream_options');
    const own = entries.filter(([name]) => !KNOWN.includes(name));
    const lines = entries.filter(([name]) => KNOWN.includes(name)).map(([name, value]) => `    ${name}=${py(value).replaceAll('\n', '\n    ')},`);
    if (own.length) lines.push(`    extra_body=${py(Object.fromEntries(own)).replaceAll('\n', '\n    ')},`);
    return `${head}reply = client.chat.completions.create(\n${lines.join('\n')}\n)\nprint(reply.choices[0].message.content)\n`;
  }
  const call = method.toLowerCase();
  return `${head}reply = client.${call}("${location.origin}${path}", cast_to=object${body === undefined ? '' : `, body=${py(body)}`})\nprint(reply)\n`;
}

const javaText = text => JSON.stringify(text);

function java({ method = 'POST', path, body }) {
  const publisher = body === undefined ? 'BodyPublishers.noBody()' : `BodyPublishers.ofString(${javaText(JSON.stringify(body))})`;
  return `import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

class Call {
    public static void main(String[] args) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("${location.origin}${path}"))
                .header("Content-Type", "application/json")
                .method("${method}", ${publisher})
                .build();
        System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
    }
}
`;
}

/** What was asked for, without fields that only concern how the page reads the reply. */
const plain = request => request.body?.stream === undefined ? request : { ...request, body: (({ stream, stream_options, ...rest }) => rest)(request.body) };

/** Saves or copies what a panel shows. */
export async function save(kind, out, box) {
  const name = out.name ?? 'pintle';
  const figure = () => out.svg ? drawn(out.svg()) : taken(box.querySelector('svg.figure'));
  switch (kind) {
    case 'json': return download(name + '.json', 'application/json', JSON.stringify(out.json(), null, 2) + '\n');
    case 'csv': return download(name + '.csv', 'text/csv', csv(out.csv()));
    case 'svg': return download(name + '.svg', 'image/svg+xml', new XMLSerializer().serializeToString(figure()));
    case 'png': return download(name + '.png', 'image/png', await png(figure()));
    case 'curl': return copy(curl(plain(out.request())));
    case 'python': return copy(python(plain(out.request())));
    case 'java': return copy(java(plain(out.request())));
    default: return copy(out.cli());
  }
}
