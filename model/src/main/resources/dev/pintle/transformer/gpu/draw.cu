// Samples a token for each row exactly like the CPU sampler: repetition penalty, temperature, top-k, top-p, min-p, then
// one draw from what is left.
//
// Each filter keeps a prefix of the tokens in descending order of score, so the result is the shortest of these
// prefixes and its mass the smallest of theirs. Nothing is sorted: the end of a prefix of given mass (or count) is
// found by successive refinement, first to a sixteenth of a unit of score, then by 8 bits of the score at a time, using
// a histogram of the mass in each bin. Masses are integers, so sums do not depend on their order and results are
// reproducible for a seed.
//
// A row is read a few times. SHARES thread blocks, a cluster, therefore divide it among them and keep their scores in
// shared memory; they add up what they find by reading each other's shared memory. Compiled with -DSHARES=8 or 4, or 1 where a
// GPU has no clusters.

typedef unsigned int u32;
typedef unsigned long long u64;

#define THREADS 1024
#define AHEAD 8 // logits that a thread reads at once
#define BINS 256
#define COPIES 8 // of a histogram
#ifndef LISTED
#define LISTED 2048 // tokens of a block that are refined, at most; if there are more, all are read
#endif
#define ONE 4294967296.0f // mass of the most probable token

#if SHARES > 1
#define CLUSTERED __cluster_dims__(SHARES, 1, 1)
#else
#define CLUSTERED
#endif

extern __shared__ int list[]; // [LISTED], and after that the block's scores, if they are kept

// A block's share of a row's tokens: those from `first`.
struct Row {
    const float* logits;
    const int* seen; // bits
    int first, count;
    bool cached; // the scores are in shared memory
    float temperature, penalty, largest;
};

static __device__ __forceinline__ int rank_in_cluster() {
#if SHARES > 1
    int rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
#else
    return 0;
#endif
}

// All threads of the row's blocks wait for each other, and see each other's shared memory.
static __device__ __forceinline__ void meet() {
#if SHARES > 1
    asm volatile("barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;" ::: "memory");
#else
    __syncthreads();
#endif
}

// What another block of the cluster has at the same place in its shared memory.
static __device__ __forceinline__ u64 of_block(const u64* mine, int rank) {
#if SHARES > 1
    u32 there;
    u64 value;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"((u32)__cvta_generic_to_shared(mine)), "r"(rank));
    asm volatile("ld.shared::cluster.u64 %0, [%1];" : "=l"(value) : "r"(there) : "memory");
    return value;
#else
    return *mine;
#endif
}

static __device__ __forceinline__ float computed_score(const Row& row, int i) {
    float logit = row.logits[i];
    if (row.penalty != 1.0f && (row.seen[i >> 5] >> (i & 31) & 1)) logit = logit > 0 ? logit / row.penalty : logit * row.penalty;
    return logit / row.temperature + 0.0f; // never -0
}

static __device__ __forceinline__ float score(const Row& row, int at) {
    return row.cached ? ((const float*)list)[LISTED + at] : computed_score(row, row.first + at);
}

