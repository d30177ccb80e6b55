package dev.pintle.hub;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a model lies. */
public sealed interface ModelPlace {
    /** The folder, or the file. */
    Path path();

    /** A folder in the Hugging Face format. */
    record Folder(Path path) implements ModelPlace {}

    /**
     * A GGUF file, whatever its name.
     *
     * @param path the file, or the first of several
     * @param cache the Hugging Face cache, which may have the tokenizer of the same model
     * @param ollama what Ollama keeps beside the file; null for files of others
     */
    record GgufFile(Path path, Path cache, @Nullable OllamaModel ollama) implements ModelPlace {}
}
