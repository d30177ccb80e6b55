// Times llama.cpp on random weights of a known shape, for docs/performance.md: prefill of 64 and 512 tokens, decoding
// one and eight rows. Compare with `pintle bench engine --shape SHAPE` on the same machine, one after the other.
//
//   npm install --prefix FOLDER --ignore-scripts --omit=optional node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64@3.22.1
//   NODE_PATH=FOLDER/node_modules node bench/compare_llama_cpp.mjs llama-3.2-1b BF16 [THREADS]
//
// Writes GGUF files to the system's temporary folder, independent of FOLDER, and keeps them.

import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {head, padding} from "./gguf_head.mjs";

const SHAPES = {
    "llama-3.2-1b": {layers: 16, dModel: 2048, heads: 32, kvHeads: 8, dHead: 64, dMlp: 8192, vocab: 128256, tied: true},
    "llama-3.1-8b": {layers: 32, dModel: 4096, heads: 32, kvHeads: 8, dHead: 128, dMlp: 14336, vocab: 128256, tied: false},
};
const F32 = 0;
const TYPES = {
    // ggml's id, elements per block, bytes per block, and random bytes that encode small finite numbers
    BF16: {id: 30, block: 1, bytes: 2, fill: (pool) => {
        for (let i = 0; i < pool.length; i += 2) pool.writeUInt16LE(0x3c00 + (Math.random() * 0x200 | 0) + (Math.random() < 0.5 ? 0x8000 : 0), i);
    }},
    Q8_0: {id: 8, block: 32, bytes: 34, fill: (pool) => {
        for (let i = 0; i < pool.length; i++) pool[i] = Math.random() * 256;
        for (let i = 0; i + 34 <= pool.length; i += 34) pool.writeUInt16LE(0x1000, i); // 2^-11 in half precision
    }},
};

function tensorsOf(s, type) {
    const list = [["token_embd.weight", [s.dModel, s.vocab], type]];
    for (let l = 0; l < s.layers; l++) {
        list.push(
            [`blk.${l}.attn_norm.weight`, [s.dModel], null],
            [`blk.${l}.attn_q.weight`, [s.dModel, s.heads * s.dHead], type],
            [`blk.${l}.attn_k.weight`, [s.dModel, s.kvHeads * s.dHead], type],
            [`blk.${l}.attn_v.weight`, [s.dModel, s.kvHeads * s.dHead], type],
            [`blk.${l}.attn_output.weight`, [s.heads * s.dHead, s.dModel], type],
            [`blk.${l}.ffn_norm.weight`, [s.dModel], null],
            [`blk.${l}.ffn_gate.weight`, [s.dModel, s.dMlp], type],
            [`blk.${l}.ffn_up.weight`, [s.dModel, s.dMlp], type],
            [`blk.${l}.ffn_down.weight`, [s.dMlp, s.dModel], type]);
    }
    list.push(["output_norm.weight", [s.dModel], null]);
    if (!s.tied) list.push(["output.weight", [s.dModel, s.vocab], type]);
    return list.map(([name, dims, t]) => {
        const count = dims.reduce((a, b) => a * b, 1);
        return {name, dims, t, bytes: t === null ? 4 * count : count / t.block * t.bytes};
    });
}

/** A minimal byte-level tokenizer of single bytes, in GPT-2's spelling, because the loader requires one. */
function vocabulary(size) {
    const printable = (b) => (b > 32 && b < 127) || (b > 160 && b !== 173);
    const bytes = [];
    for (let b = 0, others = 0; b < 256; b++) bytes.push(String.fromCodePoint(printable(b) ? b : 256 + others++));
    bytes.push("ab");
    return [...bytes, ...Array.from({length: size - bytes.length}, (_, i) => `token${i}`)];
}

