package dev.pintle.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;

/** The files of a run, and how they are read and written. */
final class RunFiles {
    static final String RUN = "run.json";
    static final String SETTINGS = "settings.json";
    static final String MANIFEST = "manifest.json";
    static final String STAGES = "stages";
    static final String REPORT = "report.html";
    static final String FINISHED = "finished";
    static final String LOCK = "lock";

    private static final JsonFactory JSON = new JsonFactory();
    private static final Pattern STAGE = Pattern.compile("[a-z0-9]+([._-][a-z0-9]+)*");

    private RunFiles() {}

    static Path stage(Path run, String name) {
        if (!STAGE.matcher(name).matches()) {
            throw Problem.of("A stage cannot have that name.")
                    .fact("expected", "lower-case letters and digits, with points, dashes or underscores between them")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
        return run.resolve(STAGES).resolve(name + ".json");
    }

    /** @throws IOException if it is missing or not exactly one JSON value */
    static JsonNode read(Path file) throws IOException {
        return parse(Files.readAllBytes(file));
    }

    static JsonNode parse(byte[] json) throws IOException {
        return Json.parse(new String(json, StandardCharsets.UTF_8));
    }

    /** @throws IOException if it is missing or not exactly one JSON value */
    static void check(Path file) throws IOException {
        try (JsonParser parser = JSON.createParser(file.toFile())) {
            if (parser.nextToken() == null) {
                throw new IOException("no JSON");
            }
            parser.skipChildren();
            if (parser.currentToken() == null || parser.nextToken() != null) {
                throw new IOException("no whole JSON value");
            }
        }
    }

    static byte[] bytes(JsonNode node) {
        return Json.text(node).getBytes(StandardCharsets.UTF_8);
    }

    /** Writes a file atomically: after a kill or a power failure at any moment it is complete or absent. */
    static void write(Path file, byte[] content) {
        AtomicFile.write(file, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            force(folder);
        }
    }

    /** Forces a folder's entries to disk, where the system can. */
    static void force(Path folder) {
        try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
            names.force(true);
        } catch (IOException e) {
            // Windows cannot open folders; there a name is durable once its file is
        }
    }
}
