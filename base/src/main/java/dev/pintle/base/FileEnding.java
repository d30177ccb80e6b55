package dev.pintle.base;

import java.nio.file.Path;
import java.util.Locale;

/** File extensions, which determine the format. */
public final class FileEnding {
    private FileEnding() {}

    /**
     * The lower-case extension after the last dot of a file's name, such as {@code gguf}; the whole name if it has no
     * dot.
     */
    public static String of(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}
