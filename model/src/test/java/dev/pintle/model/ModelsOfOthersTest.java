package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.Problem;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.ModelPlace;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.OllamaFolder;
import dev.pintle.text.ChatOptions;
import dev.pintle.text.ChatTemplateException;
import dev.pintle.text.Message;
import dev.pintle.text.ModelText;
import dev.pintle.text.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model as Ollama would keep it, and as a file whose repository is in the Hugging Face cache. */
@Tag("slow")
class ModelsOfOthersTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final LoadOptions FP32 = LoadOptions.of(Device.CPU, DType.FP32);

    @TempDir
    private Path folder = Path.of("");

    private HubSettings settings() {
        return HubSettings.read(Map.of("OLLAMA_MODELS", folder.resolve("ollama").toString()), folder, folder);
    }

    /** A small model with the embedded one's tokenizer; beside it, in {@code plain}, the same without. */
    private Path gguf(Consumer<Map<String, GgufValue>> change) throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.folder().resolve("llama31").resolve(file), model.resolve(file));
        }
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Golden.parley().resolve(file), model.resolve(file));
        }
        Path gguf = folder.resolve("model.gguf");
        try (TensorScope scope = TensorScope.open("test")) {
            GgufOf.write(model, (name, tensor) -> "F32", change, gguf, folder.resolve("plain"));
        }
        return gguf;
    }

    @Test
    void a_model_of_ollama_completes_but_chats_only_with_a_jinja_template() throws IOException {
        Path gguf = gguf(values -> values.remove("tokenizer.chat_template"));
        OllamaFolder ollama = new OllamaFolder(folder.resolve("ollama"));
        ollama.manifest(
                "registry.ollama.ai/library/parley/latest",
                ollama.layer("model", Files.readAllBytes(gguf)),
                ollama.layer("template", "{{ if .System }}<|system|>{{ .System }}{{ end }}"),
                ollama.layer("system", "Be brief."),
                ollama.layer("params", "{\"stop\": [\"<|start_header_id|>\", \"Question:\"], \"temperature\": 0.5}"));
        ModelPlace place = ModelFolders.find("ollama:parley", settings());
        List<Problem> notes = new ArrayList<>();
        List<Message> question = List.of(Message.user("Tell me about the whale."));
        try (LanguageModel plain = LanguageModel.load(folder.resolve("plain").toString(), FP32);
                LanguageModel model = LanguageModel.load("ollama:parley", place, FP32.telling(notes::add))) {
            assertThat(notes).singleElement().asString().isEqualTo("""
                            Ollama applies settings to this model that are not applied here.
                              stop:          Question:
                              temperature:   0.5
                              system prompt: Be brief.
                              try:           giving those that matter: a system prompt, --temperature, --top-p, --stop""");
            int[] header = model.tokenizer().encode("<|start_header_id|>", SpecialTokens.NONE);
            assertThat(header).hasSize(1);
            assertThat(model.stopIds()).contains(header[0]);
            assertThat(model.id().name()).isEqualTo("ollama:parley");
            int[] ids = {5, 17, 33};
            assertThat(model.generate(ids, Decoding.greedy(8)).ids())
                    .isEqualTo(plain.generate(ids, Decoding.greedy(8)).ids());
            assertThatThrownBy(() -> model.chatTokens(question))
                    .isInstanceOf(ChatTemplateException.class)
                    .hasMessageStartingWith(
                            "The model has no chat template that can be read: Ollama's is in the template language of Go.\n")
                    .hasMessageContaining("--chat-template FILE");
        }
        LoadOptions templated = FP32.telling(notes::add).withChatTemplate(Golden.parley());
        try (LanguageModel model = LanguageModel.load("ollama:parley", place, templated);
                ModelText parley = new ModelText(Golden.parley(), "parley")) {
            assertThat(model.chatTokens(question)).isEqualTo(parley.tokens(question, ChatOptions.forAnswer()));
        }
    }

    @Test
    void a_files_tokenizer_is_that_of_its_repository_if_that_is_here_and_has_the_same_tokens() throws IOException {
        Path gguf = gguf(values ->
                values.put("general.base_model.0.repo_url", GgufValue.of("https://huggingface.co/org/parley")));
        assertThat(tokenizerOf(gguf)).isEmpty();
        Path repository = folder.resolve(".cache/huggingface/hub/models--org--parley");
        Path tokenizer = repository.resolve("snapshots/" + COMMIT + "/tokenizer.json");
        Files.createDirectories(tokenizer.resolveSibling(""));
        Files.createDirectories(repository.resolve("refs"));
        Files.writeString(repository.resolve("refs/main"), COMMIT);
        String own = Files.readString(Golden.parley().resolve("tokenizer.json"));
        Files.writeString(tokenizer, own + "\n");
        assertThat(tokenizerOf(gguf)).isEqualTo("org/parley");
        assertThat(GgufFolder.of(ModelFolders.find(gguf.toString(), settings())).resolve("tokenizer.json"))
                .hasSameTextualContentAs(tokenizer);

        Files.delete(tokenizer);
        assertThat(tokenizerOf(gguf)).isEmpty();
        Files.writeString(tokenizer, own.replace("\"<|start_header_id|>\"", "\"<|other|>\""));
        assertThat(tokenizerOf(gguf)).isEmpty();
    }

    private String tokenizerOf(Path gguf) {
        return GgufFolder.tokenizer(GgufFolder.of(ModelFolders.find(gguf.toString(), settings())));
    }
}
