package dev.pintle.transformer.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.RopeTables;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        Tensor found = Tensor.zeros(DType.BF16, GPU, 2, 5, 264);
        ops().rmsNormInto(x.to(GPU), new RmsNorm(gain.to(GPU), 1e-5), found);
        assertClose(found, plain);
    }

    private Rope.Turn turn(Rope rope, Layout layout, Device device) {
        return new RopeTables(DType.FP32, device, scope).turn(rope, layout);
    }

    @ParameterizedTest
    @CsvSource({"16, false", "32, true", "64, false", "96, false", "128, true", "256, true"})
    void heads_that_are_normalised_turned_and_kept_equal_the_plain_ones(int dHead, boolean normalised) {
        ModelConfig config = new ModelConfig(
                "llama",
                new ModelConfig.Sizes(1, 64, 64, 100, 100),
                new ModelConfig.Heads(6, 2, dHead),
                new ModelConfig.Ends(false),
                1e-5);
        Layout layout = new Layout(new int[][] {{4, 5, 6, 7, 8}, {0, 1, 2, 3, 4}}, new int[] {9, 5});
        Rope rope = Rope.of(10_000, dHead, 1);
        Tensor mapped = draws(1, 10, 10L * dHead);
        Tensor gain = Tensor.randn(2, DType.FP32, Device.CPU, dHead);
        RmsNorm norm = normalised ? new RmsNorm(gain.to(GPU), 1e-5) : null;
        HeadNorms norms = new HeadNorms(norm, norm, HeadNorms.Span.HEAD);
        KvCache.Entry kept = new KvCache.Entry(
                Tensor.zeros(DType.BF16, GPU, 2, 2, 12, dHead), Tensor.zeros(DType.BF16, GPU, 2, 2, 12, dHead));
        Tensor found = mapped.copy().to(GPU);
        ops().turnHeads(found, norms, turn(rope, layout, GPU), kept, 3, config);

        Tensor heads = mapped.to(DType.FP32).reshape(2, 5, 10, dHead).transpose(1, 2);
        Tensor first = heads.narrow(1, 0, 8); // six of queries, two of keys
        Tensor turned = turn(rope, layout, Device.CPU).apply(normalised ? first.rmsNorm(gain, 1e-5) : first);
        Tensor byHead = found.reshape(2, 5, 10, dHead).transpose(1, 2);
        assertClose(byHead.narrow(1, 0, 8), turned);
        assertClose(byHead.narrow(1, 8, 2), heads.narrow(1, 8, 2));
        assertClose(kept.keys().narrow(2, 3, 5), turned.narrow(1, 6, 2));
        assertClose(kept.values().narrow(2, 3, 5), heads.narrow(1, 8, 2));
        assertThat(kept.keys().narrow(2, 0, 3).toFloats()).containsOnly(0);
        assertThat(kept.values().narrow(2, 8, 4).toFloats()).containsOnly(0);
    }

    @Test
    void adding_to_the_residual_stream_and_the_next_norm_equal_the_plain_ones() {
        Tensor resid = draws(1, 6, 264);
        Tensor product = draws(2, 6, 264);
        Tensor gain = Tensor.randn(5, DType.FP32, Device.CPU, 264);
        Tensor sum = resid.to(DType.FP32).plus(product.to(DType.FP32));
        Tensor stream = resid.copy().to(GPU);
        Tensor normed = Tensor.zeros(DType.BF16, GPU, 6, 264);
        ops().addNormed(stream, product.to(GPU), null, stream, normed, new RmsNorm(gain.to(GPU), 1e-5));
        assertClose(stream, sum);
        assertClose(normed, sum.rmsNorm(gain, 1e-5));
    }

    @Test
    void the_embedding_and_its_norm_equal_the_plain_ones() {
        Tensor embedding = draws(1, 50, 264);
        Tensor gain = Tensor.randn(2, DType.FP32, Device.CPU, 264);
        Tensor ids = Tensor.of(new int[] {3, 49, 0, 3}, 4);
        Tensor x = Tensor.zeros(DType.BF16, GPU, 4, 264);
        Tensor normed = Tensor.zeros(DType.BF16, GPU, 4, 264);
        Tensor ids32 = Tensor.zeros(DType.INT32, GPU, 4).copyFrom(Tensor.of(new int[] {49, 3, 3, 0}, 4));
        Tensor slots = Tensor.zeros(DType.INT32, GPU, 4).copyFrom(Tensor.of(new int[] {1, 0, 3, 2}, 4));
        ops().embedNormed(embedding.to(GPU), 1, slots, ids32, x, normed, new RmsNorm(gain.to(GPU), 1e-5));
        Tensor rows = embedding.rows(ids);
        assertThat(x.toFloats()).isEqualTo(rows.toFloats());
        assertClose(normed, rows.to(DType.FP32).rmsNorm(gain, 1e-5));
        ops().embedNormed(embedding.to(GPU), 8, slots, ids32, x, normed, new RmsNorm(gain.to(GPU), 1e-5));
        assertThat(x.toFloats()).isEqualTo(rows.times(8).toFloats());
        assertClose(normed, rows.to(DType.FP32).times(8).rmsNorm(gain, 1e-5));
    }

    @Test
    void a_sum_can_go_elsewhere_without_its_norm() {
        Tensor resid = draws(1, 6, 264).to(GPU);
        Tensor product = draws(2, 6, 264).to(GPU);
        Tensor sum = Tensor.zeros(DType.BF16, GPU, 6, 264);
        ops().addNormed(resid, product, null, sum, null, null);
        assertThat(sum.toFloats()).isEqualTo(resid.plus(product).toFloats());
        assertThat(resid.toFloats()).isEqualTo(draws(1, 6, 264).toFloats());
    }

    @Test
    void the_gated_activations_of_many_rows_equal_the_plain_ones() {
        Tensor gate = draws(1, 5, 2_088); // more than one block takes
        Tensor up = draws(2, 5, 2_088);
        Tensor both = Tensor.cat(List.of(gate, up), 1).to(GPU);
        Tensor found = Tensor.zeros(DType.BF16, GPU, 5, 2_088);
        ops().gated(both, Activation.SILU, found);
        assertClose(found, gate.to(DType.FP32).silu().times(up.to(DType.FP32)));
        ops().gated(both, Activation.GELU_TANH, found);
        assertClose(found, gate.to(DType.FP32).geluTanh().times(up.to(DType.FP32)));
    }

    @Test
    void what_is_added_is_normalised_first_where_a_norm_follows_the_block() {
        Tensor resid = draws(1, 6, 264);
        Tensor product = draws(2, 6, 264).times(9);
        Tensor post = Tensor.randn(3, DType.FP32, Device.CPU, 264);
        Tensor gain = Tensor.randn(4, DType.FP32, Device.CPU, 264);
        Tensor sum = Tensor.zeros(DType.BF16, GPU, 6, 264);
        Tensor normed = Tensor.zeros(DType.BF16, GPU, 6, 264);
        ops().addNormed(
                        resid.to(GPU),
                        product.to(GPU),
                        new RmsNorm(post.to(GPU), 1e-6),
                        sum,
                        normed,
                        new RmsNorm(gain.to(GPU), 1e-5));
        Tensor plain = resid.to(DType.FP32).plus(product.to(DType.FP32).rmsNorm(post, 1e-6));
        assertClose(sum, plain);
        assertClose(normed, plain.rmsNorm(gain, 1e-5));
    }

    private static FusedOps ops() {
        return FusedOps.of(GPU, DType.BF16);
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
