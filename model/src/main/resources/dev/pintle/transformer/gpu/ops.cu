// The operations of a transformer block between its matrix products, one kernel each: libtorch would need about twenty
// kernels, and launching those takes longer than running them.

union Eight {
    uint4 whole;
    half_t part[8];
};

// Sum over a block of 256 threads, returned to all of them.
static __device__ __forceinline__ float block_sum(float s, float* sums) {
#pragma unroll
    for (int o = 16; o; o >>= 1) s += __shfl_xor_sync(0xffffffffu, s, o);
    if ((threadIdx.x & 31) == 0) sums[threadIdx.x >> 5] = s;
    __syncthreads();
    s = 0;
#pragma unroll
    for (int w = 0; w < 8; w++) s += sums[w];
    return s;
}

// A thread's share, out of 256, of the sum of squares of a row, whose width is a multiple of 8.
static __device__ __forceinline__ float squares(const half_t* row, int width) {
    float s = 0;
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(row + i);
#pragma unroll
        for (int j = 0; j < 8; j++) s += widen(v.part[j]) * widen(v.part[j]);
    }
    return s;
}

// to = row * by * gain; each thread handles the same elements as in squares
static __device__ __forceinline__ void scale(half_t* to, const half_t* row, const float* gain, int width, float by) {
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(row + i);
#pragma unroll
        for (int j = 0; j < 8; j++) v.part[j] = narrow(widen(v.part[j]) * by * gain[i + j]);
        *(uint4*)(to + i) = v.whole;
    }
}

// out [rows, width] = x / rms(x) * gain, one block per row, width a multiple of 8
extern "C" __global__ void __launch_bounds__(256) rms_norm(
        half_t* out, const half_t* x, const float* gain, int width, float eps) {
    __shared__ float sums[8];
    release_next();
    await_previous();
    const long long base = (long long)blockIdx.x * width;
    scale(out + base, x + base, gain, width, rsqrtf(block_sum(squares(x + base, width), sums) / width + eps));
}

// mapped [batch, tokens, (heads + 2 kvHeads) dHead]: queries and keys get the norm of their head, unless gains are
// null, and their rotary embedding, in place. keys and values [batch, kvHeads, capacity, dHead], if not null, receive
// those of the new tokens from slot past on. Grid (tokens, batch); a thread handles eight pairs of a head. dHead is a
// multiple of 16; if heads have norms, a power of two up to 256.
extern "C" __global__ void __launch_bounds__(256) turn_heads(
        half_t* mapped, const float* queryGain, const float* keyGain, const float* cos, const float* sin,
        half_t* keys, half_t* values, int heads, int kvHeads, int dHead, int tokens, int perRow, int capacity, int past,
        float eps) {
    release_next();
    await_previous();
    const int token = blockIdx.x, row = blockIdx.y, half = dHead / 2, share = half / 8;
    const int turning = heads + kvHeads, count = turning + (keys ? kvHeads : 0);
    half_t* mine = mapped + ((long long)row * tokens + token) * (heads + 2 * kvHeads) * dHead;
    const long long angle = ((long long)(perRow ? row : 0) * tokens + token) * half;
    for (int first = 0; first < count * share; first += 256) {
        const int at = first + threadIdx.x, head = at / share, i = at % share * 8, from = head * dHead + i;
        const bool active = head < count;
        float a[8], b[8];
        Eight low, high;
        if (active) {
            low.whole = *(const uint4*)(mine + from);
            high.whole = *(const uint4*)(mine + from + half);
#pragma unroll
            for (int j = 0; j < 8; j++) {
                a[j] = widen(low.part[j]);
                b[j] = widen(high.part[j]);
            }
        }
        if (queryGain) {
            float s = 0;
            if (active) {
#pragma unroll
                for (int j = 0; j < 8; j++) s += a[j] * a[j] + b[j] * b[j];
            }
            for (int o = share / 2; o; o >>= 1) s += __shfl_xor_sync(0xffffffffu, s, o);
            const float* gain = head < heads ? queryGain : keyGain;
            if (head < turning) {
                const float by = rsqrtf(s / dHead + eps);
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    a[j] = widen(narrow(a[j] * by * gain[i + j]));
                    b[j] = widen(narrow(b[j] * by * gain[i + half + j]));
                }
            }
        }
        if (!active) continue;
        if (head < turning) {
#pragma unroll
            for (int j = 0; j < 8; j++) {
                const float c = cos[angle + i + j], s = sin[angle + i + j];
                low.part[j] = narrow(a[j] * c - b[j] * s);
                high.part[j] = narrow(b[j] * c + a[j] * s);
            }
            *(uint4*)(mine + from) = low.whole;
            *(uint4*)(mine + from + half) = high.whole;
        }
        if (keys && head >= heads) {
            half_t* kept = head < turning ? keys : values;
            const int kvHead = head < turning ? head - heads : head - turning;
            half_t* slot = kept + (((long long)row * kvHeads + kvHead) * capacity + past + token) * dHead + i;
            *(uint4*)slot = low.whole;
            *(uint4*)(slot + half) = high.whole;
        }
    }
}

