// The k largest elements of each row, in descending order; ties go to the lower index.
//
// Each of 1024 threads finds the maximum of its share of a row. The k-th largest of these is a threshold: at least k
// elements of the row reach it, and at most k - 1 threads have elements above it. So a second pass over the row
// collects few elements, and only those are sorted. Anything still missing equals the threshold and is taken from the
// left.

typedef unsigned int u32;
typedef unsigned long long u64;

#define THREADS 1024
#define ROOM 4096 // capacity for elements above the threshold: at most (k - 1) * ceil(width / THREADS)

// Increases with the float; NaN counts as the largest, as in libtorch.
static __device__ __forceinline__ u32 rising(float f) {
    if (f != f) return 0xffffffffu;
    const u32 bits = __float_as_uint(f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Sorts size elements, a power of two, in descending order.
template <class T>
static __device__ __forceinline__ void sort_falling(T* list, int size) {
    for (int run = 2; run <= size; run <<= 1) {
        for (int apart = run >> 1; apart; apart >>= 1) {
            for (int i = threadIdx.x; i < size; i += THREADS) {
                const int other = i ^ apart;
                if (other > i) {
                    const T a = list[i], b = list[other];
                    if ((i & run) == 0 ? a < b : a > b) {
                        list[i] = b;
                        list[other] = a;
                    }
                }
            }
            __syncthreads();
        }
    }
}

// values and indices [rows, k] of x [rows, width]; k at most 1024 and at most width; one block per row
extern "C" __global__ void __launch_bounds__(THREADS) top_k(
        float* values, long long* indices, const float* x, int width, int k) {
    __shared__ u64 found[ROOM];
    __shared__ u32 largest[THREADS];
    __shared__ int count, equal;
    __shared__ int before[THREADS / 32];
    const float* row = x + (long long)blockIdx.x * width;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    u32 mine = 0;
#pragma unroll 8
    for (int i = threadIdx.x; i < width; i += THREADS) mine = max(mine, rising(row[i]));
    largest[threadIdx.x] = mine;
    if (threadIdx.x == 0) count = equal = 0;
    __syncthreads();
    sort_falling(largest, THREADS);
    const u32 bound = largest[k - 1];
    if (mine > bound) {
        for (int i = threadIdx.x; i < width; i += THREADS) {
            const u32 key = rising(row[i]);
            if (key > bound) found[atomicAdd(&count, 1)] = (u64)key << 32 | (0xffffffffu - i);
        }
    }
    __syncthreads();
    const int above = count;
    int size = 1;
    while (size < above) size <<= 1;
    for (int i = above + threadIdx.x; i < size; i += THREADS) found[i] = 0;
    __syncthreads();
    sort_falling(found, size);
    const int taken = above < k ? above : k;
    for (int i = threadIdx.x; i < taken; i += THREADS) {
        const int at = 0xffffffffu - (u32)found[i];
        values[(long long)blockIdx.x * k + i] = row[at];
        indices[(long long)blockIdx.x * k + i] = at;
    }
    // elements equal to the threshold, from the left, until there are k
    for (int from = 0; taken + equal < k && from < width; from += THREADS) {
        const int i = from + threadIdx.x;
        const bool is = i < width && rising(row[i]) == bound;
        const u32 votes = __ballot_sync(0xffffffffu, is);
        if (lane == 0) before[warp] = __popc(votes);
        __syncthreads();
        int place = taken + equal + __popc(votes & ((1u << lane) - 1));
        for (int w = 0; w < warp; w++) place += before[w];
        if (is && place < k) {
            values[(long long)blockIdx.x * k + place] = row[i];
            indices[(long long)blockIdx.x * k + place] = i;
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int sum = 0;
            for (int w = 0; w < THREADS / 32; w++) sum += before[w];
            equal += sum;
        }
        __syncthreads();
    }
}
