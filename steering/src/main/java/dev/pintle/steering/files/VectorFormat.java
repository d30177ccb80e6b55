package dev.pintle.steering.files;

import dev.pintle.steering.SteeringVector;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/** A layout of vector files. One class a format; all of them are listed in {@link VectorFiles}. */
interface VectorFormat {
    /** Endings of its files, without the point; the usual one first. */
    List<String> endings();

    /**
     * Reads all vectors of a file; called with a scope open.
     *
     * @throws dev.pintle.base.PintleException saying what is missing or does not fit
     */
    List<SteeringVector> read(Path file, VectorHints hints);

    /** Whether vectors can be written in it. */
    default boolean isWritten() {
        return false;
    }

    /** Whether a file holds one vector only. */
    default boolean holdsOne() {
        return false;
    }

    /** Writes vectors, whole or not at all; called with a scope open. */
    default void write(SortedMap<HookPoint, SteeringVector> vectors, Path file) {
        throw new UnsupportedOperationException(
                "Nothing is written as ." + endings().get(0) + ".");
    }
}
