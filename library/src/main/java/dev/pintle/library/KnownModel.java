package dev.pintle.library;

import dev.pintle.family.Families;
import java.nio.file.Path;
import java.util.List;

/**
 * A model on this machine: the embedded one, or a revision of a repository in the cache.
 *
 * @param name {@code parley-7m} or {@code org/name}
 * @param revision commit of the repository; {@code embedded} for the embedded model
 * @param refs branches and tags that point at the revision
 * @param bytes size of its files
 * @param family {@code model_type} in config.json, or "" where it has none and is no model
 * @param quantisation how its config.json says that weights are quantised, as in {@code awq, 4 bits}; "" for not at all
 * @param complete whether all its weights are here
 */
public record KnownModel(
        String name,
        String revision,
        List<String> refs,
        long bytes,
        String family,
        String quantisation,
        boolean complete,
        Path folder) {
    /** @param refs copied */
    public KnownModel {
        refs = List.copyOf(refs);
    }

    /** Whether it is of a family that can be loaded. */
    public boolean isSupported() {
        return Families.all().stream().anyMatch(known -> known.modelType().equals(family));
    }
}
