package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static int[] plainOrder(double[] scores) {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> 0 - scores[i]).thenComparing(i -> i))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    @Test
    void candidates_stand_by_falling_score_and_the_lower_id_first_among_equals() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            double scale = Math.pow(10, random.nextInt(12) - 6);
            int kind = round % 4;
            double[] scores = random.doubles(1 + random.nextInt(400), -scale, scale)
                    .map(s -> switch (kind) {
                        case 0 -> s;
                        case 1 -> Math.rint(s / scale * 3); // many equals, zeros among them
                        case 2 -> 1 + s * 1e-12; // all alike in FP32
                        default -> s * 1e300; // beyond FP32
                    })
                    .toArray();
            int[] expected = plainOrder(scores);
            assertThat(Sampler.candidates(scores, 0)).isEqualTo(expected);
            int k = 1 + random.nextInt(scores.length + 5);
            assertThat(Sampler.candidates(scores, k))
                    .isEqualTo(IntStream.of(expected).limit(k).toArray());
        }
    }

    @Test
    void a_zero_of_either_sign_is_the_same_score() {
        assertThat(Sampler.candidates(new double[] {-0.0, 0.0, -0.0, 1, -1}, 0)).containsExactly(3, 0, 1, 2, 4);
    }
}
