package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How to load a model.
 *
 * @param device where to put the weights
 * @param dtype of weights and residual stream: FP64, FP32, FP16 or BF16
 * @param ignoredConfig keys of config.json to treat as absent
 * @param quantisation how matrices are rounded, on a CPU
 * @param chatTemplate a Jinja template, or the folder of a model whose chat template to use; null for the model's own
 * @param notes receives warnings about a model that is loaded nevertheless, such as contradictions between
 *     configuration and checkpoint
 */
public record LoadOptions(
        Device device,
        DType dtype,
        Set<String> ignoredConfig,
        Quantisation quantisation,
        @Nullable Path chatTemplate,
        Consumer<Problem> notes) {
    private static final System.Logger LOG = System.getLogger("dev.pintle.model");

    /** @throws IllegalArgumentException if models cannot be computed in the dtype, or rounded on the device */
    public LoadOptions {
        if (!DType.MODELS.contains(dtype)) {
            throw Problem.of("A model's dtype must be a floating-point one.")
                    .fact("expected", "fp32, bf16, fp16 or fp64")
                    .fact("but was", dtype)
                    .toIllegalArgument();
        }
        if (quantisation != Quantisation.NONE && !device.equals(Device.CPU)) {
            throw Problem.of("Weights stay rounded to few bits on a CPU only.")
                    .fact("device", device)
                    .fact("rounding", quantisation)
                    .fact("try", "--device cpu, or no rounding")
                    .toIllegalArgument();
        }
        ignoredConfig = Set.copyOf(ignoredConfig);
    }

    /** Ignores nothing and logs notes as warnings of the logger {@code dev.pintle.model}. */
    public static LoadOptions of(Device device, DType dtype) {
        return new LoadOptions(
                device,
                dtype,
                Set.of(),
                Quantisation.NONE,
                null,
                note -> LOG.log(System.Logger.Level.WARNING, () -> note.toString()));
    }

    /** A copy that also treats these keys of config.json as absent. */
    public LoadOptions ignoringConfig(String... keys) {
        return ignoringConfig(Arrays.asList(keys));
    }

    /** A copy that also treats these keys of config.json as absent. */
    public LoadOptions ignoringConfig(Collection<String> keys) {
        Set<String> all = new LinkedHashSet<>(ignoredConfig);
        all.addAll(keys);
        return new LoadOptions(device, dtype, all, quantisation, chatTemplate, notes);
    }

    /** A copy whose matrices are rounded. */
    public LoadOptions quantising(Quantisation how) {
        return new LoadOptions(device, dtype, ignoredConfig, how, chatTemplate, notes);
    }

    /** A copy with a chat template from a file, or from the folder of another model. */
    public LoadOptions withChatTemplate(Path fileOrFolder) {
        return new LoadOptions(device, dtype, ignoredConfig, quantisation, fileOrFolder, notes);
    }

    /** A copy with a different receiver of notes. */
    public LoadOptions telling(Consumer<Problem> listener) {
        return new LoadOptions(device, dtype, ignoredConfig, quantisation, chatTemplate, listener);
    }
}
