package dev.pintle.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.ProcessLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/*
 * A run is a folder:
 *
 *   20261125-204650-1f0c9a3e/
 *     run.json        what it computes, and the hash of all that
 *     settings.json   as they were given
 *     manifest.json   what it runs on
 *     stages/*.json   one file per finished stage
 *     report.html     the page
 *     finished        written last
 *     lock            held by the process that is running it
 *
 * Every step is one rename. A run is created under a temporary name and renamed once its first three files are on disk; each
 * file is written under a temporary name, forced to disk and renamed. So a kill at any moment leaves the state before or after
 * a step, and leftovers (".new-…", ".….part") are never read and are removed later.
 */

/** The user's runs, kept in a folder: runs are added and deleted, never changed. */
public final class RunStore {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);
    private static final String BESIDE = ".new-";
    private static final Duration ABANDONED = Duration.ofHours(1);

    private static final Comparator<StoredRun> NEWEST_FIRST = Comparator.comparing(StoredRun::started)
            .thenComparing(StoredRun::id)
            .reversed();

    private final Path folder;

    private RunStore(Path folder) {
        this.folder = folder;
    }

    /** The runs of a folder, which is made when the first begins. */
    public static RunStore in(Path folder) {
        return new RunStore(folder);
    }

    /**
     * What is in the folder.
     *
     * @param runs newest first
     * @param unusable what is not a complete run; it is left alone
     */
    public record Listing(List<StoredRun> runs, List<Unusable> unusable) {}

    /** A folder or file that is not a complete run, and why. */
    public record Unusable(Path path, String reason) {}

    // ---------------------------------------------------------------- running

    /**
     * Resumes the newest unfinished run of that key that no live process is running, else begins one.
     *
     * @param manifest what it runs on, kept with a run that begins
     * @throws PintleException if the folder cannot be written
     */
    public OpenRun begin(RunKey key, JsonNode manifest) {
        try {
            Files.createDirectories(folder);
            sweep();
            Optional<OpenRun> stopped = resume(key.hash());
            return stopped.isPresent() ? stopped.get() : anew(key, manifest);
        } catch (IOException e) {
            throw Problem.of("Runs cannot be kept.")
                    .fact("folder", folder)
                    .fact("cause", e)
                    .fact("try", "another folder for Pintle's data, by PINTLE_DATA")
                    .toException(e);
        }
    }

    private Optional<OpenRun> resume(String hash) throws IOException {
        for (StoredRun run : unfinished(hash)) {
            Optional<ProcessLock> lock = ProcessLock.take(run.folder().resolve(RunFiles.LOCK));
            if (lock.isEmpty()) {
                continue;
            }
            if (Files.exists(run.folder().resolve(RunFiles.FINISHED))) { // since it was listed
                lock.get().close();
                continue;
            }
            removeParts(run.folder());
            removeParts(run.folder().resolve(RunFiles.STAGES));
            return Optional.of(new OpenRun(run.folder(), true, lock.get()));
        }
        return Optional.empty();
    }

    private List<StoredRun> unfinished(String hash) throws IOException {
        List<StoredRun> runs = new ArrayList<>();
        for (Path entry : entries(folder)) {
            try {
                StoredRun run = StoredRun.read(entry);
                if (run.finished().isEmpty() && run.hash().equals(hash)) {
                    run.check();
                    runs.add(run);
                }
            } catch (IOException e) {
                // no run, or damaged: nothing to resume
            }
        }
        runs.sort(NEWEST_FIRST);
        return runs;
    }

    private OpenRun anew(RunKey key, JsonNode manifest) throws IOException {
        Instant now = Instant.now();
        Path beside = Files.createDirectory(folder.resolve(BESIDE + UUID.randomUUID()));
        Files.createDirectory(beside.resolve(RunFiles.STAGES));
        ObjectNode run = Json.object();
        run.put("name", key.name()).put("pintle", key.pintle()).put("model", key.model());
        run.put("autoencoder", key.autoencoder()).put("hash", key.hash()).put("started", now.toString());
        RunFiles.write(beside.resolve(RunFiles.SETTINGS), RunFiles.bytes(key.settings()));
        RunFiles.write(beside.resolve(RunFiles.MANIFEST), RunFiles.bytes(manifest));
        RunFiles.write(beside.resolve(RunFiles.RUN), RunFiles.bytes(run));
        String id = TIME.format(now) + "-" + key.hash().substring(0, 8);
        for (int number = 1; ; number++) {
            Path made = folder.resolve(number == 1 ? id : id + "-" + number);
            if (Files.exists(made)) {
                continue;
            }
            try {
                Files.move(beside, made, StandardCopyOption.ATOMIC_MOVE);
            } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
                continue; // another process was faster
            }
            RunFiles.force(folder);
            Optional<ProcessLock> lock = ProcessLock.take(made.resolve(RunFiles.LOCK));
            if (lock.isPresent()) {
                return new OpenRun(made, false, lock.get());
            }
            return anew(key, manifest); // another process was quick to resume it
        }
    }

    /** Removes what is left of runs that were killed while they were created. */
    private void sweep() throws IOException {
        Instant before = Instant.now().minus(ABANDONED);
        for (Path entry : entries(folder)) {
            if (String.valueOf(entry.getFileName()).startsWith(BESIDE)
                    && Files.isDirectory(entry)
                    && Files.getLastModifiedTime(entry).toInstant().isBefore(before)) {
                for (Path file : deepestFirst(entry)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static List<Path> deepestFirst(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.sorted(Comparator.reverseOrder()).toList();
        }
    }

    private static void removeParts(Path folder) throws IOException {
        for (Path file : entries(folder)) {
            String name = String.valueOf(file.getFileName());
            if (name.startsWith(".") && name.endsWith(".part")) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** @throws IOException if the folder is there but cannot be read; one that is missing has no entries */
    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (UncheckedIOException e) {
            throw new IOException("it cannot be read to its end", e);
        }
    }

    // ---------------------------------------------------------------- afterwards

    /** Everything in the folder; damaged and foreign entries with the reason. */
    public Listing list() {
        List<StoredRun> runs = new ArrayList<>();
        List<Unusable> unusable = new ArrayList<>();
        try {
            for (Path entry : entries(folder)) {
                if (String.valueOf(entry.getFileName()).startsWith(".")) {
                    continue;
                }
                if (!Files.isDirectory(entry)) {
                    unusable.add(new Unusable(entry, "it is no folder"));
                    continue;
                }
                try {
                    StoredRun run = StoredRun.read(entry);
                    run.check();
                    runs.add(run);
                } catch (IOException e) {
                    unusable.add(new Unusable(entry, String.valueOf(e.getMessage())));
                }
            }
        } catch (IOException e) {
            throw Problem.of("The runs cannot be listed.")
                    .fact("folder", folder)
                    .fact("cause", e)
                    .toException(e);
        }
        runs.sort(NEWEST_FIRST);
        return new Listing(List.copyOf(runs), List.copyOf(unusable));
    }

    /**
     * The run of that id, or the only one whose id contains it; for an empty id, the newest that has finished.
     *
     * @throws PintleException listing the runs, if there is none or more than one
     */
    public StoredRun find(String id) {
        Listing listing = list();
        if (id.isEmpty()) {
            return listing.runs().stream()
                    .filter(run -> run.finished().isPresent())
                    .findFirst()
                    .orElseThrow(() -> missing("No run has finished yet.", id, listing));
        }
        List<StoredRun> found =
                listing.runs().stream().filter(run -> run.id().equals(id)).toList();
        if (found.isEmpty()) {
            found = listing.runs().stream().filter(run -> run.id().contains(id)).toList();
        }
        if (found.size() > 1) {
            throw Problem.of("Several runs have an id like that.")
                    .fact("but was", id)
                    .fact("runs", names(found))
                    .toException();
        }
        if (found.isEmpty()) {
            throw missing("There is no such run.", id, listing);
        }
        return found.get(0);
    }

    /**
     * Deletes a run. It is renamed first, so that a kill leaves no run with half of its files.
     *
     * @throws PintleException if a live process is running it
     */
    public void delete(StoredRun run) {
        try {
            Optional<ProcessLock> lock = ProcessLock.take(run.folder().resolve(RunFiles.LOCK));
            if (lock.isEmpty()) {
                throw Problem.of("The run is still going on.")
                        .fact("run", run.id())
                        .fact("try", "cancelling it first")
                        .toException();
            }
            Path beside = folder.resolve(BESIDE + UUID.randomUUID());
            try (ProcessLock held = lock.get()) {
                Files.move(run.folder(), beside, StandardCopyOption.ATOMIC_MOVE);
            }
            for (Path file : deepestFirst(beside)) {
                Files.deleteIfExists(file);
            }
            RunFiles.force(folder);
        } catch (IOException e) {
            throw Problem.of("The run cannot be deleted.")
                    .fact("run", run.id())
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private PintleException missing(String sentence, String id, Listing listing) {
        Problem problem = Problem.of(sentence);
        if (!id.isEmpty()) {
            problem = problem.fact("but was", id);
        }
        problem = problem.fact("runs", listing.runs().isEmpty() ? "none yet; pintle demo" : names(listing.runs()));
        for (Unusable unusable : listing.unusable()) {
            problem = problem.fact("unusable", unusable.path() + ": " + unusable.reason());
        }
        return problem.fact("looked in", folder).toException();
    }

    private static String names(List<StoredRun> runs) {
        return runs.stream().map(StoredRun::id).collect(Collectors.joining(", "));
    }
}
