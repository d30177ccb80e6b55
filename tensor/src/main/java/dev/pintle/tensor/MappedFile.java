package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A memory-mapped file of any size. Pages are read on first access and shared with other processes that map the file.
 * Tensors taken from it keep the mapping alive after this object is closed.
 */
public final class MappedFile implements AutoCloseable {
    private final Path path;
    private final long size;
    private final TensorScope owner;
    private final Tensor bytes;

    private MappedFile(Path path, long size, TensorScope owner, Tensor bytes) {
        this.path = path;
        this.size = size;
        this.owner = owner;
        this.bytes = bytes;
    }

    /**
     * Maps a file. Needs no open scope.
     *
     * @throws dev.pintle.base.PintleException if the file is missing, empty or unreadable
     */
    public static MappedFile open(Path path) {
        long size;
        try {
            size = Files.size(path);
        } catch (NoSuchFileException e) {
            throw Problem.of("There is no such file.")
                    .fact("file", path.toAbsolutePath())
                    .toException(e);
        } catch (IOException e) {
            throw Problem.of("The file cannot be read.")
                    .fact("file", path.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
        if (size == 0 || !Files.isRegularFile(path)) {
            throw Problem.of(size == 0 ? "The file is empty." : "This is not a file.")
                    .fact("file", path.toAbsolutePath())
                    .toException();
        }
        TensorScope owner = TensorScope.owner("mapping of " + path.getFileName());
        try (TensorScope scope = TensorScope.open("map " + path.getFileName())) {
            Tensor bytes = owner.adopt(Tensor.map(path.toString(), size));
            return new MappedFile(path, size, owner, bytes);
        }
    }

    /** The path of the file. */
    public Path path() {
        return path;
    }

    /** Size in bytes. */
    public long size() {
        return size;
    }

    /**
     * A range of the file as a row-major tensor in the current scope. Shares the mapping if the offset is a multiple of
     * the element size, otherwise copies.
     *
     * @param offset first byte
     * @throws dev.pintle.base.PintleException if the range is not within the file
     */
    public Tensor tensor(long offset, DType dtype, Shape shape) {
        long elements = shape.elements();
        if (offset < 0 || offset > size || elements > (size - offset) / dtype.bytes()) {
            throw Problem.of("A tensor extends beyond its file.")
                    .fact("file", path.toAbsolutePath())
                    .fact("file size", size)
                    .fact("offset", offset)
                    .fact("needs", shape + " " + dtype)
                    .toException();
        }
        if (elements == 0) {
            return Tensor.empty(dtype, Device.CPU, shape.toArray());
        }
        Tensor part = bytes.narrow(0, offset, elements * dtype.bytes());
        Tensor aligned = offset % dtype.bytes() == 0 ? part : part.copy();
        return aligned.viewAs(dtype).reshape(shape.toArray());
    }

    /** Unmaps the file once no tensor uses it any more. */
    @Override
    public void close() {
        owner.close();
    }
}
