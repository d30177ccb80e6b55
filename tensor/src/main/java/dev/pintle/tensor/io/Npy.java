package dev.pintle.tensor.io;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.FileProblems;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.RegularFile;
import dev.pintle.tensor.MappedFile;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A single array in a file, as written by {@code numpy.save} ({@code .npy}). Numbers and booleans can be read, in
 * either memory order; Python objects never. NumPy has no bf16.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the format</a>
 */
public final class Npy {
    private Npy() {}

    /**
     * The array in the current scope, memory-mapped. A Fortran-order array is returned as a view with its axes
     * reversed.
     *
     * @throws PintleException if the file is not an array of a supported dtype, or does not have the declared size
     */
    public static Tensor read(Path path) {
        GitLfs.requireContent(path);
        NpyHeader header = header(path);
        try (TensorScope scope = TensorScope.open("read an array");
                MappedFile file = MappedFile.open(path)) {
            Tensor stored = file.tensor(header.data(), header.dtype(), Shape.of(header.storedSizes()));
            return scope.keep(header.arranged(stored));
        }
    }

    private static NpyHeader header(Path path) {
        try (FileChannel file = RegularFile.open(path)) {
            NpyHeader header = NpyHeader.read(Cursor.over(file, 0, file.size(), path, "header"));
            if (header.bytes() != file.size() - header.data()) {
                throw FileProblems.of("The file does not have the size of its array.", path)
                        .fact("expected", header.bytes() + " bytes for " + header.shape() + " " + header.dtype())
                        .fact("but was", (file.size() - header.data()) + " bytes")
                        .toException();
            }
            return header;
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
    }

    /**
     * Writes an array, row-major. The write is atomic.
     *
     * @param path the file to create or replace; missing folders are created
     * @throws IllegalArgumentException for bf16, which NumPy lacks
     * @throws PintleException if the file cannot be written
     */
    public static void write(Path path, Tensor tensor) {
        byte[] header = NpyHeader.write(tensor);
        AtomicFile.write(path, file -> {
            AtomicFile.writeFully(file, ByteBuffer.wrap(header));
            TensorBytes.stream(tensor, piece -> AtomicFile.writeFully(file, ByteBuffer.wrap(piece)));
        });
    }
}
