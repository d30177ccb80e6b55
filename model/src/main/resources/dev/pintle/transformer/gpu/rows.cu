// What differs from row to row within a recorded step: which sequence a row continues, what is done to its residual stream,
// and where its keys and values are kept. Compiled with -DWIDTH=dModel and -DHEAD=dHead.

#define THREADS 256
#define CHUNKS ((WIDTH + THREADS * 8 - 1) / (THREADS * 8))
#define WORDS 16 // of an operation
#define PAGE 64  // tokens

union Eight {
    uint4 whole;
    half_t part[8];
};

// The kinds of operations; keep in step with RowProgram.
enum { ADD, PROJECT, BOUND, TURN, JUDGE, UNLESS, LATENT, WRITE, ROUND, READ };
enum { ABOVE, SCALED };

// kind; vector; first position and the one after the last; index of a condition, a latent or what is read; number of operations
// to skip, or kind of gate; then numbers.
struct Operation {
    int kind, vector, from, to, index, count;
    float number[10];
};

// Sum over the block, returned to all threads.
static __device__ __forceinline__ float block_sum(float s, float* sums) {
#pragma unroll
    for (int o = 16; o; o >>= 1) s += __shfl_xor_sync(0xffffffffu, s, o);
    __syncthreads();
    if ((threadIdx.x & 31) == 0) sums[threadIdx.x >> 5] = s;
    __syncthreads();
    s = 0;
#pragma unroll
    for (int w = 0; w < THREADS / 32; w++) s += sums[w];
    return s;
}

// Runs the operations of each row for one place between blocks, of which there are `places`, and prepares the next product:
// normed [rows, WIDTH] = gain * resid, with squares [WIDTH / 16, rows] = sums of 16 squares of resid; or, if squares is null,
// normed = resid / rms(resid) * gain. A row of which nothing changes is left alone. What is read goes to host memory, reads
// [2, mostReads, WIDTH], at the parity of the position. slots [rows]: the sequence of each row, or -1;
// positions [slots]; starts [slots, places + 1]; operations [slots, most]; met [slots, conditions]; vectors [., WIDTH]. One
// block per row; a thread has eight neighbouring elements of each chunk.
extern "C" __global__ void __launch_bounds__(THREADS) change_rows(
        half_t* resid, half_t* normed, float* squares, const int* slots, const int* positions, const int* starts,
        const int* operations, int* met, const float* vectors, const float* gain, half_t* reads, int place, int places, int most,
        int conditions, int mostReads, float eps) {
    __shared__ float sums[THREADS / 32];
    __shared__ float deltas[64];
    release_next();
    await_previous();
    const int row = blockIdx.x, slot = slots[row], rows = gridDim.x;
    if (slot < 0) return;
    const int first = starts[slot * (places + 1) + place], end = starts[slot * (places + 1) + place + 1];
    if (first == end) return;
    const int position = positions[slot];
    const long long base = (long long)row * WIDTH;
    float h[CHUNKS][8];
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        const int at = (c * THREADS + threadIdx.x) * 8;
        Eight v;
        v.whole = at < WIDTH ? *(const uint4*)(resid + base + at) : make_uint4(0, 0, 0, 0);
#pragma unroll
        for (int j = 0; j < 8; j++) h[c][j] = widen(v.part[j]);
    }
    auto dot = [&](const float* u) {
        float s = 0;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            const int at = (c * THREADS + threadIdx.x) * 8;
            if (at < WIDTH) {
#pragma unroll
                for (int j = 0; j < 8; j++) s += h[c][j] * u[at + j];
            }
        }
        return block_sum(s, sums);
    };
    auto squared = [&](const float* plus) { // length of h, or of h + plus
        float s = 0;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            const int at = (c * THREADS + threadIdx.x) * 8;
            if (at < WIDTH) {
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    const float f = h[c][j] + (plus ? plus[at + j] : 0.0f);
                    s += f * f;
                }
            }
        }
        return block_sum(s, sums);
    };
    auto add = [&](const float* v, float by) {
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            const int at = (c * THREADS + threadIdx.x) * 8;
            if (at < WIDTH) {
#pragma unroll
                for (int j = 0; j < 8; j++) h[c][j] += by * v[at + j];
            }
        }
    };
    bool changed = false;
    for (int i = first; i < end; i++) {
        const Operation op = *(const Operation*)(operations + ((long long)slot * most + i) * WORDS);
        const float* v = vectors + (long long)op.vector * WIDTH;
        if (op.kind == UNLESS) { // the condition is met
            if (!met[slot * conditions + op.index]) i += op.count;
            continue;
        }
        if (op.kind == JUDGE) {
            const float p = dot(v);
            if (threadIdx.x == 0) met[slot * conditions + op.index] = p >= op.number[0];
            __syncthreads();
            continue;
        }
        if (position < op.from || position >= op.to) continue;
        if (op.kind == READ) {
            half_t* to = reads + ((long long)(position & 1) * mostReads + op.index) * WIDTH;
#pragma unroll
            for (int c = 0; c < CHUNKS; c++) {
                const int at = (c * THREADS + threadIdx.x) * 8;
                Eight now;
#pragma unroll
                for (int j = 0; j < 8; j++) now.part[j] = narrow(h[c][j]);
                if (at < WIDTH) *(uint4*)(to + at) = now.whole;
            }
            continue;
        }
        changed = true;
        switch (op.kind) {
            case ADD: add(v, 1.0f); break;
            case PROJECT: add(v, -op.number[0] * dot(v)); break;
            case BOUND: {
                const float p = dot(v);
                add(v, fminf(fmaxf(p, op.number[0]), op.number[1]) - p);
                break;
            }
            case TURN: {
                const float by = sqrtf(squared(nullptr)) / (sqrtf(squared(v)) + 1e-30f);
                add(v, 1.0f);
#pragma unroll
                for (int c = 0; c < CHUNKS; c++) {
#pragma unroll
                    for (int j = 0; j < 8; j++) h[c][j] *= by;
                }
                break;
            }
            case LATENT: {
                const float z = dot(v) + op.number[0], above = fmaxf(z, 0.0f);
                const float f = op.count == ABOVE ? (above > op.number[1] ? above : 0.0f)
                                                  : (z > 0 ? fmaxf(z * op.number[1] + op.number[2], 0.0f) : 0.0f);
                const float moved = f * op.number[3] + op.number[4];
                if (threadIdx.x == 0) deltas[op.index] = fminf(fmaxf(moved, op.number[5]), op.number[6]) - f;
                __syncthreads();
                break;
            }
            case WRITE: add(v, deltas[op.index]); break;
            case ROUND: break;
        }
        if (op.kind != LATENT && op.kind != WRITE) {
#pragma unroll
            for (int c = 0; c < CHUNKS; c++) {
#pragma unroll
                for (int j = 0; j < 8; j++) h[c][j] = rounded(h[c][j]);
            }
        }
    }
    if (!changed) return;
    const float by = squares ? 1.0f : rsqrtf(squared(nullptr) / WIDTH + eps);
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        const int at = (c * THREADS + threadIdx.x) * 8;
        Eight now, next;
        float s = 0; // in the order of the product that otherwise writes it, hence without fused operations
        float low[8];
