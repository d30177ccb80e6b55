package dev.pintle.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Temporary files named {@code .PID-UUID.part}, written next to their final location. A killed process leaves them
 * behind; a later process recognises them because their owner is no longer running.
 */
public final class PartFiles {
    private static final Pattern NAME = Pattern.compile("\\.(?:(\\d{1,10})-)?[0-9a-f-]{36}\\.part");
    private static final Duration MAX_AGE = Duration.ofHours(2); // written on another machine that shares the folder
    private static final int MAX_DEPTH = 20;

    private PartFiles() {}

    /** A new temporary file name owned by this process; the file is not created. */
    public static Path in(Path folder) {
        return folder.resolve("." + ProcessHandle.current().pid() + "-" + UUID.randomUUID() + ".part");
    }

    /**
     * Deletes files left by dead processes in a folder and its subfolders. Files that cannot be deleted are skipped.
     */
    public static void sweep(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> walk = Files.walk(folder, MAX_DEPTH)) {
            List<Path> left = walk.filter(PartFiles::isLeft).toList();
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // leftovers only cost disk space
        }
    }

    private static boolean isLeft(Path file) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (!name.matches()) {
            return false;
        }
        try {
            Instant written =
                    Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant();
            if (written.isBefore(Instant.now().minus(MAX_AGE))) {
                return true;
            }
        } catch (IOException e) {
            return false;
        }
        String process = name.group(1);
        return process != null
                && ProcessHandle.of(Long.parseLong(process))
                        .map(writer -> !writer.isAlive())
                        .orElse(true);
    }
}
