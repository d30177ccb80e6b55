// The matrix products of few_rows.cu for more rows: the same kernels with the same bits, from tiles of 128 weight rows and 128
// sequences in shared memory.
//
// There, the inner axis is divided among 16 warps, of which warp w has the blocks w, w + 16, ... of 64 elements; their sums are
// added in the order of the warps. Here, one warp computes all of them one after another, with two sets of accumulators: one for
// the current sum, and one for the sum of those that are complete. A warp reads the operands of its next tensor core
// instructions while the current ones run. The inner axis is a multiple of 64.

#define WARPS 8
#define THREADS (WARPS * 32)
#define BM 128       // weight rows of a tile
#define BN 128       // sequences of a tile
#define BK 64        // elements of the inner axis
#define PARTS 16     // sums per element, as in few_rows.cu
#define STAGES 3
#define UNITS (BK / 8) // of 16 bytes, in a row of a tile
#define STAGE ((BM + BN) * UNITS)
#define COLUMNS 16   // as in few_rows.cu

extern __shared__ uint4 stages[];

static __device__ __forceinline__ void copy16(uint4* to, const void* from, bool valid) {
    const u32 there = (u32)__cvta_generic_to_shared(to);
    const int bytes = valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(there), "l"(from), "r"(bytes));
}

// Where unit u of a row lies, so that eight lanes read from different banks.
static __device__ __forceinline__ int unit_of(int row, int u) {
    return row * UNITS + (u ^ ((row & 1) << 2));
}

