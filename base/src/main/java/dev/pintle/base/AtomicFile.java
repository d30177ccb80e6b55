package dev.pintle.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** Atomic file writes: readers see either the complete new file or the previous one. */
public final class AtomicFile {
    private static final Pattern PART =
            Pattern.compile("\\..+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.part", Pattern.DOTALL);
    private static final Set<Path> WRITING = ConcurrentHashMap.newKeySet();
    private static final Set<Path> SWEPT = ConcurrentHashMap.newKeySet();

    private AtomicFile() {}

    /** Writes the content of the open file. */
    public interface Body {
        /**
         * Writes the content.
         *
         * @param file open for writing, empty
         */
        void write(FileChannel file) throws IOException;
    }

    /**
     * Writes a temporary file next to the target, forces it to disk, and renames it. Missing folders are created. On
     * failure nothing is left behind and the target is unchanged; tensors mapped from a previous file of that name stay
     * valid. Leftovers of killed writers in the folder are deleted.
     *
     * @throws dev.pintle.base.PintleException if it cannot be written
     */
    public static void write(Path target, Body body) {
        Path absolute = target.toAbsolutePath();
        Path folder = parent(absolute);
        Path beside = absolute;
        try {
            Files.createDirectories(folder);
            sweep(folder);
            do { // retry under a new name if another process took this file for a leftover
                WRITING.remove(beside);
                beside = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".part");
                WRITING.add(beside);
            } while (!written(beside, absolute, body));
        } catch (IOException e) {
            throw Problem.of("The file cannot be written.")
                    .fact("file", absolute)
                    .fact("cause", e)
                    .toException(e);
        } finally {
            if (!beside.equals(absolute)) {
                deleteQuietly(beside);
            }
            WRITING.remove(beside);
        }
    }

    /** Writes under a lock, which tells other processes that the writer is alive, and renames while holding it. */
    private static boolean written(Path beside, Path target, Body body) throws IOException {
        try (FileChannel file = FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            if (!locked(file) || !Files.exists(beside)) {
                return false;
            }
            body.write(file);
            file.force(true);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return true;
        }
    }

    private static boolean locked(FileChannel file) {
        try {
            return file.tryLock() != null;
        } catch (IOException e) {
            return true; // a file system without locks; nothing is swept there either
        }
    }

    /**
     * Deletes the leftovers of killed writers in a folder, once per process. This process's own files are skipped by
     * name: opening one would release its lock.
     */
    private static void sweep(Path folder) {
        if (!SWEPT.add(folder)) {
            return;
        }
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, ".*.part")) {
            for (Path part : parts) {
                if (PART.matcher(String.valueOf(part.getFileName())).matches() && !WRITING.contains(part)) {
                    deleteWhereFree(part);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // a folder that cannot be listed is left as it is
        }
    }

    private static void deleteWhereFree(Path part) {
        try (FileChannel file = FileChannel.open(part, StandardOpenOption.WRITE)) {
            if (file.tryLock() != null) {
                Files.deleteIfExists(part);
            }
        } catch (IOException | OverlappingFileLockException e) {
            // its writer is alive, or another process is deleting it
        }
    }

    /**
     * Writes a UTF-8 text file atomically.
     *
     * @throws dev.pintle.base.PintleException if it cannot be written
     */
    public static void writeText(Path target, String text) {
        write(target, file -> writeFully(file, StandardCharsets.UTF_8.encode(text)));
    }

    public static void writeFully(FileChannel file, ByteBuffer bytes) throws IOException {
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
