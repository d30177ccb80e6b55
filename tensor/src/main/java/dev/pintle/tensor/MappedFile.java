package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A whole file mapped into memory, of any size. Pages are read when they are touched and shared with other processes
 * that map the file. Tensors taken from it keep the mapping alive after this object is closed.
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
     * @throws dev.pintle.base.PintleException if there is no such file, or it is empty or unreadable
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

    /** Where the file is. */
    public Path path() {
        return path;
    }

    /** Size in bytes. */
    public long size() {
        return size;
    }

    /**
     * Part of the file as a row-major tensor in the current scope. Shares the mapping where the offset is a multiple of
     * the element size, else copies.
     *
     * @param offset first byte
     * @throws dev.pintle.base.PintleException if the range does not lie within the file
     */
    public Tensor tensor(long offset, DType dtype, Shape shape) {
        long elements = shape.elements();
        if (offset < 0 || offset > size || elements > (size - offset) / dtype.bytes()) {
            throw Problem.of("A tensor lies outside its file.")
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

    /** Lets go of the file once no tensor uses it any more. */
    @Override
    public void close() {
        owner.close();
    }
}
