// What every recorded decoding step does: attention, and the choice of the token. Compiled with -DHEAD=dHead, 16 or a
// multiple of 32, -DGROUP=nHeads/nKvHeads, and -DSTAGES=tiles that a warp has room for.

// Attention of one new token per sequence over the KV cache, where GROUP query heads share a key head. A row's tokens
// are divided among a few blocks, and a block's tokens among its warps, each of which processes TILE of them at a time
// independently, from a ring of STAGES tiles in shared memory that it fills ahead: scores are keys times queries, and the
// output is values times weights, both on tensor cores with the queries as the narrow side. The accumulated output is
// rescaled whenever a larger score appears (online softmax; Milakov and Gimelshein 2018, arXiv:1805.02867). The last block
// of a head group to finish combines the pieces.
#define TILE 16
#define UNIT 64                                // tokens of a page, and of a block's four warps
#define CHUNKS (HEAD / 8)                      // of 16 bytes, in a head
#define COLUMNS ((GROUP + 7) / 8)              // groups of eight query heads
#define KEY_RUN (HEAD >= 32 ? 8 : 4)           // contiguous elements of a key per lane
#define KEY_STEPS (HEAD / (4 * KEY_RUN))
#define VALUE_RUN (HEAD % 64 == 0 ? 8 : HEAD % 32 == 0 ? 4 : 2) // the same for a value
#define VALUE_STEPS (HEAD / (8 * VALUE_RUN))
#define VALUE_PAIRS (VALUE_RUN / 2)
#define PAIRS ((HEAD / 2 + 31) / 32)           // of a head, per lane
#define OUTPUTS ((GROUP * HEAD + 127) / 128)   // per thread
#define LEAST -1e30f
#define LOG2E 1.4426950408889634f

template <int COUNT>
struct alignas(4 * COUNT) Words {
    u32 word[COUNT];
};
typedef Words<KEY_RUN / 2> KeyRun;
typedef Words<VALUE_RUN / 2> ValueRun;

extern __shared__ uint4 ring[]; // [4 warps, STAGES, 2, TILE, CHUNKS]

static __device__ __forceinline__ void copy16(void* to, const void* from, bool valid) {
    const u32 there = (u32)__cvta_generic_to_shared(to);
    const int bytes = valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(there), "l"(from), "r"(bytes));
}

// Where an element of a token lies in a tile of keys: rotated by its token, so that eight lanes read from different banks.
static __device__ __forceinline__ int key_at(int token, int d) {
    return token * HEAD + (d / 8 + (token & 1) * 4) % CHUNKS * 8 + d % 8;
}

// The same for values, where lanes read other tokens at once.
static __device__ __forceinline__ int value_at(int token, int d) {
    return token * HEAD + (d / 8 + (token >> 1 & 3) * 2) % CHUNKS * 8 + d % 8;
}

// A pair of elements of a head, i and i + HEAD / 2, as read.
struct Pair {
    float low, high;
};

static __device__ __forceinline__ Pair pair_of(const half_t* head, int i) {
    return {widen(head[i]), widen(head[i + HEAD / 2])};
}

// A pair after its norm, if any, and rotary embedding.
static __device__ __forceinline__ Pair turned(Pair p, int i, float cos, float sin, const float* gain, float scale) {
    if (gain) {
        p.low = rounded(p.low * scale * gain[i]);
        p.high = rounded(p.high * scale * gain[i + HEAD / 2]);
    }
    return {p.low * cos - p.high * sin, p.high * cos + p.low * sin};
}

// 1 / rms of a head, computed by one warp
static __device__ __forceinline__ float inverse_rms(const half_t* head, float eps) {
    float s = 0;
    for (int i = threadIdx.x & 31; i < HEAD; i += 32) {
        float v = widen(head[i]);
        s += v * v;
    }
#pragma unroll
    for (int o = 16; o; o >>= 1) s += __shfl_xor_sync(0xffffffffu, s, o);
    return rsqrtf(s / HEAD + eps);
}

// The transpose of an 8 by 8 matrix whose row g is in lanes (g, 0) to (g, 3), two elements each.
static __device__ __forceinline__ u32 transposed(u32 elements) {
    u32 result;
    asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(elements));
    return result;
}

