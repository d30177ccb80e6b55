package dev.pintle.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.study.RunManifest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;

/**
 * The folder of a job's outcome while a driver writes it:
 *
 * <pre>
 *   manifest.json     what the job is; a job of other settings is refused
 *   lock              held by the driver
 *   failures.jsonl    tasks of the last submission that could not be computed, and why
 * </pre>
 *
 * and what the job's tasks write.
 */
final class OutputFolder implements AutoCloseable {
    private static final String MANIFEST = "manifest.json";
    private static final String FAILURES = "failures.jsonl";

    private final Path folder;
    private final ObjectNode manifest;
    private final FileChannel lock;

    private OutputFolder(Path folder, ObjectNode manifest, FileChannel lock) {
        this.folder = folder;
        this.manifest = manifest;
        this.lock = lock;
    }

    /**
     * Opens the folder of a job, or makes it.
     *
     * @param job its name
     * @param settings whatever its outcome depends on
     * @throws dev.pintle.base.PintleException if another driver writes it, or it holds another job
     */
    static OutputFolder open(Path folder, String job, ObjectNode settings) {
        Path absolute = folder.toAbsolutePath().normalize();
        try {
            Files.createDirectories(absolute);
            FileChannel lock = lock(absolute);
            try {
                return new OutputFolder(absolute, manifest(absolute, job, settings), lock);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw Problem.of("The output folder cannot be used.")
                    .fact("folder", absolute)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static FileChannel lock(Path folder) throws IOException {
        Path file = folder.resolve("lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                ByteBuffer holder = StandardCharsets.UTF_8.encode(
                        "process " + ProcessHandle.current().pid() + " on " + host());
                channel.truncate(0);
                channel.write(holder, 0);
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // held by this process itself
        }
        channel.close();
        throw Problem.of("Another driver is writing this output folder.")
                .fact("folder", folder)
                .fact("held by", Files.readString(file))
                .fact("try", "another folder, or wait for that driver to end")
                .toException();
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "a host without a name";
        }
    }

    private static ObjectNode manifest(Path folder, String job, ObjectNode settings) throws IOException {
        Path file = folder.resolve(MANIFEST);
        ObjectNode fresh = Json.object().put("job", job).put("pintle", RunManifest.version());
        fresh.set("settings", settings);
        if (!Files.exists(file)) {
            if (holdsAnything(folder)) {
                throw Problem.of("The output folder holds other files.")
                        .fact("folder", folder)
                        .fact("expected", "an empty or missing folder, or that of an earlier submission of the job")
                        .toException();
            }
            AtomicFile.writeText(file, Json.text(fresh) + "\n");
            return fresh;
        }
        try {
            JsonNode known = Json.file(file);
            if (!known.path("job").equals(fresh.get("job"))
                    || !known.path("settings").equals(fresh.get("settings"))) {
                throw Problem.of("The output folder holds a job of other settings.")
                        .fact("folder", folder)
                        .fact("differ", differences(known, fresh))
                        .fact("try", "another folder, or the settings of " + MANIFEST)
                        .toException();
            }
            if (!known.path("pintle").equals(fresh.get("pintle"))) {
                throw Problem.of("The output folder was begun by another version of Pintle.")
                        .fact("folder", folder)
                        .fact("expected", fresh.path("pintle").asText())
                        .fact("but was", known.path("pintle").asText())
                        .fact("try", "another folder, or that version")
                        .toException();
            }
            return fresh;
        } catch (JsonProcessingException e) {
            throw Problem.of("The manifest of the output folder cannot be read.")
                    .fact("file", file)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static boolean holdsAnything(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.anyMatch(file -> !String.valueOf(file.getFileName()).equals("lock"));
        }
    }

    private static String differences(JsonNode known, JsonNode fresh) {
        if (!known.path("job").equals(fresh.get("job"))) {
            return "job: " + known.path("job").asText() + ", not "
                    + fresh.path("job").asText();
        }
        TreeSet<String> keys = new TreeSet<>();
        for (JsonNode one : List.of(known.path("settings"), fresh.path("settings"))) {
            for (Iterator<String> names = one.fieldNames(); names.hasNext(); ) {
                keys.add(names.next());
            }
        }
        keys.removeIf(key ->
                known.path("settings").path(key).equals(fresh.path("settings").path(key)));
        return String.join(", ", keys);
    }

    Path path() {
        return folder;
    }

    /** What the job is: its name, Pintle's version and its settings. */
    ObjectNode manifest() {
        return manifest;
    }

    /** Writes which tasks could not be computed; no file if all could. */
    void write(List<TaskFailure> failures) {
        Path file = folder.resolve(FAILURES);
        if (failures.isEmpty()) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw Problem.of("The list of failures cannot be removed.")
                        .fact("file", file)
                        .fact("cause", e)
                        .toException(e);
            }
            return;
        }
        List<String> lines = new ArrayList<>();
        failures.forEach(failure ->
                lines.add(Json.line(Json.object().put("task", failure.what()).put("cause", failure.cause()))));
        AtomicFile.writeText(file, String.join("\n", lines) + "\n");
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw Problem.of("The lock of the output folder cannot be released.")
                    .fact("folder", folder)
                    .fact("cause", e)
                    .toException(e);
        }
    }
}
