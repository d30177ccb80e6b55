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
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LinearTest {
    private static final int USES = 8;

    @Test
    void a_map_that_is_packed_after_some_uses_gives_the_same_numbers_before_and_after() {
        assumeThat(Engine.multipliesHalf()).isTrue();
        try (TensorScope scope = TensorScope.open("test");
                Packing packing = new Packing(false)) {
            Tensor weight = weight();
            Linear map = new Linear(weight, null, packing, false);
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
                Packing packing = new Packing(false)) {
            Tensor weight = weight();
            Linear map = new Linear(weight, null, packing, false);
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
                Linear first = map(2, 4, biased);
                Linear second = map(3, 6, biased);
                Linear joined = Objects.requireNonNull(Linear.joined(List.of(first, second), scope));
                Tensor together = Tensor.cat(List.of(first.forward(x), second.forward(x)), 1);
                assertThat(joined.forward(x).toDoubles()).containsExactly(together.toDoubles(), within(1e-12));
                first.weight().fillInPlace(0);
                assertThat(joined.weight().narrow(0, 0, 4).toDoubles()).containsOnly(0);
            }
            assertThat(Linear.joined(List.of(map(2, 4, true), map(3, 6, false)), scope))
                    .as("only one of them has a bias")
                    .isNull();
        }
    }

    private static Linear map(int seed, int outs, boolean biased) {
        Tensor bias = biased ? Tensor.randn(seed + 10, DType.FP64, Device.CPU, outs) : null;
        return new Linear(Tensor.randn(seed, DType.FP64, Device.CPU, outs, 8), bias);
    }

    @Test
    void a_weight_that_is_used_elsewhere_stays() {
        try (TensorScope scope = TensorScope.open("test");
                Packing packing = new Packing(false)) {
            Tensor weight = weight();
            Linear map = new Linear(weight, null, packing, true);
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
