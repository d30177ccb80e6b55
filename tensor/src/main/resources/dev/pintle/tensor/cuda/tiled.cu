// Products with weights that stay quantised, for few rows, and their values for products with many.
//
// A weight is stored in tiles of 16 rows and 256 columns, those of 16 rows one after the other, which hold for each element a
// small integer, and for each row and each group of 16 or 32 columns a scale and perhaps an offset: a value is scale * integer +
// offset. Tensor cores multiply the integers, which 16-bit numbers hold exactly, by the activations, and the sums of each group
// are scaled in FP32; so the weight is the file's to the bit, and only sums are rounded. Integers lie in the order in which lanes
// of a warp read them: any order along the inner axis gives the same sum, if weight and activation have the same.
//
// Compiled with -DBITS=4 or 8, the size of an integer, -DZERO=n, what is subtracted from an integer of 4 bits, -DSCALES=one of
// the kinds below, -DNT=1 or 2: each thread block has up to 8*NT rows, those of group blockIdx.y, -DSTAGES=tiles in a ring, 2 or
// more, and -DBLOCKS_PER_SM. The sums of a row have the same order whatever NT is and however many rows there are.

#define K32 0  // two FP16 numbers for a row of a tile; times 8 bits each, they are scales and negative offsets of 32 columns
#define K16 1  // an FP16 number for a row of a tile; times 8 bits with a sign, it is the scale of 16 columns
#define H32 2  // a scale in FP16 for 32 columns
#define HO32 3 // a scale and an offset in FP16 for 32 columns
#define F32 4  // a scale in FP32 for 32 columns

#define TILE 16                            // weight rows
#define WIDE 256                           // columns of a tile
#define GROUPS (SCALES == K16 ? 16 : 8)    // of columns with a scale, in a tile
#define OFFSETS (SCALES == K32 || SCALES == HO32)
#define CODES (TILE * WIDE * BITS / 8)     // bytes of a tile's integers
#define ROW_SCALES (SCALES == HO32 || SCALES == F32 ? 32 : 16) // bytes of a row's scales
#define ROW_FACTORS (SCALES == K32 || SCALES == K16 ? 4 : 0)   // bytes of what they are multiplied by
#define TILE_BYTES (CODES + TILE * (ROW_SCALES + ROW_FACTORS))
#define STEPS (WIDE / 16)                  // products of a tensor core in a tile
#define UNITS (TILE_BYTES / 16)
#define WARPS 8
#define GROUP_ROWS (NT * 8)
#define ONES (BF16 ? 0x3f803f80u : 0x3c003c00u) // two numbers 1

// FP16 as FP32
static __device__ __forceinline__ float from_fp16(u32 bits) {
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"((unsigned short)bits));
    return f;
}

// a - b of two 16-bit numbers each, where the result is exact
static __device__ __forceinline__ u32 minus(u32 a, u32 b) {
    u32 d;
#if BF16
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(0x3f803f80u), "r"(b ^ 0x80008000u));
#else
    asm("sub.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
#endif
    return d;
}

// Two integers of 4 bits, in the low bits of each half.
static __device__ __forceinline__ u32 of_nibbles(u32 pair) {
#if BF16
    return minus((pair & 0x000f000fu) | 0x43004300u, 0x43004300u + ZERO * 0x00010001u); // 128 + integer, less 128 + zero
#else
    return minus((pair & 0x000f000fu) | 0x64006400u, 0x64006400u + ZERO * 0x00010001u); // 1024 + integer
#endif
}

// Two signed integers of 8 bits, in the low bits of each half.
static __device__ __forceinline__ u32 of_bytes(u32 pair) {
#if BF16
    return minus((pair & 0x007f007fu) | 0x43004300u, (pair & 0x00800080u) | 0x43004300u); // 128 + 7 bits, less 128 or 256
#else
    return minus((pair ^ 0x00800080u) | 0x64006400u, 0x64806480u); // 1024 + integer + 128, less 1152
#endif
}

// A lane's integers of one step: of weight rows g and g + 8, the first two of the four columns, and the last two.
struct Step {
    u32 a[4]; // row g, row g + 8, row g, row g + 8
};

// The i-th word of some 16 bytes each.
static __device__ __forceinline__ u32 word_of(const uint4* quads, int i) {
    const uint4 quad = quads[i / 4];
    return i % 4 == 0 ? quad.x : i % 4 == 1 ? quad.y : i % 4 == 2 ? quad.z : quad.w;
}

