package dev.pintle.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.testkit.OllamaFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models by the names under which other programs, and llama.cpp's users, know them. Nothing here is a real GGUF file. */
class ModelStoresTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final byte[] WEIGHTS = "GGUF".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path home = Path.of("");

    private HubSettings settings() {
        return HubSettings.read(Map.of("OLLAMA_MODELS", home.resolve("ollama").toString()), home, home);
    }

    private ModelPlace find(String name) {
        return ModelFolders.find(name, settings());
    }

    private OllamaFolder ollama() {
        return new OllamaFolder(home.resolve("ollama"));
    }

    private Path file(String path) throws IOException {
        Path file = home.resolve(path);
        Files.createDirectories(file.resolveSibling(""));
        return Files.write(file, WEIGHTS);
    }

    private void repository(String name, String... files) throws IOException {
        String root = ".cache/huggingface/hub/models--" + name.replace("/", "--");
        Files.writeString(file(root + "/refs/main"), COMMIT);
        for (String one : files) {
            file(root + "/snapshots/" + COMMIT + "/" + one);
        }
    }

    private Path snapshot(String name) {
        return home.resolve(".cache/huggingface/hub/models--" + name.replace("/", "--") + "/snapshots/" + COMMIT);
    }

    // ---------------------------------------------------------------- Ollama

    @Test
    void ollamas_names_lead_to_the_blob_of_the_weights() {
        OllamaFolder folder = ollama();
        String weights = folder.layer("model", WEIGHTS);
        for (String manifest : List.of(
                "registry.ollama.ai/library/llama3.1/8b",
                "registry.ollama.ai/library/tiny/latest",
                "registry.ollama.ai/someone/tiny/v2",
                "hf.co/Org/Repo-GGUF/Q4_K_M")) {
            folder.manifest(manifest, weights);
        }
        for (String name : List.of(
                "ollama:llama3.1:8b",
                "ollama:tiny",
                "ollama:Tiny:LATEST",
                "ollama:library/tiny",
                "ollama:someone/tiny:v2",
                "ollama:registry.ollama.ai/someone/tiny:v2",
                "ollama:hf.co/org/repo-gguf:q4_k_m")) {
            assertThat(find(name).path()).as(name).isEqualTo(folder.blob(WEIGHTS));
        }
        assertThat(new OllamaModels(settings()).names())
                .containsExactly(
                        "ollama:hf.co/Org/Repo-GGUF:Q4_K_M",
                        "ollama:llama3.1:8b",
                        "ollama:someone/tiny:v2",
                        "ollama:tiny:latest");
        assertThatThrownBy(() -> find("ollama:llama3.1")).hasMessage("""
                        Ollama has no such model.
                          model:     ollama:llama3.1
                          looked in: %s
                          nearest:   ollama:llama3.1:8b
                          try:       ollama pull llama3.1:latest, or OLLAMA_MODELS=FOLDER""".formatted(home.resolve("ollama")));
    }

    @Test
    void what_ollama_applies_to_conversations_is_read() {
        OllamaFolder folder = ollama();
        folder.manifest(
                "registry.ollama.ai/library/tiny/latest",
                folder.layer("model", WEIGHTS),
                folder.layer("template", "{{ .System }}"),
                folder.layer("system", "Be brief."),
                folder.layer("params", "{\"stop\": [\"<|end|>\", \"User:\"], \"temperature\": 0.5}"),
                folder.layer("license", "free"),
                folder.layer("messages", "[]"));
        ModelPlace.GgufFile place = (ModelPlace.GgufFile) find("ollama:tiny");
        OllamaModel model = Objects.requireNonNull(place.ollama());
        assertThat(model.template()).isEqualTo("{{ .System }}");
        assertThat(model.system()).isEqualTo("Be brief.");
        assertThat(model.parameters())
                .isEqualTo(Map.of("stop", List.of("<|end|>", "User:"), "temperature", List.of("0.5")));
        assertThat(model.others()).containsExactly("messages");
    }

    @Test
    void a_manifest_that_is_damaged_or_leads_elsewhere_is_refused() throws IOException {
        OllamaFolder folder = ollama();
        String weights = folder.layer("model", WEIGHTS);
        String digest = "sha256:" + "ab".repeat(32);
        refused("not JSON", "A file of Ollama's is not the JSON that it should be.");
        refused("{\"layers\": {}}", "Ollama's manifest of the model is not as it should be.");
        refused("[".repeat(1000), "A file of Ollama's is not the JSON that it should be.");
        refused("x".repeat(5 << 20), "A file of Ollama's cannot be read.");
        refused(
                layers(OllamaFolder.layer("model", "sha256:../../../../etc/passwd", 1)),
                "Ollama's manifest of the model is not as it should be.");
        refused(layers(OllamaFolder.layer("model", digest, 4)), "A part of the model is missing from Ollama's folder.");
        refused(
                layers(weights.replace("\"size\": 4", "\"size\": 5")),
                "A part of the model in Ollama's folder has another size than it should.");
        refused(layers(folder.layer("template", "{{}}")), "The model has no weights.");
        refused(
                layers(weights, weights),
                "The model's weights are in several files, of which it is not known which is which.");
        refused(
                layers(weights, folder.layer("adapter", "lora")),
                "The model has an adapter, without which its weights are another model's.");
        refused(
                layers(folder.layer("tensor", "t")),
                "The model is one of Ollama's that has no GGUF file, but a file for each tensor.");
        refused(
                layers(weights, folder.layer("system", new byte[] {(byte) 0xff})),
                "A text that Ollama keeps beside the model cannot be read.");
        Files.createDirectories(home.resolve("ollama/manifests/registry.ollama.ai/library/.."));
        for (String name :
                List.of("ollama:../../x", "ollama:a/b/c/d", "ollama:", "ollama:x:../y", "ollama:/etc/passwd")) {
            assertThatThrownBy(() -> find(name))
                    .as(name)
                    .isInstanceOf(PintleException.class)
                    .hasMessageStartingWith("This is not a name of a model of Ollama.\n");
        }
    }

    private static String layers(String... layers) {
        return "{\"layers\": [" + String.join(", ", layers) + "]}";
    }

    private void refused(String manifest, String sentence) {
        ollama().write("registry.ollama.ai/library/bad/latest", manifest);
        assertThatThrownBy(() -> find("ollama:bad"))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith(sentence + "\n");
    }

    // ---------------------------------------------------------------- LM Studio and llama.cpp

    @Test
    void lm_studios_models_are_named_by_folder_and_file() throws IOException {
        Path one = file(".lmstudio/models/org/one-GGUF/one-Q4_K_M.gguf");
        file(".lmstudio/models/org/one-GGUF/mmproj-one.gguf");
        Path small = file(".lmstudio/models/org/two/two-Q4_K_M.gguf");
        file(".lmstudio/models/org/two/two-Q8_0.gguf");
        file(".lmstudio/models/org/plain/config.json");
        assertThat(find("lmstudio:org/one-GGUF").path()).isEqualTo(one);
        assertThat(find("lmstudio:org/one-GGUF/one-Q4_K_M.gguf").path()).isEqualTo(one);
        assertThat(find("lmstudio:org/two/two-Q4_K_M").path()).isEqualTo(small);
        assertThat(find("lmstudio:org/two/q4_k_m").path()).isEqualTo(small);
        assertThat(find("lmstudio:org/plain")).isInstanceOf(ModelPlace.Folder.class);
        assertThat(new LmStudioModels(settings()).names())
                .containsExactly(
                        "lmstudio:org/one-GGUF",
                        "lmstudio:org/plain",
                        "lmstudio:org/two/two-Q4_K_M.gguf",
                        "lmstudio:org/two/two-Q8_0.gguf");
        assertThatThrownBy(() -> find("lmstudio:org/two"))
                .hasMessage("""
                        The folder of LM Studio has several such models.
                          model:     lmstudio:org/two
                          looked in: %s
                          it has:    Q4_K_M  two-Q4_K_M.gguf
                                     Q8_0  two-Q8_0.gguf""".formatted(home.resolve(".lmstudio/models/org/two")));
        assertThatThrownBy(() -> find("lmstudio:../../../etc"))
                .hasMessageStartingWith("This is not a name of a model of LM Studio.\n");
        assertThatThrownBy(() -> find("lmstudio:org/none"))
                .hasMessageStartingWith("LM Studio has no such model.\n")
                .hasMessageContaining("lmstudio:org/one-GGUF");
    }

    @Test
    void lm_studios_own_settings_say_where_its_models_are() throws IOException {
        Path model = file("elsewhere/org/m/m.gguf");
        Files.writeString(file("studio/settings.json"), "{\"downloadsFolder\": \"" + home.resolve("elsewhere") + "\"}");
        Files.writeString(
                home.resolve(".lmstudio-home-pointer"), home.resolve("studio").toString() + "\n");
        assertThat(find("lmstudio:org/m").path()).isEqualTo(model);
    }

    @Test
    void what_llama_cpp_has_downloaded_is_found_by_file_and_by_repository() throws IOException {
        Path cached = file(".cache/llama.cpp/org_tiny-GGUF_tiny-Q4_K_M.gguf");
        Path part = file(".cache/llama.cpp/org_big_Q8_0_big-Q8_0-00001-of-00002.gguf");
        file(".cache/llama.cpp/org_big_Q8_0_big-Q8_0-00002-of-00002.gguf");
        assertThat(find("llama.cpp:org_tiny-GGUF_tiny-Q4_K_M.gguf").path()).isEqualTo(cached);
        assertThat(find("org/tiny-GGUF:q4_k_m").path()).isEqualTo(cached);
        assertThat(find("org/tiny-GGUF:tiny-Q4_K_M.gguf").path()).isEqualTo(cached);
        assertThat(find("org/big:Q8_0/big-Q8_0-00001-of-00002.gguf").path()).isEqualTo(part);
        assertThatThrownBy(() -> find("llama.cpp:../secret.gguf"))
                .hasMessageStartingWith("llama.cpp's cache has no such model.\n");
    }

    // ---------------------------------------------------------------- the Hugging Face cache

    @Test
    void a_gguf_file_of_a_cached_repository_is_named_by_file_or_quantisation() throws IOException {
        repository(
                "org/tiny",
                "tiny-Q4_K_M.gguf",
                "tiny-Q8_0.gguf",
                "BF16/tiny-BF16-00001-of-00002.gguf",
                "BF16/tiny-BF16-00002-of-00002.gguf",
                "F16/tiny-F16-00001-of-00002.gguf");
        Path folder = snapshot("org/tiny");
        assertThat(find("org/tiny:tiny-Q8_0.gguf").path()).isEqualTo(folder.resolve("tiny-Q8_0.gguf"));
        assertThat(find("org/tiny:q4_k_m").path()).isEqualTo(folder.resolve("tiny-Q4_K_M.gguf"));
        assertThat(find("org/tiny@main:Q4_K_M").path()).isEqualTo(folder.resolve("tiny-Q4_K_M.gguf"));
        assertThat(find("org/tiny@" + COMMIT + ":bf16").path())
                .isEqualTo(folder.resolve("BF16/tiny-BF16-00001-of-00002.gguf"));
        assertThatThrownBy(() -> find("org/tiny:F16"))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("The model is only partially in the cache.\n")
                .hasMessageEndingWith("pintle pull org/tiny:F16");
        assertThatThrownBy(() -> find("org/tiny:Q6_K"))
                .isInstanceOf(HubException.class)
                .hasMessage("""
                        The model is not in the cache.
                          model:     org/tiny:Q6_K
                          cached:    BF16  BF16/tiny-BF16-00001-of-00002.gguf
                                     F16  F16/tiny-F16-00001-of-00002.gguf
                                     Q4_K_M  tiny-Q4_K_M.gguf
                                     Q8_0  tiny-Q8_0.gguf
                          looked in: %s
                                     %s
                          try:       pintle pull org/tiny:Q6_K""".formatted(home.resolve(".cache/huggingface/hub"), home.resolve(".cache/llama.cpp")));
        assertThatThrownBy(() -> find("org/tiny:../../../../../x")).hasMessageStartingWith("There is no such model.\n");
    }

    @Test
    void a_repository_with_gguf_files_only_asks_which_and_so_does_a_word_that_means_two() throws IOException {
        repository("org/tiny", "a-Q4_K_M.gguf", "b-Q4_K_M.gguf", "b-Q8_0.gguf");
        assertThatThrownBy(() -> find("org/tiny")).hasMessage("""
                        The cache has the model in GGUF files, of which one has to be named.
                          repository: org/tiny
                          it has:     a-Q4_K_M.gguf
                                      b-Q4_K_M.gguf
                                      Q8_0  b-Q8_0.gguf
                          try:        org/tiny:a-Q4_K_M.gguf""");
        assertThatThrownBy(() -> find("org/tiny:Q4_K_M")).hasMessage("""
                        The repository has several such GGUF files.
                          repository: org/tiny
                          it has:     a-Q4_K_M.gguf
                                      b-Q4_K_M.gguf
                          try:        org/tiny:a-Q4_K_M.gguf
                          but was:    Q4_K_M""");
    }
}
