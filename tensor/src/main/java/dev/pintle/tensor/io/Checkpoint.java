package dev.pintle.tensor.io;

import dev.pintle.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * A named collection of tensors on disk. Opening one reads and validates its directory of tensors; the bytes of a tensor
 * are mapped and read when they are used. Implementations may be read by several threads at once.
 */
public interface Checkpoint extends AutoCloseable {
    /** The file or folder that was opened. */
    Path path();

    /** Names of all tensors, in the order the file gives them. */
    Set<String> names();

    /** Whether there is a tensor of this name. */
    default boolean contains(String name) {
        return names().contains(name);
    }

    /**
     * Dtype and shape of a tensor, without reading it.
     *
     * @throws dev.pintle.base.PintleException if there is none of this name; lists the nearest names
     */
    TensorEntry entry(String name);

    /**
     * A tensor in its stored dtype and shape, on the processor, in the current scope. Its memory is the file's, mapped,
     * where the file aligns it to its element size, else a copy; writing to it never changes the file. It stays valid
     * after the checkpoint is closed.
     *
     * @throws dev.pintle.base.PintleException if there is none of this name; lists the nearest names
     */
    Tensor tensor(String name);

    /** What the file says about itself, as text; empty where the format or the file says nothing. */
    Map<String, String> metadata();

    /** Lets go of the file. Tensors already taken stay valid. */
    @Override
    void close();
}