function writeGguf(file, s, type) {
    const values = {
        "general.architecture": "llama",
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": {strings: vocabulary(s.vocab)},
        "tokenizer.ggml.token_type": {ints: new Int32Array(s.vocab).fill(1)},
        "tokenizer.ggml.merges": {strings: ["a b"]},
        "tokenizer.ggml.bos_token_id": s.vocab - 2,
        "tokenizer.ggml.eos_token_id": s.vocab - 1,
        "llama.vocab_size": s.vocab,
        "llama.context_length": 8192,
        "llama.embedding_length": s.dModel,
        "llama.block_count": s.layers,
        "llama.feed_forward_length": s.dMlp,
        "llama.rope.dimension_count": s.dHead,
        "llama.attention.head_count": s.heads,
        "llama.attention.head_count_kv": s.kvHeads,
        "llama.attention.layer_norm_rms_epsilon": {float: 1e-5},
        "llama.rope.freq_base": {float: 500000},
    };
    const tensors = tensorsOf(s, type);
    const out = fs.openSync(file, "w");
    fs.writeSync(out, head(values, tensors.map(({name, dims, t, bytes}) => ({name, dims, id: t === null ? F32 : t.id, bytes}))));
    const pool = Buffer.alloc(type.bytes * (1 << 20));
    type.fill(pool);
    for (const t of tensors) {
        if (t.t === null) {
            fs.writeSync(out, Buffer.from(new Float32Array(t.bytes / 4).fill(1).buffer));
        } else {
            for (let left = t.bytes; left > 0; left -= pool.length) fs.writeSync(out, pool, 0, Math.min(left, pool.length));
        }
        fs.writeSync(out, padding(t.bytes));
    }
    fs.closeSync(out);
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function timed(runs, action) {
    const seconds = [];
    for (let i = -1; i < runs; i++) {
        const start = performance.now();
        await action();
        if (i >= 0) seconds.push((performance.now() - start) / 1e3);
    }
    return median(seconds);
}

const [shapeName, typeName, threadsText] = process.argv.slice(2);
const shape = SHAPES[shapeName];
const type = TYPES[typeName];
if (!shape || !type) {
    console.error(`usage: compare_llama_cpp.mjs ${Object.keys(SHAPES).join("|")} ${Object.keys(TYPES).join("|")} [THREADS]`);
    process.exit(2);
}
const threads = Number(threadsText ?? os.cpus().length);
const file = path.join(os.tmpdir(), `random-${shapeName}-${typeName}.gguf`);
if (!fs.existsSync(file)) writeGguf(file, shape, type);

const require = createRequire(import.meta.url);
const {getLlama} = await import(pathToFileURL(
    require.resolve("node-llama-cpp", {paths: (process.env.NODE_PATH ?? "").split(":")})).href);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, maxThreads: threads});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0, checkTensors: false});
const rows = 8;
const context = await model.createContext({contextSize: 1024, batchSize: 512, sequences: rows, threads});
const ids = (n, seed) => Array.from({length: n}, (_, i) => (i * 7919 + seed * 104729) % shape.vocab);
const sequences = Array.from({length: rows}, () => context.getSequence());

const prefill = async (n) => {
    await sequences[0].clearHistory();
    await sequences[0].evaluateWithoutGeneratingNewTokens(ids(n, 1));
};
// after a prompt of 64 tokens, decodes token by token, separately per row; the greedy next token is computed but not used
const decode = async (count, steps) => {
    await Promise.all(sequences.slice(0, count).map(async (sequence, row) => {
        for (let i = 0; i < steps; i++) {
            for await (const _ of sequence.evaluate([(row * 31 + i) % shape.vocab], {temperature: 0, yieldEogToken: true})) break;
        }
    }));
};
const STEPS = 8;
console.log(`llama.cpp through node-llama-cpp, ${shapeName}, ${typeName}, ${threads} threads`);
console.log("| run | ms | tokens/s |\n| --- | ---: | ---: |");
const show = (what, seconds, tokens) => console.log(`| ${what} | ${(seconds * 1e3).toFixed(1)} | ${(tokens / seconds).toFixed(1)} |`);
for (const n of [64, 512]) show(`prefill ${n}`, await timed(n > 100 ? 3 : 9, () => prefill(n)), n);
for (const count of [1, rows]) {
    for (let row = 0; row < count; row++) {
        await sequences[row].clearHistory();
        await sequences[row].evaluateWithoutGeneratingNewTokens(ids(64, row));
    }
    show(`decode, batch ${count}`, await timed(5, () => decode(count, STEPS)) / STEPS, count);
}
process.exit(0);
