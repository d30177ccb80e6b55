package dev.pintle.quantised;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.family.CheckpointWeights;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.TensorEntry;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one module of a checkpoint.
 *
 * @param module its name, without a dot at the end
 */
record Parts(CheckpointWeights checkpoint, String module) {
    static final List<DType> NUMBERS = List.of(DType.FP32, DType.FP16, DType.BF16);
    private static final int MOST_AXES_SHOWN = 4;

    String name(String part) {
        return module + "." + part;
    }

    boolean has(String part) {
        return entry(part) != null;
    }

    @Nullable
    TensorEntry entry(String part) {
        return checkpoint.entry(name(part));
    }

    /** The entry of a tensor that has to be there. */
    TensorEntry required(String part) {
        TensorEntry entry = entry(part);
        if (entry == null) {
            throw Problem.of("A quantised weight lacks a tensor that is needed to decode it.")
                    .fact("checkpoint", checkpoint.place())
                    .fact("weight", Excerpt.of(name("weight")))
                    .fact("missing", Excerpt.of(name(part)))
                    .fact("try", "a complete copy of the model")
                    .toException();
        }
        return entry;
    }

    /** Requires one of some shapes, and one of some dtypes. */
    void require(String part, List<DType> dtypes, long[]... shapes) {
        TensorEntry entry = required(part);
        boolean fits = Arrays.stream(shapes)
                .anyMatch(shape -> Arrays.equals(shape, entry.shape().toArray()));
        if (!fits || !dtypes.contains(entry.dtype())) {
            throw unexpected(
                    part,
                    Arrays.stream(shapes)
                                    .map(shape -> Shape.of(shape).toString())
                                    .distinct()
                                    .collect(Collectors.joining(" or "))
                            + " "
                            + dtypes.stream().map(DType::toString).collect(Collectors.joining(" or ")));
        }
    }

    /** The error for a tensor of another shape or dtype than its layout gives it. */
    RuntimeException unexpected(String part, String expected) {
        TensorEntry entry = required(part);
        return problem("A tensor of a quantised weight does not have the shape that its layout gives it.", part)
                .fact("expected", expected)
                .fact("but was", shown(entry.shape()) + " " + entry.dtype())
                .toException();
    }

    private static String shown(Shape shape) {
        return shape.rank() <= MOST_AXES_SHOWN ? shape.toString() : shape.rank() + " axes";
    }

    /** A problem with one tensor. */
    Problem problem(String sentence, String part) {
        return Problem.of(sentence).fact("checkpoint", checkpoint.place()).fact("tensor", Excerpt.of(name(part)));
    }

    /** A tensor as it is stored, in the current scope. */
    Tensor tensor(String part) {
        required(part);
        Tensor found = checkpoint.find(name(part));
        if (found == null) {
            throw new IllegalStateException(name(part));
        }
        return found;
    }

    /** All numbers of a small tensor, as FP32. */
    float[] floats(String part) {
        try (TensorScope scope = TensorScope.open("read numbers")) {
            return tensor(part).to(DType.FP32).toFloats();
        }
    }

    /** All numbers of a small tensor of integers. */
    int[] ints(String part) {
        try (TensorScope scope = TensorScope.open("read integers")) {
            return tensor(part).to(DType.INT32).toInts();
        }
    }
}
