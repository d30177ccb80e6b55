package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import org.junit.jupiter.api.Test;

class RandomModelTest {
    private static final int[] PROMPT = {1, 17, 400};

    private static LanguageModel model(long seed) {
        return LanguageModel.random(ModelShape.PARLEY_7M, seed, Device.CPU, DType.FP32);
    }

    @Test
    void a_shape_is_the_one_of_the_model_it_is_named_after() {
        try (LanguageModel model = model(1)) {
            assertThat(model.config().nLayers()).isEqualTo(8);
            assertThat(model.config().dModel()).isEqualTo(256);
            assertThat(model.id().toString()).isEqualTo("parley-7m with random weights@seed-1");
        }
        assertThat(ModelShape.named("llama-3.1-8b")).contains(ModelShape.LLAMA_3_1_8B);
        assertThat(ModelShape.named("llama-9")).isEmpty();
    }

    /** Published numbers of parameters, norms included: 8,030,261,248, 1,235,814,400 and 2,614,341,888. */
    @Test
    void shapes_have_as_many_weights_as_their_models() {
        assertThat(weights(ModelShape.LLAMA_3_1_8B)).isEqualTo(8_030_261_248L - 65 * 4096);
        assertThat(weights(ModelShape.LLAMA_3_2_1B)).isEqualTo(1_235_814_400L - 33 * 2048);
        assertThat(weights(ModelShape.GEMMA_2_2B)).isEqualTo(2_614_341_888L - 105 * 2304);
    }

    private static long weights(ModelShape shape) {
        ConfigReader json = shape.config();
        return Families.of(json).config(json).weights();
    }

    @Test
    void a_seed_gives_the_same_weights_and_another_seed_others() {
        assertThat(written(1)).isEqualTo(written(1)).isNotEqualTo(written(2));
    }

    private static int[] written(long seed) {
        try (LanguageModel model = model(seed)) {
            return model.generate(PROMPT, Decoding.greedy(6)).ids();
        }
    }

    @Test
    void without_a_tokenizer_generation_gives_ids_and_no_text() {
        try (LanguageModel model = model(1)) {
            Generated answer = model.generate(PROMPT, Decoding.greedy(6));
            assertThat(answer.ids()).hasSize(6);
            assertThat(answer.text()).isEmpty();
        }
    }
}
