// One decoding step of a Llama-like transformer for up to 8*NT rows, captured as a CUDA graph. attend and choose serve more.
//
// A step reads every weight once, so its floor is the weights' bytes over the memory's bandwidth. All products therefore go
// through one shape of kernel: a block owns 16 rows of a weight, its warps take turns along the inner axis, and tensor cores
// multiply 16 weight rows by 8 sequences at a time. A tensor core wants its operands in an order along the inner axis; since
// any order gives the same sum, each lane takes the 16 bytes that lie together in memory, of weight and activation alike.
// A norm before a product is not a kernel of its own: whoever writes the residual stream x also writes gain*x for the next
// norm, and the squares of x summed by 16; the product is taken of gain*x, and its result scaled by 1/rms(x).
//
// Compiled with -DBF16=1 or 0, -DNT=1 or 2, -DWARPS=warps of a block, -DHEAD=dHead and -DGROUP=nHeads/nKvHeads.

// Measured on an H200 for the shape of Llama 3.1 8B: deeper look-ahead costs registers, and with them warps.
#if NT == 1
#define AHEAD 2
#define BLOCKS_PER_SM 2
#else
#define AHEAD 1
#define BLOCKS_PER_SM 1
#endif

typedef unsigned short half_t;
typedef unsigned int u32;

static __device__ __forceinline__ float widen(u32 bits16) {
#if BF16
    return __uint_as_float(bits16 << 16);
#else
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"((half_t)bits16));
    return f;
#endif
}

static __device__ __forceinline__ half_t narrow(float f) {
    half_t h;
#if BF16
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(f));
#else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f));
#endif
    return h;
}

static __device__ __forceinline__ u32 pack(float low, float high) {
    return (u32)narrow(low) | ((u32)narrow(high) << 16);
}

static __device__ __forceinline__ float rounded(float f) {
    return widen(narrow(f));
}

