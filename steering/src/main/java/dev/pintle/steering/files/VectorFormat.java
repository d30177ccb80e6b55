package dev.pintle.steering.files;

import dev.pintle.steering.SteeringVector;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/** A format of vector files. There is one class per format; all are listed in {@link VectorFiles}. */
interface VectorFormat {
    /** File extensions, without the dot; the usual one first. */
    List<String> endings();

    /**
     * Reads all vectors of a file; called with a scope open.
     *
     * @throws dev.pintle.base.PintleException naming what is missing or does not fit
     */
    List<SteeringVector> read(Path file, VectorHints hints);

    /** Whether vectors can be written in this format. */
    default boolean isWritten() {
        return false;
    }

    /** Whether a file can only hold one vector. */
    default boolean holdsOne() {
        return false;
    }

    /** Writes vectors atomically; called with a scope open. */
    default void write(SortedMap<HookPoint, SteeringVector> vectors, Path file) {
        throw new UnsupportedOperationException(
                "Vectors cannot be written as ." + endings().get(0) + ".");
    }
}
