package dev.pintle.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Git LFS pointers: short text files that a clone made without LFS contains in place of the large files.
 *
 * @see <a href="https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md">the format</a>
 */
public final class GitLfs {
    private static final String START = "version https://git-lfs.github.com/spec/";
    private static final String OLD_START = "version https://hawser.github.com/spec/";
    private static final int MAX_BYTES = 1024; // bytes, as specified
    private static final Pattern SIZE = Pattern.compile("(?m)^size (\\d{1,18})$");

    private GitLfs() {}

    /**
     * Refuses an LFS pointer. Unreadable files are ignored here; whoever reads the file reports the error.
     *
     * @throws PintleException if the file is a pointer, with the size of the file it points to
     */
    public static void requireContent(Path file) {
        String text = beginning(file);
        if (!text.startsWith(START) && !text.startsWith(OLD_START)) {
            return;
        }
        Matcher size = SIZE.matcher(text);
        throw FileProblems.of("This is a Git LFS pointer, not the file itself.", file)
                .fact("points to", size.find() ? "a file of " + size.group(1) + " bytes" : "a file of unknown size")
                .fact("try", "git lfs pull in its repository, or pintle pull to download the files")
                .toException();
    }

    private static String beginning(Path file) {
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
                return "";
            }
            try (InputStream in = Files.newInputStream(file)) {
                return new String(in.readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1);
            }
        } catch (IOException e) {
            return "";
        }
    }
}
