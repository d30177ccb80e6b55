package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.base.Sizes;
import dev.pintle.hub.HubSettings;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.testkit.GgufFiles;
import dev.pintle.testkit.GgufFiles.Stored;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.OllamaFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelsTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    Path home = Path.of("");

    private final StringWriter out = new StringWriter();

    private int pintle(String... args) {
        Session session = new Session() {
            @Override
            public HubSettings hub() {
                return HubSettings.read(
                        Map.of(
                                "HF_HUB_CACHE",
                                home.toString(),
                                "OLLAMA_MODELS",
                                home.resolve("ollama").toString()),
                        home,
                        home);
            }
        };
        return Main.run(session, new PrintWriter(out, true), new PrintWriter(out, true), args);
    }

    private void cached(String name, String... files) throws IOException {
        Path repo = home.resolve("models--" + name.replace("/", "--"));
        Path snapshot = Files.createDirectories(repo.resolve("snapshots").resolve(COMMIT));
        Files.createDirectories(repo.resolve("refs"));
        Files.writeString(repo.resolve("refs/main"), COMMIT);
        for (int i = 0; i < files.length; i += 2) {
            Files.writeString(snapshot.resolve(files[i]), files[i + 1]);
        }
    }

    /** A model of two blocks, in a vocabulary that is not looked at. */
    private static byte[] gguf(String architecture, String type) throws IOException {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.of(architecture));
        values.put("general.file_type", GgufValue.uint32(15));
        values.put(architecture + ".block_count", GgufValue.uint32(2));
        values.put(architecture + ".context_length", GgufValue.uint32(128));
        values.put(architecture + ".embedding_length", GgufValue.uint32(64));
        values.put(architecture + ".feed_forward_length", GgufValue.uint32(96));
        values.put(architecture + ".attention.head_count", GgufValue.uint32(4));
        values.put(architecture + ".attention.head_count_kv", GgufValue.uint32(2));
        values.put(architecture + ".attention.layer_norm_rms_epsilon", GgufValue.of(1e-5f));
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of("llama-bpe"));
        values.put(
                "tokenizer.ggml.tokens",
                new GgufValue.Array(GgufValue.Kind.STRING, Collections.nCopies(10_000, GgufValue.of("a"))));
        Path file = Files.createTempFile("model", ".gguf");
        GgufFiles.write(
                file,
                values,
                List.of(new Stored("token_embd.weight", type, new long[] {100, 64}, new byte[100 * 64 / 32 * 18])));
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return bytes;
    }

    private void write(String path, byte[] content) throws IOException {
        Path file = home.resolve(path);
        Files.createDirectories(file.resolveSibling(""));
        Files.write(file, content);
    }

    private List<String> lines() {
        return out.toString()
                .lines()
                .map(line -> line.replaceAll(" +", " ").strip())
                .toList();
    }

    @Test
    void models_says_of_each_what_it_is_and_whether_it_runs() throws IOException {
        String llama = Files.readString(Golden.parley().resolve("config.json"));
        cached("a/llama", "config.json", llama, "tokenizer.json", "{}", "model.safetensors", "1234");
        cached("b/mamba", "config.json", "{\"model_type\":\"mamba\"}");
        cached("c/sae", "weights.pth", "12345");
        cached("d/gguf", "README.md", "");
        byte[] good = gguf("llama", "Q4_0");
        write("models--d--gguf/snapshots/" + COMMIT + "/d-Q4_K_M.gguf", good);
        write("models--d--gguf/snapshots/" + COMMIT + "/d-Q8_0.gguf", new byte[100]);
        OllamaFolder ollama = new OllamaFolder(home.resolve("ollama"));
        String weights = ollama.layer("model", good);
        ollama.manifest("registry.ollama.ai/library/tiny/1b", weights);
        ollama.manifest("registry.ollama.ai/library/odd/latest", ollama.layer("model", gguf("rwkv7", "Q4_0")));
        ollama.write("registry.ollama.ai/library/broken/latest", "{");
        write(".lmstudio/models/org/m/m-Q4_K_M.gguf", good);
        write(".cache/llama.cpp/org_m_m\u001b[31m-Q4_K_M.gguf", good);
        assertThat(pintle("models", "--context", "100", "--dtype", "bf16"))
                .as(out.toString())
                .isZero();
        String size = Sizes.text(good.length);
        String row = " llama GGUF Q4_K_M " + size + " " + Sizes.text(good.length + 2L * 2 * 2 * 16 * 100 * 2) + " yes";
        List<String> lines = lines();
        assertThat(lines.subList(0, 2)).containsExactly("model family format size memory runs", "Pintle");
        assertThat(lines.get(2)).matches("parley-7m llama safetensors BF16 [\\d.]+ MB [\\d.]+ MB yes");
        assertThat(lines.get(4)).matches("a/llama llama safetensors BF16 732 B 14.\\d MB yes");
        assertThat(lines.get(5)).startsWith("b/mamba mamba safetensors 22 B - no: ");
        assertThat(lines.subList(6, 11))
                .containsExactly(
                        "c/sae - - 5 B - no model",
                        "d/gguf:Q4_K_M" + row,
                        "d/gguf:Q8_0 - GGUF 100 B - no: This is not a GGUF file.",
                        "Ollama: " + home.resolve("ollama"),
                        "ollama:broken:latest - - - - no: A file of Ollama's is not the JSON that it should be"
                                + " (cause: it ends within an object)");
        assertThat(lines.get(11))
                .startsWith("ollama:odd:latest rwkv7 GGUF Q4_K_M ")
                .endsWith(
                        "no: Models of this architecture cannot be read from GGUF files (general.architecture: rwkv7)");
        assertThat(lines.subList(12, 17))
                .containsExactly(
                        "ollama:tiny:1b" + row,
                        "LM Studio: " + home.resolve(".lmstudio/models"),
                        "lmstudio:org/m" + row,
                        "llama.cpp: " + home.resolve(".cache/llama.cpp"),
                        "llama.cpp:org_m_m\\u001b[31m-Q4_K_M.gguf" + row);
        assertThat(lines.get(17)).startsWith("memory: weights, and keys and values of 100 tokens, in bf16 on a CPU");
        assertThat(lines.get(18)).isEqualTo("cache: " + home);
    }

    @Test
    void models_says_how_a_checkpoint_is_quantised_and_which_cannot_be_read() throws IOException {
        String llama = Files.readString(Golden.parley().resolve("config.json"));
        String quantised = llama.substring(0, llama.lastIndexOf('}'))
                + ", \"quantization_config\": {\"quant_method\": \"%s\", \"bits\": 4, \"group_size\": 128}}";
        cached("a/awq", "config.json", quantised.formatted("awq"), "tokenizer.json", "{}", "model.safetensors", "1");
        cached("a/hqq", "config.json", quantised.formatted("hqq"), "tokenizer.json", "{}", "model.safetensors", "1");
        assertThat(pintle("models")).isZero();
        assertThat(lines()).anyMatch(line -> line.startsWith("a/awq llama safetensors AWQ") && line.endsWith("yes"));
        assertThat(lines())
                .anyMatch(line -> line.startsWith("a/hqq llama safetensors hqq") && line.contains(" - no: "));
    }

    @Test
    void models_as_json_has_the_whole_commit_the_folder_and_the_memory() throws IOException {
        cached("a/llama", "config.json", Files.readString(Golden.parley().resolve("config.json")));
        assertThat(pintle("models", "--json")).isZero();
        JsonNode model =
                new ObjectMapper().readTree(out.toString()).path("models").get(1);
        assertThat(model.get("name").asText()).isEqualTo("a/llama");
        assertThat(model.get("keeper").asText()).isEqualTo("Hugging Face");
        assertThat(model.get("revision").asText()).isEqualTo(COMMIT);
        assertThat(model.get("refs")).hasSize(1);
        assertThat(model.get("family").asText()).isEqualTo("llama");
        assertThat(model.get("supported").asBoolean()).isTrue();
        assertThat(model.get("complete").asBoolean()).isFalse();
        assertThat(model.get("runs").asBoolean()).isFalse();
        assertThat(model.get("why_not").isNull()).isTrue();
        assertThat(model.get("key_value_bytes").asLong()).isEqualTo(2L * 8 * 2 * 64 * 4096 * 4);
        assertThat(Path.of(model.get("folder").asText())).isDirectory();
    }

    @Test
    void a_context_of_no_tokens_is_an_error() {
        assertThat(pintle("models", "--context", "0")).isEqualTo(1);
        assertThat(out.toString()).startsWith("An option is out of range.\n  option:   --context\n");
    }
}
