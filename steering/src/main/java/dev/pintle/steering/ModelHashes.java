package dev.pintle.steering;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.GgufFolder;
import dev.pintle.model.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Hashes of the tokenizer and chat template, so that a vector records whether a refit would see the same token ids.
 *
 * @param tokenizer SHA-256 of tokenizer.json; empty if there is none
 * @param template SHA-256 of the chat template's source; empty if there is none
 */
public record ModelHashes(String tokenizer, String template) {
    /** Hashes of a model's files; empty if the files cannot be found. */
    public static ModelHashes of(LanguageModel model) {
        try {
            Path folder = GgufFolder.of(ModelFolders.find(model.id().name()));
            Path other = model.text().otherTemplate().orElse(folder);
            return new ModelHashes(
                    file(folder.resolve("tokenizer.json")), Files.isDirectory(other) ? template(other) : file(other));
        } catch (IOException | PintleException e) {
            return new ModelHashes("", "");
        }
    }

    private static String template(Path folder) throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        if (Files.isRegularFile(folder.resolve("chat_template.jinja"))) {
            return file(folder.resolve("chat_template.jinja"));
        }
        if (!Files.isRegularFile(config)) {
            return "";
        }
        JsonNode template = Json.file(config).path("chat_template");
        if (template.isMissingNode()) {
            return "";
        }
        return new Digest()
                .add(template.isTextual() ? template.textValue() : template.toString())
                .hex();
    }

    private static String file(Path file) throws IOException {
        return Files.isRegularFile(file)
                ? new Digest().add(Files.readAllBytes(file)).hex()
                : "";
    }
}
