package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.transformer.ModelConfig;
import org.junit.jupiter.api.Test;

class ModelConfigTest {
    /** As in transformers' {@code embed_scale.to(weight.dtype)} and in Gemma's own code. */
    @Test
    void gemma_rounds_the_scale_of_its_embeddings_to_the_dtype_it_runs_in() {
        double root = Math.sqrt(3584);
        ModelConfig gemma =
                new ModelConfig("gemma2", 42, 3584, 16, 8, 256, 14336, 256000, 8192, 1e-6, true, 1, null, null, root);
        assertThat(gemma.embeddingScale(DType.BF16)).isEqualTo(59.75);
        assertThat(gemma.embeddingScale(DType.FP16)).isEqualTo(59.875);
        assertThat(gemma.embeddingScale(DType.FP32)).isEqualTo((double) (float) root);
        assertThat(gemma.embeddingScale(DType.FP64)).isEqualTo(root);
    }
}
