package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A text's activations as plain vectors, and what takes them. */
class TextVectorsTest {
    private static final int[] IDS = {0, 2, 302, 3, 279};

    @Test
    void activations_as_vectors_are_those_of_a_run_and_give_the_same_errors_and_cosines() {
        HookPoint at = HookPoint.residPost(3);
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
                SparseAutoencoder sae =
                        SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
                TensorScope scope = TensorScope.open("test")) {
            List<Vec> vectors = model.activations(IDS, at);
            Tensor x = model.run(TokenBatch.of(IDS), RunOptions.reading(at)).row(at, 0);
            assertThat(vectors).isEqualTo(x.toVecs()).hasSize(IDS.length);
            assertThat(Tensor.of(vectors).toVecs()).isEqualTo(vectors);
            assertThat(sae.reconstruct(vectors.get(2))
                            .minus(sae.reconstruct(x).select(0, 2).toVec())
                            .norm())
                    .isCloseTo(0, within(1e-4));
            Vec v = sae.decoderRow(146).unit();
            List<Vec> steered = vectors.stream().map(one -> one.plus(v)).toList();
            assertThat(ReconstructionErrors.of(sae, vectors)).isEqualTo(ReconstructionErrors.of(sae, x));
            assertThat(ReconstructionErrors.of(sae, vectors, steered))
                    .isEqualTo(ReconstructionErrors.of(sae, x, Tensor.of(steered)));
            assertThat(CosinesAlong.of(sae, vectors, v)).isEqualTo(CosinesAlong.of(sae, x, v));
        }
    }

    @Test
    void rows_of_several_sizes_or_none_are_refused() {
        try (TensorScope scope = TensorScope.open("test")) {
            assertThatThrownBy(() -> Tensor.of(List.of(Vec.of(1, 2), Vec.of(1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Rows of a tensor are vectors of one size, at least one.\n  but was: [2, 1]");
            assertThatThrownBy(() -> Tensor.of(List.<Vec>of())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Tensor.of(Vec.of(1, 2)).toVecs())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("Only a tensor with two axes has vectors as rows.");
        }
    }
}
