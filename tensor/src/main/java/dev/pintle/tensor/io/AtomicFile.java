package dev.pintle.tensor.io;

import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writing a file so that others see either the whole of it or what was there before. */
public final class AtomicFile {
    private AtomicFile() {}

    /** What a writer does with the open file. */
    public interface Body {
        /**
         * Writes the content.
         *
         * @param file open for writing, empty
         */
        void write(FileChannel file) throws IOException;
    }

    /**
     * Writes beside the target, forces it to disk, then renames. Missing folders are made. After a failure nothing is left
     * and the target is as it was; tensors mapped from an earlier file of that name keep their bytes.
     *
     * @throws dev.pintle.problem.PintleException if it cannot be written
     */
    public static void write(Path target, Body body) {
        Path absolute = target.toAbsolutePath();
        Path beside = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(parent(absolute));
            try (FileChannel file = FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                body.write(file);
                file.force(true);
            }
            Files.move(beside, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw Problem.of("The file cannot be written.")
                    .fact("file", absolute)
                    .fact("cause", e)
                    .toException(e);
        } finally {
            deleteQuietly(beside);
        }
    }

    /**
     * Writes a text in UTF-8 whole or not at all.
     *
     * @throws dev.pintle.problem.PintleException if it cannot be written
     */
    public static void writeText(Path target, String text) {
        write(target, file -> writeFully(file, StandardCharsets.UTF_8.encode(text)));
    }

    static void writeFully(FileChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    private static Path parent(Path absolute) {
        Path parent = absolute.getParent();
        return parent == null ? absolute : parent;
    }

    private static void deleteQuietly(Path beside) {
        try {
            Files.deleteIfExists(beside);
        } catch (IOException e) {
            // The failure that led here is the one worth reporting.
        }
    }
}