// done(row, n, sum, partner) is called for each weight row of the tile and each sequence, as in few_rows.cu; weight_row(row) is
// where a weight row begins, or null. x [rows, k] and squares [., all] begin with the tile's first sequence. finish() is called
// when all is done, with shared memory free again.
template <bool NORM, bool PAIRED, class WeightRow, class Done>
static __device__ __forceinline__ void product(
        WeightRow weight_row, const half_t* x, const float* squares, int parts, int rows, int all, int k, float eps, Done done) {
    __shared__ float scales[BN];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    const int blocks = k / BK;
    const half_t* weights[BM * UNITS / THREADS];
#pragma unroll
    for (int i = 0; i < BM * UNITS / THREADS; i++) weights[i] = weight_row((i * THREADS + threadIdx.x) / UNITS);
    const int u = threadIdx.x % UNITS;
    auto load_weights = [&](int stage, int block) {
#pragma unroll
        for (int i = 0; i < BM * UNITS / THREADS; i++) {
            const int row = (i * THREADS + threadIdx.x) / UNITS;
            copy16(stages + stage * STAGE + unit_of(row, u), weights[i] ? weights[i] + block * BK + u * 8 : x, weights[i]);
        }
    };
    auto load_rows = [&](int stage, int block) {
#pragma unroll
        for (int i = 0; i < BN * UNITS / THREADS; i++) {
            const int n = (i * THREADS + threadIdx.x) / UNITS;
            const bool valid = n < rows;
            copy16(stages + stage * STAGE + BM * UNITS + unit_of(n, u), valid ? x + (long long)n * k + block * BK + u * 8 : x, valid);
        }
        asm volatile("cp.async.commit_group;");
    };
    auto next = [&](int& block) { // in the order of the parts
        block += PARTS;
        if (block >= blocks) block = block % PARTS + 1;
    };
    int ahead = 0;
    {
        int block = 0;
        for (int s = 0; s < STAGES - 1 && s < blocks; s++, next(block)) load_weights(s, block);
    }
    release_next();
    await_previous();
    int loaded = 0;
    for (int s = 0; s < STAGES - 1; s++) {
        if (s < blocks) {
            load_rows(s, ahead);
            next(ahead);
            loaded++;
        } else {
            asm volatile("cp.async.commit_group;");
        }
    }
    if (NORM) {
        const int n = threadIdx.x % BN;
        float part[PARTS]; // every second thread has the odd ones
#pragma unroll
        for (int w = 0; w < PARTS; w++) part[w] = 0;
        for (int p = threadIdx.x / BN; n < rows && p < parts; p += 2 * PARTS) {
#pragma unroll
            for (int w = 0; w < PARTS; w++) part[w] += p + 2 * w < parts ? squares[(long long)(p + 2 * w) * all + n] : 0.0f;
        }
        float* odd = (float*)(stages + (STAGES - 1) * STAGE); // not loaded yet
        if (threadIdx.x >= BN) {
#pragma unroll
            for (int w = 0; w < PARTS; w++) odd[w * BN + n] = part[w];
        }
        __syncthreads();
        if (threadIdx.x < BN) {
            float whole = 0;
#pragma unroll
            for (int w = 0; w < PARTS; w++) whole += part[w] + odd[w * BN + n];
            scales[n] = rsqrtf(whole / k + eps);
        }
    }
    const int m0 = (warp >> 1) * 32, n0 = (warp & 1) * 64; // of the warp's part of the tile
    float acc[2][8][4], sum[2][8][4];
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int e = 0; e < 4; e++) acc[i][j][e] = sum[i][j][e] = 0;
    uint4 a[2][2][2], b[2][4]; // operands of this and the next turn: of a piece of 32 elements, and of half the sequences
    auto read_weights = [&](int turn, int stage, int piece) {
        const uint4* w = stages + stage * STAGE;
#pragma unroll
        for (int i = 0; i < 2; i++) {
            a[turn][i][0] = w[unit_of(m0 + i * 16 + g, piece * 4 + t)];
            a[turn][i][1] = w[unit_of(m0 + i * 16 + 8 + g, piece * 4 + t)];
        }
    };
    auto read_rows = [&](int turn, int stage, int piece, int half) {
        const uint4* v = stages + stage * STAGE + BM * UNITS;
#pragma unroll
        for (int j = 0; j < 4; j++) b[turn][j] = v[unit_of(n0 + half * 32 + j * 8 + g, piece * 4 + t)];
    };
    auto multiply = [&](int turn, int half) { // a of the piece, b of the half
        const auto& w = a[turn];
        const auto& v = b[half];
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++)
                mma(acc[i][half * 4 + j], w[i][0].x, w[i][1].x, w[i][0].y, w[i][1].y, v[j].x, v[j].y);
        }
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++)
                mma(acc[i][half * 4 + j], w[i][0].z, w[i][1].z, w[i][0].w, w[i][1].w, v[j].z, v[j].w);
        }
    };
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2));
    __syncthreads();
    read_weights(0, 0, 0);
    read_rows(0, 0, 0, 0);
    int block = 0;
    for (int it = 0; it < blocks; it++) {
        const int stage = it % STAGES, following = (it + 1) % STAGES;
        if (loaded < blocks) { // into the stage of the previous block, which all warps have read
            load_weights(loaded % STAGES, ahead);
            load_rows(loaded % STAGES, ahead);
            next(ahead);
            loaded++;
        } else {
            asm volatile("cp.async.commit_group;");
        }
        read_rows(1, stage, 0, 1);
        multiply(0, 0);
        read_weights(1, stage, 1);
        read_rows(0, stage, 1, 0);
        multiply(0, 1);
        read_rows(1, stage, 1, 1);
        multiply(1, 0);
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2));
        __syncthreads();
        if (it + 1 < blocks) {
            read_weights(0, following, 0);
            read_rows(0, following, 0, 0);
        }
        multiply(1, 1);
        if (block + PARTS >= blocks) { // the part is complete
#pragma unroll
            for (int i = 0; i < 2; i++)
#pragma unroll
                for (int j = 0; j < 8; j++)
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        sum[i][j][e] += acc[i][j][e];
                        acc[i][j][e] = 0;
                    }
        }
        next(block);
    }
    asm volatile("cp.async.wait_all;");
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 8; j++) {
#pragma unroll
            for (int e = 0; e < (PAIRED ? 2 : 4); e++) {
                const int n = n0 + j * 8 + 2 * t + (e & 1), row = m0 + i * 16 + g + (e & 2) * 4;
                if (n >= rows || !weight_row(row)) continue;
                const float by = NORM ? scales[n] : 1.0f;
                done(row, n, sum[i][j][e] * by, PAIRED ? sum[i][j][e + 2] * by : 0.0f);
            }
        }
    }
}

