package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How to load a model.
 *
 * @param device where to put the weights
 * @param dtype of weights and residual stream: FP64, FP32, FP16 or BF16
 * @param ignoredConfig keys of config.json that are read as if they were not there
 * @param notes hears what a user should know of a model that is loaded all the same, such as a configuration and a checkpoint
 *     that contradict each other
 */
public record LoadOptions(Device device, DType dtype, Set<String> ignoredConfig, Consumer<Problem> notes) {
    private static final System.Logger LOG = System.getLogger("dev.pintle.model");

    /** @throws IllegalArgumentException if no model can be computed in the dtype */
    public LoadOptions {
        if (!DType.MODELS.contains(dtype)) {
            throw Problem.of("A model's dtype must be a floating-point one.")
                    .fact("expected", "fp32, bf16, fp16 or fp64")
                    .fact("but was", dtype)
                    .toIllegalArgument();
        }
        ignoredConfig = Set.copyOf(ignoredConfig);
    }

    /** Nothing is ignored; notes are logged as warnings of the logger {@code dev.pintle.model}. */
    public static LoadOptions of(Device device, DType dtype) {
        return new LoadOptions(
                device, dtype, Set.of(), note -> LOG.log(System.Logger.Level.WARNING, () -> note.toString()));
    }

    /** The same, reading config.json as if these keys too were not there. */
    public LoadOptions ignoringConfig(String... keys) {
        return ignoringConfig(Arrays.asList(keys));
    }

    /** The same, reading config.json as if these keys too were not there. */
    public LoadOptions ignoringConfig(Collection<String> keys) {
        Set<String> all = new LinkedHashSet<>(ignoredConfig);
        all.addAll(keys);
        return new LoadOptions(device, dtype, all, notes);
    }

    /** The same with another place to tell notes to. */
    public LoadOptions telling(Consumer<Problem> listener) {
        return new LoadOptions(device, dtype, ignoredConfig, listener);
    }
}