static __device__ __forceinline__ uint4 stream16(const half_t* p) {
    uint4 v;
    asm("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}

static __device__ __forceinline__ void mma(float* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
#if BF16
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#endif
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Lets the next kernel of the stream start its prologue, and waits for what the previous ones wrote.
static __device__ __forceinline__ void release_next() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}

static __device__ __forceinline__ void await_previous() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}


// The order in which a warp takes the pieces of 32 along the inner axis: two neighbours, one line of memory, then WARPS lines on.
static __device__ __forceinline__ int piece_of(int warp, int i) {
    return (i >> 1) * (2 * WARPS) + warp * 2 + (i & 1);
}

// Products of 16 weight rows with all sequences: done(row, n, sum, partner) is called once for each weight row of the block
// and each sequence, where partner is the sum of row + 8 if PAIRED, which then is not reported by itself. Lane (g, t) of a
// warp holds weight rows g and g + 8 at rowA and rowB; x is [rows, k]. With squares, [parts, rows], sums are scaled by
// 1/rms. The weights of the first steps are asked for before the previous kernel has finished, since they do not depend on
// it; with FETCH all of the block's weights are, as far as the second-level cache.
template <bool NORM, bool PAIRED, bool FETCH, class Done>
static __device__ __forceinline__ void product(
        const half_t* rowA, const half_t* rowB, const half_t* x, const float* squares, int parts, int rows, int k, float eps,
        Done done) {
    __shared__ float sums[WARPS][NT * 128];
    __shared__ float shares[WARPS][NT * 8];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    const int steps = k >> 5;
    const uint4 zero = make_uint4(0, 0, 0, 0);
    float acc[NT][4];
#pragma unroll
    for (int j = 0; j < NT; j++) acc[j][0] = acc[j][1] = acc[j][2] = acc[j][3] = 0;
    uint4 a[AHEAD], b[AHEAD];
#pragma unroll
    for (int u = 0; u < AHEAD; u++) {
        int step = piece_of(warp, u);
        a[u] = step < steps ? stream16(rowA + step * 32 + t * 8) : zero;
        b[u] = step < steps ? stream16(rowB + step * 32 + t * 8) : zero;
    }
    if (FETCH) {
        for (int i = AHEAD; piece_of(warp, i) < steps; i += 2) {
            if (t == 0) {
                asm volatile("prefetch.global.L2 [%0];" ::"l"(rowA + piece_of(warp, i) * 32));
                asm volatile("prefetch.global.L2 [%0];" ::"l"(rowB + piece_of(warp, i) * 32));
            }
        }
    }
    release_next();
    await_previous();
    float square = 0; // of sequence lane % (NT * 8), a share of its parts
    if (NORM) {
        const int n = threadIdx.x % (NT * 8);
        if (n < rows) {
#pragma unroll 8
            for (int p = threadIdx.x / (NT * 8); p < parts; p += blockDim.x / (NT * 8)) square += squares[p * rows + n];
        }
    }
    for (int first = 0; piece_of(warp, first) < steps; first += AHEAD) {
        uint4 v[AHEAD];
        if (NT == 1) {
#pragma unroll
            for (int u = 0; u < AHEAD; u++) {
                int step = piece_of(warp, first + u);
                v[u] = step < steps && g < rows ? *(const uint4*)(x + (long long)g * k + step * 32 + t * 8) : zero;
            }
        }
        uint4 an[AHEAD], bn[AHEAD];
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            int step = piece_of(warp, first + AHEAD + u);
            an[u] = step < steps ? stream16(rowA + step * 32 + t * 8) : zero;
            bn[u] = step < steps ? stream16(rowB + step * 32 + t * 8) : zero;
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            int step = piece_of(warp, first + u);
#pragma unroll
            for (int j = 0; j < NT; j++) {
                int n = j * 8 + g;
                uint4 w = NT == 1 ? v[u]
                        : step < steps && n < rows ? *(const uint4*)(x + (long long)n * k + step * 32 + t * 8)
                                                   : zero;
                mma(acc[j], a[u].x, b[u].x, a[u].y, b[u].y, w.x, w.y);
                mma(acc[j], a[u].z, b[u].z, a[u].w, b[u].w, w.z, w.w);
            }
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            a[u] = an[u];
            b[u] = bn[u];
        }
    }
#pragma unroll
    for (int j = 0; j < NT; j++) {
        *(float4*)(sums[warp] + (j * 32 + lane) * 4) = make_float4(acc[j][0], acc[j][1], acc[j][2], acc[j][3]);
    }
    if (NORM) {
#pragma unroll
        for (int o = NT * 8; o < 32; o <<= 1) square += __shfl_xor_sync(0xffffffffu, square, o);
        if (lane < NT * 8) shares[warp][lane] = square;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < NT * 128; i += blockDim.x) {
        // a tensor core's result: lane (g, t) holds rows g, g, g + 8, g + 8 of sequences 2t, 2t + 1, 2t, 2t + 1
        int row = ((i >> 4) & 7) + ((i & 2) << 2);
        int n = (i >> 7) * 8 + ((i >> 1) & 6) + (i & 1);
        if (n >= rows || (PAIRED && row >= 8)) continue;
        float s = 0, partner = 0, all = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            s += sums[w][i];
            if (PAIRED) partner += sums[w][i + 2];
            if (NORM) all += shares[w][n];
        }
        float by = NORM ? rsqrtf(all / k + eps) : 1.0f;
        done(row, n, s * by, partner * by);
    }
}

// x [rows, dModel] = embedding rows of ids; scaled and squares as write_back leaves them
extern "C" __global__ void __launch_bounds__(256) embed(
        half_t* x, half_t* scaled, float* squares, const half_t* embedding, const float* gain, const int* ids, int rows,
        int dModel) {
    release_next();
    await_previous();
    const int row = blockIdx.x;
    const long long from = (long long)ids[row] * dModel, to = (long long)row * dModel;
    for (int part = threadIdx.x; part < dModel / 16; part += blockDim.x) {
        float sum = 0;
        for (int i = part * 16; i < part * 16 + 16; i++) {
            float v = widen(embedding[from + i]);
            x[to + i] = embedding[from + i];
            scaled[to + i] = narrow(v * gain[i]);
            sum += v * v;
        }
        squares[part * rows + row] = sum;
    }
}

// out [rows, rows0 + rows1 + rows2] = norm . (w0 | w1 | w2)^T + biases, each or all of which may be null
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) qkv(
        half_t* out, const half_t* w0, const half_t* w1, const half_t* w2, const half_t* bias0, const half_t* bias1,
        const half_t* bias2, int rows0, int rows1, int rows2, const half_t* x, const float* squares, int rows, int k, float eps) {
    const int first = blockIdx.x * 16, g = (threadIdx.x & 31) >> 2;
    const half_t* w = w0;
    const half_t* bias = bias0;
    int at = first;
    if (first >= rows0 + rows1) {
        w = w2;
        bias = bias2;
        at = first - rows0 - rows1;
    } else if (first >= rows0) {
        w = w1;
        bias = bias1;
        at = first - rows0;
    }
    const half_t* mine = w + (long long)(at + g) * k;
    product<true, false, false>(mine, mine + 8LL * k, x, squares, k / 16, rows, k, eps, [&](int row, int n, float sum, float) {
        float added = bias ? widen(bias[at + row]) : 0.0f;
        out[(long long)n * (rows0 + rows1 + rows2) + first + row] = narrow(sum + added);
    });
}

