package dev.pintle.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufSetTest {
    @ParameterizedTest
    @CsvSource({
        "Llama-3.1-8B-Instruct-Q4_K_M.gguf, Q4_K_M",
        "qwen2.5-0.5b-instruct-q8_0.gguf, Q8_0",
        "qwen2.5-0.5b-instruct-fp16.gguf, FP16",
        "Qwen3-30B-A3B-UD-Q4_K_XL.gguf, UD-Q4_K_XL",
        "gpt-oss-20b-mxfp4.gguf, MXFP4",
        "model.IQ2_XXS.gguf, IQ2_XXS",
        "Q4_K_M/big-00001-of-00002.gguf, Q4_K_M",
        "BF16/big-BF16-00001-of-00002.gguf, BF16",
        "plain.gguf, ''",
    })
    void a_name_says_how_its_file_is_quantised(String file, String quantisation) {
        assertThat(GgufSet.among(List.of(file)))
                .singleElement()
                .extracting(GgufSet::quantisation)
                .isEqualTo(quantisation);
    }

    @Test
    void parts_are_one_model_and_vision_encoders_none() {
        List<GgufSet> sets = GgufSet.among(List.of(
                "b-Q8_0-00002-of-00002.gguf",
                "mmproj-F16.gguf",
                "a-Q4_K_M.gguf",
                "b-Q8_0-00001-of-00002.gguf",
                "README.md",
                "sub/c-Q8_0-00001-of-00003.gguf"));
        assertThat(sets)
                .extracting(GgufSet::files)
                .containsExactly(
                        List.of("a-Q4_K_M.gguf"),
                        List.of("b-Q8_0-00001-of-00002.gguf", "b-Q8_0-00002-of-00002.gguf"),
                        List.of("sub/c-Q8_0-00001-of-00003.gguf"));
        assertThat(sets).extracting(GgufSet::isComplete).containsExactly(true, true, false);
        assertThat(sets)
                .extracting(set -> set.wordAmong(sets))
                .containsExactly("Q4_K_M", sets.get(1).first(), sets.get(2).first());
    }

    @Test
    void a_word_means_a_file_or_a_quantisation_in_any_case() {
        List<GgufSet> sets = GgufSet.among(
                List.of("m-Q4_K_M.gguf", "m-UD-Q4_K_XL.gguf", "m-fp16.gguf", "deep/m-Q8_0-00001-of-00001.gguf"));
        assertThat(first(sets, "q4_k_m")).isEqualTo("m-Q4_K_M.gguf");
        assertThat(first(sets, "Q4_K_XL")).isEqualTo("m-UD-Q4_K_XL.gguf");
        assertThat(first(sets, "f16")).isEqualTo("m-fp16.gguf");
        assertThat(first(sets, "m-Q4_K_M")).isEqualTo("m-Q4_K_M.gguf");
        assertThat(first(sets, "m-Q8_0-00001-of-00001.gguf")).isEqualTo("deep/m-Q8_0-00001-of-00001.gguf");
        assertThat(first(sets, "deep/m-Q8_0")).isEqualTo("deep/m-Q8_0-00001-of-00001.gguf");
        assertThat(GgufSet.matching(sets, "Q4")).isEmpty();
        assertThat(GgufSet.matching(sets, "")).isEmpty();
    }

    private static String first(List<GgufSet> sets, String word) {
        List<GgufSet> found = GgufSet.matching(sets, word);
        assertThat(found).as(word).hasSize(1);
        return found.get(0).first();
    }
}
