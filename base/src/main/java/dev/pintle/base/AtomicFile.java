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

/** Writing a file so that others see either the whole of it or what was there before. */
public final class AtomicFile {
    private static final Pattern PART =
            Pattern.compile("\\..+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.part", Pattern.DOTALL);
    private static final Set<Path> WRITING = ConcurrentHashMap.newKeySet();
    private static final Set<Path> SWEPT = ConcurrentHashMap.newKeySet();

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
     * and the target is as it was; tensors mapped from an earlier file of that name keep their bytes. What a writer that was
     * killed left in the folder is deleted.
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
            do { // a name again where another process took the new file for one that was left
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

    /** Writes under a lock, by which others see that the writer lives, and renames while it is held. */
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
            return true; // a file system without locks, where nothing is swept either
        }
    }

    /**
     * Deletes what killed writers left in a folder, once a process. This process's own files are left alone by name: opening
     * one would release its lock.
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
            // a folder that cannot be listed keeps what is in it
        }
    }

    private static void deleteWhereFree(Path part) {
        try (FileChannel file = FileChannel.open(part, StandardOpenOption.WRITE)) {
            if (file.tryLock() != null) {
                Files.deleteIfExists(part);
            }
        } catch (IOException | OverlappingFileLockException e) {
            // its writer lives, or another process deletes it
        }
    }

    /**
     * Writes a text in UTF-8 whole or not at all.
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
