package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import org.junit.jupiter.api.Test;

class ModelConfigTest {
    /** As in transformers' {@code embed_scale.to(weight.dtype)} and in Gemma's own code. */
    @Test
    void gemma_rounds_the_scale_of_its_embeddings_to_the_dtype_it_runs_in() {
        double root = Math.sqrt(3584);
        assertThat(DType.BF16.rounded(root)).isEqualTo(59.75);
        assertThat(DType.FP16.rounded(root)).isEqualTo(59.875);
        assertThat(DType.FP32.rounded(root)).isEqualTo((double) (float) root);
        assertThat(DType.FP64.rounded(root)).isEqualTo(root);
    }
}
