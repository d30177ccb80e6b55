// tiled.cu beside plain sums: products near them, with the same bits however many rows there are, and decoded values exact. Compiled
// with -DBITS, -DZERO, -DSCALES and -DNT.
#include "emulate.h"
#include "tiled.inc"

static int random_below(int n) { return rand() % n; }

int main() {
    const int k = 1536, m = 48, rows = NT * 8 + 3, wide = k / WIDE;
    srand(BITS * 100 + SCALES);
    std::vector<unsigned char> bytes((size_t)m / TILE * wide * TILE_BYTES);
    std::vector<float> values((size_t)m * k);
    for (int row = 0; row < m; row++) {
        for (int tile = 0; tile < wide; tile++) {
            unsigned char* at = &bytes[((size_t)row / TILE * wide + tile) * TILE_BYTES];
            const int r = row % TILE;
            unsigned char* scales = at + CODES + r * ROW_SCALES;
            unsigned char* factors = at + CODES + TILE * ROW_SCALES + r * ROW_FACTORS;
            float scale[16], offset[16];
            uint16_t half[2] = {(uint16_t)(0x2000 + random_below(0x0800)), (uint16_t)(0x2000 + random_below(0x0800))};
            if (ROW_FACTORS) memcpy(factors, half, SCALES == K32 ? 4 : 2);
            for (int g = 0; g < GROUPS; g++) {
                offset[g] = 0;
                if (SCALES == K32 || SCALES == K16) {
                    const int of = random_below(63) - 31, least = random_below(64);
                    scales[g] = (unsigned char)of;
                    scale[g] = fp16_value(half[0]) * of;
                    if (SCALES == K32) {
                        scales[8 + g] = least;
                        offset[g] = -(fp16_value(half[1]) * least);
                    }
                } else if (SCALES == F32) {
                    scale[g] = random_number() * 0.01f;
                    memcpy(scales + 4 * g, &scale[g], 4);
                } else {
                    const uint16_t two[2] = {(uint16_t)(0x2000 + random_below(0x0800)), (uint16_t)(0xa000 + random_below(0x0800))};
                    scale[g] = fp16_value(two[0]);
                    memcpy(scales + (SCALES == HO32 ? 4 : 2) * g, two, SCALES == HO32 ? 4 : 2);
                    if (SCALES == HO32) offset[g] = fp16_value(two[1]);
                }
            }
            for (int column = 0; column < WIDE; column++) {
                const int integer = BITS == 4 ? random_below(16) - ZERO : random_below(256) - 128;
                const bool small = SCALES == K16; // groups
                const int step = small ? column / 16 : column / 32 * 2 + column % 8 / 4;
                const int lane = r % 8 * 4 + (small ? column % 16 / 4 : column % 32 / 8), nth = column % 4, upper = r / 8;
                if (BITS == 4) {
                    const int place = nth / 2 * 2 + upper + nth % 2 * 4; // in a word of eight
                    at[(step / 4 * 32 + lane) * 16 + step % 4 * 4 + place / 2] |= (integer + ZERO) << place % 2 * 4;
                } else {
                    const int word = 2 * step + upper;
                    at[(word / 4 * 32 + lane) * 16 + word % 4 * 4 + nth] = (unsigned char)integer;
                }
                const int g = column / (WIDE / GROUPS);
                values[(size_t)row * k + tile * WIDE + column] = __fadd_rn(__fmul_rn(scale[g], integer), offset[g]);
            }
        }
    }
    std::vector<half_t> decoded((size_t)m * k);
    launch({(m / TILE * wide + WARPS - 1) / WARPS, 1, 1}, WARPS * 32, [&] { decode(decoded.data(), bytes.data(), 0, m / TILE, k); });
    bool exact = true;
    for (size_t i = 0; i < values.size(); i++) exact &= widen(decoded[i]) == rounded(values[i]);
    check(exact, "decoded values differ", 0);
    std::vector<half_t> x((size_t)rows * k), bias(m);
    for (auto& e : x) e = narrow(random_number());
    for (auto& e : bias) e = narrow(random_number());
    const int stride = m + 5;
    std::vector<float> out((size_t)rows * stride), one(stride);
    launch({2, (rows + GROUP_ROWS - 1) / GROUP_ROWS, 1}, WARPS * 32, [&] {
        linear_wide(out.data(), stride, bytes.data(), bias.data(), x.data(), rows, k, m);
    });
    double squares = 0, difference = 0;
    for (int n = 0; n < rows; n++) {
        for (int row = 0; row < m; row++) {
            double sum = widen(bias[row]);
            for (int i = 0; i < k; i++) sum += (double)values[(size_t)row * k + i] * widen(x[(size_t)n * k + i]);
            squares += sum * sum;
            difference += pow(sum - out[(size_t)n * stride + row], 2);
        }
    }
    check(difference <= 1e-10 * squares, "not near plain sums", 0);
    launch({3, 1, 1}, WARPS * 32, [&] {
        linear_wide(one.data(), stride, bytes.data(), bias.data(), x.data() + (size_t)(rows - 1) * k, 1, k, m);
    });
    check(std::equal(one.begin(), one.begin() + m, &out[(size_t)(rows - 1) * stride]), "bits depend on the other rows", 0);
    printf("tiled: %d wrong\n", wrong);
    return wrong != 0;
}
