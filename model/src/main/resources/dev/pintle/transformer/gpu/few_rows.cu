// Matrix products of a decoding step, each thread block for up to 8*NT rows: those of group blockIdx.y. The sums of a row have
// the same order whatever NT is and however many rows there are.
//
// A step reads every weight once, so its lower bound is the size of the weights divided by memory bandwidth. All
// products therefore use one kernel structure: a block owns 16 rows of a weight, its warps interleave along the inner
// axis, and tensor cores multiply 16 weight rows by 8 sequences at a time. A tensor core expects its operands in a
// certain order along the inner axis; since any order gives the same sum, each lane loads 16 contiguous bytes, of
// weight and activation alike. A norm before a product is not a separate kernel: whichever kernel writes the residual
// stream x also writes gain*x for the next norm, and partial sums of the squares of x, 16 at a time; the product is
// computed with gain*x, and its result scaled by 1/rms(x).
//
// Compiled with -DNT=1, 2 or 4 and -DWARPS=warps per block.

#define GROUP_ROWS (NT * 8)
#define COLUMNS 16 // rows whose squares are summed at a time
#define PASSES ((GROUP_ROWS + COLUMNS - 1) / COLUMNS)

// Measured on an H200 for the Llama 3.1 8B shape: deeper prefetching costs registers, and with them warps.
#if NT == 1
#define AHEAD 2
#define BLOCKS_PER_SM 2
#else
#define AHEAD 1
#define BLOCKS_PER_SM 1
#endif

