// Attention of step.cu: near a plain computation, and the same bits however many thread blocks share a row. Compiled with -DHEAD,
// -DGROUP and -DSTAGES.
#include "emulate.h"
#include "step.inc"

static const int KV_HEADS = 2, HEADS = KV_HEADS * GROUP, MOST_PIECES_HERE = 16, PAGES_PER_SLOT = 12, SLOTS = 8;
static const float SCALE = 0.2f;

int main() {
    for (int test = 0; test < 12; test++) {
        srand(test);
        const int rows = 1 + rand() % 2, least = 1 + rand() % 4, window = test % 3 == 0 ? 100 : 0;
        const int pages = rows * PAGES_PER_SLOT, idle = rows == 2 && test % 4 == 0 ? 1 : -1;
        std::vector<half_t> keys((size_t)pages * KV_HEADS * UNIT * HEAD), values(keys.size());
        std::vector<half_t> qkv((size_t)rows * (HEADS + 2 * KV_HEADS) * HEAD);
        std::vector<float> cosines(1024 * HEAD / 2), sines(cosines.size());
        for (auto& x : keys) x = narrow(random_number());
        for (auto& x : values) x = narrow(random_number());
        for (auto& x : qkv) x = narrow(3 * random_number());
        for (size_t i = 0; i < cosines.size(); i++) {
            cosines[i] = cosf(i * 0.37f);
            sines[i] = sinf(i * 0.37f);
        }
        std::vector<int> slots(rows), positions(SLOTS), tables(SLOTS * PAGES_PER_SLOT, -1);
        for (int row = 0; row < rows; row++) {
            const int slot = SLOTS - 1 - row;
            slots[row] = row == idle ? -1 : slot;
            positions[slot] = rand() % (test % 3 == 1 ? 70 : 700);
            for (int i = 0; i <= positions[slot] / UNIT; i++) tables[slot * PAGES_PER_SLOT + i] = i * rows + (row + i) % rows;
        }
        std::vector<half_t> first;
        for (int blocks : {1, 2, 16}) {
            std::vector<half_t> k = keys, v = values, out((size_t)rows * HEADS * HEAD);
            std::vector<float> partial((size_t)rows * KV_HEADS * MOST_PIECES_HERE * GROUP * (HEAD + 2));
            std::vector<int> arrived(rows * KV_HEADS);
            launch({blocks, KV_HEADS, rows}, 128, [&] {
                attend(
                        out.data(), qkv.data(), k.data(), v.data(), cosines.data(), sines.data(), nullptr, nullptr, slots.data(),
                        positions.data(), tables.data(), partial.data(), arrived.data(), HEADS, KV_HEADS, PAGES_PER_SLOT,
                        MOST_PIECES_HERE, least, window, SCALE, 1e-5f, 0.0f);
            });
            check(std::count(arrived.begin(), arrived.end(), 0) == (long)arrived.size(), "a counter is not reset", test);
            if (!first.empty()) {
                check(out == first, "bits depend on the number of blocks", test);
                continue;
            }
            first = out;
            double squares = 0, difference = 0;
            for (int row = 0; row < rows; row++) {
                if (slots[row] < 0) continue;
                const int position = positions[slots[row]], start = window ? max(0, position - window + 1) : 0;
                const half_t* mine = &qkv[(size_t)row * (HEADS + 2 * KV_HEADS) * HEAD];
                auto turn = [&](const half_t* head, int d) {
                    const int i = d % (HEAD / 2);
                    const float a = widen(head[i]), b = widen(head[i + HEAD / 2]);
                    const float c = cosines[position * (HEAD / 2) + i], s = sines[position * (HEAD / 2) + i];
                    return rounded(d < HEAD / 2 ? a * c - b * s : b * c + a * s);
                };
                for (int h = 0; h < HEADS; h++) {
                    const int kv = h / GROUP;
                    auto at = [&](int token) {
                        return (((size_t)tables[slots[row] * PAGES_PER_SLOT + token / UNIT] * KV_HEADS + kv) * UNIT + token % UNIT)
                                * HEAD;
                    };
                    std::vector<double> scores, sum(HEAD);
                    double total = 0;
                    for (int token = start; token <= position; token++) {
                        double score = 0;
                        for (int d = 0; d < HEAD; d++) {
                            score += turn(mine + h * HEAD, d)
                                    * (token == position ? turn(mine + (HEADS + kv) * HEAD, d) : widen(keys[at(token) + d]));
                        }
                        const double weight = exp(score * SCALE);
                        total += weight;
                        for (int d = 0; d < HEAD; d++) {
                            sum[d] += weight
                                    * (token == position ? widen(mine[(HEADS + KV_HEADS + kv) * HEAD + d]) : widen(values[at(token) + d]));
                        }
                    }
                    for (int d = 0; d < HEAD; d++) {
                        const double expected = sum[d] / total;
                        squares += expected * expected;
                        difference += pow(expected - widen(out[((size_t)row * HEADS + h) * HEAD + d]), 2);
                    }
                    check(v[at(position)] == mine[(HEADS + KV_HEADS + kv) * HEAD], "the new value is not kept", test);
                }
            }
            check(difference <= 4e-4 * squares, "not near the plain computation", test);
        }
    }
    printf("attend: %d wrong\n", wrong);
    return wrong != 0;
}