// The maximum over the lanes with the same t.
static __device__ __forceinline__ float largest_of_column(float f) {
#pragma unroll
    for (int o = 4; o < 32; o <<= 1) f = fmaxf(f, __shfl_xor_sync(0xffffffffu, f, o));
    return f;
}

// out [rows, nHeads, HEAD]; qkv [rows, (nHeads + 2 nKvHeads) HEAD]; keys and values [pages, nKvHeads, UNIT, HEAD];
// cos and sin [maxPositions, HEAD/2]; slots [rows]: the sequence of each row, or -1; positions [slots]: that of the new token;
// tables [slots, mostPages]: the pages of a sequence's tokens, -1 where there are none; partial [rows, nKvHeads, most, GROUP,
// HEAD + 2]. A row's tokens are divided into at most `most` pieces of at least `least` units, depending on nothing but their
// number, and pieces are added in order, so that a row's bits depend neither on other rows nor on the number of blocks. Grid
// (blocks, nKvHeads, rows), 128 threads; a block computes every gridDim.x-th piece. Keys and values of earlier tokens are loaded
// before the kernel that computes those of the new one has finished.
extern "C" __global__ void __launch_bounds__(128) attend(
        half_t* out, const half_t* qkv, half_t* keys, half_t* values, const float* cos, const float* sin, const float* qGain,
        const float* kGain, const int* slots, const int* positions, const int* tables, float* partial, int* arrived, int nHeads,
        int nKvHeads, int mostPages, int most, int least, int window, float scale, float eps, float softCap) {
    const int kv = blockIdx.y, row = blockIdx.z;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    __shared__ alignas(16) half_t query[COLUMNS * 8][HEAD + 8]; // padded, so that lanes read from different banks
    __shared__ alignas(16) half_t newKey[HEAD], newValue[HEAD];
    __shared__ float largest[4][COLUMNS * 8], total[4][COLUMNS * 8];
    __shared__ float mix[4][GROUP][HEAD];
    __shared__ bool last;
    const int owner = slots[row];
    if (owner < 0) {
        release_next();
        await_previous();
        return;
    }
    const int slot = positions[owner], start = window > 0 ? max(0, slot - window + 1) : 0;
    const int firstUnit = start / UNIT, units = slot / UNIT - firstUnit + 1;
    const int each = max(least, (units + most - 1) / most), used = (units + each - 1) / each; // pieces that are not empty
    if ((int)blockIdx.x >= used) return; // the next kernel is released by the remaining blocks, and by the end of this one
    const int* table = tables + (long long)owner * mostPages;
    auto page_of = [&](int unit) { return table[min(unit, mostPages - 1)]; }; // a row that ended one step ago may need one more
    // where the keys and values of a page's tokens begin
    auto base_of = [&](int page) { return ((long long)page * nKvHeads + kv) * UNIT * HEAD; };
    // a warp has one tile of each unit of the block's pieces
    half_t* const tiles = (half_t*)ring + warp * STAGES * 2 * TILE * HEAD;
    int nextPiece = blockIdx.x, nextUnit = nextPiece * each, nextStage = 0;
    int nextPage = page_of(firstUnit + nextUnit); // read ahead, since the copies wait for it
    auto load_next = [&]() {
        if (nextPiece < used) {
            const int first = (firstUnit + nextUnit) * UNIT + warp * TILE;
            const bool some = first < slot && first + TILE > start; // else there may be no page
            const long long base = some ? base_of(nextPage) + warp * TILE * HEAD : 0;
            half_t* to = tiles + nextStage * 2 * TILE * HEAD;
#pragma unroll
            for (int i = lane; i < TILE * CHUNKS; i += 32) {
                const int token = i / CHUNKS, d = i % CHUNKS * 8;
                const bool seen = first + token >= start && first + token < slot;
                const long long from = base + (seen ? i * 8 : 0);
                copy16(to + key_at(token, d), keys + from, seen);
                copy16(to + TILE * HEAD + value_at(token, d), values + from, seen);
            }
            nextStage = nextStage + 1 == STAGES ? 0 : nextStage + 1;
            if (++nextUnit == min(units, (nextPiece + 1) * each)) {
                nextPiece += gridDim.x;
                nextUnit = nextPiece * each;
            }
            if (nextPiece < used) nextPage = page_of(firstUnit + nextUnit);
        }
        asm volatile("cp.async.commit_group;");
    };
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) load_next();
    release_next();
    await_previous();
    const half_t* mine = qkv + (long long)row * (nHeads + 2 * nKvHeads) * HEAD;
    // everything is read before anything is written, so that a block waits once; a warp has every fourth query head, the first
    // warp also the new key, and the second the new value
    const bool hasNew = (used - 1 - (int)blockIdx.x) % (int)gridDim.x == 0; // the block computes the piece of the new token
    float c[PAIRS], s[PAIRS];
    Pair pairs[COLUMNS * 2][PAIRS], fresh[PAIRS];
    int page = -1;