static __device__ __forceinline__ uint4 stream16(const half_t* p) {
    uint4 v;
    asm("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}

// The order in which a warp visits the chunks of 32 along the inner axis: two neighbours, which share a cache line,
// then WARPS lines further.
static __device__ __forceinline__ int piece_of(int warp, int i) {
    return (i >> 1) * (2 * WARPS) + warp * 2 + (i & 1);
}

// Products of 16 weight rows with all sequences: done(row, n, sum, partner) is called once for each weight row of the
// block and each sequence, where partner is the sum of row + 8 if PAIRED, which then is not reported separately. Lane
// (g, t) of a warp holds weight rows g and g + 8 at rowA and rowB; x is [rows, k]. With squares, [parts, rows], sums
// are scaled by 1/rms. Rows are those of the group, and squares those of the group in a table of `all` rows. The weights of the first steps are loaded before the previous kernel has finished, since they do
// not depend on it; with FETCH, all weights of the block are prefetched into the L2 cache.
template <bool NORM, bool PAIRED, bool FETCH, class Done>
static __device__ __forceinline__ void product(
        const half_t* rowA, const half_t* rowB, const half_t* x, const float* squares, int parts, int rows, int all, int k,
        float eps, Done done) {
    __shared__ float sums[WARPS][NT * 128];
    __shared__ float shares[WARPS][PASSES * COLUMNS];
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
    float square[PASSES]; // of sequence lane % COLUMNS, partial over its parts
    if (NORM) {
#pragma unroll
        for (int c = 0; c < PASSES; c++) {
            const int n = c * COLUMNS + threadIdx.x % COLUMNS;
            square[c] = 0;
            if (n < rows) {
#pragma unroll 8
                for (int p = threadIdx.x / COLUMNS; p < parts; p += blockDim.x / COLUMNS) square[c] += squares[p * all + n];
            }
        }
    }
    auto read_rows = [&](uint4* to, int step) {
#pragma unroll
        for (int j = 0; j < NT; j++) {
            const int n = j * 8 + g;
            to[j] = step < steps && n < rows ? *(const uint4*)(x + (long long)n * k + step * 32 + t * 8) : zero;
        }
    };
    uint4 v[AHEAD][NT];
    if (NT > 1) read_rows(v[0], piece_of(warp, 0));
    for (int first = 0; piece_of(warp, first) < steps; first += AHEAD) {
        if (NT == 1) { // no registers are left to read ahead
#pragma unroll
            for (int u = 0; u < AHEAD; u++) read_rows(v[u], piece_of(warp, first + u));
        }
        uint4 an[AHEAD], bn[AHEAD], vn[NT];
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            int step = piece_of(warp, first + AHEAD + u);
            an[u] = step < steps ? stream16(rowA + step * 32 + t * 8) : zero;
            bn[u] = step < steps ? stream16(rowB + step * 32 + t * 8) : zero;
        }
        if (NT > 1) read_rows(vn, piece_of(warp, first + 1));
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
#pragma unroll
            for (int j = 0; j < NT; j++) {
                mma(acc[j], a[u].x, b[u].x, a[u].y, b[u].y, v[u][j].x, v[u][j].y);
                mma(acc[j], a[u].z, b[u].z, a[u].w, b[u].w, v[u][j].z, v[u][j].w);
            }
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            a[u] = an[u];
            b[u] = bn[u];
        }
        if (NT > 1) {
#pragma unroll
            for (int j = 0; j < NT; j++) v[0][j] = vn[j];
        }
    }
#pragma unroll
    for (int j = 0; j < NT; j++) {
        *(float4*)(sums[warp] + (j * 32 + lane) * 4) = make_float4(acc[j][0], acc[j][1], acc[j][2], acc[j][3]);
    }
    if (NORM) {
#pragma unroll
        for (int c = 0; c < PASSES; c++) {
            square[c] += __shfl_xor_sync(0xffffffffu, square[c], COLUMNS);
            if (lane < COLUMNS) shares[warp][c * COLUMNS + lane] = square[c];
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < NT * 128; i += blockDim.x) {
        // tensor core result layout: lane (g, t) holds rows g, g, g + 8, g + 8 of sequences 2t, 2t + 1, 2t, 2t + 1
        int row = ((i >> 4) & 7) + ((i & 2) << 2);
        int n = (i >> 7) * 8 + ((i >> 1) & 6) + (i & 1);
        if (n >= rows || (PAIRED && row >= 8)) continue;
        float s = 0, partner = 0, whole = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            s += sums[w][i];
            if (PAIRED) partner += sums[w][i + 2];
            if (NORM) whole += shares[w][n];
        }
        float by = NORM ? rsqrtf(whole / k + eps) : 1.0f;
        done(row, n, s * by, partner * by);
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
    const int group = blockIdx.y * GROUP_ROWS;
    product<true, false, false>(
            mine, mine + 8LL * k, x + (long long)group * k, squares + group, k / 16, min(rows - group, GROUP_ROWS), rows, k, eps,
            [&](int row, int n, float sum, float) {
                float added = bias ? widen(bias[at + row]) : 0.0f;
                out[(long long)(group + n) * (rows0 + rows1 + rows2) + first + row] = narrow(sum + added);
            });
}

// resid [rows, m] += x . w^T + bias, which may be null. scaled [rows, m] = gain * resid and squares [m/16, rows] = partial sums
// of resid^2, for the norm that follows.
template <bool FETCH>
static __device__ __forceinline__ void add_product(
        half_t* resid, half_t* scaled, float* squares, const half_t* w, const half_t* bias, const half_t* x, const float* gain,
        int rows, int k, int m) {
    __shared__ float squared[GROUP_ROWS][17];
    const int first = blockIdx.x * 16, g = (threadIdx.x & 31) >> 2, group = blockIdx.y * GROUP_ROWS;
    const int here = min(rows - group, GROUP_ROWS);
    const half_t* mine = w + (long long)(first + g) * k;
    product<false, false, FETCH>(
            mine, mine + 8LL * k, x + (long long)group * k, nullptr, 0, here, rows, k, 0.0f,
            [&](int row, int n, float sum, float) {
                float added = bias ? widen(bias[first + row]) : 0.0f;
                long long at = (long long)(group + n) * m + first + row;
                float r = rounded(widen(resid[at]) + rounded(sum + added));
                resid[at] = narrow(r);
                scaled[at] = narrow(r * gain[first + row]);
                squared[n][row] = __fmul_rn(r, r);
            });
    __syncthreads();
    if (threadIdx.x < here) {
        float s = 0;
#pragma unroll
        for (int i = 0; i < 16; i++) s = __fadd_rn(s, squared[threadIdx.x][i]);
        squares[blockIdx.x * rows + group + threadIdx.x] = s;
    }
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
    const int first = blockIdx.x * 8, g = (threadIdx.x & 31) >> 2;
    const long long mine = (long long)(first + g) * k;
    const int group = blockIdx.y * GROUP_ROWS;
    product<true, true, false>(
            gate + mine, up + mine, x + (long long)group * k, squares + group, k / 16, min(rows - group, GROUP_ROWS), rows, k, eps,
            [&](int row, int n, float sum, float partner) {
                float z = rounded(sum + (gateBias ? widen(gateBias[first + row]) : 0.0f));
                float y = rounded(partner + (upBias ? widen(upBias[first + row]) : 0.0f));
                out[(long long)(group + n) * m + first + row] = narrow(rounded(z / (1.0f + __expf(-z))) * y);
            });
}

// out [rows, m] in FP32 = norm(x) . w^T
extern "C" __global__ void __launch_bounds__(WARPS * 32, BLOCKS_PER_SM) unembed(
        float* out, const half_t* w, const half_t* x, const float* squares, int rows, int k, int m, float eps) {
    const int first = blockIdx.x * 16, g = (threadIdx.x & 31) >> 2;
    const half_t* mine = w + (long long)(first + g) * k;
    const int group = blockIdx.y * GROUP_ROWS;
    product<true, false, false>(
            mine, mine + 8LL * k, x + (long long)group * k, squares + group, k / 16, min(rows - group, GROUP_ROWS), rows, k, eps,
            [&](int row, int n, float sum, float) { out[(long long)(group + n) * m + first + row] = sum; });
}
