package dev.pintle.chat;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the repository's own files are, from whichever module the tests run. */
final class Repository {
    private Repository() {}

    static Path file(String first, String... more) {
        Path folder = Path.of(System.getProperty("user.dir")).toAbsolutePath();
        while (folder != null && !Files.isDirectory(folder.resolve("testdata"))) {
            folder = folder.getParent();
        }
        if (folder == null) {
            throw new IllegalStateException("no folder above " + System.getProperty("user.dir") + " holds testdata");
        }
        return folder.resolve(Path.of(first, more));
    }
}