// resid [rows, m] += x . w^T + bias, then + steer [rows, m]; bias and steer may be null. scaled [rows, m] = gain * resid and
// squares [m/16, rows] = sums of resid^2 are for the norm that follows.
template <bool FETCH>
static __device__ __forceinline__ void add_product(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* steer,
        const float* gain, int rows, int k, int m) {
    __shared__ float squared[NT * 8][17];
    const int first = blockIdx.x * 16, g = (threadIdx.x & 31) >> 2;
    const half_t* mine = w + (long long)(first + g) * k;
    product<false, false, FETCH>(mine, mine + 8LL * k, x, nullptr, 0, rows, k, 0.0f, [&](int row, int n, float sum, float) {
        float added = bias ? widen(bias[first + row]) : 0.0f;
        long long at = (long long)n * m + first + row;
        float r = rounded(widen(resid[at]) + rounded(sum + added));
        if (steer) r = rounded(r + steer[at]);
        resid[at] = narrow(r);
        scaled[at] = narrow(r * gain[first + row]);
        squared[n][row] = r * r;
    });
    __syncthreads();
    if (threadIdx.x < rows) {
        float s = 0;
#pragma unroll
        for (int i = 0; i < 16; i++) s += squared[threadIdx.x][i];
        squares[blockIdx.x * rows + threadIdx.x] = s;
    }
}

extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) write_back(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* steer,
        const float* gain, int rows, int k, int m) {
    add_product<false>(resid, scaled, squares, w, bias, x, steer, gain, rows, k, m);
}

// The same after attention, whose time is enough to bring the weights near.
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) write_back_fetching(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* steer,
        const float* gain, int rows, int k, int m) {
    add_product<true>(resid, scaled, squares, w, bias, x, steer, gain, rows, k, m);
}

// out [rows, m] = silu(norm(x) . gate^T + gateBias) * (norm(x) . up^T + upBias); biases may be null
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) gate_up(
        half_t* out, const half_t* gate, const half_t* up, const half_t* gateBias, const half_t* upBias, const half_t* x,
        const float* squares, int rows, int k, int m, float eps) {
    const int first = blockIdx.x * 8, g = (threadIdx.x & 31) >> 2;
    const long long mine = (long long)(first + g) * k;
    product<true, true, false>(
            gate + mine, up + mine, x, squares, k / 16, rows, k, eps, [&](int row, int n, float sum, float partner) {
                float z = rounded(sum + (gateBias ? widen(gateBias[first + row]) : 0.0f));
                float y = rounded(partner + (upBias ? widen(upBias[first + row]) : 0.0f));
                out[(long long)n * m + first + row] = narrow(rounded(z / (1.0f + __expf(-z))) * y);
            });
}

// out [rows, m] in FP32 = norm(x) . w^T
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) unembed(
        float* out, const half_t* w, const half_t* x, const float* squares, int rows, int k, int m, float eps) {
    const int first = blockIdx.x * 16, g = (threadIdx.x & 31) >> 2;
    const half_t* mine = w + (long long)(first + g) * k;
    product<true, false, false>(
            mine, mine + 8LL * k, x, squares, k / 16, rows, k, eps, [&](int row, int n, float sum, float) {
                out[(long long)n * m + first + row] = sum;
            });
}

// Attention of one new token a sequence over the key-value cache, in pieces of SPAN slots; the last piece of a head group to
// finish puts the pieces together. GROUP query heads share a key head. Grid (pieces, nKvHeads, rows), 128 threads. Keys and
// values of earlier tokens are asked for before the kernel that makes those of the new one has finished.
#define SPAN 64
#define SHARE (HEAD / 8)                 // threads that share a key
#define KEYS (128 / SHARE)               // keys at a time
#define TEAM (HEAD / 2)                  // threads that share a value
#define TEAMS (128 / TEAM)               // values at a time

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

// 1 / rms of a head, by one warp
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