#pragma unroll
    for (int p = 0; p < PAIRS; p++) {
        const int i = min(p * 32 + lane, HEAD / 2 - 1);
        c[p] = cos[(long long)slot * (HEAD / 2) + i];
        s[p] = sin[(long long)slot * (HEAD / 2) + i];
#pragma unroll
        for (int n = 0; n < COLUMNS * 2; n++) {
            pairs[n][p] = n * 4 + warp < GROUP ? pair_of(mine + (kv * GROUP + n * 4 + warp) * HEAD, i) : Pair{0, 0};
        }
    }
    if (hasNew && warp < 2) {
        const half_t* from = mine + (nHeads + warp * nKvHeads + kv) * HEAD;
        page = slot / UNIT < mostPages ? table[slot / UNIT] : -1; // none if the row has ended one step ago
#pragma unroll
        for (int p = 0; p < PAIRS; p++) {
            const int i = min(p * 32 + lane, HEAD / 2 - 1);
            fresh[p] = pair_of(from, i);
        }
    }
#pragma unroll
    for (int n = 0; n < COLUMNS * 2; n++) {
        const int h = n * 4 + warp;
        const float norm = qGain && h < GROUP ? inverse_rms(mine + (kv * GROUP + h) * HEAD, eps) : 1.0f;
#pragma unroll
        for (int p = 0; p < PAIRS; p++) {
            const int i = p * 32 + lane;
            if (i < HEAD / 2) {
                const Pair turn = turned(pairs[n][p], i, c[p], s[p], h < GROUP ? qGain : nullptr, norm);
                query[h][i] = narrow(turn.low);
                query[h][i + HEAD / 2] = narrow(turn.high);
            }
        }
    }
    if (hasNew && warp < 2) { // the key, or the value
        half_t* to = warp == 0 ? newKey : newValue;
        half_t* kept = page < 0 ? nullptr : (warp == 0 ? keys : values) + base_of(page) + slot % UNIT * HEAD;
        const float norm = kGain && warp == 0 ? inverse_rms(mine + (nHeads + kv) * HEAD, eps) : 1.0f;
#pragma unroll
        for (int p = 0; p < PAIRS; p++) {
            const int i = p * 32 + lane;
            if (i < HEAD / 2) {
                const Pair pair = warp == 0 ? turned(fresh[p], i, c[p], s[p], kGain, norm) : fresh[p];
                to[i] = narrow(pair.low);
                to[i + HEAD / 2] = narrow(pair.high);
                if (kept) {
                    kept[i] = to[i];
                    kept[i + HEAD / 2] = to[i + HEAD / 2];
                }
            }
        }
    }
    __syncthreads();
    KeyRun q[COLUMNS][KEY_STEPS];
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
        for (int i = 0; i < KEY_STEPS; i++) q[c][i] = *(const KeyRun*)(query[c * 8 + g] + i * 4 * KEY_RUN + t * KEY_RUN);
    }
    // a score as a base-2 exponent; with a soft cap, cap tanh(score / cap)
    auto exponent = [&](float score) { return (softCap > 0 ? softCap * tanhf(score * scale / softCap) : score * scale) * LOG2E; };
    half_t* result = out + ((long long)row * nHeads + kv * GROUP) * HEAD;
    float* those = partial + ((long long)row * nKvHeads + kv) * most * GROUP * (HEAD + 2);
    const bool alone = used == 1 || gridDim.x == 1; // this block has all pieces
    // of every 128th output of the group, over the pieces so far: the largest score, and sums relative to it
    float top[OUTPUTS], sum[OUTPUTS], mixed[OUTPUTS];
