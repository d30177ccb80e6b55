// What every recorded decoding step does: attention, and the choice of the token. Compiled with -DHEAD=dHead, 16 or a
// multiple of 32, and -DGROUP=nHeads/nKvHeads.

// Attention of one new token per sequence over the KV cache, where GROUP query heads share a key head. A row's tokens
// are divided among a few blocks, and a block's tokens among its warps, each of which processes TILE of them at a time
// independently: scores are keys times queries, and the output is values times weights, both on tensor cores with the
// queries as the narrow side. The accumulated output is rescaled whenever a larger score appears (online softmax;
// Milakov and Gimelshein 2018, arXiv:1805.02867). The last block of a head group to finish combines the pieces.
#define TILE 16
#define UNIT 64                                // tokens of a page, and of a block's four warps
#define COLUMNS ((GROUP + 7) / 8)              // groups of eight query heads
#define KEY_RUN (HEAD >= 32 ? 8 : 4)           // contiguous elements of a key per lane
#define KEY_STEPS (HEAD / (4 * KEY_RUN))
#define VALUE_RUN (HEAD % 64 == 0 ? 8 : HEAD % 32 == 0 ? 4 : 2) // the same for a value
#define VALUE_STEPS (HEAD / (8 * VALUE_RUN))
#define VALUE_PAIRS (VALUE_RUN / 2)
#define MOST_PIECES 64
#define LEAST -1e30f
#define LOG2E 1.4426950408889634f

template <int COUNT>
struct alignas(4 * COUNT) Words {
    u32 word[COUNT];
};
typedef Words<KEY_RUN / 2> KeyRun;
typedef Words<VALUE_RUN / 2> ValueRun;

