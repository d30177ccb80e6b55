package dev.pintle.transformer;

import java.util.Locale;

/**
 * How tokens are computed, decided once before a pass or a generation begins.
 *
 * @param kind the kind of computation
 * @param why the reason, as a clause: {@code "the device is cpu"}
 */
public record Route(Kind kind, String why) {
    /** The kinds, from the most general to the fastest. */
    public enum Kind {
        /** Each block as written, operation by operation. */
        PLAIN,
        /** Each block as a few loops over arrays on the Java heap. */
        HEAP,
        /** Custom kernels between the matrix products of each block. */
        FUSED,
        /** Each decoding step as one CUDA graph. */
        RECORDED
    }

    /** {@code plain, since the device is cpu}. */
    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + ", since " + why;
    }
}