// A lane's integers of a step, from its words of them: one with 4 bits, or two with 8, of row g and of row g + 8.
static __device__ __forceinline__ Step step_of(const u32* words) {
    Step s;
#if BITS == 4
#pragma unroll
    for (int i = 0; i < 4; i++) s.a[i] = of_nibbles(words[0] >> 4 * i);
#else
    s.a[0] = of_bytes(__byte_perm(words[0], 0, 0x4140));
    s.a[1] = of_bytes(__byte_perm(words[1], 0, 0x4140));
    s.a[2] = of_bytes(__byte_perm(words[0], 0, 0x4342));
    s.a[3] = of_bytes(__byte_perm(words[1], 0, 0x4342));
#endif
    return s;
}

// Where a lane's four columns of a step begin in a tile: with scales for 32 columns, lanes have eight contiguous ones in two steps.
static __device__ __forceinline__ int column_of(int step, int t) {
    return SCALES == K16 ? step * 16 + t * 4 : step / 2 * 32 + t * 8 + step % 2 * 4;
}

static __device__ __forceinline__ void copy16(uint4* to, const uint4* from) {
    const u32 there = (u32)__cvta_generic_to_shared(to);
    const int bytes = 16;
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(there), "l"(from), "r"(bytes));
}

// A byte of a word as a number, by the bits of 2^23 + byte, since conversions are slow.
static __device__ __forceinline__ float byte_of(u32 word, int i) {
    return __uint_as_float(__byte_perm(word, 0x4b000000u, 0x7440 + i)) - 8388608.0f;
}

// Scales and offsets of a row's groups within a tile.
struct Scales {
    uint4 words[ROW_SCALES / 16];
    float scale, offset; // factors, if there are any

    __device__ __forceinline__ u32 word(int i) const { return word_of(words, i); }

    __device__ __forceinline__ float of(int group) const {
#if SCALES == K32 || SCALES == K16
        return scale * (byte_of(word(group / 4) ^ 0x80808080u, group % 4) - 128.0f);
#elif SCALES == H32
        return from_fp16(word(group / 2) >> group % 2 * 16 & 0xffff);
#elif SCALES == HO32
        return from_fp16(word(group) & 0xffff);
#else
        return __uint_as_float(word(group));
#endif
    }

    __device__ __forceinline__ float offset_of(int group) const {
#if SCALES == K32
        return -(offset * byte_of(word(2 + group / 4), group % 4));
#elif SCALES == HO32
        return from_fp16(word(group) >> 16);
#else
        return 0;
#endif
    }
};

static __device__ __forceinline__ Scales scales_of(const unsigned char* tile, int row) {
    Scales s;
    const uint4* from = (const uint4*)(tile + CODES + row * ROW_SCALES);
#pragma unroll
    for (int i = 0; i < ROW_SCALES / 16; i++) s.words[i] = from[i];
    s.scale = s.offset = 0;
    if (ROW_FACTORS) {
        const u32 factors = *(const u32*)(tile + CODES + TILE * ROW_SCALES + row * ROW_FACTORS);
        s.scale = from_fp16(factors & 0xffff);
        s.offset = from_fp16(factors >> 16);
    }
    return s;
}

extern __shared__ uint4 ring[]; // [WARPS, STAGES, UNITS]