// Calls f(at, score) for every token of the block's share; a thread reads several at once, since it would otherwise wait for each.
template <class F>
static __device__ __forceinline__ void each(const Row& row, F f) {
    for (int from = threadIdx.x; from < row.count; from += AHEAD * THREADS) {
        float s[AHEAD];
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int at = from + u * THREADS;
            s[u] = at < row.count ? score(row, at) : 0;
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int at = from + u * THREADS;
            if (at < row.count) f(at, s[u]);
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

// What the blocks of a row exchange; in turns, so that one may write while others still read.
struct Exchange {
    u64 bins[BINS];
    u64 values[3];
};

static __device__ __forceinline__ Exchange* exchange(int& turn) {
    __shared__ Exchange exchanges[2];
    turn ^= 1;
    return exchanges + turn;
}

// The sum over the row's threads, to all of them.
static __device__ u64 total(u64 value, int& turn) {
    __shared__ u64 sums[THREADS / 32];
#pragma unroll
    for (int o = 16; o; o >>= 1) value += __shfl_xor_sync(0xffffffffu, value, o);
    __syncthreads();
    if ((threadIdx.x & 31) == 0) sums[threadIdx.x >> 5] = value;
    __syncthreads();
    Exchange* own = exchange(turn);
    if (threadIdx.x == 0) {
        u64 sum = 0;
        for (int w = 0; w < THREADS / 32; w++) sum += sums[w];
        own->values[0] = sum;
    }
    meet();
    value = 0;
#pragma unroll
    for (int rank = 0; rank < SHARES; rank++) value += of_block(own->values, rank);
    return value;
}

// The largest score of the row's threads, to all of them.
static __device__ float largest(float score, int& turn) {
    __shared__ float maxima[THREADS / 32];
#pragma unroll
    for (int o = 16; o; o >>= 1) score = fmaxf(score, __shfl_xor_sync(0xffffffffu, score, o));
    if ((threadIdx.x & 31) == 0) maxima[threadIdx.x >> 5] = score;
    __syncthreads();
    Exchange* own = exchange(turn);
    if (threadIdx.x == 0) {
        for (int w = 0; w < THREADS / 32; w++) score = fmaxf(score, maxima[w]);
        own->values[0] = __float_as_uint(score);
    }
    meet();
#pragma unroll
    for (int rank = 0; rank < SHARES; rank++) score = fmaxf(score, __uint_as_float((u32)of_block(own->values, rank)));
    return score;
}

// A histogram over the row's tokens.
struct Histogram {
    u64 sums[BINS];
};

// The block's part of a histogram: sums of the low 16 bits and of the others, since 64-bit atomic additions take several times as
// long; in copies, since many lanes of a warp add to the same bin. Neither overflows, with fewer than 2^16 tokens per copy.
struct Table {
    u32 parts[2][BINS * COPIES];

    // adds a value of at most 2^32
    __device__ __forceinline__ void add(int bin, u64 value) {
#pragma unroll
        for (int part = 0; part < 2; part++) {
            const u32 bits = part ? value >> 16 : value & 0xffff;
            if (bits) atomicAdd(parts[part] + bin * COPIES + threadIdx.x % COPIES, bits);
        }
    }
};

// Fills a histogram with what add(table) adds for the block's tokens.
template <class Add>
static __device__ __forceinline__ void fill(Histogram& histogram, Table& table, int& turn, Add add) {
    __syncthreads();
    for (int i = threadIdx.x; i < 2 * BINS * COPIES; i += THREADS) table.parts[i / (BINS * COPIES)][i % (BINS * COPIES)] = 0;
    __syncthreads();
    add(table);
    __syncthreads();
    Exchange* own = exchange(turn);
    if (threadIdx.x < BINS) {
        u64 sum = 0;
#pragma unroll
        for (int c = 0; c < COPIES; c++) {
            const int i = threadIdx.x * COPIES + c;
            sum += table.parts[0][i] + ((u64)table.parts[1][i] << 16);
        }
        own->bins[threadIdx.x] = sum;
    }
    meet();
    if (threadIdx.x < BINS) {
        u64 sum = 0;
#pragma unroll
        for (int rank = 0; rank < SHARES; rank++) sum += of_block(own->bins + threadIdx.x, rank);
        histogram.sums[threadIdx.x] = sum;
    }
    __syncthreads();
}

static __device__ u64 sum_of(const Histogram& histogram) {
    __shared__ u64 sum;
    if (threadIdx.x < 32) {
        u64 mine = 0;
        for (int i = threadIdx.x; i < BINS; i += 32) mine += histogram.sums[i];
#pragma unroll
        for (int o = 16; o; o >>= 1) mine += __shfl_xor_sync(0xffffffffu, mine, o);
        if (threadIdx.x == 0) sum = mine;
    }
    __syncthreads();
    return sum;
}

// The bin in which the sum, from `before` on, first exceeds a target.
struct Bin {
    int at;
    u64 before, here; // sums of the earlier bins and of this one
};

static __device__ Bin bin_of(const Histogram& histogram, u64 before, u64 target) {
    __shared__ Bin result;
    if (threadIdx.x < 32) {
        u64 mine = 0;
        for (int i = 0; i < BINS / 32; i++) mine += histogram.sums[threadIdx.x * (BINS / 32) + i];
        u64 until = mine;
#pragma unroll
        for (int o = 1; o < 32; o <<= 1) {
            const u64 left = __shfl_up_sync(0xffffffffu, until, o);
            if (threadIdx.x >= o) until += left;
        }
        u64 sum = before + until - mine;
        for (int i = 0; i < BINS / 32; i++) {
            const u64 part = histogram.sums[threadIdx.x * (BINS / 32) + i];
            if (sum <= target && target < sum + part) {
                result.at = threadIdx.x * (BINS / 32) + i;
                result.before = sum;
                result.here = part;
            }
            sum += part;
        }
    }
    __syncthreads();
    const Bin found = result;
    __syncthreads();
    return found;
}

// The score at which the sum over the tokens, in descending order, first exceeds a target.
struct End {
    u32 key;    // of the score
    u64 before; // sum over tokens with larger scores
    u64 here;   // sum over tokens with this score
    int listed; // tokens of the block near it, which are in the list unless there are more than LISTED
};

// Calls f(at, score) for the tokens that were listed, or for all if they did not fit.
template <class F>
static __device__ __forceinline__ void each_near(const Row& row, int listed, F f) {
    if (listed > LISTED) {
        each(row, f);
        return;
    }
    for (int i = threadIdx.x; i < listed; i += THREADS) f(list[i], score(row, list[i]));
}

// Sums masses, or counts tokens; coarse has the sums by sixteenths.
static __device__ End find(const Row& row, const Histogram& coarse, u64 target, bool count, Table& table, int& turn) {
    __shared__ Histogram fine;
    __shared__ int near;
    Bin bin = bin_of(coarse, 0, target);
    const int top = bin.at;
    if (threadIdx.x == 0) near = 0;
    __syncthreads();
    each(row, [&](int at, float s) {
        if (sixteenth(row, s) == top) {
            const int nth = atomicAdd(&near, 1);
            if (nth < LISTED) list[nth] = at;
        }
    });
    __syncthreads();
    const int listed = near;
    u32 key = 0;
    for (int level = 1; level < 5; level++) {
        const int shift = 32 - 8 * level;
        fill(fine, table, turn, [&](Table& table) {
            each_near(row, listed, [&](int, float s) {
                const u32 k = falling(s);
                if (sixteenth(row, s) != top || (level > 1 && k >> (shift + 8) != key)) return;
                table.add(k >> shift & 0xff, count ? 1 : mass(row, s));
            });
        });
        bin = bin_of(fine, bin.before, target);
        key = key << 8 | bin.at;
    }
    return {key, bin.before, bin.here, listed};
}

// drawn [rows]: a token, or -1 for rows with temperature 0 and where logits are NaN. logits [rows, dVocab]; slots [rows]: the
// sequence of each row, or -1. By slot: settings [., 5]: temperature, top-k (0 for all), top-p, min-p, repetition penalty;
// uniform [., capacity]: a number from 0 to 1 for each position, again from the start after the last; seen [., words]: one bit
// per token that occurred so far; positions: that of the token which the logits follow. SHARES blocks per row; shared memory has
// room for the scores of a block's share of the tokens after the list if `cached`.
extern "C" __global__ void CLUSTERED __launch_bounds__(THREADS) draw(
        int* drawn, const float* logits, const float* settings, const double* uniform, int* seen, const int* slots,
        const int* positions, int dVocab, int words, int capacity, int cached) {
    __shared__ int tokens[THREADS], found;
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
    const int at = blockIdx.x / SHARES, rank = rank_in_cluster(), slot = slots[at];
    const float* own = settings + (slot < 0 ? 0 : slot) * 5;
    if (slot < 0 || own[0] == 0) {
        if (rank == 0 && threadIdx.x == 0) drawn[at] = -1;
        return;
    }
    const int share = (dVocab + SHARES - 1) / SHARES, first = rank * share;
    Row row = {logits + (long long)at * dVocab, seen + (long long)slot * words, first, max(0, min(share, dVocab - first)), false,
        own[0], own[4], 0};
    int turn = 0;
    float most = -3e38f;
    each(row, [&](int i, float s) {
        if (cached) ((float*)list)[LISTED + i] = s; // which no other thread reads yet
        most = fmaxf(most, s);
    });
    row.cached = cached;
    row.largest = largest(most, turn);

    __shared__ Table table;
    __shared__ Histogram masses, counts;
    fill(masses, table, turn, [&](Table& table) { each(row, [&](int, float s) { table.add(sixteenth(row, s), mass(row, s)); }); });
    u64 kept = 0;
    const int topK = (int)own[1];
    if (topK > 0 && topK < dVocab) {
        fill(counts, table, turn, [&](Table& table) { each(row, [&](int, float s) { table.add(sixteenth(row, s), 1); }); });
        const End last = find(row, counts, topK - 1, true, table, turn);
        each(row, [&](int, float s) {
            if (falling(s) < last.key) kept += mass(row, s);
        });
        kept = total(kept, turn) + (topK - last.before) * mass(row, score_of(last.key)); // of those with the last score, a few
    } else {
        kept = sum_of(masses);
    }
    if (own[2] < 1.0f) {
        const u64 wanted = max(1ull, (u64)ceil((double)own[2] * (double)kept));
        const End end = find(row, masses, wanted - 1, false, table, turn);
        const u64 one = mass(row, score_of(end.key));
        kept = min(kept, end.before + (wanted - end.before + one - 1) / one * one);
    }
    if (own[3] > 0) {
        const u64 least = (u64)(own[3] * ONE);
        u64 probable = 0;
        each(row, [&](int, float s) {
            const u64 m = mass(row, s);
            if (m >= least) probable += m;
        });
        kept = min(kept, total(probable, turn));
    }
    const double u = uniform[(long long)slot * capacity + positions[slot] % capacity];
    u64 target = (u64)(u * (double)kept);
    target = min(target, kept - 1);
    const End end = find(row, masses, target, false, table, turn);
    // among the tokens with that score, the one whose share of the mass contains it
    if (threadIdx.x == 0) found = 0;
    __syncthreads();
    each_near(row, end.listed, [&](int i, float s) {
        if (falling(s) == end.key) {
            const int nth = atomicAdd(&found, 1);
            if (nth < THREADS) tokens[nth] = i;
        }
    });
    __syncthreads();
    Exchange* mine = exchange(turn);
    if (threadIdx.x == 0) mine->values[0] = found;
    meet();
    u64 among = 0, earlier = 0; // in all blocks, and in those with smaller ids
    for (int other = 0; other < SHARES; other++) {
        const u64 there = of_block(mine->values, other);
        among += there;
        if (other < rank) earlier += there;
    }
    meet(); // no block ends while others read what it found
    const u64 one = among ? end.here / among : 0;
    const u64 nth = one ? min((target - end.before) / one, among - 1) : 0; // by the order of the ids
    if (among == 0 && rank == 0 && threadIdx.x == 0) drawn[at] = -1; // a logit is NaN, and no token has the score
    if (nth < earlier || nth >= earlier + found) return;
    const int skipped = (int)(nth - earlier);
    auto choose = [&](int i) {
        const int id = first + i;
        drawn[at] = id;
        seen[(long long)slot * words + (id >> 5)] |= 1 << (id & 31);
    };
    if (found <= THREADS) {
        if (threadIdx.x < found) {
            int before = 0;
            for (int i = 0; i < found; i++) before += tokens[i] < tokens[threadIdx.x];
            if (before == skipped) choose(tokens[threadIdx.x]);
        }
    } else if (threadIdx.x == 0) {
        int passed = 0;
        for (int i = 0; i < row.count; i++) {
            if (falling(score(row, i)) == end.key && passed++ == skipped) {
                choose(i);
                break;
            }
        }
    }
}
