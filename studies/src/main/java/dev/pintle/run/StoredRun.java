package dev.pintle.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.base.ProcessLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A run on disk.
 *
 * @param id names it among the user's runs
 * @param folder where it is
 * @param name what was run
 * @param pintle version of the code
 * @param model name and revision
 * @param autoencoder name and content hash
 * @param hash of its key
 * @param started when it was begun
 * @param finished when it ended; empty if it has not
 * @param stages those that have finished, sorted
 */
public record StoredRun(
        String id,
        Path folder,
        String name,
        String pintle,
        String model,
        String autoencoder,
        String hash,
        Instant started,
        Optional<Instant> finished,
        List<String> stages) {
    /** Where a run stands. */
    public enum State {
        /** Has its page. */
        FINISHED,
        /** A live process is running it. */
        RUNNING,
        /** Can be resumed. */
        STOPPED
    }

    /** Whether it has finished, and if not, whether a live process is running it. */
    public State state() {
        if (finished.isPresent()) {
            return State.FINISHED;
        }
        try {
            return ProcessLock.held(folder.resolve(RunFiles.LOCK)) ? State.RUNNING : State.STOPPED;
        } catch (IOException e) {
            throw unreadable(RunFiles.LOCK, e);
        }
    }

    /** Its page. */
    public Path report() {
        return folder.resolve(RunFiles.REPORT);
    }

    /** What was asked for. */
    public JsonNode settings() {
        return json(RunFiles.SETTINGS);
    }

    /** What it ran on. */
    public JsonNode manifest() {
        return json(RunFiles.MANIFEST);
    }

    /** The result of a stage. */
    public JsonNode stage(String stage) {
        return json(RunFiles.STAGES + "/" + stage + ".json");
    }

    /** The results of all stages, by name. */
    public ObjectNode numbers() {
        ObjectNode numbers = Json.object();
        stages.forEach(stage -> numbers.set(stage, stage(stage)));
        return numbers;
    }

    private JsonNode json(String file) {
        try {
            return RunFiles.read(folder.resolve(file));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private RuntimeException unreadable(String file, IOException e) {
        return Problem.of("A file of the run cannot be read.")
                .fact("file", folder.resolve(file))
                .fact("cause", e)
                .toException(e);
    }

    /** @throws IOException saying what is wrong, if the folder is not a run; its larger files are not read */
    static StoredRun read(Path folder) throws IOException {
        Path about = folder.resolve(RunFiles.RUN);
        if (!Files.isRegularFile(about)) {
            throw new IOException("it has no " + RunFiles.RUN);
        }
        try {
            JsonNode run = checked(folder, RunFiles.RUN);
            Optional<Instant> finished = Optional.empty();
            if (Files.exists(folder.resolve(RunFiles.FINISHED))) {
                finished = Optional.of(Instant.parse(text(checked(folder, RunFiles.FINISHED), "finished")));
                if (!Files.isRegularFile(folder.resolve(RunFiles.REPORT))) {
                    throw new IOException("it has finished but has no " + RunFiles.REPORT);
                }
            }
            return new StoredRun(
                    String.valueOf(folder.getFileName()),
                    folder,
                    text(run, "name"),
                    text(run, "pintle"),
                    text(run, "model"),
                    text(run, "autoencoder"),
                    text(run, "hash"),
                    Instant.parse(text(run, "started")),
                    finished,
                    stages(folder));
        } catch (DateTimeException e) {
            throw new IOException("a time in it cannot be read: " + e.getMessage(), e);
        }
    }

    /** @throws IOException naming the first file that is not JSON */
    void check() throws IOException {
        List<String> files = new ArrayList<>(List.of(RunFiles.SETTINGS, RunFiles.MANIFEST));
        stages.forEach(stage -> files.add(RunFiles.STAGES + "/" + stage + ".json"));
        for (String file : files) {
            try {
                RunFiles.check(folder.resolve(file));
            } catch (IOException e) {
                throw new IOException(file + " cannot be read", e);
            }
        }
    }

    private static JsonNode checked(Path folder, String file) throws IOException {
        try {
            return RunFiles.read(folder.resolve(file));
        } catch (IOException e) {
            throw new IOException(file + " cannot be read", e);
        }
    }

    private static String text(JsonNode node, String field) throws IOException {
        if (!node.path(field).isTextual()) {
            throw new IOException("it does not say its " + field);
        }
        return node.get(field).textValue();
    }

    private static List<String> stages(Path folder) throws IOException {
        Path stages = folder.resolve(RunFiles.STAGES);
        if (!Files.isDirectory(stages)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(stages)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.startsWith(".") && name.endsWith(".json"))
                    .map(name -> name.substring(0, name.length() - ".json".length()))
                    .sorted()
                    .toList();
        }
    }
}
