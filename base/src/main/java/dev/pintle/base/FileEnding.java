package dev.pintle.base;

import java.nio.file.Path;
import java.util.Locale;

/** The ending of a file's name, which says its format. */
public final class FileEnding {
    private FileEnding() {}

    /** What follows the last point of a file's name, in lower case: {@code gguf}; the whole name where it has no point. */
    public static String of(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}
