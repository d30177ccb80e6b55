package dev.pintle.library;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A model on this machine: the embedded one, a revision of a repository in the cache or one of its GGUF files, or a model of
 * another program.
 *
 * @param name what loads it, such as {@code org/name}, {@code org/name:Q4_K_M} or {@code ollama:llama3.1:8b}
 * @param keeper who keeps it: {@code Pintle}, {@code Hugging Face}, {@code Ollama}, {@code LM Studio} or {@code llama.cpp}
 * @param revision commit of the repository; {@code embedded} for the embedded model; "" for those of other programs
 * @param refs branches and tags that point at the revision
 * @param bytes size of its files
 * @param family {@code model_type} in config.json or {@code general.architecture}; "" where there is no model
 * @param format such as {@code safetensors BF16}, {@code safetensors AWQ} or {@code GGUF Q4_K_M}; "" where that cannot be told
 * @param quantised whether its weights are quantised, and stay so on a CPU
 * @param complete whether all its weights are here
 * @param folder its folder, or its GGUF file
 * @param config its sizes; null where they cannot be told
 * @param obstacle why it cannot be loaded; null if nothing is known to stand in the way
 */
public record KnownModel(
        String name,
        String keeper,
        String revision,
        List<String> refs,
        long bytes,
        String family,
        String format,
        boolean quantised,
        boolean complete,
        Path folder,
        @Nullable ModelConfig config,
        @Nullable Problem obstacle) {
    private static final String GGUF = "GGUF";

    /** @param refs copied */
    public KnownModel {
        refs = List.copyOf(refs);
    }

    /** Whether it is a model that can be loaded, once all its weights are here. */
    public boolean isSupported() {
        return obstacle == null && !family.isEmpty();
    }

    /** Number of weights in its matrices; empty where that cannot be told. */
    public OptionalLong weights() {
        return config == null ? OptionalLong.empty() : OptionalLong.of(config.weights());
    }

    /** Whether a CPU uses the weights as they lie in the file, whatever the dtype. */
    public boolean staysInFile() {
        return format.startsWith(GGUF);
    }

    /**
     * Bytes of its weights on a CPU, as loading reckons; empty where that cannot be told.
     *
     * @param dtype of those that are not quantised
     */
    public OptionalLong weightBytes(DType dtype) {
        return config == null
                ? OptionalLong.empty()
                : OptionalLong.of(quantised ? bytes : config.weights() * dtype.bytes());
    }

    /** Bytes of the keys and values of one sequence; empty where that cannot be told. */
    public OptionalLong keyBytes(DType dtype, int tokens) {
        return config == null ? OptionalLong.empty() : OptionalLong.of(KvCache.bytes(config, dtype, 1, tokens));
    }
}
