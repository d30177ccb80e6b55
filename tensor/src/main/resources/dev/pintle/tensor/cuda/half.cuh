// What the kernels share: 16-bit numbers, tensor cores, and kernels of a stream that overlap. Comes before each source, with
// -DBF16=1 or 0.

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

static __device__ __forceinline__ u32 pack(float low, float high) {
    return (u32)narrow(low) | ((u32)narrow(high) << 16);
}

static __device__ __forceinline__ float rounded(float f) {
    return widen(narrow(f));
}

// c [16, 8] += a [16, 16] . b [16, 8], spread over a warp: lane (g, t) = (lane / 4, lane % 4) has rows g and g + 8 of a, at inner
// indices 2t, 2t + 1 (a0 and a1) and 2t + 8, 2t + 9 (a2 and a3), column g of b at the same, and of c columns 2t, 2t + 1 of row g
// and of row g + 8. Any order of the inner index gives the same sum, if it is the same for a and b.
static __device__ __forceinline__ void mma(float* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
#if BF16
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#endif
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Lets the next kernel of the stream start its prologue.
static __device__ __forceinline__ void release_next() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}

// Waits for what the previous kernels of the stream wrote.
static __device__ __forceinline__ void await_previous() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

