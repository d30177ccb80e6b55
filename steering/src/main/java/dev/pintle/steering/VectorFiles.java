package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.ModelId;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Steering vectors in files. Pintle's own is a safetensors file that describes itself: one tensor {@code direction.L} FP32
 * `[dModel]`, L the block from 0 whose place it is, and everything in {@link SteeringVector.Origin} as metadata.
 */
public final class VectorFiles {
    private static final String FORMAT = "steer-vector";
    private static final String VERSION = "1";

    private VectorFiles() {}

    /** Writes a vector, whole or not at all. */
    public static void write(SteeringVector vector, Path file) {
        SteeringVector.Origin origin = vector.origin();
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("format", FORMAT);
        metadata.put("format_version", VERSION);
        metadata.put("layer_convention", "block-output-0based");
        metadata.put("op", "add");
        metadata.put("scale_policy", "unit");
        metadata.put("hook_point", vector.at().toString());
        metadata.put("model_id", origin.model().name());
        metadata.put("model_revision", origin.model().revision());
        metadata.put("method", origin.method());
        metadata.put("n_pairs", String.valueOf(origin.pairs()));
        metadata.put("n_directions", String.valueOf(origin.directions()));
        metadata.put("norm_before_scaling", String.valueOf(origin.normBeforeScaling()));
        metadata.put("mean_activation_norm", String.valueOf(origin.meanActivationNorm()));
        metadata.put("dtype_of_capture", origin.dtype());
        metadata.put("device", origin.device());
        try (TensorScope scope = TensorScope.open("write vector")) {
            SafeTensors.write(
                    file, Map.of("direction." + vector.at().layer(), Tensor.of(vector.direction())), metadata);
        }
    }

    /** Reads a vector that {@link #write} wrote. @throws PintleException saying what is missing or does not fit */
    public static SteeringVector read(Path file) {
        try (Checkpoint checkpoint = SafeTensors.open(file);
                TensorScope scope = TensorScope.open("read vector")) {
            Map<String, String> metadata = checkpoint.metadata();
            if (!FORMAT.equals(metadata.get("format")) || !VERSION.equals(metadata.get("format_version"))) {
                throw Problem.of("The file is not a steering vector of Pintle's.")
                        .fact("file", file.toAbsolutePath())
                        .fact("expected", "metadata format = " + FORMAT + ", format_version = " + VERSION)
                        .fact("but was", metadata.getOrDefault("format", "no format"))
                        .toException();
            }
            HookPoint at = HookPoint.parse(text(metadata, "hook_point", file));
            String name = "direction." + at.layer();
            if (!checkpoint.contains(name)
                    || checkpoint.entry(name).shape().rank() != 1
                    || checkpoint.entry(name).dtype() != DType.FP32) {
                throw unusable(file, "an FP32 tensor " + name + " [dModel]", checkpoint.names());
            }
            Vec direction = checkpoint.tensor(name).toVec();
            if (!direction.isFinite()) {
                throw unusable(file, "finite numbers", "NaN or infinity in " + name);
            }
            return new SteeringVector(
                    direction,
                    at,
                    SteeringVector.Origin.unknown(
                            new ModelId(text(metadata, "model_id", file), text(metadata, "model_revision", file)),
                            text(metadata, "method", file),
                            ""));
        } catch (IllegalArgumentException e) {
            throw unusable(file, "a hook point", String.valueOf(e.getMessage()));
        }
    }

    private static String text(Map<String, String> metadata, String key, Path file) {
        String value = metadata.get(key);
        if (value == null) {
            throw unusable(file, "metadata " + key, "only " + String.join(", ", metadata.keySet()));
        }
        return value;
    }

    private static double number(Map<String, String> metadata, String key, Path file) {
        String value = text(metadata, key, file);
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw unusable(file, "a number in metadata " + key, value);
        }
    }

    private static PintleException unusable(Path file, String expected, Object found) {
        return Problem.of("The steering vector cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }
}
