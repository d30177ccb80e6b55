// What a block of a transformer computes between its products, each as one kernel: libtorch would take some twenty for the
// same, and starting those takes longer than running them. Compiled with -DBF16=1 or 0.

typedef unsigned short half_t;
typedef unsigned int u32;

static __device__ __forceinline__ float widen(half_t bits) {
#if BF16
    return __uint_as_float((u32)bits << 16);
#else
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(bits));
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

union Eight {
    uint4 whole;
    half_t part[8];
};

static __device__ __forceinline__ void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Sum over a block of 256 threads, for all of them.
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

// out [rows, width] = x / rms(x) * gain, one block a row, width a multiple of 8
extern "C" __global__ void __launch_bounds__(256) rms_norm(
        half_t* out, const half_t* x, const float* gain, int width, float eps) {
    __shared__ float sums[8];
    wait_for_previous();
    const long long base = (long long)blockIdx.x * width;
    float s = 0;
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(x + base + i);
#pragma unroll
        for (int j = 0; j < 8; j++) s += widen(v.part[j]) * widen(v.part[j]);
    }
    const float by = rsqrtf(block_sum(s, sums) / width + eps);
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(x + base + i);
#pragma unroll
        for (int j = 0; j < 8; j++) v.part[j] = narrow(widen(v.part[j]) * by * gain[i + j]);
        *(uint4*)(out + base + i) = v.whole;
    }
}

// out [batch, heads, tokens, dHead] = x [batch, tokens, heads, dHead] turned, where stride elements lie between tokens of x;
// cos and sin [batch or 1, tokens, dHead/2]
extern "C" __global__ void __launch_bounds__(256) rope(
        half_t* out, const half_t* x, const float* cos, const float* sin, int heads, int tokens, int dHead, int stride,
        int perRow) {
    wait_for_previous();
    const int token = blockIdx.x, row = blockIdx.y, half = dHead / 2;
    const long long from = ((long long)row * tokens + token) * stride;
    const long long angle = ((long long)(perRow ? row : 0) * tokens + token) * half;
    for (int i = threadIdx.x; i < heads * half; i += 256) {
        const int head = i / half, d = i % half;
        const float a = widen(x[from + head * dHead + d]), b = widen(x[from + head * dHead + half + d]);
        const float c = cos[angle + d], s = sin[angle + d];
        const long long to = (((long long)row * heads + head) * tokens + token) * dHead + d;
        out[to] = narrow(a * c - b * s);
        out[to + half] = narrow(b * c + a * s);
    }
}

// out = silu(gate) * up, count a multiple of 8
extern "C" __global__ void __launch_bounds__(256) silu_times(half_t* out, const half_t* gate, const half_t* up, int eighths) {
    wait_for_previous();
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= eighths) return;
    Eight g, u;
    g.whole = ((const uint4*)gate)[i];
    u.whole = ((const uint4*)up)[i];
#pragma unroll
    for (int j = 0; j < 8; j++) {
        const float z = widen(g.part[j]);
        g.part[j] = narrow(widen(narrow(z / (1.0f + __expf(-z)))) * widen(u.part[j]));
    }
    ((uint4*)out)[i] = g.whole;
}

// The steps of decoding many rows. x and normed [rows, width]: the embedding of ids [rows], and the same for the next
// product, x / rms(x) * gain. One block a row, width a multiple of 8, as in add_normed.
extern "C" __global__ void __launch_bounds__(256) embed_normed(
        half_t* x, half_t* normed, const half_t* embedding, const float* gain, const int* ids, int width, float eps) {
    __shared__ float sums[8];
    wait_for_previous();
    const long long from = (long long)ids[blockIdx.x] * width, to = (long long)blockIdx.x * width;
    float s = 0;
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(embedding + from + i);
        *(uint4*)(x + to + i) = v.whole;
#pragma unroll
        for (int j = 0; j < 8; j++) s += widen(v.part[j]) * widen(v.part[j]);
    }
    const float by = rsqrtf(block_sum(s, sums) / width + eps);
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(embedding + from + i);
#pragma unroll
        for (int j = 0; j < 8; j++) v.part[j] = narrow(widen(v.part[j]) * by * gain[i + j]);
        *(uint4*)(normed + to + i) = v.whole;
    }
}

// resid [rows, width] += product + bias, then + steer [rows, width]; normed = resid / rms(resid) * gain. bias and steer may be
// null.
extern "C" __global__ void __launch_bounds__(256) add_normed(
        half_t* resid, half_t* normed, const half_t* product, const half_t* bias, const float* steer, const float* gain,
        int width, float eps) {
    __shared__ float sums[8];
    wait_for_previous();
    const long long base = (long long)blockIdx.x * width;
    float s = 0;
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight r, p;
        r.whole = *(const uint4*)(resid + base + i);
        p.whole = *(const uint4*)(product + base + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float add = widen(p.part[j]);
            if (bias) add = widen(narrow(add + widen(bias[i + j])));
            float v = widen(narrow(widen(r.part[j]) + add));
            if (steer) v = widen(narrow(v + steer[base + i + j]));
            r.part[j] = narrow(v);
            s += v * v;
        }
        *(uint4*)(resid + base + i) = r.whole;
    }
    const float by = rsqrtf(block_sum(s, sums) / width + eps);
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) { // what this thread has just written
        Eight v;
        v.whole = *(const uint4*)(resid + base + i);
#pragma unroll
        for (int j = 0; j < 8; j++) v.part[j] = narrow(widen(v.part[j]) * by * gain[i + j]);
        *(uint4*)(normed + base + i) = v.whole;
    }
}

// x [rows, width0 + width1 + width2] += (bias0 | bias1 | bias2), each of which may be null; one block a row
extern "C" __global__ void __launch_bounds__(256) add_biases(
        half_t* x, const half_t* bias0, const half_t* bias1, const half_t* bias2, int width0, int width1, int width2) {
    wait_for_previous();
    const int width = width0 + width1 + width2;
    for (int i = threadIdx.x; i < width; i += 256) {
        const half_t* bias = i < width0 ? bias0 : i < width0 + width1 ? bias1 : bias2;
        const int at = i < width0 ? i : i < width0 + width1 ? i - width0 : i - width0 - width1;
        half_t* here = x + (long long)blockIdx.x * width + i;
        if (bias) *here = narrow(widen(*here) + widen(bias[at]));
    }
}

// out [rows, width] = silu(gate + gateBias) * (up + upBias); biases may be null; grid (eighths of width / 256, rows)
extern "C" __global__ void __launch_bounds__(256) gated(
        half_t* out, const half_t* gate, const half_t* up, const half_t* gateBias, const half_t* upBias, int width) {
    wait_for_previous();
    const int i = (blockIdx.x * 256 + threadIdx.x) * 8;
    if (i >= width) return;
    const long long at = (long long)blockIdx.y * width + i;
    Eight g, u;
    g.whole = *(const uint4*)(gate + at);
    u.whole = *(const uint4*)(up + at);
#pragma unroll
    for (int j = 0; j < 8; j++) {
        float z = widen(g.part[j]), y = widen(u.part[j]);
        if (gateBias) z = widen(narrow(z + widen(gateBias[i + j])));
        if (upBias) y = widen(narrow(y + widen(upBias[i + j])));
        g.part[j] = narrow(widen(narrow(z / (1.0f + __expf(-z)))) * y);
    }
    *(uint4*)(out + at) = g.whole;
}
