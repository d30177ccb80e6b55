package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kernels of our own beside the operations they stand for, which run on the processor in FP32. */
class FusedOpsTest {
    private static final Device GPU = Device.cuda(0);
    private static final double HALF_A_STEP = 1.0 / 256; // of BF16

    private TensorScope scope;

    @BeforeAll
    static void needsGpu() {
        assumeTrue(Engine.cudaAvailable(), "skipped: libtorch sees no GPU");
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static Tensor draws(int seed, long... sizes) {
        return Tensor.randn(seed, DType.FP32, Device.CPU, sizes).to(DType.BF16);
    }

    @Test
    void the_norm_equals_the_plain_one() {
        Tensor x = draws(1, 2, 5, 264);
        Tensor gain = Tensor.randn(2, DType.FP32, Device.CPU, 264);
        Tensor plain = x.to(DType.FP32).rmsNorm(gain, 1e-5);
        assertClose(RmsNorm.of(gain.to(GPU), 1e-5).forward(x.to(GPU)), plain);
    }

    @Test
    void the_rotation_equals_the_plain_one_also_where_rows_stand_at_different_positions() {
        Tensor x = draws(1, 2, 5, 3, 32).transpose(1, 2); // [batch, heads, tokens, dHead]
        for (int[][] positions :
                new int[][][] {{{4, 5, 6, 7, 8}, {4, 5, 6, 7, 8}}, {{0, 1, 2, 3, 4}, {9, 10, 11, 12, 13}}}) {
            Layout layout = new Layout(positions, new int[] {5, 5});
            Rope rope = Rope.ofBase(10_000, 32);
            Tensor plain = rope.at(layout, DType.FP32, Device.CPU).apply(x.to(DType.FP32));
            assertClose(rope.at(layout, DType.FP32, GPU).apply(x.to(GPU)), plain);
        }
    }

    @Test
    void the_gated_activation_equals_the_plain_one() {
        Tensor gate = draws(1, 2, 5, 88);
        Tensor up = draws(2, 2, 5, 88);
        Tensor plain = gate.to(DType.FP32).silu().times(up.to(DType.FP32));
        assertClose(FusedOps.on(gate.to(GPU)).orElseThrow().siluTimes(gate.to(GPU), up.to(GPU)), plain);
    }

    private static void assertClose(Tensor found, Tensor exact) {
        float[] expected = exact.toFloats();
        float[] values = found.toFloats();
        assertThat(found.shape()).isEqualTo(exact.shape());
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) Math.abs(values[i] - expected[i]))
                    .as("element " + i)
                    .isLessThan(3 * HALF_A_STEP * Math.abs(expected[i]) + 1e-2);
        }
    }
}
