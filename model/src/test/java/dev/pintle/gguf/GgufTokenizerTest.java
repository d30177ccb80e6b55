package dev.pintle.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufTokenizerTest {
    private static final int LINES = 1000;
    private static final List<String> PIECES = List.of(
            "the whale",
            " isn't",
            " I'll",
            "WE'RE",
            " 1234567",
            "3.14",
            "  ",
            "   \t",
            "\n",
            "\n\n\n",
            "!!",
            "?!.",
            " —",
            "naïve",
            " Straße",
            "Привет мир",
            " こんにちは世界",
            "中文字符",
            "한국어",
            "مرحبا",
            "नमस्ते",
            "🙂",
            "👩‍👩‍👧",
            "é",
            "e\u0301",
            "x = f(y[0]);",
            " {\"a\": 1}",
            "\\frac{1}{2}",
            "https://example.org/a?b=c",
            "ALLCAPS",
            "camelCase",
            "snake_case",
            " \u00a0",
            "\u200b",
            "½",
            "①",
            "ﬁ",
            "a\r\nb");

    @TempDir
    private Path folder;

    @Test
    void parleys_tokenizer_comes_back_from_the_keys_of_a_file() throws IOException {
        compare(Golden.parley(), "smaug-bpe", "llama");
    }

    /**
     * Tokenizers of other models, which are not in this repository: {@code bench/fetch_tokenizers.sh} downloads them to the folder
     * that {@code PINTLE_TOKENIZERS} names.
     */
    @ParameterizedTest
    @CsvSource({
        "llama3_1, llama-bpe, llama",
        "qwen2_5, qwen2, qwen2",
        "qwen3, qwen2, qwen3",
        "mistral_nemo, tekken, llama",
        "deepseek_v3, deepseek-v3, deepseek2",
        "llama2, default, llama",
        "gemma2, default, gemma2",
        "gemma3, default, gemma3"
    })
    void a_published_tokenizer_comes_back_from_the_keys_of_a_file(String name, String pre, String architecture)
            throws IOException {
        String folders = System.getenv().getOrDefault("PINTLE_TOKENIZERS", "");
        assumeThat(folders)
                .as("PINTLE_TOKENIZERS, a folder that bench/fetch_tokenizers.sh has filled")
                .isNotEmpty();
        compare(Path.of(folders, name), pre, architecture);
    }

    private void compare(Path model, String pre, String architecture) throws IOException {
        JsonNode json = Json.file(model.resolve("tokenizer.json"));
        GgufTokenizer rebuilt = GgufTokenizer.of(model, keys(json, pre, architecture));
        Files.writeString(folder.resolve("tokenizer.json"), Json.line(rebuilt.tokenizer()));
        Files.writeString(folder.resolve("tokenizer_config.json"), Json.line(rebuilt.configuration()));
        try (Tokenizer expected = Tokenizer.open(model.resolve("tokenizer.json"));
                Tokenizer found = Tokenizer.open(folder.resolve("tokenizer.json"))) {
            for (String line : lines(json)) {
                int[] ids = expected.encode(line);
                assertThat(found.encode(line)).as(line).isEqualTo(ids);
                assertThat(found.decode(ids, false)).as(line).isEqualTo(expected.decode(ids, false));
            }
        }
    }

    /** Texts of the demo model's conversations, and random mixtures of scripts, numbers, blanks and special tokens. */
    private static List<String> lines(JsonNode tokenizer) throws IOException {
        List<String> lines = new ArrayList<>();
        try (var texts = Files.lines(Golden.parley().resolve("texts.jsonl"))) {
            for (String text : texts.limit(LINES / 2).toList()) {
                lines.add(Json.parse(text).toString());
            }
        }
        List<String> special = new ArrayList<>();
        tokenizer
                .path("added_tokens")
                .forEach(added -> special.add(added.path("content").asText()));
        Random random = new Random(1);
        while (lines.size() < LINES) {
            StringBuilder line = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                boolean isSpecial = !special.isEmpty() && random.nextInt(20) == 0;
                line.append(
                        isSpecial
                                ? special.get(random.nextInt(special.size()))
                                : PIECES.get(random.nextInt(PIECES.size())));
            }
            lines.add(line.toString());
        }
        return lines;
    }

    /** As llama.cpp's converter writes them. */
    private static Map<String, GgufValue> keys(JsonNode json, String pre, String architecture) {
        boolean pieces = pre.equals("default");
        Map<Integer, String> tokens = new TreeMap<>();
        json.path("model")
                .path("vocab")
                .properties()
                .forEach(entry -> tokens.put(entry.getValue().asInt(), entry.getKey()));
        Map<Integer, Integer> types = new TreeMap<>();
        Map<String, Integer> ids = new LinkedHashMap<>();
        json.path("added_tokens").forEach(added -> {
            int id = added.path("id").asInt();
            tokens.put(id, added.path("content").asText());
            types.put(id, added.path("special").asBoolean() ? 3 : 4);
            ids.put(added.path("content").asText(), id);
        });
        List<GgufValue> texts = new ArrayList<>();
        List<GgufValue> kinds = new ArrayList<>();
        List<GgufValue> scores = new ArrayList<>();
        int size = tokens.keySet().stream().mapToInt(id -> id).max().orElse(0) + 1;
        for (int id = 0; id < size; id++) {
            String token = tokens.getOrDefault(id, "[PAD" + id + "]");
            boolean isByte = pieces && token.matches("<0x[0-9A-F]{2}>");
            boolean isUnknown = pieces && token.equals("<unk>");
            texts.add(GgufValue.of(token));
            int type = !tokens.containsKey(id) ? 5 : isUnknown ? 2 : isByte ? 6 : types.getOrDefault(id, 1);
            kinds.add(new GgufValue.Int(GgufValue.Kind.INT32, type));
            boolean isBlank =
                    token.length() > 1 && token.replace("\u2581", "").isEmpty(); // scored least when published
            scores.add(GgufValue.of(type != 1 ? 0f : isBlank ? -1e9f - id : 259f - id));
        }
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.of(architecture));
        values.put("tokenizer.ggml.model", GgufValue.of(pieces ? "llama" : "gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of(pre));
        values.put("tokenizer.ggml.tokens", new GgufValue.Array(GgufValue.Kind.STRING, texts));
        values.put("tokenizer.ggml.token_type", new GgufValue.Array(GgufValue.Kind.INT32, kinds));
        if (pieces) {
            values.put("tokenizer.ggml.scores", new GgufValue.Array(GgufValue.Kind.FLOAT32, scores));
            values.put("tokenizer.ggml.add_space_prefix", GgufValue.of(architecture.equals("llama")));
        } else {
            List<GgufValue> merges = new ArrayList<>();
            json.path("model")
                    .path("merges")
                    .forEach(merge -> merges.add(GgufValue.of(
                            merge.isTextual()
                                    ? merge.asText()
                                    : merge.path(0).asText() + " "
                                            + merge.path(1).asText())));
            values.put("tokenizer.ggml.merges", new GgufValue.Array(GgufValue.Kind.STRING, merges));
        }
        String first = json.at("/post_processor").toString();
        ids.forEach((token, id) -> {
            if (first.contains("{\"SpecialToken\":{\"id\":\"" + token + "\"")) {
                values.put("tokenizer.ggml.bos_token_id", GgufValue.uint32(id));
            }
        });
        values.put("tokenizer.ggml.add_bos_token", GgufValue.of(values.containsKey("tokenizer.ggml.bos_token_id")));
        return values;
    }

    @Test
    void an_unknown_way_of_splitting_is_refused_by_name() {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of("somebody-bpe"));
        values.put("tokenizer.ggml.tokens", new GgufValue.Array(GgufValue.Kind.STRING, List.of(GgufValue.of("a"))));
        assertThatThrownBy(() -> GgufTokenizer.of(Path.of("model.gguf"), values).tokenizer())
                .hasMessageContaining("tokenizer.ggml.pre")
                .hasMessageContaining("somebody-bpe")
                .hasMessageEndingWith("try:      the same model in the Hugging Face format");
        values.put("general.base_model.0.repo_url", GgufValue.of("https://huggingface.co/org/parent"));
        values.put("general.source.huggingface.repository", GgufValue.of("org/name"));
        assertThatThrownBy(() -> GgufTokenizer.of(Path.of("model.gguf"), values).tokenizer())
                .hasMessageContaining("pintle pull org/name tokenizer.json");
    }
}
