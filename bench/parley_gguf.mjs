// Writes the embedded model as llama.cpp's converter would, for comparing with llama.cpp.
//
//   node bench/parley_gguf.mjs F32|Q8_0 OUT.gguf

import fs from "node:fs";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {head, padding} from "./gguf_head.mjs";

const MODEL = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "models", "parley-7m");
const IDS = {F32: 0, Q8_0: 8};
const PARTS = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
};
const json = (name) => JSON.parse(fs.readFileSync(path.join(MODEL, name), "utf8"));

function* weights() {
    const file = fs.readFileSync(path.join(MODEL, "model.safetensors"));
    const length = Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.subarray(8, 8 + length).toString());
    for (const [name, entry] of Object.entries(header)) {
        if (name === "__metadata__") continue;
        if (entry.dtype !== "BF16") throw new Error(`${name} is ${entry.dtype}`);
        const [from, to] = entry.data_offsets;
        const values = new Float32Array((to - from) / 2);
        const bits = new Uint32Array(values.buffer);
        for (let i = 0; i < values.length; i++) bits[i] = file.readUInt16LE(8 + length + from + 2 * i) << 16;
        yield {name, shape: entry.shape, values};
    }
}

/** Rows of each head, its two halves interleaved. */
function inPairs(values, heads, columns) {
    const width = values.length / columns / heads;
    const turned = new Float32Array(values.length);
    for (let h = 0; h < heads; h++) {
        for (let i = 0; i < width; i++) {
            const from = h * width + i, to = h * width + (i % (width / 2)) * 2 + Math.floor(i / (width / 2));
            turned.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
        }
    }
    return turned;
}

function half(value) { // to nearest even, for numbers that FP16 has without subnormals
    const f = new Float32Array([value]), bits = new Uint32Array(f.buffer)[0];
    if (Math.abs(value) < 6.2e-5) return Math.round(Math.abs(value) / 2 ** -24) | (value < 0 ? 0x8000 : 0);
    const rounded = bits + 0xfff + ((bits >> 13) & 1);
    return ((rounded >> 16) & 0x8000) | (((rounded >>> 13) & 0x3ffff) - (112 << 10)) & 0x7fff;
}

function q8(values) {
    const out = Buffer.alloc(values.length / 32 * 34);
    for (let b = 0; b < values.length / 32; b++) {
        const group = values.subarray(32 * b, 32 * b + 32);
        const scale = group.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127;
        out.writeUInt16LE(half(scale), 34 * b);
        group.forEach((v, i) => out.writeInt8(scale === 0 ? 0 : Math.round(v / scale), 34 * b + 2 + i));
    }
    return out;
}

export function write(type, file) {
    const config = json("config.json"), tokenizer = json("tokenizer.json"), around = json("tokenizer_config.json");
    const tokens = [];
    for (const [token, id] of Object.entries(tokenizer.model.vocab)) tokens[id] = token;
    const types = new Int32Array(config.vocab_size).fill(1);
    const special = {};
    for (const {id, content} of tokenizer.added_tokens) { tokens[id] = content; types[id] = 3; special[content] = id; }
    const rope = config.rope_scaling, width = config.head_dim, old = rope.original_max_position_embeddings;
    const divisors = Float32Array.from({length: width / 2}, (_, i) => {
        const wave = 2 * Math.PI * config.rope_theta ** (2 * i / width);
        const smooth = (old / wave - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
        return wave < old / rope.high_freq_factor ? 1 : wave > old / rope.low_freq_factor ? rope.factor
            : 1 / ((1 - smooth) / rope.factor + smooth);
    });
    const values = {
        "general.architecture": "llama", "general.name": "parley-7m",
        "llama.block_count": config.num_hidden_layers, "llama.context_length": config.max_position_embeddings,
        "llama.embedding_length": config.hidden_size, "llama.feed_forward_length": config.intermediate_size,
        "llama.attention.head_count": config.num_attention_heads, "llama.attention.head_count_kv": config.num_key_value_heads,
        "llama.attention.key_length": width, "llama.attention.value_length": width, "llama.rope.dimension_count": width,
        "llama.attention.layer_norm_rms_epsilon": {float: config.rms_norm_eps}, "llama.rope.freq_base": {float: config.rope_theta},
        "llama.vocab_size": config.vocab_size,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smaug-bpe", "tokenizer.ggml.tokens": {strings: tokens},
        "tokenizer.ggml.token_type": {ints: types},
        "tokenizer.ggml.merges": {strings: tokenizer.model.merges.map((m) => typeof m === "string" ? m : m.join(" "))},
        "tokenizer.ggml.bos_token_id": special[around.bos_token], "tokenizer.ggml.eos_token_id": special[around.eos_token],
        "tokenizer.ggml.add_bos_token": {bool: true}, "tokenizer.chat_template": around.chat_template,
    };
    const tensors = [{name: "rope_freqs.weight", dims: [width / 2], type: "F32", data: Buffer.from(divisors.buffer)}];
    for (const {name, shape, values: stored} of weights()) {
        const inLayer = name.match(/^model\.layers\.(\d+)\.(.+)\.weight$/);
        const part = inLayer && PARTS[inLayer[2]];
        const heads = part === "attn_q" ? config.num_attention_heads : part === "attn_k" ? config.num_key_value_heads : 0;
        const ordered = heads ? inPairs(stored, heads, shape[1]) : stored;
        const kind = shape.length === 1 ? "F32" : type;
        tensors.push({
            name: inLayer ? `blk.${inLayer[1]}.${part}.weight`
                : {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}[name],
            dims: [...shape].reverse(), type: kind, data: kind === "F32" ? Buffer.from(ordered.buffer) : q8(ordered),
        });
    }
    const listed = tensors.map((t) => ({name: t.name, dims: t.dims, id: IDS[t.type], bytes: t.data.length}));
    const padded = (b) => Buffer.concat([b, padding(b.length)]);
    fs.writeFileSync(file, Buffer.concat([head(values, listed), ...tensors.map((t) => padded(t.data))]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [type, file] = process.argv.slice(2);
    if (!(type in IDS) || !file) { console.error(`usage: parley_gguf.mjs ${Object.keys(IDS).join("|")} OUT.gguf`); process.exit(2); }
    write(type, file);
}
