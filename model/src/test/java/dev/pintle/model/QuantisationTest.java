package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import org.junit.jupiter.api.Test;

class QuantisationTest {
    @Test
    void a_weight_is_at_most_half_a_step_from_what_it_was() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor weight = Tensor.randn(1, DType.FP32, Device.CPU, 40, 96);
            check(weight, BlockFormat.Q8_0, 2 / 254.0);
            check(weight, BlockFormat.Q4_1, 1 / 30.0);
            check(weight.times(1e-2), BlockFormat.Q8_0, 2 / 254.0);
            check(weight.times(0), BlockFormat.Q8_0, 0);
            check(weight.times(0), BlockFormat.Q4_1, 0);
        }
    }

    /** @param share of the range from the smallest to the largest value of 32 that a weight may be off by */
    private static void check(Tensor weight, BlockFormat format, double share) {
        try (TensorScope owner = TensorScope.open("rounded")) {
            double[] found =
                    QuantisedWeight.round(weight, format, owner).decoded(0, 40).toDoubles();
            double[] expected = weight.toDoubles();
            for (int group = 0; group < expected.length; group += 32) {
                double least = 0;
                double most = 0;
                for (int i = group; i < group + 32; i++) {
                    least = Math.min(least, expected[i]);
                    most = Math.max(most, expected[i]);
                }
                double range = format == BlockFormat.Q8_0 ? Math.max(most, -least) : most - least;
                for (int i = group; i < group + 32; i++) {
                    assertThat(Math.abs(found[i] - expected[i])).isLessThanOrEqualTo(1.02 * share * range + 1e-12);
                }
            }
        }
    }

    @Test
    void parley_in_eight_bits_is_close_to_parley_and_says_that_it_is_rounded() {
        LoadOptions plain = LoadOptions.of(Device.CPU, DType.FP32);
        int[] ids = {0, 17, 200, 33, 90, 4, 4, 119, 63};
        try (TensorScope scope = TensorScope.open("test");
                LanguageModel parley = LanguageModel.load("parley-7m", plain);
                LanguageModel int8 = LanguageModel.load("parley-7m", plain.quantising(Quantisation.INT8));
                LanguageModel int4 = LanguageModel.load("parley-7m", plain.quantising(Quantisation.INT4))) {
            assertThat(int8.id().revision()).isEqualTo(parley.id().revision() + "+int8");
            assertThat(int8.id().isSameModel(parley.id())).isTrue();
            double far8 = distance(parley, int8, ids);
            double far4 = distance(parley, int4, ids);
            assertThat(far8).isBetween(1e-4, 0.03);
            assertThat(far4).isBetween(2 * far8, 0.5);
        }
    }

    private static double distance(LanguageModel one, LanguageModel other, int[] ids) {
        HookPoint last = HookPoint.residPost(one.config().nLayers() - 1);
        double squares = 0;
        double all = 0;
        for (int t = 1; t < ids.length; t++) {
            float[] a = one.activations(ids, last).get(t).toArray();
            float[] b = other.activations(ids, last).get(t).toArray();
            for (int i = 0; i < a.length; i++) {
                squares += Math.pow(a[i] - b[i], 2);
                all += Math.pow(a[i], 2);
            }
        }
        return Math.sqrt(squares / all);
    }

    @Test
    void a_gpu_is_refused() {
        assertThatThrownBy(() -> LoadOptions.of(Device.cuda(0), DType.BF16).quantising(Quantisation.INT8))
                .hasMessageContaining("on a CPU only")
                .hasMessageContaining("--device cpu");
        assertThatThrownBy(() -> Quantisation.parse("int3")).hasMessageContaining("int8");
    }
}
