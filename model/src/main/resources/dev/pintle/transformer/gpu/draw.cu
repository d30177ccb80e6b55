// Samples a token for each row exactly like the CPU sampler: repetition penalty, temperature, top-k, top-p, min-p, then
// one draw from what is left.
//
// Each filter keeps a prefix of the tokens in descending order of score, so the result is the shortest of these
// prefixes and its mass the smallest of theirs. Nothing is sorted: the end of a prefix of given mass (or count) is
// found by successive refinement, first to a sixteenth of a unit of score, then by 8 bits of the score at a time, using
// a histogram of the mass in each bin. Masses are integers, so sums do not depend on their order and results are
// reproducible for a seed.

typedef unsigned int u32;
typedef unsigned long long u64;

#define THREADS 1024
#define AHEAD 8 // logits that a thread reads at once
#define BINS 256
#define COPIES 8 // of a histogram
#define ONE 4294967296.0f // mass of the most probable token

struct Row {
    const float* logits;
    const int* seen; // bits
    int dVocab;
    float temperature, penalty, largest;
};

static __device__ __forceinline__ float score(const Row& row, int i) {
    float logit = row.logits[i];
    if (row.penalty != 1.0f && (row.seen[i >> 5] >> (i & 31) & 1)) logit = logit > 0 ? logit / row.penalty : logit * row.penalty;
    return logit / row.temperature + 0.0f; // never -0
}

// Calls f(i, score) for every token; a thread reads several logits at once, since it would otherwise wait for each.
template <class F>
static __device__ __forceinline__ void each(const Row& row, F f) {
    for (int from = threadIdx.x; from < row.dVocab; from += AHEAD * THREADS) {
        float s[AHEAD];
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int i = from + u * THREADS;
            s[u] = i < row.dVocab ? score(row, i) : 0;
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int i = from + u * THREADS;
            if (i < row.dVocab) f(i, s[u]);
        }
    }
}

static __device__ __forceinline__ u64 mass(const Row& row, float s) {
    return (u64)(expf(s - row.largest) * ONE);
}