// done(row, n, sum) for the weight rows of this block and the sequences of its group; m weight rows, k columns. A block takes one
// stripe of 16 weight rows after another, and a warp every WARPS-th tile of it, from a ring in shared memory that it fills ahead.
template <class Done>
static __device__ __forceinline__ void product(const unsigned char* weight, const half_t* x, int rows, int k, int m, Done done) {
    __shared__ float sums[WARPS][NT * 128];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    const int stripes = m / TILE, tiles = k / WIDE; // of a stripe
    const int group = blockIdx.y * GROUP_ROWS, here = min(rows - group, GROUP_ROWS);
    x += (long long)group * k;
    uint4* const mine = ring + warp * STAGES * UNITS;
    int nextStripe = warp < tiles ? (int)blockIdx.x : stripes, nextTile = warp, nextStage = 0;
    auto load_next = [&]() {
        if (nextStripe < stripes) {
            const uint4* from = (const uint4*)(weight + ((long long)nextStripe * tiles + nextTile) * TILE_BYTES);
            uint4* to = mine + nextStage * UNITS;
#pragma unroll
            for (int i = 0; i < UNITS / 32; i++) copy16(to + i * 32 + lane, from + i * 32 + lane);
            if (UNITS % 32 && lane < UNITS % 32) copy16(to + UNITS / 32 * 32 + lane, from + UNITS / 32 * 32 + lane);
            nextStage = nextStage + 1 == STAGES ? 0 : nextStage + 1;
            nextTile += WARPS;
            if (nextTile >= tiles) {
                nextTile = warp;
                nextStripe += gridDim.x;
            }
        }
        asm volatile("cp.async.commit_group;");
    };
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) load_next();
    release_next();
    await_previous();
    int stage = 0;
    for (int tile = blockIdx.x; tile < stripes; tile += gridDim.x) {
        float acc[NT][4];
#pragma unroll
        for (int j = 0; j < NT; j++) acc[j][0] = acc[j][1] = acc[j][2] = acc[j][3] = 0;
        for (int wide = warp; wide < tiles; wide += WARPS) {
            const uint4* own = mine + stage * UNITS;
            stage = stage + 1 == STAGES ? 0 : stage + 1;
            asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2) : "memory");
            __syncwarp();
            load_next(); // where the previous tile was
            const Scales low = scales_of((const unsigned char*)own, g), high = scales_of((const unsigned char*)own, g + 8);
            const half_t* from = x + wide * WIDE;
            uint4 quad; // the lane's integers of 64 columns, or of 32
#pragma unroll
            for (int pair = 0; pair < STEPS / 2; pair++) { // 32 columns
                if (BITS == 8 || pair % 2 == 0) quad = own[(BITS == 8 ? pair : pair / 2) * 32 + lane];
                float part[NT][4], other[NT][4], of_x[NT][4];
#pragma unroll
                for (int j = 0; j < NT; j++) {
#pragma unroll
                    for (int e = 0; e < 4; e++) part[j][e] = other[j][e] = of_x[j][e] = 0;
                }
                u32 v[NT][4]; // a lane's activations in both steps
#pragma unroll
                for (int j = 0; j < NT; j++) {
                    const int n = j * 8 + g;
                    v[j][0] = v[j][1] = v[j][2] = v[j][3] = 0;
                    if (n < here) {
                        const half_t* row = from + (long long)n * k;
#if SCALES == K16
                        const uint2 one = *(const uint2*)(row + column_of(2 * pair, t));
                        const uint2 two = *(const uint2*)(row + column_of(2 * pair + 1, t));
                        v[j][0] = one.x, v[j][1] = one.y, v[j][2] = two.x, v[j][3] = two.y;
#else
                        const uint4 both = *(const uint4*)(row + column_of(2 * pair, t));
                        v[j][0] = both.x, v[j][1] = both.y, v[j][2] = both.z, v[j][3] = both.w;
#endif
                    }
                }
#pragma unroll
                for (int half = 0; half < 2; half++) {
#if BITS == 4
                    const u32 words[1] = {word_of(&quad, pair % 2 * 2 + half)};
#else
                    const u32 words[2] = {word_of(&quad, 2 * half), word_of(&quad, 2 * half + 1)};
#endif
                    const Step s = step_of(words);
#pragma unroll
                    for (int j = 0; j < NT; j++) {
                        const u32 b0 = v[j][2 * half], b1 = v[j][2 * half + 1];
                        mma(SCALES == K16 && half ? other[j] : part[j], s.a[0], s.a[1], s.a[2], s.a[3], b0, b1);
                        if (OFFSETS) mma(of_x[j], ONES, ONES, ONES, ONES, b0, b1);
                    }
                }
                const int first = SCALES == K16 ? 2 * pair : pair;
                const float l = low.of(first), h = high.of(first);
#pragma unroll
                for (int j = 0; j < NT; j++) {
                    acc[j][0] += l * part[j][0];
                    acc[j][1] += l * part[j][1];
                    acc[j][2] += h * part[j][2];
                    acc[j][3] += h * part[j][3];
                }
                if (SCALES == K16) {
                    const float l2 = low.of(first + 1), h2 = high.of(first + 1);
#pragma unroll
                    for (int j = 0; j < NT; j++) {
                        acc[j][0] += l2 * other[j][0];
                        acc[j][1] += l2 * other[j][1];
                        acc[j][2] += h2 * other[j][2];
                        acc[j][3] += h2 * other[j][3];
                    }
                }
                if (OFFSETS) {
                    const float lo = low.offset_of(pair), ho = high.offset_of(pair);
#pragma unroll
                    for (int j = 0; j < NT; j++) {
                        acc[j][0] += lo * of_x[j][0];
                        acc[j][1] += lo * of_x[j][1];
                        acc[j][2] += ho * of_x[j][2];
                        acc[j][3] += ho * of_x[j][3];
                    }
                }
            }
        }
        __syncthreads(); // the previous tile's sums have been read