#pragma unroll
    for (int o = 0; o < OUTPUTS; o++) {
        top[o] = LEAST;
        sum[o] = mixed[o] = 0;
    }
    auto add = [&](int o, float itsTop, float itsSum, float itsMixed) { // nothing is contracted, so that the bits are the same
        const float now = fmaxf(top[o], itsTop), keep = exp2f(top[o] - now), counts = exp2f(itsTop - now);
        sum[o] = __fadd_rn(__fmul_rn(sum[o], keep), __fmul_rn(itsSum, counts));
        mixed[o] = __fadd_rn(__fmul_rn(mixed[o], keep), __fmul_rn(itsMixed, counts));
        top[o] = now;
    };
    int stage = 0;
    for (int piece = blockIdx.x; piece < used; piece += gridDim.x) {
        float acc[COLUMNS][VALUE_STEPS * VALUE_PAIRS][4]; // pairs of elements, of two heads
        float highest[COLUMNS][2], weights[COLUMNS][2];   // of heads 2t and 2t + 1
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
            for (int i = 0; i < VALUE_STEPS * VALUE_PAIRS; i++) acc[c][i][0] = acc[c][i][1] = acc[c][i][2] = acc[c][i][3] = 0;
            highest[c][0] = highest[c][1] = LEAST;
            weights[c][0] = weights[c][1] = 0;
        }
        const int end = min(units, (piece + 1) * each);
        for (int unit = piece * each; unit < end; unit++) {
            const int first = (firstUnit + unit) * UNIT + warp * TILE;
            half_t* own = tiles + stage * 2 * TILE * HEAD;
            stage = stage + 1 == STAGES ? 0 : stage + 1;
            if (STAGES == 1) {
                __syncwarp();
                load_next();
                asm volatile("cp.async.wait_group 0;" ::: "memory");
            } else {
                asm volatile("cp.async.wait_group %0;" ::"n"(STAGES > 1 ? STAGES - 2 : 0) : "memory");
            }
            __syncwarp();
            if (STAGES > 1) load_next(); // where the previous tile was
            if (first > slot || first + TILE <= start) continue;
            if (slot < first + TILE) { // the new token is in the tile
                for (int d = lane; d < HEAD; d += 32) {
                    own[key_at(slot - first, d)] = newKey[d];
                    own[TILE * HEAD + value_at(slot - first, d)] = newValue[d];
                }
                __syncwarp();
            }
            float s[2][COLUMNS][4]; // of even and of odd steps, since they depend on each other
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
                for (int e = 0; e < 4; e++) s[0][c][e] = s[1][c][e] = 0;
            }
#pragma unroll
            for (int i = 0; i < KEY_STEPS; i++) {
                const KeyRun low = *(const KeyRun*)(own + key_at(g, (i * 4 + t) * KEY_RUN));
                const KeyRun high = *(const KeyRun*)(own + key_at(g + 8, (i * 4 + t) * KEY_RUN));
#pragma unroll
                for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
                    for (int w = 0; w < KEY_RUN / 2; w += 2) {
                        mma(s[i & 1][c], low.word[w], high.word[w], low.word[w + 1], high.word[w + 1], q[c][i].word[w],
                            q[c][i].word[w + 1]);
                    }
                }
            }
            const bool sees[2] = {
                first + g >= start && first + g <= slot, first + g + 8 >= start && first + g + 8 <= slot};
            u32 low[COLUMNS], high[COLUMNS]; // weights of tokens 0 to 7 and 8 to 15
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                float p[4];
#pragma unroll
                for (int j = 0; j < 2; j++) { // head 2t + j; its scores are s[j] for token g and s[2 + j] for token g + 8
                    const float before = sees[0] ? exponent(s[0][c][j] + s[1][c][j]) : LEAST;
                    const float after = sees[1] ? exponent(s[0][c][2 + j] + s[1][c][2 + j]) : LEAST;
                    const float now = fmaxf(highest[c][j], largest_of_column(fmaxf(before, after)));
                    const float keep = exp2f(highest[c][j] - now);
                    p[j] = sees[0] ? exp2f(before - now) : 0;
                    p[2 + j] = sees[1] ? exp2f(after - now) : 0;
                    weights[c][j] = weights[c][j] * keep + p[j] + p[2 + j];
                    highest[c][j] = now;
#pragma unroll
                    for (int i = 0; i < VALUE_STEPS * VALUE_PAIRS; i++) {
                        acc[c][i][j] *= keep;
                        acc[c][i][2 + j] *= keep;
                    }
                }
                low[c] = transposed(pack(p[0], p[1]));
                high[c] = transposed(pack(p[2], p[3]));
            }