// As in few_rows.cu.
extern "C" __global__ void __launch_bounds__(THREADS, 1) qkv(
        half_t* out, const half_t* w0, const half_t* w1, const half_t* w2, const half_t* bias0, const half_t* bias1,
        const half_t* bias2, int rows0, int rows1, int rows2, const half_t* x, const float* squares, int rows, int k, float eps) {
    const int first = blockIdx.x * BM, group = blockIdx.y * BN, width = rows0 + rows1 + rows2;
    auto weight_row = [&](int row) -> const half_t* {
        const int at = first + row;
        if (at >= width) return nullptr;
        return at < rows0 ? w0 + (long long)at * k
                : at < rows0 + rows1 ? w1 + (long long)(at - rows0) * k : w2 + (long long)(at - rows0 - rows1) * k;
    };
    product<true, false>(
            weight_row, x + (long long)group * k, squares + group, k / 16, min(rows - group, BN), rows, k, eps,
            [&](int row, int n, float sum, float) {
                const int at = first + row;
                const half_t* bias = at < rows0 ? bias0 : at < rows0 + rows1 ? bias1 : bias2;
                const int from = at < rows0 ? at : at < rows0 + rows1 ? at - rows0 : at - rows0 - rows1;
                out[(long long)(group + n) * width + at] = narrow(sum + (bias ? widen(bias[from]) : 0.0f));
            });
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) write_back(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* gain,
        int rows, int k, int m) {
    const int first = blockIdx.x * BM, group = blockIdx.y * BN, here = min(rows - group, BN);
    float* squared = (float*)stages; // [BN, BM + 1]
    product<false, false>(
            [&](int row) -> const half_t* { return first + row < m ? w + (long long)(first + row) * k : nullptr; },
            x + (long long)group * k, nullptr, 0, here, rows, k, 0.0f,
            [&](int row, int n, float sum, float) {
                const float added = bias ? widen(bias[first + row]) : 0.0f;
                const long long at = (long long)(group + n) * m + first + row;
                const float r = rounded(widen(resid[at]) + rounded(sum + added));
                resid[at] = narrow(r);
                scaled[at] = narrow(r * gain[first + row]);
                squared[n * (BM + 1) + row] = __fmul_rn(r, r);
            });
    __syncthreads();
    for (int i = threadIdx.x; i < here * (BM / 16); i += THREADS) {
        const int n = i % here, part = i / here;
        if (first + part * 16 >= m) continue;
        float s = 0;
#pragma unroll
        for (int j = 0; j < 16; j++) s = __fadd_rn(s, squared[n * (BM + 1) + part * 16 + j]);
        squares[(long long)(first / 16 + part) * rows + group + n] = s;
    }
}

// A tile has the rows of gate and up in turns of eight.
extern "C" __global__ void __launch_bounds__(THREADS, 1) gate_up(
        half_t* out, const half_t* gate, const half_t* up, const half_t* gateBias, const half_t* upBias, const half_t* x,
        const float* squares, int rows, int k, int m, float eps) {
    const int first = blockIdx.x * (BM / 2), group = blockIdx.y * BN;
    auto at = [&](int row) { return first + row / 16 * 8 + row % 8; };
    product<true, true>(
            [&](int row) -> const half_t* {
                return at(row) < m ? (row & 8 ? up : gate) + (long long)at(row) * k : nullptr;
            },
            x + (long long)group * k, squares + group, k / 16, min(rows - group, BN), rows, k, eps,
            [&](int row, int n, float sum, float partner) {
                const float z = rounded(sum + (gateBias ? widen(gateBias[at(row)]) : 0.0f));
                const float y = rounded(partner + (upBias ? widen(upBias[at(row)]) : 0.0f));
                out[(long long)(group + n) * m + at(row)] = narrow(rounded(z / (1.0f + __expf(-z))) * y);
            });
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) unembed(
        float* out, const half_t* w, const half_t* x, const float* squares, int rows, int k, int m, float eps) {
    const int first = blockIdx.x * BM, group = blockIdx.y * BN;
    product<true, false>(
            [&](int row) -> const half_t* { return first + row < m ? w + (long long)(first + row) * k : nullptr; },
            x + (long long)group * k, squares + group, k / 16, min(rows - group, BN), rows, k, eps,
            [&](int row, int n, float sum, float) { out[(long long)(group + n) * m + first + row] = sum; });
}