#pragma unroll
        for (int j = 0; j < 8; j++) {
            const float f = h[c][j];
            now.part[j] = narrow(f);
            next.part[j] = narrow(at < WIDTH ? f * by * gain[at + j] : 0.0f);
            low[j] = __fmul_rn(f, f);
            s = __fadd_rn(s, low[j]);
        }
        s = __shfl_up_sync(0xffffffffu, s, 1); // the sum of the even neighbour
        if (threadIdx.x & 1) {
#pragma unroll
            for (int j = 0; j < 8; j++) s = __fadd_rn(s, low[j]);
            if (squares && at < WIDTH) squares[(at >> 4) * rows + row] = s;
        }
        if (at < WIDTH) {
            *(uint4*)(resid + base + at) = now.whole;
            *(uint4*)(normed + base + at) = next.whole;
        }
    }
}

// Copies keys and values of consecutive tokens between pages [., nKvHeads, PAGE, HEAD] and one row's cache
// [nKvHeads, capacity, HEAD]. table: the pages of the row. Grid (tokens, nKvHeads), HEAD / 8 threads.
extern "C" __global__ void move_tokens(
        half_t* pageKeys, half_t* pageValues, half_t* keys, half_t* values, const int* table, int first, int capacity,
        int toPages) {
    release_next();
    await_previous();
    const int token = first + blockIdx.x, kv = blockIdx.y, i = threadIdx.x * 8;
    const long long page = (((long long)table[token / PAGE] * gridDim.y + kv) * PAGE + token % PAGE) * HEAD + i;
    const long long row = ((long long)kv * capacity + token) * HEAD + i;
    if (toPages) {
        *(uint4*)(pageKeys + page) = *(const uint4*)(keys + row);
        *(uint4*)(pageValues + page) = *(const uint4*)(values + row);
    } else {
        *(uint4*)(keys + row) = *(const uint4*)(pageKeys + page);
        *(uint4*)(values + row) = *(const uint4*)(pageValues + page);
    }
}

// Copies a row of the logits to host memory.
extern "C" __global__ void __launch_bounds__(THREADS) keep_logits(float* to, const float* logits, int row, int dVocab) {
    release_next();
    await_previous();
    for (int i = blockIdx.x * THREADS + threadIdx.x; i < dVocab; i += gridDim.x * THREADS) {
        to[i] = logits[(long long)row * dVocab + i];
    }
}