#pragma unroll
        for (int j = 0; j < NT; j++) {
            *(float4*)(sums[warp] + (j * 32 + lane) * 4) = make_float4(acc[j][0], acc[j][1], acc[j][2], acc[j][3]);
        }
        __syncthreads();
        for (int i = threadIdx.x; i < NT * 128; i += WARPS * 32) {
            // lane (g, t) holds rows g, g, g + 8, g + 8 of sequences 2t, 2t + 1, 2t, 2t + 1
            const int row = ((i >> 4) & 7) + ((i & 2) << 2), n = (i >> 7) * 8 + ((i >> 1) & 6) + (i & 1);
            if (n >= here) continue;
            float sum = 0;
#pragma unroll
            for (int w = 0; w < WARPS; w++) sum += sums[w][i];
            done(tile * TILE + row, group + n, sum);
        }
    }
}

// out [rows, m], rows of which begin `stride` apart, = x . weight^T + bias, which may be null; x [rows, k]
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) linear(
        half_t* out, int stride, const unsigned char* weight, const half_t* bias, const half_t* x, int rows, int k, int m) {
    product(weight, x, rows, k, m, [&](int row, int n, float sum) {
        out[(long long)n * stride + row] = narrow(sum + (bias ? widen(bias[row]) : 0.0f));
    });
}

// The same in FP32.
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) linear_wide(
        float* out, int stride, const unsigned char* weight, const half_t* bias, const half_t* x, int rows, int k, int m) {
    product(weight, x, rows, k, m, [&](int row, int n, float sum) {
        out[(long long)n * stride + row] = sum + (bias ? widen(bias[row]) : 0.0f);
    });
}

// out [count, k] = the values of some weight rows, of whole stripes, rounded to 16 bits. A warp has a tile.
extern "C" __global__ void __launch_bounds__(WARPS * 32) decode(
        half_t* out, const unsigned char* weight, int firstStripe, int stripes, int k) {
    release_next();
    await_previous();
    const int lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3, tiles = k / WIDE;
    const int at = blockIdx.x * WARPS + (threadIdx.x >> 5), stripe = at / tiles, tile = at % tiles;
    if (stripe >= stripes) return;
    const unsigned char* here = weight + ((long long)(firstStripe + stripe) * tiles + tile) * TILE_BYTES;
    const Scales scales[2] = {scales_of(here, g), scales_of(here, g + 8)};
#pragma unroll
    for (int quads = 0; quads < CODES / 512; quads++) {
        const uint4 quad = ((const uint4*)here)[quads * 32 + lane];
#pragma unroll
        for (int i = 0; i < 4; i += BITS / 4) { // the words of a step
            const int step = quads * (16 / BITS) + i / (BITS / 4), group = SCALES == K16 ? step : step / 2;
            const u32 words[2] = {word_of(&quad, i), word_of(&quad, i + BITS / 4 - 1)};
            const Step s = step_of(words);
#pragma unroll
            for (int r = 0; r < 2; r++) {
                const float scale = scales[r].of(group), offset = scales[r].offset_of(group);
                half_t values[4];
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    const float value = __fmul_rn(scale, widen((half_t)(s.a[e / 2 * 2 + r] >> e % 2 * 16)));
                    values[e] = narrow(OFFSETS ? __fadd_rn(value, offset) : value);
                }
                half_t* to = out + ((long long)stripe * TILE + g + r * 8) * k + tile * WIDE + column_of(step, t);
                *(uint2*)to = uint2{(u32)values[0] | (u32)values[1] << 16, (u32)values[2] | (u32)values[3] << 16};
            }
        }
    }
}