// out [rows, nHeads, HEAD]; qkv [rows, (nHeads + 2 nKvHeads) HEAD]; keys and values [rows, nKvHeads, capacity, HEAD];
// cos and sin [maxPositions, HEAD/2]; state: slot of the new token, then first slot of each row, then position of each row;
// partial [rows, nKvHeads, pieces, GROUP, HEAD + 2].
extern "C" __global__ void __launch_bounds__(128) attend(
        half_t* out, const half_t* qkv, half_t* keys, half_t* values, const float* cos, const float* sin, const float* qGain,
        const float* kGain, const int* state, float* partial, int* arrived, int nHeads, int nKvHeads, int capacity, int window,
        float scale, float eps) {
    const int piece = blockIdx.x, kv = blockIdx.y, row = blockIdx.z, rows = gridDim.z, pieces = gridDim.x;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    __shared__ float q[GROUP][HEAD];
    __shared__ float score[GROUP][SPAN];
    __shared__ float teams[TEAMS / 2 + 1][GROUP][HEAD];
    __shared__ half_t newKey[HEAD], newValue[HEAD];
    __shared__ float largest[GROUP], total[GROUP];
    __shared__ bool last;
    const int slot = state[0], position = state[1 + rows + row];
    int start = state[1 + row];
    if (window > 0) start = max(start, slot - window + 1);
    const int from = max(start, piece * SPAN), to = min(slot + 1, (piece + 1) * SPAN), count = to - from;
    const int first = start / SPAN, used = slot / SPAN - first + 1; // pieces with something to see
    if (count <= 0) return; // the next kernel is released by the blocks that stay, and by this one's end
    const long long base = ((long long)row * nKvHeads + kv) * capacity * HEAD;
    const int part = threadIdx.x % SHARE, key = threadIdx.x / SHARE;
    const int team = threadIdx.x / TEAM, e = threadIdx.x % TEAM;
    const bool newest = to == slot + 1; // this piece holds the new token, as its last
    const int old = newest ? count - 1 : count;
    uint4 k[SPAN / KEYS];
    u32 v[SPAN / TEAMS];
#pragma unroll
    for (int i = 0; i < SPAN / KEYS; i++) {
        int s = key + i * KEYS;
        k[i] = s < old ? *(const uint4*)(keys + base + (long long)(from + s) * HEAD + part * 8) : make_uint4(0, 0, 0, 0);
    }
#pragma unroll
    for (int i = 0; i < SPAN / TEAMS; i++) {
        int s = team + i * TEAMS;
        v[i] = s < old ? *(const u32*)(values + base + (long long)(from + s) * HEAD + 2 * e) : 0;
    }
    cos += (long long)position * (HEAD / 2);
    sin += (long long)position * (HEAD / 2);
    release_next();
    await_previous();
    const half_t* mine = qkv + (long long)row * (nHeads + 2 * nKvHeads) * HEAD;
    for (int h = warp; h < GROUP; h += 4) {
        const half_t* head = mine + (kv * GROUP + h) * HEAD;
        float norm = qGain ? inverse_rms(head, eps) : 1.0f;
        for (int d = lane; d < HEAD; d += 32) q[h][d] = rounded(turned(head, d, cos, sin, qGain, norm)) * scale;
    }
    if (newest) {
        const half_t* fresh = mine + (nHeads + kv) * HEAD;
        const half_t* value = mine + (nHeads + nKvHeads + kv) * HEAD;
        float norm = kGain ? inverse_rms(fresh, eps) : 1.0f;
        for (int d = threadIdx.x; d < HEAD; d += 128) {
            newKey[d] = narrow(turned(fresh, d, cos, sin, kGain, norm));
            newValue[d] = value[d];
            keys[base + (long long)slot * HEAD + d] = newKey[d];
            values[base + (long long)slot * HEAD + d] = newValue[d];
        }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < SPAN / KEYS; i++) {
        const int s = key + i * KEYS;
        if (newest && s == count - 1) {
            const u32* there = (const u32*)newKey + part * 4;
            k[i] = make_uint4(there[0], there[1], there[2], there[3]);
        }
        const u32 words[4] = {k[i].x, k[i].y, k[i].z, k[i].w};
#pragma unroll
        for (int h = 0; h < GROUP; h++) {
            float dot = 0;
#pragma unroll
            for (int w = 0; w < 4; w++) {
                dot += widen(words[w] & 0xffff) * q[h][part * 8 + 2 * w] + widen(words[w] >> 16) * q[h][part * 8 + 2 * w + 1];
            }
#pragma unroll
            for (int o = SHARE / 2; o; o >>= 1) dot += __shfl_xor_sync(0xffffffffu, dot, o);
            if (part == 0 && s < count) score[h][s] = dot;
        }
    }
    __syncthreads();
    for (int h = warp; h < GROUP; h += 4) {
        float m = -1e30f;
        for (int s = lane; s < count; s += 32) m = fmaxf(m, score[h][s]);
#pragma unroll
        for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, o));
        float sum = 0;
        for (int s = lane; s < SPAN; s += 32) {
            float x = s < count ? __expf(score[h][s] - m) : 0;
            score[h][s] = x;
            sum += x;
        }
