package dev.pintle.steering.files;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Shared by the readers of other tools' vector files. */
final class Foreign {
    /** A block's name as it appears in checkpoints, modules and vector files; it refers to the block's output. */
    private static final Pattern BLOCK = Pattern.compile(
            "(?:_orig_mod\\.|module\\.|base_model\\.|model\\.|transformer\\.|language_model\\.|gpt_neox\\.|decoder\\.)*"
                    + "(?:layers|layer|h|blocks|block|blk|direction)[._]?(\\d{1,5})"
                    + "(?:\\.(?:block_output|output|v|vector|direction|steering_vector))?");

    private static final Pattern NUMBER = Pattern.compile("\\d{1,5}");
    private static final Pattern HOOK = Pattern.compile("(?:blocks\\.\\d{1,5}\\.)?hook_[a-z_]+");

    private Foreign() {}

    static SteeringVector vector(Tensor tensor, HookPoint at, String model, String method, String source) {
        return new SteeringVector(
                tensor.to(DType.FP32).toVec(), at, Origin.unknown(new ModelId(model, ""), method, source));
    }

    /** A vector that may be stored as a matrix with one row. */
    static Tensor row(Tensor tensor, Path file) {
        Shape shape = tensor.shape();
        long width = shape.rank() == 0 ? 0 : shape.size(shape.rank() - 1);
        if (width == 0 || shape.elements() != width || !tensor.dtype().isFloating()) {
            throw VectorFiles.unusable(file, "a vector [dModel]", tensor.describe());
        }
        return tensor.reshape(width);
    }

    /** The hook point that a name refers to, for a block its output; empty if it refers to none. */
    static Optional<HookPoint> placeOf(String name) {
        if (HOOK.matcher(name).matches()) {
            return Optional.of(HookPoint.parse(name));
        }
        Matcher matcher = BLOCK.matcher(name);
        if (matcher.matches()) {
            return Optional.of(HookPoint.residPost(Integer.parseInt(matcher.group(1))));
        }
        return NUMBER.matcher(name).matches()
                ? Optional.of(HookPoint.residPost(Integer.parseInt(name)))
                : Optional.empty();
    }

    static HookPoint place(String name, Path file) {
        return placeOf(name)
                .orElseThrow(() -> VectorFiles.unusable(
                        file, "a layer, such as 12, layers.12 or blocks.12.hook_resid_post", name));
    }

    /** The input of a block: the output of the one before it. */
    static HookPoint inputOf(int layer) {
        return layer == 0 ? HookPoint.residPre(0) : HookPoint.residPost(layer - 1);
    }

    static void requireAddition(String mode, List<String> known, Path file, VectorHints hints) {
        if (!known.contains(mode)) {
            throw VectorFiles.unusable(file, "one of the operations " + String.join(", ", known), mode);
        }
        if (!mode.equals("add") && !hints.projections()) {
            throw Problem.of("The file's directions are not meant to be added.")
                    .fact("file", file.toAbsolutePath())
                    .fact("operation", mode)
                    .fact("try", "reading it withProjections, and Ablate or Clamp instead of Add")
                    .toException();
        }
    }

    static List<SteeringVector> checked(List<SteeringVector> vectors, Path file) {
        if (vectors.isEmpty()) {
            throw VectorFiles.unusable(file, "at least one vector", "none");
        }
        int width = vectors.get(0).dModel();
        for (SteeringVector vector : vectors) {
            if (vector.dModel() != width) {
                throw widths(file, width, vector);
            }
        }
        return vectors;
    }

    private static PintleException widths(Path file, int width, SteeringVector vector) {
        return VectorFiles.unusable(file, "vectors of equal width, " + width, vector.dModel() + " at " + vector.at());
    }
}