#pragma unroll
            for (int i = 0; i < VALUE_STEPS; i++) {
                ValueRun v[4]; // of tokens 2t, 2t + 1, 2t + 8 and 2t + 9
#pragma unroll
                for (int r = 0; r < 4; r++) {
                    const int token = 2 * t + (r & 1) + (r >> 1) * 8;
                    v[r] = *(const ValueRun*)(own + TILE * HEAD + value_at(token, (i * 8 + g) * VALUE_RUN));
                }
#pragma unroll
                for (int w = 0; w < VALUE_PAIRS; w++) { // rows of the left side: even elements, then odd ones
                    const u32 v0 = v[0].word[w], v1 = v[1].word[w], v8 = v[2].word[w], v9 = v[3].word[w];
#pragma unroll
                    for (int c = 0; c < COLUMNS; c++) {
                        mma(acc[c][i * VALUE_PAIRS + w], __byte_perm(v0, v1, 0x5410), __byte_perm(v0, v1, 0x7632),
                            __byte_perm(v8, v9, 0x5410), __byte_perm(v8, v9, 0x7632), low[c], high[c]);
                    }
                }
            }
        }
        // add the four warps' parts
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                const int h = c * 8 + 2 * t + j;
#pragma unroll
                for (int o = 4; o < 32; o <<= 1) weights[c][j] += __shfl_xor_sync(0xffffffffu, weights[c][j], o);
                if (g == 0) {
                    largest[warp][h] = highest[c][j];
                    total[warp][h] = weights[c][j];
                }
                if (h >= GROUP) continue;
#pragma unroll
                for (int i = 0; i < VALUE_STEPS * VALUE_PAIRS; i++) {
                    *(float2*)(mix[warp][h] + (i / VALUE_PAIRS * 8 + g) * VALUE_RUN + i % VALUE_PAIRS * 2) =
                            make_float2(acc[c][i][j], acc[c][i][2 + j]);
                }
            }
        }
        __syncthreads();
        float* piecePartial = those + (long long)piece * GROUP * (HEAD + 2);
#pragma unroll
        for (int o = 0; o < OUTPUTS; o++) {
            const int i = o * 128 + threadIdx.x, h = i / HEAD, d = i % HEAD;
            if (i >= GROUP * HEAD) continue;
            const float itsTop = fmaxf(fmaxf(largest[0][h], largest[1][h]), fmaxf(largest[2][h], largest[3][h]));
            float itsSum = 0, itsMixed = 0;
#pragma unroll
            for (int w = 0; w < 4; w++) {
                const float counts = exp2f(largest[w][h] - itsTop);
                itsSum += total[w][h] * counts;
                itsMixed += mix[w][h][d] * counts;
            }
            if (alone) {
                add(o, itsTop, itsSum, itsMixed);
            } else {
                piecePartial[h * (HEAD + 2) + d] = itsMixed;
                if (d == 0) *(float2*)(piecePartial + h * (HEAD + 2) + HEAD) = make_float2(itsTop, itsSum);
            }
        }
        __syncthreads(); // before the shared memory is written again
    }
    if (!alone) {
        const int share = (used - 1 - (int)blockIdx.x) / (int)gridDim.x + 1; // pieces of this block
        __threadfence();
        __syncthreads();
        if (threadIdx.x == 0) {
            int before = atomicAdd(arrived + row * nKvHeads + kv, share);
            last = before + share == used;
            if (last) arrived[row * nKvHeads + kv] = 0; // reset for the next layer
        }
        __syncthreads();
        if (!last) return;
        __threadfence();
#pragma unroll 4
        for (int p = 0; p < used; p++) {
#pragma unroll
            for (int o = 0; o < OUTPUTS; o++) {
                const int i = o * 128 + threadIdx.x;
                const float* there = those + ((long long)p * GROUP + i / HEAD) * (HEAD + 2);
                if (i < GROUP * HEAD) add(o, __ldcg(there + HEAD), __ldcg(there + HEAD + 1), __ldcg(there + i % HEAD));
            }
        }
    }
