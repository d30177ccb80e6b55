package dev.pintle.run;

import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.ProcessLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/** A run in progress in this process. No other process can resume it until it is closed. */
public final class OpenRun implements AutoCloseable {
    private final Path folder;
    private final boolean resumed;
    private final ProcessLock lock;
    private boolean open = true;

    OpenRun(Path folder, boolean resumed, ProcessLock lock) {
        this.folder = folder;
        this.resumed = resumed;
        this.lock = lock;
    }

    /** Names it among the user's runs. */
    public String id() {
        return String.valueOf(folder.getFileName());
    }

    /** Where it is kept. */
    public Path folder() {
        return folder;
    }

    /** When it was begun. */
    public Instant started() {
        try {
            return StoredRun.read(folder).started();
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    /** Whether an earlier process began it. */
    public boolean resumed() {
        return resumed;
    }

    /** The JSON of a stage that has finished, in this process or an earlier one. */
    public Optional<byte[]> stage(String name) {
        Path file = RunFiles.stage(folder, name);
        try {
            return Files.exists(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    /**
     * Keeps the result of a stage. Once this returns, it survives a kill or a power failure.
     *
     * @throws IllegalArgumentException if it is not JSON, or the stage has been kept before: results are never replaced
     */
    public void keep(String name, byte[] json) {
        requireOpen();
        Path file = RunFiles.stage(folder, name);
        try {
            RunFiles.parse(json);
        } catch (IOException e) {
            throw new IllegalArgumentException("What the stage " + name + " gave is no JSON: " + e.getMessage(), e);
        }
        if (Files.exists(file)) {
            throw Problem.of("The stage has been kept before.")
                    .fact("stage", name)
                    .fact("run", folder)
                    .toIllegalArgument();
        }
        RunFiles.write(file, json);
    }

    /** Finishes the run with its page; nothing can be added afterwards. */
    public void finish(byte[] html) {
        requireOpen();
        RunFiles.write(folder.resolve(RunFiles.REPORT), html);
        RunFiles.write(
                folder.resolve(RunFiles.FINISHED),
                RunFiles.bytes(Json.object().put("finished", Instant.now().toString())));
        close();
    }

    private void requireOpen() {
        if (!open) {
            throw new IllegalStateException("The run has been closed: " + folder);
        }
    }

    private static PintleException unusable(Path file, IOException e) {
        return Problem.of("A stage of the run cannot be read.")
                .fact("file", file)
                .fact("cause", e)
                .toException(e);
    }

    /** Releases it; if it has not finished, it can be resumed. */
    @Override
    public void close() {
        open = false;
        try {
            lock.close();
        } catch (IOException e) {
            throw unusable(folder.resolve(RunFiles.LOCK), e);
        }
    }
}
