package dev.pintle.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The machine as seen by a download, so that tests can simulate a full disk and skip waiting. */
interface Machine {
    Machine REAL = new Machine() {};

    /** Free bytes on the disk where {@code folder} is or will be. */
    default long freeBytes(Path folder) throws IOException {
        Path there = folder.toAbsolutePath();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        return Files.getFileStore(there).getUsableSpace();
    }

    default void sleep(Duration pause) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(pause.toMillis());
    }
}