#pragma unroll
        for (int o = 16; o; o >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, o);
        if (lane == 0) {
            largest[h] = m;
            total[h] = sum;
        }
    }
    __syncthreads();
    float low[GROUP], high[GROUP];
#pragma unroll
    for (int h = 0; h < GROUP; h++) low[h] = high[h] = 0;
#pragma unroll
    for (int i = 0; i < SPAN / TEAMS; i++) {
        const int s = team + i * TEAMS;
        if (newest && s == count - 1) v[i] = ((const u32*)newValue)[e];
        const float v0 = widen(v[i] & 0xffff), v1 = widen(v[i] >> 16);
#pragma unroll
        for (int h = 0; h < GROUP; h++) {
            low[h] += score[h][s] * v0;
            high[h] += score[h][s] * v1;
        }
    }
    // teams add up through shared memory, half of them at a time
#pragma unroll
    for (int other = TEAMS / 2; other; other >>= 1) {
        if (team >= other && team < 2 * other) {
#pragma unroll
            for (int h = 0; h < GROUP; h++) {
                teams[team - other][h][2 * e] = low[h];
                teams[team - other][h][2 * e + 1] = high[h];
            }
        }
        __syncthreads();
        if (team < other) {
#pragma unroll
            for (int h = 0; h < GROUP; h++) {
                low[h] += teams[team][h][2 * e];
                high[h] += teams[team][h][2 * e + 1];
            }
        }
        __syncthreads();
    }
    half_t* result = out + ((long long)row * nHeads + kv * GROUP) * HEAD;
    if (used == 1) {
        if (team == 0) {
#pragma unroll
            for (int h = 0; h < GROUP; h++) *(u32*)(result + h * HEAD + 2 * e) = pack(low[h] / total[h], high[h] / total[h]);
        }
        return;
    }
    float* all = partial + ((long long)row * nKvHeads + kv) * pieces * GROUP * (HEAD + 2);
    float* own = all + (long long)piece * GROUP * (HEAD + 2);
    if (team == 0) {
#pragma unroll
        for (int h = 0; h < GROUP; h++) *(float2*)(own + h * (HEAD + 2) + 2 * e) = make_float2(low[h], high[h]);
    }
    if (threadIdx.x < GROUP) {
        *(float2*)(own + threadIdx.x * (HEAD + 2) + HEAD) = make_float2(largest[threadIdx.x], total[threadIdx.x]);
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        int before = atomicAdd(arrived + row * nKvHeads + kv, 1);
        last = before == used - 1;
        if (last) arrived[row * nKvHeads + kv] = 0; // ready for the next layer
    }
    __syncthreads();
    if (!last) return;
    __threadfence();
#pragma unroll
    for (int i = threadIdx.x; i < GROUP * HEAD; i += 128) {
        const int h = i / HEAD, d = i % HEAD;
        float m = -1e30f, sum = 0, mix = 0;
#pragma unroll 4
        for (int p = first; p < first + used; p++) {
            const float* there = all + ((long long)p * GROUP + h) * (HEAD + 2);
            const float itsMax = __ldcg(there + HEAD), itsSum = __ldcg(there + HEAD + 1), itsMix = __ldcg(there + d);
            const float top = fmaxf(m, itsMax), w = __expf(m - top), x = __expf(itsMax - top);
            sum = sum * w + itsSum * x;
            mix = mix * w + itsMix * x;
            m = top;
        }
        result[i] = narrow(mix / sum);
    }
}

// The most probable token of each sequence, or the one that was drawn (drawn may be null, and -1 where nothing was), and the
// logarithm of its probability; advances the state by one token. Of equal logits the smallest id wins. Both are also written to the processor's memory, seen [2, rows], at the parity of the
// position, so that it can read one step while the next is running. One block a row, 1024 threads.
extern "C" __global__ void __launch_bounds__(1024) choose(
        const float* logits, const int* drawn, int* ids, int* seenIds, float* seenLogProbs, int* state, int dVocab, int rows) {
    __shared__ float best[32], sums[32];
    __shared__ int where[32];
    const int row = blockIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    release_next();
    await_previous();
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
        if (drawn && drawn[row] >= 0) at = drawn[row];
        ids[row] = at;
        int parity = state[1 + rows + row] & 1;
        seenIds[parity * rows + row] = at;
        seenLogProbs[parity * rows + row] = mine[at] - m - logf(sum);
        state[1 + rows + row]++;
        if (row == 0) state[0]++;
    }
}
