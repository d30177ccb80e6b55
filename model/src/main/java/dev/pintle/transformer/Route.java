package dev.pintle.transformer;

import java.util.Locale;

/**
 * How tokens go through a model, decided once before a pass or a generation begins.
 *
 * @param kind the way
 * @param why what decided, as a sentence's end: {@code "the device is cpu"}
 */
public record Route(Kind kind, String why) {
    /** The ways, from the most general to the fastest. */
    public enum Kind {
        /** Each block as it reads, one operation after the other. */
        PLAIN,
        /** Kernels of our own between the products of each block. */
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
