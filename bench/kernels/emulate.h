// Runs CUDA kernels on a CPU: one thread block after another, each of its threads on a thread of its own. For checking kernels
// where there is no GPU: slow, and without a GPU's rounding inside tensor cores, but with its barriers and shuffles.
#pragma once
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

using std::max;
using std::min;

struct Index {
    int x, y, z;
};

static thread_local Index threadIdx;
static Index blockIdx, gridDim, blockDim;
static std::unique_ptr<std::barrier<>> blockBarrier;
static std::vector<std::unique_ptr<std::barrier<>>> warpBarriers;
static uint64_t exchanged[32][32][4]; // by warp and lane

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define alignas(...)
#define __expf expf

struct uint2 {
    uint32_t x, y;
};
struct uint4 {
    uint32_t x, y, z, w;
};
struct float2 {
    float x, y;
};
struct float4 {
    float x, y, z, w;
};

static uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) { return {x, y, z, w}; }
static float2 make_float2(float x, float y) { return {x, y}; }
static float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

static void __syncthreads() { blockBarrier->arrive_and_wait(); }
static void syncWarp() { warpBarriers[threadIdx.x >> 5]->arrive_and_wait(); }
static void __syncwarp() { syncWarp(); }

template <class T>
static T fromLane(T value, int lane) {
    const int warp = threadIdx.x >> 5;
    memcpy(exchanged[warp][threadIdx.x & 31], &value, sizeof value);
    syncWarp();
    T result;
    memcpy(&result, exchanged[warp][lane], sizeof result);
    syncWarp();
    return result;
}

template <class T>
static T __shfl_xor_sync(unsigned, T value, int mask) { return fromLane(value, (threadIdx.x & 31) ^ mask); }
template <class T>
static T __shfl_up_sync(unsigned, T value, int by) {
    const int lane = threadIdx.x & 31;
    return fromLane(value, lane >= by ? lane - by : lane);
}
template <class T, class U>
static T atomicAdd(T* to, U value) { return __atomic_fetch_add(to, (T)value, __ATOMIC_SEQ_CST); }
static void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
template <class T>
static T __ldcg(const T* from) { return *from; }

static float __uint_as_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, 4);
    return f;
}
static uint32_t __float_as_uint(float f) {
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return bits;
}
static float rsqrtf(float f) { return 1.0f / sqrtf(f); }
static float __fmul_rn(float a, float b) {
    volatile float product = a * b;
    return product;
}
static float __fadd_rn(float a, float b) {
    volatile float sum = a + b;
    return sum;
}
static uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t select) {
    const uint64_t both = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; i++) result |= (uint32_t)(both >> 8 * (select >> 4 * i & 7) & 0xff) << 8 * i;
    return result;
}

// FP16 as FP32; no infinities
static float fp16_value(uint32_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    const float size = exponent ? ldexpf(1024 + fraction, exponent - 25) : ldexpf(fraction, -24);
    return bits & 0x8000 ? -size : size;
}

// What half.cuh has, for BF16.
#define BF16 1
typedef unsigned short half_t;
typedef unsigned int u32;

static float widen(half_t bits) { return __uint_as_float((u32)bits << 16); }
static half_t narrow(float f) {
    const u32 bits = __float_as_uint(f);
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fff : (half_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
static u32 pack(float low, float high) { return (u32)narrow(low) | (u32)narrow(high) << 16; }
static float rounded(float f) { return widen(narrow(f)); }
static u32 minus_pairs(u32 a, u32 b) {
    return pack(widen((half_t)a) - widen((half_t)b), widen((half_t)(a >> 16)) - widen((half_t)(b >> 16)));
}
static void release_next() {}
static void await_previous() {}

static void mma(float* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
    const u32 own[6] = {a0, a1, a2, a3, b0, b1};
    memcpy(exchanged[warp][lane], own, sizeof own);
    syncWarp();
    auto element = [&](int of, int word, int high) {
        u32 bits;
        memcpy(&bits, (char*)exchanged[warp][of] + 4 * word, 4);
        return widen((half_t)(high ? bits >> 16 : bits));
    };
    for (int e = 0; e < 4; e++) {
        const int row = g + (e >= 2 ? 8 : 0), column = 2 * t + (e & 1);
        for (int k = 0; k < 16; k++) {
            const int group = k / 8, pair = k % 8 / 2;
            c[e] += element((row & 7) * 4 + pair, row / 8 + 2 * group, k & 1) * element(column * 4 + pair, 4 + group, k & 1);
        }
    }
    syncWarp();
}

static u32 transposed_elements(u32 elements) {
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
    memcpy(exchanged[warp][lane], &elements, 4);
    syncWarp();
    auto element = [&](int row, int column) {
        u32 bits;
        memcpy(&bits, exchanged[warp][row * 4 + column / 2], 4);
        return column & 1 ? bits >> 16 : bits & 0xffff;
    };
    const u32 result = element(2 * t, g) | element(2 * t + 1, g) << 16;
    syncWarp();
    return result;
}

// Launches a kernel, given as a call.
static void launch(Index grid, int threads, std::function<void()> kernel) {
    gridDim = grid;
    blockDim = {threads, 1, 1};
    for (int z = 0; z < grid.z; z++) {
        for (int y = 0; y < grid.y; y++) {
            for (int x = 0; x < grid.x; x++) {
                blockIdx = {x, y, z};
                blockBarrier = std::make_unique<std::barrier<>>(threads);
                warpBarriers.clear();
                for (int first = 0; first < threads; first += 32) {
                    warpBarriers.push_back(std::make_unique<std::barrier<>>(min(32, threads - first)));
                }
                std::vector<std::thread> all;
                for (int i = 0; i < threads; i++) {
                    all.emplace_back([i, &kernel] {
                        threadIdx = {i, 0, 0};
                        kernel();
                        blockBarrier->arrive_and_drop();
                        warpBarriers[i >> 5]->arrive_and_drop();
                    });
                }
                for (std::thread& thread : all) thread.join();
            }
        }
    }
}

// -1 to 1
static float random_number() { return (float)(rand() / (double)RAND_MAX * 2 - 1); }

static int wrong = 0;
static void check(bool holds, const char* what, int test) {
    if (!holds) {
        wrong++;
        printf("%s: test %d\n", what, test);
    }
}
