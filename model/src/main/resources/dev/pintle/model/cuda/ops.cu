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
#pragma unroll
    for (int o = 16; o; o >>= 1) s += __shfl_xor_sync(0xffffffffu, s, o);
    if ((threadIdx.x & 31) == 0) sums[threadIdx.x >> 5] = s;
    __syncthreads();
    s = 0;
#pragma unroll
    for (int w = 0; w < 8; w++) s += sums[w];
    const float by = rsqrtf(s / width + eps);
    for (int i = threadIdx.x * 8; i < width; i += 256 * 8) {
        Eight v;
        v.whole = *(const uint4*)(x + base + i);
#pragma unroll
        for (int j = 0; j < 8; j++) v.part[j] = narrow(widen(v.part[j]) * by * gain[i + j]);
        *(uint4*)(out + base + i) = v.whole;
    }
}

// out [batch, heads, tokens, dHead] = x [batch, tokens, heads, dHead] turned; cos and sin [batch or 1, tokens, dHead/2]
extern "C" __global__ void __launch_bounds__(256) rope(
        half_t* out, const half_t* x, const float* cos, const float* sin, int heads, int tokens, int dHead, int perRow) {
    wait_for_previous();
    const int token = blockIdx.x, row = blockIdx.y, half = dHead / 2;
    const long long from = ((long long)row * tokens + token) * heads * dHead;
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
