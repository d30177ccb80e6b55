// change_rows of rows.cu beside what its operations say.
#include "emulate.h"
#define WIDTH 96
#define HEAD 16
#include "rows.inc"

static const int SLOTS = 4, PLACES = 3, MOST = 8, CONDITIONS = 4, MOST_READS = 5, ROWS = 2;

int main() {
    for (int test = 0; test < 16; test++) {
        srand(test);
        std::vector<half_t> resid(ROWS * WIDTH), normed(ROWS * WIDTH), reads(2 * MOST_READS * WIDTH);
        for (auto& x : resid) x = narrow(4 * random_number());
        const std::vector<half_t> before = resid;
        std::vector<float> squares(WIDTH / 16 * ROWS, -1), gain(WIDTH), vectors(2 * WIDTH);
        for (auto& x : gain) x = random_number();
        for (auto& x : vectors) x = random_number();
        double length = 0; // the second vector is a unit vector
        for (int i = WIDTH; i < 2 * WIDTH; i++) length += vectors[i] * vectors[i];
        for (int i = WIDTH; i < 2 * WIDTH; i++) vectors[i] /= sqrt(length);
        std::vector<int> slots = {3, 1}, positions = {0, 10, 0, 11}, starts(SLOTS * (PLACES + 1)), words(SLOTS * MOST * 16);
        std::vector<int> met(SLOTS * CONDITIONS);
        int count = 0;
        auto add = [&](int kind, int vector, int from, int to, int index, int skipped, std::vector<float> numbers) {
            int* word = &words[(3 * MOST + count++) * 16];
            const int own[6] = {kind, vector, from, to, index, skipped};
            std::copy(own, own + 6, word);
            memcpy(word + 6, numbers.data(), 4 * numbers.size());
        };
        const int kind = test % 4; // of change; 3 for none
        add(READ, 0, 0, 100, 2, 0, {});
        if (kind != 3) {
            add(JUDGE, 1, 0, 0, 1, 0, {test < 8 ? -1e9f : 1e9f});
            add(UNLESS, 0, 0, 0, 1, 1, {});
            if (kind == 0) add(ADD, 0, 0, 100, 0, 0, {});
            if (kind == 1) add(PROJECT, 1, 0, 100, 0, 0, {0.7f});
            if (kind == 2) add(TURN, 0, 0, 100, 0, 0, {});
            add(READ, 0, 0, 100, 4, 0, {});
            add(ADD, 0, 20, 30, 0, 0, {}); // of other tokens
        }
        for (int place = 2; place <= PLACES; place++) starts[3 * (PLACES + 1) + place] = count;
        const bool sums = test % 2 == 0, changes = kind != 3 && test < 8;
        launch({ROWS, 1, 1}, THREADS, [&] {
            change_rows(
                    resid.data(), normed.data(), sums ? squares.data() : nullptr, slots.data(), positions.data(), starts.data(),
                    words.data(), met.data(), vectors.data(), gain.data(), reads.data(), 1, PLACES, MOST, CONDITIONS, MOST_READS,
                    1e-5f);
        });
        std::vector<double> h(WIDTH);
        double along = 0, own = 0, moved = 0, all = 0;
        for (int i = 0; i < WIDTH; i++) {
            h[i] = widen(before[i]);
            along += h[i] * vectors[WIDTH + i];
            own += h[i] * h[i];
            moved += pow(h[i] + vectors[i], 2);
        }
        for (int i = 0; i < WIDTH && changes; i++) {
            h[i] = kind == 0 ? h[i] + vectors[i] : kind == 1 ? h[i] - 0.7 * along * vectors[WIDTH + i] : (h[i] + vectors[i]) * sqrt(own / moved);
        }
        for (double x : h) all += x * x;
        for (int i = 0; i < WIDTH; i++) {
            const double found = widen(resid[i]), by = sums ? 1 : 1 / sqrt(all / WIDTH + 1e-5);
            check(fabs(found - h[i]) <= 0.01 * fabs(h[i]) + 1e-3, "another change", test);
            check(reads[(MOST_READS + 2) * WIDTH + i] == before[i], "read before the change", test);
            check(kind == 3 || reads[(MOST_READS + 4) * WIDTH + i] == resid[i], "read after the change", test);
            check(resid[WIDTH + i] == before[WIDTH + i] && normed[WIDTH + i] == 0, "another row", test);
            check(
                    changes || kind != 3 ? true : normed[i] == 0, "written without a change", test);
            if (changes) check(fabs(widen(normed[i]) - found * by * gain[i]) <= 0.01 * fabs(found * by) + 1e-3, "another norm", test);
        }
        for (int part = 0; part < WIDTH / 16 && sums && changes; part++) {
            float sum = 0;
            for (int i = 0; i < 16; i++) sum = __fadd_rn(sum, __fmul_rn(widen(resid[part * 16 + i]), widen(resid[part * 16 + i])));
            check(squares[part * ROWS] == sum, "squares have other bits", test);
        }
    }
    printf("rows: %d wrong\n", wrong);
    return wrong != 0;
}
