package dev.pintle.model;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A short hash of large files: over the name, size, and first and last MiB of each. Reading whole checkpoints would
 * take minutes, and files that agree in all of these only differ if someone intends them to.
 */
public final class Fingerprint {
    private static final int SAMPLE = 1 << 20;

    private Fingerprint() {}

    /** The fingerprint of a model folder: its configuration and weights. */
    static String of(Path folder) {
        return ofFolder(folder, name -> name.equals("config.json") || name.endsWith(".safetensors"));
    }

    /**
     * The fingerprint of a file, or of all files in a folder; empty if there is neither.
     *
     * @throws dev.pintle.base.PintleException if they cannot be read
     */
    public static String ofContent(Path fileOrFolder) {
        if (Files.isRegularFile(fileOrFolder)) {
            return of(List.of(fileOrFolder), fileOrFolder);
        }
        return Files.isDirectory(fileOrFolder) ? ofFolder(fileOrFolder, name -> true) : "";
    }

    /**
     * The fingerprint of several files, in the given order.
     *
     * @param files at least one
     * @throws dev.pintle.base.PintleException if they cannot be read
     */
    public static String ofFiles(List<Path> files) {
        return of(files, files.get(0));
    }

    private static String ofFolder(Path folder, Predicate<String> counts) {
        try (Stream<Path> files = Files.list(folder)) {
            return of(
                    files.filter(Files::isRegularFile)
                            .filter(file -> counts.test(String.valueOf(file.getFileName())))
                            .sorted()
                            .toList(),
                    folder);
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }

    private static String of(List<Path> counted, Path where) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (Path file : counted) {
                sha.update(String.valueOf(file.getFileName()).getBytes(java.nio.charset.StandardCharsets.UTF_8));
                try (FileChannel channel = RegularFile.open(file)) {
                    long size = channel.size();
                    sha.update(ByteBuffer.allocate(8).putLong(0, size));
                    sample(channel, 0, sha);
                    sample(channel, Math.max(0, size - SAMPLE), sha);
                }
            }
            return "content-" + HexFormat.of().formatHex(sha.digest()).substring(0, 12);
        } catch (IOException | NoSuchAlgorithmException e) {
            throw unreadable(where, e);
        }
    }

    private static PintleException unreadable(Path where, Exception e) {
        return Problem.of("The files cannot be read.")
                .fact("where", where.toAbsolutePath())
                .fact("cause", e)
                .toException(e);
    }

    private static void sample(FileChannel channel, long from, MessageDigest sha) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SAMPLE);
        while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) > 0) {
            // reads until the sample is full or the file ends
        }
        sha.update(bytes.flip());
    }
}
