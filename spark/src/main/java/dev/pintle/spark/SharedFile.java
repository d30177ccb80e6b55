package dev.pintle.spark;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Digest;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** The driver's small files, copied into the output folder so that every executor finds them, whatever its own library has. */
final class SharedFile {
    private static final int KEY = 12; // hexadecimal digits, beside a readable name

    private final Path file;
    private final byte[] content;

    /** @throws dev.pintle.base.PintleException if it cannot be read */
    SharedFile(Path file) {
        this.file = file;
        try {
            content = Files.readAllBytes(file);
        } catch (IOException e) {
            throw Problem.of("A file of the job cannot be read.")
                    .fact("file", file)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    /** The SHA-256 of its content. */
    String hash() {
        return new Digest().add(content).hex();
    }

    /**
     * Copies it, unless it has been copied.
     *
     * @param name for people
     * @return the copy, whose name ends like the file's
     */
    Path copyTo(Path folder, String name) {
        String whole = String.valueOf(file.getFileName());
        String ending = whole.substring(Math.max(0, whole.lastIndexOf('.')));
        Path copy = folder.resolve(PlanTask.slug(name) + "-" + hash().substring(0, KEY) + ending);
        if (!Files.exists(copy)) {
            AtomicFile.write(copy, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(content)));
        }
        return copy;
    }
}
