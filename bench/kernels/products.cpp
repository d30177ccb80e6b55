// many_rows.cu beside few_rows.cu: the same bits. Compiled with -DNT=2 or 4.
#include "emulate.h"
#define WARPS 16
#define STAGES 3
#define BLOCKS_PER_SM 1
#define copy16 few_copy16
#define unit_of few_unit_of
#define qkv few_qkv
#define write_back few_write_back
#define write_back_fetching few_write_back_fetching
#define gate_up few_gate_up
#define unembed few_unembed
namespace few {
#include "few_rows.inc"
}
#undef qkv
#undef copy16
#undef unit_of
#undef STAGES
#undef TILE
#undef BLOCK
#undef UNITS
#undef write_back
#undef gate_up
#undef unembed
#undef WARPS
#undef COLUMNS
namespace many {
#include "many_rows.inc"
}

static std::vector<half_t> random_halves(size_t count) {
    std::vector<half_t> all(count);
    for (auto& x : all) x = narrow(random_number());
    return all;
}

int main() {
    for (int k : {192, 1088}) {
        srand(k);
        const int rows = k == 192 ? 40 : 19, width = 96, m = k, each = NT * 8;
        const float eps = 1e-5f;
        auto x = random_halves((size_t)rows * k), w0 = random_halves(64 * k), w1 = random_halves(16 * k), w2 = random_halves(16 * k);
        auto bias = random_halves(64), gate = random_halves(width * k), up = random_halves(width * k);
        auto down = random_halves((size_t)m * k), resid = random_halves((size_t)rows * m);
        std::vector<float> squares(k / 16 * rows), gain(m);
        for (auto& s : squares) s = fabsf(random_number()) + 0.1f;
        for (auto& s : gain) s = random_number();
        const Index ofMany = {(2 * width + 127) / 128, (rows + 127) / 128, 1};
        std::vector<half_t> a((size_t)rows * width), b(a);
        launch({5, (rows + each - 1) / each, 1}, 512, [&] {
            few::few_qkv(
                    a.data(), w0.data(), w1.data(), w2.data(), bias.data(), nullptr, nullptr, 64, 16, 16, x.data(), squares.data(),
                    rows, k, eps);
        });
        launch({1, ofMany.y, 1}, 256, [&] {
            many::qkv(
                    b.data(), w0.data(), w1.data(), w2.data(), bias.data(), nullptr, nullptr, 64, 16, 16, x.data(), squares.data(),
                    rows, k, eps);
        });
        check(a == b, "queries, keys and values differ", k);
        launch({7, (rows + each - 1) / each, 1}, 512, [&] {
            few::few_gate_up(a.data(), gate.data(), up.data(), nullptr, nullptr, x.data(), squares.data(), rows, k, width, eps);
        });
        launch(ofMany, 256, [&] {
            many::gate_up(b.data(), gate.data(), up.data(), nullptr, nullptr, x.data(), squares.data(), rows, k, width, eps);
        });
        check(a == b, "gate and up differ", k);
        auto resid1 = resid, resid2 = resid;
        std::vector<half_t> scaled1((size_t)rows * m), scaled2(scaled1);
        std::vector<float> squares1(m / 16 * rows), squares2(squares1);
        launch({5, (rows + each - 1) / each, 1}, 512, [&] {
            few::few_write_back(
                    resid1.data(), scaled1.data(), squares1.data(), down.data(), nullptr, x.data(), gain.data(), rows, k, m);
        });
        launch({(m + 127) / 128, ofMany.y, 1}, 256, [&] {
            many::write_back(
                    resid2.data(), scaled2.data(), squares2.data(), down.data(), nullptr, x.data(), gain.data(), rows, k, m);
        });
        check(resid1 == resid2 && scaled1 == scaled2 && squares1 == squares2, "the residual stream differs", k);
    }
    printf("products with %d rows a block: %d wrong\n", NT * 8, wrong);
    return wrong != 0;
}
