package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FloatMathTest {
    private static final double TWO_UNITS = 2 * Math.ulp(1f);

    @Test
    void exp_is_within_two_units_in_the_last_place() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000_000; i++) {
            float x = (random.nextFloat() - 0.5f) * 174;
            double expected = Math.exp(x);
            assertThat(Math.abs(FloatMath.exp(x) - expected))
                    .as("exp(%s)", x)
                    .isLessThanOrEqualTo(TWO_UNITS * expected);
        }
    }

    @Test
    void loops_over_arrays_have_the_bits_of_single_calls() {
        Random random = new Random(2);
        float[] x = new float[203];
        for (int i = 0; i < x.length; i++) {
            x[i] = (random.nextFloat() - 0.5f) * 300;
        }
        x[3] = Float.NaN;
        x[20] = Float.POSITIVE_INFINITY;
        x[21] = Float.NEGATIVE_INFINITY;
        x[40] = -0f;
        x[41] = 88.7f;
        x[42] = -87.3f;
        float[] sigmoids = new float[x.length];
        FloatMath.sigmoid(x, sigmoids, 1, x.length);
        float[] powers = x.clone();
        FloatMath.exp(powers, 1.5f, 1, x.length);
        assertThat(powers[0]).isEqualTo(x[0]);
        for (int i = 1; i < x.length; i++) {
            assertThat((Float) powers[i]).as("exp(%s - 1.5)", x[i]).isEqualTo((Float) FloatMath.exp(x[i] - 1.5f));
            assertThat((Float) sigmoids[i]).as("sigmoid(%s)", x[i]).isEqualTo((Float) FloatMath.sigmoid(x[i]));
        }
    }

    @Test
    void rounding_to_bf16_is_libtorchs() {
        Random random = new Random(4);
        float[] x = new float[1003];
        for (int i = 0; i < x.length; i++) {
            x[i] = Float.intBitsToFloat(random.nextInt());
        }
        float[] rounded = x.clone();
        FloatMath.roundToBf16(rounded, 1, x.length);
        short[] bits = new short[x.length];
        FloatMath.toBf16Bits(x, bits);
        try (TensorScope scope = TensorScope.open("test")) {
            float[] expected = Tensor.of(x, x.length).to(DType.BF16).toFloats();
            for (int i = 1; i < x.length; i++) {
                assertThat((Float) rounded[i]).as("%s", x[i]).isEqualTo((Float) expected[i]);
                assertThat((Float) Float.intBitsToFloat(bits[i] << 16))
                        .as("%s", x[i])
                        .isEqualTo((Float) expected[i]);
            }
        }
    }

    @Test
    void a_mix_is_a_chain_of_multiply_adds() {
        Random random = new Random(3);
        for (int width : new int[] {1, 16, 64, 80, 100, 256}) {
            float[][] rows = new float[11][width];
            float[] by = new float[rows.length];
            for (int row = 0; row < rows.length; row++) {
                by[row] = random.nextFloat();
                for (int d = 0; d < width; d++) {
                    rows[row][d] = (float) random.nextGaussian();
                }
            }
            float[] mixed = new float[width + 5];
            FloatMath.mix(by, 2, 11, rows, mixed, 3, width);
            for (int d = 0; d < width; d++) {
                float sum = 0;
                for (int row = 2; row < 11; row++) {
                    sum = Math.fma(by[row], rows[row][d], sum);
                }
                assertThat(mixed[3 + d]).isEqualTo(sum);
            }
        }
    }

    @Test
    void exp_of_what_is_not_a_number_or_out_of_range() {
        assertThat(FloatMath.exp(Float.NaN)).isNaN();
        assertThat(FloatMath.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(FloatMath.exp(-200)).isZero();
        assertThat(FloatMath.exp(Float.POSITIVE_INFINITY)).isInfinite();
        assertThat(FloatMath.exp(89)).isInfinite();
        assertThat(FloatMath.exp(0)).isEqualTo(1);
    }
}