// Increases as the score decreases.
static __device__ __forceinline__ u32 falling(float s) {
    const u32 bits = __float_as_uint(s);
    return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

static __device__ __forceinline__ float score_of(u32 key) {
    return __uint_as_float(key & 0x80000000u ? key : ~key & 0x7fffffffu);
}

static __device__ __forceinline__ int sixteenth(const Row& row, float s) {
    return (int)fminf((row.largest - s) * 16.0f, BINS - 1.0f);
}

// Block-wide sum, returned to all threads.
static __device__ u64 total(u64 value) {
    __shared__ u64 sums[THREADS / 32];
#pragma unroll
    for (int o = 16; o; o >>= 1) value += __shfl_xor_sync(0xffffffffu, value, o);
    __syncthreads();
    if ((threadIdx.x & 31) == 0) sums[threadIdx.x >> 5] = value;
    __syncthreads();
    value = 0;
    for (int w = 0; w < THREADS / 32; w++) value += sums[w];
    return value;
}

// The score at which the sum over the tokens, in descending order, first exceeds a target.
struct End {
    u32 key;    // of the score
    u64 before; // sum over tokens with larger scores
    u64 here;   // sum over tokens with this score
};

// Sums masses, or counts tokens.
static __device__ End find(const Row& row, u64 target, bool count) {
    // 11 bits of the sums each, since 64-bit atomic additions take several times as long; in copies, since many lanes of a warp
    // add to the same bin
    __shared__ u32 table[3][BINS * COPIES];
    __shared__ u64 sums[BINS];
    __shared__ u64 before, here;
    __shared__ int bin;
    int top = 0;
    u32 key = 0;
    u64 start = 0;
    for (int level = 0; level < 5; level++) {
        const int shift = 32 - 8 * level;
        __syncthreads();
        for (int i = threadIdx.x; i < 3 * BINS * COPIES; i += THREADS) table[i / (BINS * COPIES)][i % (BINS * COPIES)] = 0;
        __syncthreads();
        each(row, [&](int, float s) {
            int at = sixteenth(row, s);
            if (level > 0) {
                if (at != top) return;
                const u32 k = falling(s);
                if (level > 1 && k >> (shift + 8) != key) return;
                at = k >> shift & 0xff;
            }
            const u64 add = count ? 1 : mass(row, s); // below 2^33
            for (int part = 0; part < 3; part++) {
                const u32 bits = add >> (11 * part) & 0x7ff;
                if (bits) atomicAdd(table[part] + at * COPIES + threadIdx.x % COPIES, bits);
            }
        });
        __syncthreads();
        if (threadIdx.x < BINS) {
            u64 sum = 0;
#pragma unroll
            for (int c = 0; c < COPIES; c++) {
                const int i = threadIdx.x * COPIES + c;
                sum += table[0][i] + ((u64)table[1][i] << 11) + ((u64)table[2][i] << 22);
            }
            sums[threadIdx.x] = sum;
        }
        __syncthreads();
        if (threadIdx.x < 32) {
            u64 own = 0;
            for (int i = 0; i < BINS / 32; i++) own += sums[threadIdx.x * (BINS / 32) + i];
            u64 until = own;
#pragma unroll
            for (int o = 1; o < 32; o <<= 1) {
                const u64 left = __shfl_up_sync(0xffffffffu, until, o);
                if (threadIdx.x >= o) until += left;
            }
            u64 sum = start + until - own;
            for (int i = 0; i < BINS / 32; i++) {
                const u64 part = sums[threadIdx.x * (BINS / 32) + i];
                if (sum <= target && target < sum + part) {
                    bin = threadIdx.x * (BINS / 32) + i;
                    before = sum;
                    here = part;
                }
                sum += part;
            }
        }
        __syncthreads();
        if (level == 0) top = bin;
        else key = key << 8 | bin;
        start = before;
    }
    return {key, before, here};
}

// drawn [rows]: a token, or -1 for rows with temperature 0 and where logits are NaN. logits [rows, dVocab]; slots [rows]: the
// sequence of each row, or -1. By slot: settings [., 5]: temperature, top-k (0 for all), top-p, min-p, repetition penalty;
// uniform [., capacity]: a number from 0 to 1 for each position, again from the start after the last; seen [., words]: one bit
// per token that occurred so far; positions: that of the token which the logits follow. One block per row.
extern "C" __global__ void __launch_bounds__(THREADS) draw(
        int* drawn, const float* logits, const float* settings, const double* uniform, int* seen, const int* slots,
        const int* positions, int dVocab, int words, int capacity) {
    __shared__ float maxima[THREADS / 32];
    __shared__ int chosen;
    __shared__ int tokens[THREADS], among;
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
    const int slot = slots[blockIdx.x];
    const float* own = settings + (slot < 0 ? 0 : slot) * 5;
    if (slot < 0 || own[0] == 0) {
        if (threadIdx.x == 0) drawn[blockIdx.x] = -1;
        return;
    }
    Row row = {logits + (long long)blockIdx.x * dVocab, seen + (long long)slot * words, dVocab, own[0], own[4], 0};
    float most = -3e38f;
    each(row, [&](int, float s) { most = fmaxf(most, s); });
#pragma unroll
    for (int o = 16; o; o >>= 1) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, o));
    if ((threadIdx.x & 31) == 0) maxima[threadIdx.x >> 5] = most;
    __syncthreads();
    for (int w = 0; w < THREADS / 32; w++) most = fmaxf(most, maxima[w]);
    row.largest = most;

    End last = {0xffffffffu, 0, 0}; // end of the top-k
    u64 equals = 0;                 // how many tokens with the last score are among them
    const int topK = (int)own[1];
    if (topK > 0 && topK < dVocab) {
        last = find(row, topK - 1, true);
        equals = topK - last.before;
    }
    u64 kept = 0, probable = 0;
    const u64 least = (u64)(own[3] * ONE);
    each(row, [&](int, float s) {
        const u64 m = mass(row, s);
        if (falling(s) < last.key) kept += m;
        if (m >= least) probable += m;
    });
    kept = total(kept) + (equals ? equals * mass(row, score_of(last.key)) : 0);
    probable = total(probable);
    if (own[2] < 1.0f) {
        const u64 wanted = max(1ull, (u64)ceil((double)own[2] * (double)kept));
        const End end = find(row, wanted - 1, false);
        const u64 one = mass(row, score_of(end.key));
        kept = min(kept, end.before + (wanted - end.before + one - 1) / one * one);
    }
    kept = min(kept, probable);
    const double u = uniform[(long long)slot * capacity + positions[slot] % capacity];
    u64 target = (u64)(u * (double)kept);
    target = min(target, kept - 1);
    const End end = find(row, target, false);
    // among the tokens with that score, the one whose share of the mass contains it
    if (threadIdx.x == 0) {
        chosen = -1; // stays -1 if a logit is NaN and no token has the score
        among = 0;
    }
    __syncthreads();
    each(row, [&](int i, float s) {
        if (falling(s) == end.key) {
            const int at = atomicAdd(&among, 1);
            if (at < THREADS) tokens[at] = i;
        }
    });
    __syncthreads();
    const u64 one = among ? end.here / among : 0;
    const int nth = one ? (int)min((target - end.before) / one, (u64)among - 1) : 0; // by the order of the ids
    if (among <= THREADS) {
        if (threadIdx.x < among) {
            int before = 0;
            for (int i = 0; i < among; i++) before += tokens[i] < tokens[threadIdx.x];
            if (before == nth) chosen = tokens[threadIdx.x];
        }
    } else if (threadIdx.x == 0) {
        int passed = 0;
        for (int i = 0; i < dVocab && chosen < 0; i++) {
            if (falling(score(row, i)) == end.key && passed++ == nth) chosen = i;
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        drawn[blockIdx.x] = chosen;
        if (chosen >= 0) seen[(long long)slot * words + (chosen >> 5)] |= 1 << (chosen & 31);
    }
}
