package dev.pintle.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LinearTest {
    private static final int USES = 8;

    @Test
    void a_map_that_is_packed_after_some_uses_gives_the_same_numbers_before_and_after() {
        assumeThat(Engine.multipliesHalf()).isTrue();
        try (TensorScope scope = TensorScope.open("test");
                Packing packing = new Packing(false, 0)) {
            Tensor weight = weight();
            Linear map = packing.linear(weight, null);
            Tensor one = Tensor.randn(2, DType.FP32, Device.CPU, 1, 1, 512).to(DType.BF16);
            Tensor many = Tensor.randn(3, DType.FP32, Device.CPU, 1, 100, 512).to(DType.BF16);
            float[] manyBefore = map.forward(many).toFloats();
            List<float[]> each = IntStream.range(0, USES)
                    .mapToObj(i -> map.forward(one).toFloats())
                    .toList();
            assertThat(each).allSatisfy(numbers -> assertThat(numbers).isEqualTo(each.get(0)));
            assertThat(map.forward(many).toFloats()).isEqualTo(manyBefore);
            assertThatThrownBy(weight::toFloats).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void reading_prompts_packs_nothing() {
        try (TensorScope scope = TensorScope.open("test");
                Packing packing = new Packing(false, 0)) {
            Tensor weight = weight();
            Linear map = packing.linear(weight, null);
            Tensor many = Tensor.randn(3, DType.FP32, Device.CPU, 1, 100, 512).to(DType.BF16);
            for (int i = 0; i < USES; i++) {
                map.forward(many);
            }
            assertThat(weight.toFloats()).hasSize(384 * 512);
        }
    }

    @Test
    void joined_maps_give_what_each_gives_and_share_its_memory() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor x = Tensor.randn(1, DType.FP64, Device.CPU, 3, 8);
            for (boolean biased : new boolean[] {false, true}) {
                Dense first = map(2, 4, biased);
                Dense second = map(3, 6, biased);
                Joined joined = Joined.together(List.of(first, second), scope);
                Tensor together = Tensor.cat(List.of(first.forward(x), second.forward(x)), 1);
                assertThat(joined.forward(x).toDoubles()).containsExactly(together.toDoubles(), within(1e-12));
                List<Tensor> each = joined.each(x);
                assertThat(Tensor.cat(each, 1).toDoubles()).containsExactly(together.toDoubles(), within(1e-12));
                first.weight().fillInPlace(0);
                assertThat(joined.whole().orElseThrow().weight().narrow(0, 0, 4).toDoubles())
                        .containsOnly(0);
            }
            Joined apart = Joined.together(List.of(map(2, 4, true), map(3, 6, false)), scope);
            assertThat(apart.whole()).as("only one of them has a bias").isEmpty();
            assertThat(apart.forward(x).size(1)).isEqualTo(10);
        }
    }

    private static Dense map(int seed, int outs, boolean biased) {
        Tensor bias = biased ? Tensor.randn(seed + 10, DType.FP64, Device.CPU, outs) : null;
        return new Dense(Tensor.randn(seed, DType.FP64, Device.CPU, outs, 8), bias);
    }

    @Test
    void a_weight_that_is_used_elsewhere_stays() {
        try (TensorScope scope = TensorScope.open("test");
                Packing packing = new Packing(false, 0)) {
            Tensor weight = weight();
            Linear map = packing.sharing(weight);
            Tensor one = Tensor.randn(2, DType.FP32, Device.CPU, 1, 1, 512).to(DType.BF16);
            for (int i = 0; i < USES; i++) {
                map.forward(one);
            }
            assertThat(weight.toFloats()).hasSize(384 * 512);
        }
    }

    private static Tensor weight() {
        return Tensor.randn(1, DType.FP32, Device.CPU, 384, 512).to(DType.BF16);
    }
}
