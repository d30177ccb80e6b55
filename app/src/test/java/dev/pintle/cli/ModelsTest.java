package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.hub.HubSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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
                return HubSettings.read(Map.of("HF_HUB_CACHE", home.toString()), home, home);
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

    @Test
    void models_says_of_each_what_it_is_and_whether_it_runs() throws IOException {
        String llama = "{\"model_type\":\"llama\"}";
        cached("a/llama", "config.json", llama, "tokenizer.json", "{}", "model.safetensors", "1234");
        cached("b/mamba", "config.json", "{\"model_type\":\"mamba\"}");
        cached("c/sae", "weights.pth", "12345");
        assertThat(pintle("models")).isZero();
        List<String> lines = out.toString()
                .lines()
                .map(line -> line.replaceAll(" +", " ").strip())
                .toList();
        assertThat(lines.get(0)).isEqualTo("model revision size family");
        assertThat(lines.get(1)).matches("parley-7m embedded [\\d.]+ MB llama supported");
        assertThat(lines.subList(2, 6))
                .containsExactly(
                        "a/llama 01234567 28 B llama supported",
                        "b/mamba 01234567 22 B mamba not supported",
                        "c/sae 01234567 5 B - no model",
                        "cache: " + home);
    }

    @Test
    void models_as_json_has_the_whole_commit_and_the_folder() throws IOException {
        cached("a/llama", "config.json", "{\"model_type\":\"llama\"}");
        assertThat(pintle("models", "--json")).isZero();
        JsonNode model =
                new ObjectMapper().readTree(out.toString()).path("models").get(1);
        assertThat(model.get("name").asText()).isEqualTo("a/llama");
        assertThat(model.get("revision").asText()).isEqualTo(COMMIT);
        assertThat(model.get("refs")).hasSize(1);
        assertThat(model.get("family").asText()).isEqualTo("llama");
        assertThat(model.get("supported").asBoolean()).isTrue();
        assertThat(model.get("complete").asBoolean()).isFalse();
        assertThat(Path.of(model.get("folder").asText())).isDirectory();
    }
}
