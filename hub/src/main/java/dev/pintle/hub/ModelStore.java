package dev.pintle.hub;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A program's folder of models, which are found by names that begin with the program's. */
public sealed interface ModelStore permits OllamaModels, LmStudioModels, LlamaCppModels {
    /** Such as {@code Ollama}. */
    String program();

    /** What its names begin with, such as {@code ollama:}. */
    String prefix();

    /** The folders that were looked in. */
    List<Path> folders();

    /**
     * The names of its models, as {@link #find} takes them, sorted. Folders that cannot be read have none.
     */
    List<String> names();

    /**
     * @param name with the prefix
     * @throws dev.pintle.base.PintleException if there is none, or it cannot be used, saying what to do
     */
    ModelPlace find(String name);

    /** The store that a name is of, by its prefix. */
    static Optional<ModelStore> of(String name, HubSettings settings) {
        return all(settings).stream()
                .filter(store -> name.startsWith(store.prefix()))
                .findFirst();
    }

    /** The stores of all programs. */
    static List<ModelStore> all(HubSettings settings) {
        return List.of(new OllamaModels(settings), new LmStudioModels(settings), new LlamaCppModels(settings));
    }
}
