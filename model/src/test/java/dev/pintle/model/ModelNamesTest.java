package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelNamesTest {
    @ParameterizedTest
    @CsvSource({
        "meta-llama/Llama-3.1-8B-Instruct, bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M",
        "meta-llama/Llama-3.1-8B-Instruct, /models/Llama-3.1-8B-Instruct-Q8_0.gguf",
        "meta-llama/Llama-3.1-8B-Instruct, C:\\models\\Llama-3.1-8B-Instruct-UD-Q4_K_XL-00001-of-00002.gguf",
        "meta-llama/Llama-3.1-8B-Instruct, unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit",
        "meta-llama/Llama-3.1-8B-Instruct, hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4",
        "Llama-3.1-8B-Instruct-Q4_K_M.gguf, RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic",
        "Qwen/Qwen3-8B, Qwen/Qwen3-8B-GPTQ-Int4",
        "Qwen/Qwen3-8B, RedHatAI/Qwen3-8B-quantized.w4a16",
        "parley-7m, parley-7m-f16.gguf",
        "parley-7m, llama.cpp:parley-7m-Q8_0.gguf",
        "org/name-1b, ollama:hf.co/org/name-1b:Q4_K_M"
    })
    void a_copy_in_another_format_is_known_by_its_name(String original, String copy) {
        assertThat(ModelNames.areCopies(original, copy)).isTrue();
        assertThat(ModelNames.areCopies(copy, original)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "meta-llama/Llama-3.1-8B, meta-llama/Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        "meta-llama/Llama-3.1-8B-Instruct, other/Llama-3.1-8B-Instruct",
        "Qwen/Qwen2.5-7B, Qwen/Qwen3-8B-GGUF:Q4_K_M",
        "out/model, other/model",
        "out/model.gguf, other/model",
        "ollama:llama3.1:8b, meta-llama/Llama-3.1-8B-Instruct",
        "ollama:llama3.1:8b, ollama:llama3.1:70b"
    })
    void others_are_not(String one, String other) {
        assertThat(ModelNames.areCopies(one, other)).isFalse();
    }
}
