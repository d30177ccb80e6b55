package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.HeapWeight;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.Route;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which small models the loops on the Java heap compute, and what is said of the others. */
class RoutesTest {
    @BeforeAll
    static void needsVectors() {
        assumeTrue(HeapWeight.usesVectors(), "skipped: the loops are only taken with vector instructions");
    }

    private static Route route(String family) {
        String folder = Golden.folder().resolve("families/" + family).toString();
        try (LanguageModel model = LanguageModel.load(folder, Device.CPU, DType.FP32)) {
            return model.route();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gemma", "gemma3_wrapper", "llama_yarn", "llama31", "qwen3"})
    void wirings_that_the_loops_know_take_them(String family) {
        assertThat(route(family)).hasToString("heap, since the model is small");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cohere",
                "cohere2",
                "exaone4",
                "glm",
                "glm4",
                "gpt2",
                "gpt_neox",
                "gpt_oss",
                "granite",
                "mixtral",
                "olmo3",
                "olmoe",
                "phi",
                "phi3_longrope",
                "qwen2_moe",
                "qwen3_5_text",
                "qwen3_moe",
                "stablelm",
                "stablelm_parallel"
            })
    void others_take_plain_operations_and_say_so(String family) {
        assertThat(route(family))
                .hasToString("plain, since the loops on the Java heap do not support the wiring of block 0");
    }
}
