package dev.pintle.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Reads untrusted files in full, up to a size limit. */
public final class ForeignFile {
    private ForeignFile() {}

    /**
     * The bytes of a file.
     *
     * @param limit maximum number of bytes, also if the file grows while it is read
     * @throws IOException if it is not a regular file, is too large, or cannot be read
     */
    public static byte[] bytes(Path file, long limit) throws IOException {
        RegularFile.require(file);
        if (Files.size(file) > limit) {
            throw tooLarge(limit);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8L, limit + 1));
            if (bytes.length > limit) {
                throw tooLarge(limit);
            }
            return bytes;
        }
    }

    /**
     * The text of a UTF-8 file.
     *
     * @throws CharacterCodingException if it is not UTF-8
     * @throws IOException as for {@link #bytes}
     */
    public static String text(Path file, long limit) throws IOException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes(file, limit)))
                .toString();
    }

    private static IOException tooLarge(long limit) {
        return new IOException(String.format(Locale.ROOT, "It is larger than %,d bytes.", limit));
    }

    /** Explains a read failure, without the class names and file names in Java's message. */
    public static String why(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return "There is no such file.";
        }
        if (failure instanceof CharacterCodingException) {
            return "It is not UTF-8 text.";
        }
        if (failure instanceof AccessDeniedException) {
            return "Permission denied.";
        }
        if (failure instanceof FileSystemException system) {
            return system.getReason() == null ? "It cannot be read or written." : Excerpt.of(system.getReason());
        }
        return failure.getMessage() == null ? "It cannot be read or written." : Excerpt.of(failure.getMessage());
    }
}