// Element d of a head after its norm, if any, and rotary embedding.
static __device__ __forceinline__ float turned(const half_t* head, int d, const float* cos, const float* sin, const float* gain,
        float scale) {
    const int half = HEAD / 2, i = d < half ? d : d - half;
    float a = widen(head[i]), b = widen(head[i + half]);
    if (gain) {
        a = rounded(a * scale * gain[i]);
        b = rounded(b * scale * gain[i + half]);
    }
    return d < half ? a * cos[i] - b * sin[i] : b * cos[i] + a * sin[i];
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
// HEAD + 2]. A row's tokens are divided into at most `most` pieces, at most MOST_PIECES, of at least `least` units: depending on
// nothing but their number, so that the order of the sums does not depend on other rows. Grid (blocks, nKvHeads, rows), 128
// threads; a block computes every gridDim.x-th piece. Keys and values of earlier tokens are loaded before the kernel that
// computes those of the new one has finished.
extern "C" __global__ void __launch_bounds__(128) attend(
        half_t* out, const half_t* qkv, half_t* keys, half_t* values, const float* cos, const float* sin, const float* qGain,
        const float* kGain, const int* slots, const int* positions, const int* tables, float* partial, int* arrived, int nHeads,
        int nKvHeads, int mostPages, int most, int least, int window, float scale, float eps, float softCap) {
    const int kv = blockIdx.y, row = blockIdx.z;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    __shared__ alignas(16) half_t query[COLUMNS * 8][HEAD + 8]; // padded, so that lanes read from different banks
    __shared__ alignas(16) half_t newKey[HEAD], newValue[HEAD];
    __shared__ float largest[4][COLUMNS * 8], total[4][COLUMNS * 8];
    __shared__ float mix[GROUP][HEAD];
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
    int piece = blockIdx.x;
    if (piece >= used) return; // the next kernel is released by the remaining blocks, and by the end of this one
    int from = (firstUnit + piece * each) * UNIT, to = min(slot + 1, from + each * UNIT);
    const int* table = tables + (long long)owner * mostPages;
    // where the keys and values of a unit's tokens begin
    auto base_of = [&](int token) { return ((long long)table[token / UNIT] * nKvHeads + kv) * UNIT * HEAD; };
    KeyRun k[2][KEY_STEPS];
    ValueRun v[4][VALUE_STEPS];
    // keys of slots g and g + 8 of a tile, and values of slots 2t, 2t + 1, 2t + 8 and 2t + 9
    auto load_keys = [&](int tile) {
        const half_t* unit = keys + (tile < to ? base_of(tile) : 0);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            const int s = tile + g + 8 * r;
            const bool seen = s >= start && s < to && s != slot;
            const half_t* there = unit + s % UNIT * HEAD + t * KEY_RUN;
#pragma unroll
            for (int i = 0; i < KEY_STEPS; i++) k[r][i] = seen ? *(const KeyRun*)(there + i * 4 * KEY_RUN) : KeyRun{};
        }
    };
    auto load_values = [&](int tile) {
        const half_t* unit = values + (tile < to ? base_of(tile) : 0);
#pragma unroll
        for (int r = 0; r < 4; r++) {
            const int s = tile + 2 * t + (r & 1) + (r >> 1) * 8;
            const bool seen = s >= start && s < to && s != slot;
            const half_t* there = unit + s % UNIT * HEAD + g * VALUE_RUN;
#pragma unroll
            for (int i = 0; i < VALUE_STEPS; i++) v[r][i] = seen ? *(const ValueRun*)(there + i * 8 * VALUE_RUN) : ValueRun{};
        }
    };
    int tile = from + warp * TILE;
    load_keys(tile);
    load_values(tile);
    cos += (long long)slot * (HEAD / 2);
    sin += (long long)slot * (HEAD / 2);
    release_next();
    await_previous();
    const half_t* mine = qkv + (long long)row * (nHeads + 2 * nKvHeads) * HEAD;
    for (int h = warp; h < COLUMNS * 8; h += 4) {
        const half_t* head = mine + (kv * GROUP + h) * HEAD;
        const float norm = qGain && h < GROUP ? inverse_rms(head, eps) : 1.0f;
        for (int d = lane; d < HEAD; d += 32) query[h][d] = h < GROUP ? narrow(turned(head, d, cos, sin, qGain, norm)) : (half_t)0;
    }
    if ((used - 1 - piece) % (int)gridDim.x == 0) { // the block computes the piece of the new token
        const half_t* fresh = mine + (nHeads + kv) * HEAD;
        const half_t* value = mine + (nHeads + nKvHeads + kv) * HEAD;
        const float norm = kGain ? inverse_rms(fresh, eps) : 1.0f;
        const bool kept = slot / UNIT < mostPages && table[slot / UNIT] >= 0; // not if the row has ended one step ago
        const long long at = kept ? base_of(slot) + slot % UNIT * HEAD : 0;
        for (int d = threadIdx.x; d < HEAD; d += 128) {
            newKey[d] = narrow(turned(fresh, d, cos, sin, kGain, norm));
            newValue[d] = value[d];
            if (kept) {
                keys[at + d] = newKey[d];
                values[at + d] = newValue[d];
            }
        }
    }
    __syncthreads();
    KeyRun q[COLUMNS][KEY_STEPS];
    float acc[COLUMNS][VALUE_STEPS * VALUE_PAIRS][4]; // pairs of elements, of two heads
    float top[COLUMNS][2], sum[COLUMNS][2];           // of heads 2t and 2t + 1; scores are base-2 exponents
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
        for (int i = 0; i < KEY_STEPS; i++) q[c][i] = *(const KeyRun*)(query[c * 8 + g] + i * 4 * KEY_RUN + t * KEY_RUN);
    }
    half_t* result = out + ((long long)row * nHeads + kv * GROUP) * HEAD;
    float* those = partial + ((long long)row * nKvHeads + kv) * most * GROUP * (HEAD + 2);
    while (piece < used) {
        const bool newest = to == slot + 1; // this piece contains the new token
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
            for (int i = 0; i < VALUE_STEPS * VALUE_PAIRS; i++) acc[c][i][0] = acc[c][i][1] = acc[c][i][2] = acc[c][i][3] = 0;
            top[c][0] = top[c][1] = LEAST;
            sum[c][0] = sum[c][1] = 0;
        }
        // a score as a base-2 exponent; with a soft cap, cap tanh(score / cap)
        auto exponent = [&](float score) { return (softCap > 0 ? softCap * tanhf(score * scale / softCap) : score * scale) * LOG2E; };
        for (; tile < to; tile += UNIT) {
            if (slot >= tile && slot < tile + TILE && newest) {
#pragma unroll
                for (int r = 0; r < 2; r++) {
                    if (tile + g + 8 * r == slot) {
#pragma unroll
                        for (int i = 0; i < KEY_STEPS; i++) k[r][i] = *(const KeyRun*)(newKey + i * 4 * KEY_RUN + t * KEY_RUN);
                    }
                }
#pragma unroll
                for (int r = 0; r < 4; r++) {
                    if (tile + 2 * t + (r & 1) + (r >> 1) * 8 == slot) {
#pragma unroll
                        for (int i = 0; i < VALUE_STEPS; i++) v[r][i] = *(const ValueRun*)(newValue + (i * 8 + g) * VALUE_RUN);
                    }
                }
            }
            float s[COLUMNS][4];
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                s[c][0] = s[c][1] = s[c][2] = s[c][3] = 0;
#pragma unroll
                for (int i = 0; i < KEY_STEPS; i++) {
#pragma unroll
                    for (int w = 0; w < KEY_RUN / 2; w += 2) {
                        mma(s[c], k[0][i].word[w], k[1][i].word[w], k[0][i].word[w + 1], k[1][i].word[w + 1], q[c][i].word[w],
                            q[c][i].word[w + 1]);
                    }
                }
            }
            load_keys(tile + UNIT);
            const bool sees[2] = {tile + g >= start && tile + g < to, tile + g + 8 >= start && tile + g + 8 < to};
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                float p[4];
#pragma unroll
                for (int j = 0; j < 2; j++) { // head 2t + j; its scores are s[j] for slot g and s[2 + j] for slot g + 8
                    const float low = sees[0] ? exponent(s[c][j]) : LEAST, high = sees[1] ? exponent(s[c][2 + j]) : LEAST;
                    const float now = fmaxf(top[c][j], largest_of_column(fmaxf(low, high)));
                    const float keep = exp2f(top[c][j] - now);
                    p[j] = sees[0] ? exp2f(low - now) : 0;
                    p[2 + j] = sees[1] ? exp2f(high - now) : 0;
                    sum[c][j] = sum[c][j] * keep + p[j] + p[2 + j];
                    top[c][j] = now;
#pragma unroll
                    for (int i = 0; i < VALUE_STEPS * VALUE_PAIRS; i++) {
                        acc[c][i][j] *= keep;
                        acc[c][i][2 + j] *= keep;
                    }
                }
                const u32 low = transposed(pack(p[0], p[1])), high = transposed(pack(p[2], p[3]));