#pragma unroll
    for (int o = 0; o < OUTPUTS; o++) {
        const int i = o * 128 + threadIdx.x;
        if (i < GROUP * HEAD) result[i] = narrow(mixed[o] / sum[o]);
    }
}

// logits = cap tanh(logits / cap)
extern "C" __global__ void __launch_bounds__(256) soft_cap(float* logits, int count, float cap) {
    release_next();
    await_previous();
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i < count) logits[i] = cap * tanhf(logits[i] / cap);
}

// The most probable token of each sequence, or the one that was sampled (-1 if nothing was), and
// its log-probability; advances the position by one token. Ties go to the smallest id. Both are also written to host
// memory, seen [2, slots], at the parity of the position, so that the CPU can read one step while the next is running. A slot
// with leads[slot] >= 0 also chooses for that slot; one with -2 chooses for none, itself included. One block per row, 1024
// threads.
extern "C" __global__ void __launch_bounds__(1024) choose(
        const float* logits, const int* drawn, const int* slots, const int* leads, int* ids, int* seenIds, float* seenLogProbs,
        int* positions, int dVocab, int most) {
    __shared__ float best[32], sums[32];
    __shared__ int where[32];
    const int row = blockIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    release_next();
    await_previous();
    const int slot = slots[row];
    if (slot < 0) return;
    const float* mine = logits + (long long)row * dVocab;
    float m = -1e30f, sum = 0;
    int at = 0;
    for (int from = threadIdx.x; from < dVocab; from += 8 * 1024) {
        float v[8];
#pragma unroll
        for (int u = 0; u < 8; u++) v[u] = from + u * 1024 < dVocab ? mine[from + u * 1024] : -1e30f;
        float top = m;
#pragma unroll
        for (int u = 0; u < 8; u++) {
            if (v[u] > top) {
                top = v[u];
                at = from + u * 1024;
            }
        }
        sum *= __expf(m - top);
#pragma unroll
        for (int u = 0; u < 8; u++) sum += __expf(v[u] - top);
        m = top;
    }
    for (int step = 0; step < 2; step++) {
#pragma unroll
        for (int o = 16; o; o >>= 1) {
            float m2 = __shfl_xor_sync(0xffffffffu, m, o), s2 = __shfl_xor_sync(0xffffffffu, sum, o);
            int a2 = __shfl_xor_sync(0xffffffffu, at, o);
            float top = fmaxf(m, m2);
            sum = sum * __expf(m - top) + s2 * __expf(m2 - top);
            if (m2 > m || (m2 == m && a2 < at)) at = a2;
            m = top;
        }
        if (step == 0) {
            if (lane == 0) {
                best[warp] = m;
                sums[warp] = sum;
                where[warp] = at;
            }
            __syncthreads();
            m = best[lane];
            sum = sums[lane];
            at = where[lane];
        }
    }
    if (threadIdx.x == 0) {
        if (drawn[row] >= 0) at = drawn[row];
        const int led = leads[slot], parity = positions[slot] & 1;
        if (led != -2) ids[slot] = at;
        if (led >= 0) ids[led] = at;
        seenIds[parity * most + slot] = at;
        seenLogProbs[parity * most + slot] = mine[at] - m - logf(sum);
        positions[slot]++;
    }
}
