package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.tensor.BlockFormat;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How a model's matrices are rounded when it is loaded; those that are stored in few bits already stay as they are. */
public enum Quantisation {
    /** Not at all. */
    NONE(null, 0),
    /** To 8 bits with a scale for 32 weights, 8.5 bits a weight: GGUF's Q8_0. */
    INT8(BlockFormat.Q8_0, 8.5),
    /**
     * To 4 bits with a scale and an offset for 32 weights, 5 bits a weight: GGUF's Q4_1; the vocabulary's matrices to 8.5.
     */
    INT4(BlockFormat.Q4_1, 5);

    private final @Nullable BlockFormat format;
    private final double bits;

    Quantisation(@Nullable BlockFormat format, double bits) {
        this.format = format;
        this.bits = bits;
    }

    /** Format of rounded matrices; null for none. */
    @Nullable
    BlockFormat format() {
        return format;
    }

    /** Bits of a weight; 0 for none. */
    public double bits() {
        return bits;
    }

    /** The name that options use: {@code int8}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException listing the names */
    public static Quantisation parse(String name) {
        return Arrays.stream(values())
                .filter(one -> one.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.of("This is not a way of rounding weights.")
                        .fact(
                                "expected",
                                Arrays.stream(values())
                                        .map(Quantisation::toString)
                                        .collect(Collectors.joining(", ")))
                        .fact("but was", name)
                        .toIllegalArgument());
    }
}
