// The head of a GGUF file: metadata and the list of tensors, for the scripts that compare with llama.cpp.

const ALIGNMENT = 32;

/** Zeros after so many bytes, up to the next multiple of the alignment. */
export const padding = (length) => Buffer.alloc(Math.ceil(length / ALIGNMENT) * ALIGNMENT - length);

/**
 * @param values by key: text, a number (UINT32), or {float}, {bool}, {strings} or {ints}
 * @param tensors [{name, dims, id, bytes}] with sizes innermost first and ggml's id of the type
 */
export function head(values, tensors) {
    const parts = [];
    const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); parts.push(b); };
    const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); parts.push(b); };
    const f32 = (x) => { const b = Buffer.alloc(4); b.writeFloatLE(x); parts.push(b); };
    const text = (t) => { const b = Buffer.from(t); u64(b.length); parts.push(b); };
    parts.push(Buffer.from("GGUF"));
    u32(3); u64(tensors.length); u64(Object.keys(values).length);
    for (const [key, value] of Object.entries(values)) {
        text(key);
        if (typeof value === "string") { u32(8); text(value); }
        else if (typeof value === "number") { u32(4); u32(value); }
        else if (value.strings) { u32(9); u32(8); u64(value.strings.length); value.strings.forEach(text); }
        else if (value.ints) { u32(9); u32(5); u64(value.ints.length); parts.push(Buffer.from(value.ints.buffer)); }
        else if (value.bool !== undefined) { u32(7); parts.push(Buffer.from([value.bool ? 1 : 0])); }
        else { u32(6); f32(value.float); }
    }
    let at = 0;
    for (const {name, dims, id, bytes} of tensors) {
        text(name); u32(dims.length); dims.forEach(u64); u32(id); u64(at);
        at += bytes + padding(bytes).length;
    }
    const all = Buffer.concat(parts);
    return Buffer.concat([all, padding(all.length)]);
}
