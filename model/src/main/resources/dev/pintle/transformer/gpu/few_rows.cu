// Matrix products of a decoding step, each thread block for up to 8*NT rows: those of group blockIdx.y. The sums of a row have
// the same order whatever NT is and however many rows there are.
//
// A step reads every weight once, so its lower bound is the size of the weights divided by memory bandwidth. All
// products therefore use one kernel structure: a block takes one tile of 16 weight rows after another, its warps interleave
// along the inner axis, and tensor cores multiply 16 weight rows by 8 sequences at a time. Each warp fills a ring in shared
// memory with the weights that it will need, also those of the next tile, so that memory is never idle. A tensor core expects
// its operands in a certain order along the inner axis; since any order gives the same sum, each lane reads 16 contiguous
// bytes, of weight and activation alike. A norm before a product is not a separate kernel: whichever kernel writes the residual
// stream x also writes gain*x for the next norm, and partial sums of the squares of x, 16 at a time; the product is
// computed with gain*x, and its result scaled by 1/rms(x).
//
// Compiled with -DNT=1, 2 or 4, -DWARPS=warps per block, -DSTAGES=blocks of 64 elements in a ring, 2 or more, and
// -DBLOCKS_PER_SM.

#define GROUP_ROWS (NT * 8)
#define COLUMNS 16 // rows whose squares are summed at a time
#define PASSES ((GROUP_ROWS + COLUMNS - 1) / COLUMNS)
#define TILE 16   // weight rows
#define BLOCK 64  // elements of the inner axis
#define UNITS (BLOCK / 8) // of 16 bytes, in a row of a block

extern __shared__ uint4 ring[]; // [WARPS, STAGES, TILE, UNITS]

static __device__ __forceinline__ void copy16(uint4* to, const half_t* from, bool valid) {
    const u32 there = (u32)__cvta_generic_to_shared(to);
    const int bytes = valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(there), "l"(from), "r"(bytes));
}

// Where unit u of a row lies, so that eight lanes read from different banks.
static __device__ __forceinline__ int unit_of(int row, int u) {
    return row * UNITS + ((u + (row & 1) * 4) & (UNITS - 1));
}

// Products of all weight rows with the sequences of the group: for each of the `tiles` tiles that are this block's,
// done(tile, row, n, sum, partner) is called once for each of its weight rows and each sequence, where partner is the sum of
// row + 8 if PAIRED, which then is not reported separately, and finish(tile) by all threads after that. weight_row(tile, row) is
// where a weight row begins; x is [rows, k]. With squares, [parts, rows], sums are scaled by 1/rms. Rows are those of the group,
// and squares those of the group in a table of `all` rows. The first weights are loaded before the previous kernel has
// finished, since they do not depend on it; with FETCH, all weights of the block are prefetched into the L2 cache.
template <bool NORM, bool PAIRED, bool FETCH, class WeightRow, class Done, class Finish>
static __device__ __forceinline__ void product(
        int tiles, WeightRow weight_row, const half_t* x, const float* squares, int parts, int rows, int all, int k, float eps,
        Done done, Finish finish) {
    __shared__ float sums[WARPS][NT * 128];
    __shared__ float shares[WARPS][PASSES * COLUMNS];
    __shared__ float scales[GROUP_ROWS];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    const int blocks = (k + BLOCK - 1) / BLOCK; // of which warp w has w, w + WARPS, ...
    const uint4 zero = make_uint4(0, 0, 0, 0);
    uint4* const mine = ring + warp * STAGES * TILE * UNITS;
    int nextTile = warp < blocks ? (int)blockIdx.x : tiles, nextBlock = warp, nextStage = 0;
    auto load_next = [&]() {
        if (nextTile < tiles) {
            uint4* to = mine + nextStage * TILE * UNITS;
            const int u = lane % UNITS, from = nextBlock * BLOCK + u * 8;
#pragma unroll
            for (int i = 0; i < TILE * UNITS / 32; i++) {
                const int row = i * (32 / UNITS) + lane / UNITS;
                const bool valid = from < k;
                copy16(to + unit_of(row, u), weight_row(nextTile, row) + (valid ? from : 0), valid);
            }
            nextStage = nextStage + 1 == STAGES ? 0 : nextStage + 1;
            nextBlock += WARPS;
            if (nextBlock >= blocks) {
                nextBlock = warp;
                nextTile += gridDim.x;
            }
        }
        asm volatile("cp.async.commit_group;");
    };
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) load_next();
    if (FETCH) {
        for (int block = warp + (STAGES - 1) * WARPS; block < blocks; block += WARPS) {
            if (lane >= TILE) break;
            asm volatile("prefetch.global.L2 [%0];" ::"l"(weight_row(blockIdx.x, lane) + block * BLOCK));
        }
    }
    release_next();
    await_previous();
    uint4 v[2][NT]; // of the current block
    auto read_rows = [&](uint4 (*to)[NT], int block) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
