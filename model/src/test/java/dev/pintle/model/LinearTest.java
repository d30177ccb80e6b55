package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
