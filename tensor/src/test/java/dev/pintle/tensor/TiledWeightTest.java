package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products with quantised weights on a GPU. */
class TiledWeightTest {
    private static final Device GPU = Device.cuda(0);
    private static final int OUT = 336;
    private static final int IN = 1536;

    @BeforeAll
    static void needsGpu() {
        assumeTrue(Engine.cudaAvailable(), "skipped: libtorch sees no GPU");
    }

    static Stream<BlockFormat> formats() {
        return TileFormatTest.formats();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void decoded_values_are_the_weights_rounded(BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(QuantisedWeightTest.bytes(format, 1, OUT, IN), format, OUT, IN);
            TiledWeight tiled = TiledWeight.of(weight, GPU, scope);
            for (DType dtype : List.of(DType.BF16, DType.FP16)) {
                assertThat(tiled.decoded(32, 64, dtype).to(Device.CPU).toFloats())
                        .isEqualTo(weight.decoded(32, 96).to(dtype).toFloats());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void a_product_is_that_of_the_weight_and_a_rows_bits_do_not_depend_on_the_others(BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(QuantisedWeightTest.bytes(format, 2, OUT, IN), format, OUT, IN);
            TiledWeight tiled = TiledWeight.of(weight, GPU, scope);
            for (DType dtype : List.of(DType.BF16, DType.FP16)) {
                Tensor x = Tensor.randn(3, DType.FP32, Device.CPU, 130, IN).to(dtype);
                Tensor bias = Tensor.randn(4, DType.FP32, Device.CPU, OUT).to(dtype);
                Tensor expected = x.to(DType.FP32).linear(weight.decoded(0, OUT), bias.to(DType.FP32));
                Tensor onGpu = x.to(GPU);
                float[] whole = null;
                for (int rows : new int[] {130, 1, 8, 9, 20, 49}) {
                    Tensor wide = Tensor.zeros(DType.FP32, GPU, rows, OUT + 8);
                    tiled.fewInto(onGpu.narrow(0, 0, rows), bias.to(GPU), wide.narrow(1, 8, OUT));
                    Tensor found = wide.narrow(1, 8, OUT).contiguous().to(Device.CPU);
                    Tensor those = expected.narrow(0, 0, rows);
                    assertNear(found, those, 2e-6);
                    float[] first = found.narrow(0, 0, 1).toFloats();
                    assertThat(whole == null ? first : whole).isEqualTo(first);
                    whole = first;
                    // sums are rounded to 16 bits, and for many rows the weight too
                    assertNear(
                            tiled.linear(onGpu.narrow(0, 0, rows), bias.to(GPU))
                                    .to(Device.CPU)
                                    .to(DType.FP32),
                            those,
                            6e-3);
                }
            }
        }
    }

    private static void assertNear(Tensor found, Tensor expected, double share) {
        double length = expected.norm(-1, false).norm(-1, false).toFloats()[0];
        double difference =
                found.minus(expected).norm(-1, false).norm(-1, false).toFloats()[0];
        assertThat(difference / length).isCloseTo(0, within(share));
    }

    @Test
    void weights_are_moved_together_and_taken_apart() {
        try (TensorScope scope = TensorScope.open("test")) {
            BlockFormat format = BlockFormat.Q4_K;
            QuantisedWeight one = QuantisedWeight.of(QuantisedWeightTest.bytes(format, 5, 64, IN), format, 64, IN);
            QuantisedWeight two = QuantisedWeight.of(QuantisedWeightTest.bytes(format, 6, 32, IN), format, 32, IN);
            TiledWeight first = TiledWeight.of(one, GPU, scope);
            TiledWeight both = TiledWeight.together(List.of(first, TiledWeight.of(two, GPU, scope)), scope);
            assertThat(both.out()).isEqualTo(96);
            assertThat(both.rows(64, 32, scope).decoded(0, 32, DType.BF16).toFloats())
                    .isEqualTo(two.decoded(0, 32).to(DType.BF16).toFloats());
            assertThat(first.decoded(0, 64, DType.BF16).toFloats())
                    .isEqualTo(one.decoded(0, 64).to(DType.BF16).toFloats());
        }
    }
}
