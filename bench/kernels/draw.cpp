// draw.cu beside sorting.
#include "emulate.h"
#define SHARES 1
#include "draw.inc"

static const int TOKENS = 700;

static int drawn_by_sorting(const float* logits, const float* settings, double uniform, const int* seen) {
    const float temperature = settings[0], penalty = settings[4];
    if (temperature == 0) return -1;
    std::vector<float> scores(TOKENS);
    std::vector<int> order(TOKENS);
    for (int i = 0; i < TOKENS; i++) {
        float logit = logits[i];
        if (penalty != 1 && seen[i >> 5] >> (i & 31) & 1) logit = logit > 0 ? logit / penalty : logit * penalty;
        scores[i] = logit / temperature + 0.0f;
        order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return scores[a] > scores[b]; });
    auto mass_of = [&](int i) { return (u64)(expf(scores[i] - scores[order[0]]) * ONE); };
    const int topK = (int)settings[1], most = topK > 0 ? min(topK, TOKENS) : TOKENS;
    u64 kept = 0, probable = 0;
    for (int i = 0; i < most; i++) kept += mass_of(order[i]);
    for (int i = 0; i < TOKENS; i++) {
        if (mass_of(i) >= (u64)(settings[3] * ONE)) probable += mass_of(i);
    }
    if (settings[2] < 1) {
        const u64 wanted = max((u64)1, (u64)ceil((double)settings[2] * (double)kept));
        u64 sum = 0;
        for (int i = 0; sum < wanted; i++) sum += mass_of(order[i]);
        kept = min(kept, sum);
    }
    kept = min(kept, probable);
    const u64 target = min((u64)(uniform * (double)kept), kept - 1);
    u64 sum = 0;
    for (int i = 0;; i++) {
        sum += mass_of(order[i]);
        if (sum > target) return order[i];
    }
}

int main() {
    for (int test = 0; test < 24; test++) {
        const int cached = test % 2;
        srand(test / 2);
        const int rows = 2, words = (TOKENS + 31) / 32, capacity = 8;
        std::vector<float> logits(rows * TOKENS), settings;
        for (auto& x : logits) x = test / 2 % 3 == 1 ? roundf(8 * random_number()) / 2 : test / 2 == 8 ? 1.0f : 4 * random_number();
        for (int row = 0; row < rows; row++) {
            const bool greedy = row == 1 && test / 2 % 5 == 0;
            const float own[5] = {
                greedy ? 0 : 0.3f + rand() % 20 * 0.1f,
                rand() % 2 ? rand() % 30 : 0.0f,
                rand() % 2 ? 1.0f : 0.5f + rand() % 50 * 0.01f,
                rand() % 3 ? 0 : 0.05f,
                rand() % 2 ? 1.0f : 1.3f};
            settings.insert(settings.end(), own, own + 5);
        }
        std::vector<double> uniform(rows * capacity);
        for (auto& x : uniform) x = rand() / (RAND_MAX + 1.0);
        std::vector<int> seen(rows * words), drawn(rows), slots = {1, 0}, positions = {3, 12};
        for (auto& x : seen) x = rand();
        std::vector<int> expected;
        for (int slot : slots) {
            const float* mine = &logits[expected.size() * TOKENS];
            expected.push_back(drawn_by_sorting(
                    mine, &settings[slot * 5], uniform[slot * capacity + positions[slot] % capacity], &seen[slot * words]));
        }
        launch({rows, 1, 1}, THREADS, [&] {
            draw(
                    drawn.data(), logits.data(), settings.data(), uniform.data(), seen.data(), slots.data(), positions.data(), TOKENS,
                    words, capacity, cached);
        });
        check(drawn == expected, "another token", test);
    }
    printf("draw: %d wrong\n", wrong);
    return wrong != 0;
}
