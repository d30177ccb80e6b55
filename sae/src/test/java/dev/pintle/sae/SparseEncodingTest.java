package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SparseEncodingTest {
    @Test
    void sparse_answers_hold_what_the_dense_one_does() {
        for (Sparsity sparsity : TinySae.sparsities(40)) {
            try (SparseAutoencoder sae = TinySae.of(sparsity);
                    TensorScope scope = TensorScope.open("test")) {
                Tensor x = Tensor.randn(7, DType.FP32, Device.CPU, 23, 16);
                SparseLatents all = sae.encodeActive(x);
                SparseLatents top = sae.encodeTop(x, 3);
                Tensor.TopK largest = sae.top(x, 3);
                assertThat(all.tokens()).isEqualTo(23);
                for (int t = 0; t < 23; t++) {
                    float[] dense = sae.encode(x.select(0, t).toVec()).toArray();
                    int[] active =
                            IntStream.range(0, 40).filter(i -> dense[i] != 0).toArray();
                    int token = t;
                    assertThat(IntStream.range(0, all.count(t))
                                    .map(i -> all.latent(token, i))
                                    .toArray())
                            .isEqualTo(active);
                    for (int i = 0; i < active.length; i++) {
                        assertThat(all.activation(t, i)).isCloseTo(dense[active[i]], within(1e-5f));
                    }
                    List<Integer> order = Arrays.stream(active)
                            .boxed()
                            .sorted(Comparator.comparingDouble(i -> -dense[i]))
                            .limit(3)
                            .toList();
                    assertThat(top.terms(t)).extracting(Term::latent).containsExactlyElementsOf(order);
                    assertThat(largest.indices().select(0, t).toInts())
                            .startsWith(order.stream().mapToInt(i -> i).toArray());
                }
            }
        }
    }

    @Test
    @Tag("slow")
    void blocks_of_tokens_answer_as_single_tokens_do() {
        int dSae = 1 << 16; // 512 tokens a block
        try (SparseAutoencoder sae =
                        TinySae.of(4, dSae, DType.FP32, new Sparsity.TopK(8), new Normalisation.None(), true, null);
                TensorScope scope = TensorScope.open("test")) {
            assertThat(SparseCoder.tokensAtOnce(Device.CPU, dSae)).isEqualTo(512);
            Tensor x = Tensor.randn(7, DType.FP32, Device.CPU, 1100, 4);
            SparseLatents all = sae.encodeActive(x);
            SparseLatents top = sae.encodeTop(x, 8);
            float[] back = sae.reconstruct(x).toFloats();
            assertThat(all.tokens()).isEqualTo(1100);
            for (int t : new int[] {0, 511, 512, 1023, 1024, 1099}) {
                SparseLatents one = sae.encodeActive(x.narrow(0, t, 1));
                assertThat(all.terms(t)).isEqualTo(top.terms(t));
                assertThat(one.terms(0))
                        .extracting(Term::latent)
                        .containsExactlyElementsOf(
                                all.terms(t).stream().map(Term::latent).toList());
                float[] alone = sae.reconstruct(x.narrow(0, t, 1)).toFloats();
                assertThat(Arrays.copyOfRange(back, 4 * t, 4 * t + 4)).containsExactly(alone, within(1e-3f));
            }
        }
    }

    @Test
    void no_tokens_have_no_latents() {
        try (SparseAutoencoder sae = TinySae.of(new Sparsity.Relu());
                TensorScope scope = TensorScope.open("test")) {
            Tensor none = Tensor.zeros(DType.FP32, Device.CPU, 0, 16);
            assertThat(sae.encodeActive(none).tokens()).isZero();
            assertThat(sae.encodeActive(none).meanCount()).isZero();
            assertThat(sae.reconstruct(none).shape().toArray()).containsExactly(0, 16);
        }
    }

    @Test
    void activations_that_are_not_numbers_or_of_another_width_are_refused() {
        try (SparseAutoencoder sae = TinySae.of(new Sparsity.Relu());
                TensorScope scope = TensorScope.open("test")) {
            Tensor broken = Tensor.zeros(DType.FP32, Device.CPU, 2, 16);
            broken.narrow(0, 1, 1).fillInPlace(Double.NaN);
            assertThatThrownBy(() -> sae.encodeActive(broken))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("""
                            The activations contain values that are not finite.
                              autoencoder: tiny
                              expected:    finite numbers
                              but was:     NaN
                              try:         --dtype fp32 or bf16; fp16 overflows at 65504""");
            assertThatThrownBy(() -> sae.encodeTop(Tensor.zeros(DType.FP32, Device.CPU, 2, 15), 4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("""
                            Tensor has the wrong shape.
                              expected: [tokens, dModel=16]
                              but was:  [2, 15]""");
            assertThatThrownBy(() -> sae.decoderRow(40))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("""
                            The autoencoder has no such latent.
                              autoencoder: tiny
                              expected:    0 to 39
                              but was:     40""");
        }
    }
}