#pragma unroll
                for (int i = 0; i < VALUE_STEPS; i++) {
#pragma unroll
                    for (int w = 0; w < VALUE_PAIRS; w++) { // rows of the left side: even elements, then odd ones
                        const u32 v0 = v[0][i].word[w], v1 = v[1][i].word[w], v8 = v[2][i].word[w], v9 = v[3][i].word[w];
                        mma(acc[c][i * VALUE_PAIRS + w], __byte_perm(v0, v1, 0x5410), __byte_perm(v0, v1, 0x7632),
                            __byte_perm(v8, v9, 0x5410), __byte_perm(v8, v9, 0x7632), low, high);
                    }
                }
            }
            load_values(tile + UNIT);
        }
        const int current = piece;
        piece += gridDim.x;
        from = (firstUnit + piece * each) * UNIT;
        to = min(slot + 1, from + each * UNIT);
        tile = from + warp * TILE;
        load_keys(tile); // of the next piece, nothing after the last
        load_values(tile);
        // combine the four warps
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
#pragma unroll
                for (int o = 4; o < 32; o <<= 1) sum[c][j] += __shfl_xor_sync(0xffffffffu, sum[c][j], o);
                if (g == 0) {
                    largest[warp][c * 8 + 2 * t + j] = top[c][j];
                    total[warp][c * 8 + 2 * t + j] = sum[c][j];
                }
            }
        }
        __syncthreads();
        for (int turn = 0; turn < 4; turn++) {
            if (turn == warp) {
#pragma unroll
                for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
                    for (int j = 0; j < 2; j++) {
                        const int h = c * 8 + 2 * t + j;
                        if (h >= GROUP) continue;
                        const float all = fmaxf(fmaxf(largest[0][h], largest[1][h]), fmaxf(largest[2][h], largest[3][h]));
                        const float keep = exp2f(top[c][j] - all);
#pragma unroll
                        for (int i = 0; i < VALUE_STEPS * VALUE_PAIRS; i++) {
                            float2* there = (float2*)(mix[h] + (i / VALUE_PAIRS * 8 + g) * VALUE_RUN + i % VALUE_PAIRS * 2);
                            const float2 before = turn == 0 ? make_float2(0, 0) : *there;
                            *there = make_float2(before.x + acc[c][i][j] * keep, before.y + acc[c][i][2 + j] * keep);
                        }
                    }
                }
            }
            __syncthreads();
        }
        auto whole = [&](int h, float& most, float& all) { // over the block's slots
            most = fmaxf(fmaxf(largest[0][h], largest[1][h]), fmaxf(largest[2][h], largest[3][h]));
            all = 0;
#pragma unroll
            for (int w = 0; w < 4; w++) all += total[w][h] * exp2f(largest[w][h] - most);
        };
        if (used == 1) {
            for (int i = threadIdx.x * 2; i < GROUP * HEAD; i += 256) {
                float most, all;
                whole(i / HEAD, most, all);
                *(u32*)(result + i) = pack(mix[i / HEAD][i % HEAD] / all, mix[i / HEAD][i % HEAD + 1] / all);
            }
            return;
        }
        float* own = those + (long long)current * GROUP * (HEAD + 2);
        for (int i = threadIdx.x; i < GROUP * HEAD; i += 128) own[i / HEAD * (HEAD + 2) + i % HEAD] = mix[i / HEAD][i % HEAD];
        if (threadIdx.x < GROUP) {
            float most, all;
            whole(threadIdx.x, most, all);
            *(float2*)(own + threadIdx.x * (HEAD + 2) + HEAD) = make_float2(most, all);
        }
        __syncthreads(); // before the shared memory is written again
    }
    const int share = (used - 1 - (int)blockIdx.x) / (int)gridDim.x + 1; // pieces of this block
    if (share < used) {
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
    }
    __shared__ float weight[GROUP][MOST_PIECES];
    for (int h = warp; h < GROUP; h += 4) { // the weight of each piece
        float most = LEAST, all = 0;
        for (int p = lane; p < used; p += 32) most = fmaxf(most, __ldcg(those + ((long long)p * GROUP + h) * (HEAD + 2) + HEAD));
#pragma unroll
        for (int o = 16; o; o >>= 1) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, o));
        for (int p = lane; p < used; p += 32) {
            const float* there = those + ((long long)p * GROUP + h) * (HEAD + 2) + HEAD;
            const float counts = exp2f(__ldcg(there) - most);
            weight[h][p] = counts;
            all += __ldcg(there + 1) * counts;
        }
#pragma unroll
        for (int o = 16; o; o >>= 1) all += __shfl_xor_sync(0xffffffffu, all, o);
        for (int p = lane; p < used; p += 32) weight[h][p] /= all;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < GROUP * HEAD; i += 128) {
        const float* there = those + i / HEAD * (HEAD + 2) + i % HEAD;
        float sum = 0;
#pragma unroll 8
        for (int p = 0; p < used; p++) sum += weight[i / HEAD][p] * __ldcg(there + (long long)p * GROUP * (HEAD + 2));
        result[i] = narrow(sum);
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