#pragma unroll
            for (int j = 0; j < NT; j++) {
                const int n = j * 8 + g, from = block * BLOCK + half * 32 + t * 8;
                to[half][j] = from < k && n < rows ? *(const uint4*)(x + (long long)n * k + from) : zero;
            }
        }
    };
    read_rows(v, warp);
    if (NORM) {
#pragma unroll
        for (int c = 0; c < PASSES; c++) {
            const int n = c * COLUMNS + threadIdx.x % COLUMNS;
            float square = 0; // of sequence n, partial over its parts
            if (n < rows) {
#pragma unroll 8
                for (int p = threadIdx.x / COLUMNS; p < parts; p += blockDim.x / COLUMNS) square += squares[p * all + n];
            }
            square += __shfl_xor_sync(0xffffffffu, square, COLUMNS);
            if (lane < COLUMNS) shares[warp][c * COLUMNS + lane] = square;
        }
        __syncthreads();
        if (threadIdx.x < GROUP_ROWS) {
            float whole = 0;
#pragma unroll
            for (int w = 0; w < WARPS; w++) whole += shares[w][threadIdx.x];
            scales[threadIdx.x] = rsqrtf(whole / k + eps);
        }
    }
    int stage = 0;
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        float acc[NT][4];
#pragma unroll
        for (int j = 0; j < NT; j++) acc[j][0] = acc[j][1] = acc[j][2] = acc[j][3] = 0;
        for (int block = warp; block < blocks; block += WARPS) {
            const uint4* own = mine + stage * TILE * UNITS;
            stage = stage + 1 == STAGES ? 0 : stage + 1;
            uint4 next[2][NT];
            read_rows(next, block + WARPS < blocks ? block + WARPS : warp);
            asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2) : "memory");
            __syncwarp();
            load_next(); // where the previous block was
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const uint4 a = own[unit_of(g, half * 4 + t)], b = own[unit_of(g + 8, half * 4 + t)];
#pragma unroll
                for (int j = 0; j < NT; j++) {
                    mma(acc[j], a.x, b.x, a.y, b.y, v[half][j].x, v[half][j].y);
                    mma(acc[j], a.z, b.z, a.w, b.w, v[half][j].z, v[half][j].w);
                }
            }
#pragma unroll
            for (int half = 0; half < 2; half++) {
#pragma unroll
                for (int j = 0; j < NT; j++) v[half][j] = next[half][j];
            }
        }
        __syncthreads(); // the previous tile's sums have been read
#pragma unroll
        for (int j = 0; j < NT; j++) {
            *(float4*)(sums[warp] + (j * 32 + lane) * 4) = make_float4(acc[j][0], acc[j][1], acc[j][2], acc[j][3]);
        }
        __syncthreads();
        for (int i = threadIdx.x; i < NT * 128; i += blockDim.x) {
            // tensor core result layout: lane (g, t) holds rows g, g, g + 8, g + 8 of sequences 2t, 2t + 1, 2t, 2t + 1
            int row = ((i >> 4) & 7) + ((i & 2) << 2);
            int n = (i >> 7) * 8 + ((i >> 1) & 6) + (i & 1);
            if (n >= rows || (PAIRED && row >= 8)) continue;
            float s = 0, partner = 0;
#pragma unroll
            for (int w = 0; w < WARPS; w++) {
                s += sums[w][i];
                if (PAIRED) partner += sums[w][i + 2];
            }
            float by = NORM ? scales[n] : 1.0f;
            done(tile, row, n, s * by, partner * by);
        }
        finish(tile);
    }
}

