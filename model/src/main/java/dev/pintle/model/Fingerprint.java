package dev.pintle.model;

import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * A short hash of a model folder: its configuration, and of each weight file the size, the first and the last MiB. Reading
 * whole checkpoints would take minutes; two models that share all of this differ in nothing but by intent.
 */
final class Fingerprint {
    private static final int SAMPLE = 1 << 20;

    private Fingerprint() {}

    static String of(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            List<Path> counted = files.filter(file -> {
                        String name = String.valueOf(file.getFileName());
                        return name.equals("config.json") || name.endsWith(".safetensors");
                    })
                    .sorted()
                    .toList();
            for (Path file : counted) {
                sha.update(String.valueOf(file.getFileName()).getBytes(java.nio.charset.StandardCharsets.UTF_8));
                try (FileChannel channel = FileChannel.open(file)) {
                    long size = channel.size();
                    sha.update(ByteBuffer.allocate(8).putLong(0, size));
                    sample(channel, 0, sha);
                    sample(channel, Math.max(0, size - SAMPLE), sha);
                }
            }
            return "content-" + HexFormat.of().formatHex(sha.digest()).substring(0, 12);
        } catch (IOException | NoSuchAlgorithmException e) {
            throw Problem.of("The model's files cannot be read.")
                    .fact("folder", folder.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static void sample(FileChannel channel, long from, MessageDigest sha) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SAMPLE);
        while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) > 0) {
            // reads until the sample is full or the file ends
        }
        sha.update(bytes.flip());
    }
}
