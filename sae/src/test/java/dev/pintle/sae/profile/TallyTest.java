package dev.pintle.sae.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TallyTest {
    private record Fired(int token, float activation, long hash, long document, int position) {}

    /** Zipf-like tokens; activations with ties, over many octaves. */
    private static List<Fired> firings(int count, int tokens, long seed) {
        Random random = new Random(seed);
        List<Fired> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int token = (int) (Math.pow(tokens, random.nextDouble()) - 1);
            float activation = i % 5 == 0 ? 2.5f : (float) Math.exp(2 * random.nextGaussian());
            all.add(new Fired(token, activation, random.nextLong(), i / 10, i % 10));
        }
        return all;
    }

    private static Tally tally(List<Fired> firings) {
        Tally tally = new Tally(4);
        for (Fired one : firings) {
            tally.fired(one.token(), one.activation(), one.hash());
            // few different contexts, so that equal ones compete
            Context context = new Context(
                    new int[] {one.token() % 7, 1},
                    new float[] {0, one.activation()},
                    1,
                    one.document(),
                    one.position());
            if (tally.wants(one.activation(), one.document(), one.position())) {
                tally.offer(context);
            }
            if (tally.wantsSample(one.activation(), one.hash(), one.document(), one.position())) {
                tally.offerSample(context, one.hash());
            }
        }
        return tally;
    }

    @Test
    void the_order_of_firings_and_how_they_are_split_leave_every_byte_as_it_is() {
        for (int tokens : new int[] {5, 250, 256, 257, 3000}) {
            List<Fired> firings = firings(4000, tokens, tokens);
            byte[] whole = TallyBytes.of(tally(firings));
            Random random = new Random(1);
            for (int round = 0; round < 5; round++) {
                List<Fired> shuffled = new ArrayList<>(firings);
                Collections.shuffle(shuffled, random);
                assertThat(TallyBytes.of(tally(shuffled))).isEqualTo(whole);
                Tally sum = new Tally(4);
                for (int part = 0; part < 7; part++) {
                    int mine = part;
                    sum.add(tally(IntStream.range(0, shuffled.size())
                            .filter(i -> i % 7 == mine || (mine == 6 && i % 7 > 6))
                            .mapToObj(shuffled::get)
                            .toList()));
                    sum = TallyBytes.read(TallyBytes.of(sum), 4); // as a resumed run does
                }
                assertThat(TallyBytes.of(sum)).isEqualTo(whole);
            }
        }
    }

    @Test
    void sums_are_those_of_a_plain_loop() {
        List<Fired> firings = firings(5000, 200, 3);
        Tally tally = tally(firings);
        Map<Integer, Double> expected = new HashMap<>();
        firings.forEach(one -> expected.merge(one.token(), (double) one.activation(), Double::sum));
        assertThat(tally.tokens().isEstimated()).isFalse();
        assertThat(tally.tokens().count()).isEqualTo(expected.size());
        double[] sums = tally.tokens().sums();
        for (int i = 0; i < sums.length; i++) {
            assertThat(sums[i]).isCloseTo(expected.get(tally.tokens().token(i)), within(0.01));
        }
        assertThat(tally.sum())
                .isCloseTo(expected.values().stream().mapToDouble(d -> d).sum(), within(1e-4));
    }

    @Test
    void of_thousands_of_tokens_the_frequent_ones_are_kept_with_about_their_sums() {
        List<Fired> firings = firings(200_000, 5000, 4);
        TokenTable table = tally(firings).tokens();
        Map<Integer, Double> expected = new HashMap<>();
        firings.forEach(one -> expected.merge(one.token(), (double) one.activation(), Double::sum));
        double total = expected.values().stream().mapToDouble(d -> d).sum();
        assertThat(table.isEstimated()).isTrue();
        double[] sums = table.sums();
        Map<Integer, Double> found = new HashMap<>();
        for (int i = 0; i < sums.length; i++) {
            found.put(table.token(i), sums[i]);
        }
        int frequent = 0;
        for (Map.Entry<Integer, Double> token : expected.entrySet()) {
            if (token.getValue() > 0.02 * total) {
                frequent++;
                assertThat(found).containsKey(token.getKey());
                assertThat(found.get(token.getKey())).isCloseTo(token.getValue(), within(0.01 * total));
            }
        }
        assertThat(frequent).isGreaterThan(5);
    }

    @Test
    void sums_end_at_the_largest_number_in_any_order() {
        Tally many = new Tally(1);
        for (int i = 0; i < 3; i++) {
            many.fired(1, 5e12f, i);
        }
        many.fired(1, 1e-3f, 9);
        assertThat(many.tokens().sums()[0]).isEqualTo(Long.MAX_VALUE / (double) (1 << 20));
        assertThat(many.sum()).isCloseTo(3 * (double) 5e12f, within(1.0));
    }

    @Test
    void bins_are_half_octaves() {
        for (int bin = 1; bin < Tally.BINS - 1; bin++) {
            float start = (float) Tally.binStart(bin);
            assertThat(Tally.bin(Math.nextUp(start))).isEqualTo(bin);
            assertThat(Tally.bin(Math.nextDown(start))).isEqualTo(bin - 1);
        }
        assertThat(Tally.bin(1)).isEqualTo(20);
        assertThat(Tally.bin(1e-30f)).isEqualTo(0);
        assertThat(Tally.bin(1e30f)).isEqualTo(Tally.BINS - 1);
    }
}
