package dev.pintle.tensor.io;

import dev.pintle.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * A named collection of tensors on disk. Opening one reads and validates its directory; tensor data is mapped and read
 * on first access. Implementations can be read from several threads at once.
 */
public interface Checkpoint extends AutoCloseable {
    /** The file or folder that was opened. */
    Path path();

    /** Names of all tensors, in file order. */
    Set<String> names();

    /** Whether there is a tensor of this name. */
    default boolean contains(String name) {
        return names().contains(name);
    }

    /**
     * Dtype and shape of a tensor, without reading it.
     *
     * @throws dev.pintle.base.PintleException if there is no tensor of this name, listing the closest names
     */
    TensorEntry entry(String name);

    /**
     * A tensor in its stored dtype and shape, on the CPU, in the current scope. Its memory is the mapped file if the
     * file aligns it to its element size, otherwise a copy; writing to it never changes the file. It stays valid after
     * the checkpoint is closed.
     *
     * @throws dev.pintle.base.PintleException if there is no tensor of this name, listing the closest names
     */
    Tensor tensor(String name);

    /** The file's own metadata, as text; empty if the format or the file has none. */
    Map<String, String> metadata();

    /** Closes the file. Tensors already taken stay valid. */
    @Override
    void close();
}