// x [rows, dModel] = embedding rows of the token that is next in each row's slot; scaled and squares as in write_back
extern "C" __global__ void __launch_bounds__(256) embed(
        half_t* x, half_t* scaled, float* squares, const half_t* embedding, const float* gain, const int* slots, const int* ids,
        int rows, int dModel) {
    release_next();
    await_previous();
    const int row = blockIdx.x;
    const long long from = slots[row] < 0 ? 0 : (long long)ids[slots[row]] * dModel, to = (long long)row * dModel;
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

// out [rows, rows0 + rows1 + rows2] = norm . (w0 | w1 | w2)^T + biases, each of which may be null
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) qkv(
        half_t* out, const half_t* w0, const half_t* w1, const half_t* w2, const half_t* bias0, const half_t* bias1,
        const half_t* bias2, int rows0, int rows1, int rows2, const half_t* x, const float* squares, int rows, int k, float eps) {
    const int group = blockIdx.y * GROUP_ROWS, width = rows0 + rows1 + rows2;
    auto part = [&](int row) { return row < rows0 ? 0 : row < rows0 + rows1 ? 1 : 2; };
    auto within = [&](int row) { return row < rows0 ? row : row < rows0 + rows1 ? row - rows0 : row - rows0 - rows1; };
    product<true, false, false>(
            width / TILE,
            [&](int tile, int row) {
                const int which = part(tile * TILE);
                return (which == 0 ? w0 : which == 1 ? w1 : w2) + (long long)(within(tile * TILE) + row) * k;
            },
            x + (long long)group * k, squares + group, k / 16, min(rows - group, GROUP_ROWS), rows, k, eps,
            [&](int tile, int row, int n, float sum, float) {
                const int at = tile * TILE + row, which = part(at);
                const half_t* bias = which == 0 ? bias0 : which == 1 ? bias1 : bias2;
                out[(long long)(group + n) * width + at] = narrow(sum + (bias ? widen(bias[within(at)]) : 0.0f));
            },
            [](int) {});
}

// resid [rows, m] += x . w^T + bias, which may be null. scaled [rows, m] = gain * resid and squares [m/16, rows] = partial sums
// of resid^2, for the norm that follows.
template <bool FETCH>
static __device__ __forceinline__ void add_product(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* gain,
        int rows, int k, int m) {
    __shared__ float squared[GROUP_ROWS][17];
    const int group = blockIdx.y * GROUP_ROWS, here = min(rows - group, GROUP_ROWS);
    product<false, false, FETCH>(
            m / TILE, [&](int tile, int row) { return w + (long long)(tile * TILE + row) * k; }, x + (long long)group * k, nullptr, 0,
            here, rows, k, 0.0f,
            [&](int tile, int row, int n, float sum, float) {
                const int of = tile * TILE + row;
                const long long at = (long long)(group + n) * m + of;
                const float r = rounded(widen(resid[at]) + rounded(sum + (bias ? widen(bias[of]) : 0.0f)));
                resid[at] = narrow(r);
                scaled[at] = narrow(r * gain[of]);
                squared[n][row] = __fmul_rn(r, r);
            },
            [&](int tile) {
                __syncthreads();
                if (threadIdx.x < here) {
                    float s = 0;
#pragma unroll
                    for (int i = 0; i < 16; i++) s = __fadd_rn(s, squared[threadIdx.x][i]);
                    squares[(long long)tile * rows + group + threadIdx.x] = s;
                }
            });
}

extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) write_back(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* gain,
        int rows, int k, int m) {
    add_product<false>(resid, scaled, squares, w, bias, x, gain, rows, k, m);
}

// The same after attention, which takes long enough to prefetch the weights.
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) write_back_fetching(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* gain,
        int rows, int k, int m) {
    add_product<true>(resid, scaled, squares, w, bias, x, gain, rows, k, m);
}

// out [rows, m] = silu(norm(x) . gate^T + gateBias) * (norm(x) . up^T + upBias); biases may be null
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) gate_up(
        half_t* out, const half_t* gate, const half_t* up, const half_t* gateBias, const half_t* upBias, const half_t* x,
        const float* squares, int rows, int k, int m, float eps) {
    const int group = blockIdx.y * GROUP_ROWS;
    product<true, true, false>(
            m / 8, [&](int tile, int row) { return (row < 8 ? gate : up) + (long long)(tile * 8 + (row & 7)) * k; },
            x + (long long)group * k, squares + group, k / 16, min(rows - group, GROUP_ROWS), rows, k, eps,
            [&](int tile, int row, int n, float sum, float partner) {
                const int at = tile * 8 + row;
                float z = rounded(sum + (gateBias ? widen(gateBias[at]) : 0.0f));
                float y = rounded(partner + (upBias ? widen(upBias[at]) : 0.0f));
                out[(long long)(group + n) * m + at] = narrow(rounded(z / (1.0f + __expf(-z))) * y);
            },
            [](int) {});
}

// out [rows, m] in FP32 = norm(x) . w^T
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) unembed(
        float* out, const half_t* w, const half_t* x, const float* squares, int rows, int k, int m, float eps) {
    const int group = blockIdx.y * GROUP_ROWS;
    product<true, false, false>(
            m / TILE, [&](int tile, int row) { return w + (long long)(tile * TILE + row) * k; }, x + (long long)group * k,
            squares + group, k / 16, min(rows - group, GROUP_ROWS), rows, k, eps,
            [&](int tile, int row, int n, float sum, float) { out[(long long)(group + n) * m + tile * TILE + row] = sum; },
            [](int) {});
}