// Steps that decode many rows. x and normed [rows, width]: the embedding of the token that is next in each row's slot, times
// factor, and its normalised form for the next product, x / rms(x) * gain. One block per row, width a multiple of 8, as in add_normed.
extern "C" __global__ void __launch_bounds__(256) embed_normed(
        half_t* x, half_t* normed, const half_t* embedding, const float* gain, const int* slots, const int* ids, int width,
        float eps, float factor) {
    __shared__ float sums[8];
    release_next();
    await_previous();
    const int slot = slots[blockIdx.x];
    const long long from = slot < 0 ? 0 : (long long)ids[slot] * width, to = (long long)blockIdx.x * width;
    float s = 0;
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(embedding + from + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            v.part[j] = narrow(widen(v.part[j]) * factor);
            s += widen(v.part[j]) * widen(v.part[j]);
        }
        *(uint4*)(x + to + i) = v.whole;
    }
    scale(normed + to, x + to, gain, width, rsqrtf(block_sum(s, sums) / width + eps)); // what this thread has just written
}

// out [rows, width] = resid + product; normed = out / rms(out) * gain. If postGain is not null, the product is normalised
// first. normed may be null; out may alias resid.
extern "C" __global__ void __launch_bounds__(256) add_normed(
        half_t* out, half_t* normed, const half_t* resid, const half_t* product, const float* gain,
        const float* postGain, int width, float eps, float postEps) {
    __shared__ float sums[8], postSums[8];
    release_next();
    await_previous();
    const long long base = (long long)blockIdx.x * width;
    float post = 1;
    if (postGain) post = rsqrtf(block_sum(squares(product + base, width), postSums) / width + postEps);
    float s = 0;
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight r, p;
        r.whole = *(const uint4*)(resid + base + i);
        p.whole = *(const uint4*)(product + base + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float add = widen(p.part[j]);
            if (postGain) add = rounded(add * post * postGain[i + j]);
            float v = rounded(widen(r.part[j]) + add);
            r.part[j] = narrow(v);
            s += v * v;
        }
        *(uint4*)(out + base + i) = r.whole;
    }
    if (!normed) return;
    scale(normed + base, out + base, gain, width, rsqrtf(block_sum(s, sums) / width + eps)); // what this thread has just written
}

// out [rows, width] = silu(gate) * up, or with gelu the tanh approximation of GELU; gate and up are adjacent in gateUp
// [rows, 2 width]; each row uses as many blocks as its groups of eight elements need
extern "C" __global__ void __launch_bounds__(256) gated(half_t* out, const half_t* gateUp, int width, int gelu) {
    release_next();
    await_previous();
    const int blocks = (width / 8 + 255) / 256, i = (blockIdx.x % blocks * 256 + threadIdx.x) * 8;
    if (i >= width) return;
    const long long at = (long long)(blockIdx.x / blocks) * width;
    const half_t* row = gateUp + 2 * at;
    Eight g, u;
    g.whole = *(const uint4*)(row + i);
    u.whole = *(const uint4*)(row + width + i);
#pragma unroll
    for (int j = 0; j < 8; j++) {
        const float z = widen(g.part[j]);
        const float open = gelu ? 0.5f * z * (1.0f + tanhf(0.7978845608f * (z + 0.044715f * z * z * z))) : z / (1.0f + __expf(-z));
        g.part[j] = narrow(rounded(open) * widen(u.part[j]));
    }
    *(uint4*)(out + at + i) = g.whole;
}
