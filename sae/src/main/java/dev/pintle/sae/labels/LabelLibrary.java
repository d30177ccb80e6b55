package dev.pintle.sae.labels;

import dev.pintle.base.ForeignFile;
import dev.pintle.base.PartFiles;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.web.BoundedHttp;
import dev.pintle.web.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Labels from files and services, cached in a searchable database in the user's data folder. A label that a source does
 * not provide is a state of the result, never an exception.
 */
public final class LabelLibrary implements AutoCloseable {
    private static final Duration NONE_HOLDS_FOR = Duration.ofDays(30); // someone may have added one since
    private static final BoundedHttp.Limits FILE = new BoundedHttp.Limits(Duration.ofMinutes(30), 1L << 30);
    private static final int PROBLEMS_SHOWN = 3;

    private final LabelDatabase database;
    private final Path folder;
    private final boolean offline;

    private LabelLibrary(LabelDatabase database, Path folder, boolean offline) {
        this.database = database;
        this.folder = folder;
        this.offline = offline;
    }

    /**
     * Opens the library in a folder.
     *
     * @param folder created if missing; contains {@code labels.sqlite}
     * @throws dev.pintle.base.PintleException if the folder is not writable
     */
    public static LabelLibrary open(Path folder, LabelSettings settings) {
        LabelDatabase database = LabelDatabase.open(folder.resolve("labels.sqlite"));
        PartFiles.sweep(folder);
        return new LabelLibrary(database, folder, settings.offline());
    }

    /**
     * What is known about some latents.
     *
     * @param labels by latent
     * @param without latents that have no label, according to the source
     * @param unknown latents that the source could not be asked about
     * @param problems why not, and anything else that went wrong
     */
    public record Lookup(
            Map<Integer, String> labels,
            SortedSet<Integer> without,
            SortedSet<Integer> unknown,
            List<Problem> problems) {
        /** The label, or text that says that there is none, or that it is not known whether there is one. */
        public String labelOrAbsence(int latent) {
            String label = labels.get(latent);
            return label != null
                    ? label
                    : unknown.contains(latent) ? "(not known: the source did not answer)" : "(no label)";
        }
    }

    /**
     * Labels of some latents, from the cache if it has them, otherwise from the source unless offline.
     *
     * @param latents any number of them; a wholesale source is first downloaded completely
     */
    public Lookup labels(LabelSource source, Collection<Integer> latents, Progress progress) {
        List<Problem> problems = new ArrayList<>();
        Map<Integer, Optional<String>> known = known(source);
        SortedSet<Integer> missing = new TreeSet<>(latents);
        missing.removeAll(known.keySet());
        boolean complete = false;
        if (source instanceof LabelSource.Wholesale wholesale) {
            if (!database.parts(source.name()).contains("")) {
                problems.addAll(fetch(wholesale, progress));
                known = known(source);
            }
            complete = database.parts(source.name()).contains("");
        } else if (source instanceof LabelSource.ByLatent service && !missing.isEmpty()) {
            if (offline) {
                problems.add(offline(source));
            } else {
                LabelAnswer answer = service.ask(missing);
                database.keep(source.name(), answer.labels(), answer.without());
                problems.addAll(answer.problems());
                known = known(source);
            }
        }
        return lookup(latents, known, complete, problems);
    }

    private Map<Integer, Optional<String>> known(LabelSource source) {
        return database.known(source.name(), Instant.now().minus(NONE_HOLDS_FOR).getEpochSecond());
    }

    private static Lookup lookup(
            Collection<Integer> latents,
            Map<Integer, Optional<String>> known,
            boolean complete,
            List<Problem> problems) {
        Map<Integer, String> labels = new LinkedHashMap<>();
        SortedSet<Integer> without = new TreeSet<>();
        SortedSet<Integer> unknown = new TreeSet<>();
        for (int latent : latents) {
            Optional<String> label = known.get(latent);
            if (label == null) {
                (complete ? without : unknown).add(latent);
            } else {
                label.ifPresentOrElse(text -> labels.put(latent, text), () -> without.add(latent));
            }
        }
        return new Lookup(labels, without, unknown, List.copyOf(problems));
    }

    /** All cached labels of a source. */
    public Map<Integer, String> kept(String source) {
        Map<Integer, String> labels = new LinkedHashMap<>();
        database.known(source, 0).forEach((latent, label) -> label.ifPresent(text -> labels.put(latent, text)));
        return labels;
    }

    /** Caches labels from elsewhere, such as a file, unless they are already cached under this stamp. */
    public void keep(String source, String stamp, Map<Integer, String> labels) {
        if (!database.stamp(source).equals(stamp)) {
            database.replace(source, stamp, labels);
        }
    }

    /**
     * Latents whose cached labels contain all words of a text in any form ("pirate" finds "pirates"); a trailing
     * {@code *} matches any word with that prefix.
     *
     * @param source name of the source
     * @return labels by latent, best match first
     */
    public Map<Integer, String> search(String source, String text, int most) {
        List<String> words = Arrays.stream(text.strip().split("[^\\p{L}\\p{N}*]+"))
                .filter(word -> word.matches(".*[\\p{L}\\p{N}].*"))
                .toList();
        if (words.isEmpty()) {
            throw Problem.of("There is nothing to search for.")
                    .fact("expected", "at least one word")
                    .fact("but was", text)
                    .toIllegalArgument();
        }
        return database.search(source, words, most);
    }

    // ---------------------------------------------------------------- wholesale sources

    /**
     * Downloads the files that are not cached yet; returns what went wrong. Files already read stay cached if a later
     * one fails.
     */
    private List<Problem> fetch(LabelSource.Wholesale source, Progress progress) {
        if (offline) {
            return List.of(offline(source));
        }
        LabelSource.Parts parts = source.parts();
        if (parts.problem().isPresent()) {
            return List.of(parts.problem().get());
        }
        Set<String> done = new HashSet<>(database.parts(source.name()));
        List<Problem> problems = new ArrayList<>();
        int total = parts.files().size();
        progress.at("fetching labels", 0, total);
        for (int i = 0; i < total; i++) {
            URI file = parts.files().get(i);
            if (!done.contains(file.toString())) {
                Optional<Problem> failure = fetch(source, file, problems);
                if (failure.isPresent()) {
                    problems.add(failure.get());
                    return problems;
                }
            }
            progress.at("fetching labels", i + 1, total);
        }
        database.keepPart(source.name(), "", Map.of()); // marks the source as complete
        return problems;
    }

    private Optional<Problem> fetch(LabelSource source, URI file, List<Problem> problems) {
        try {
            Path part = PartFiles.in(folder);
            try {
                Reply reply = Asking.HTTP.download(file, part, FILE);
                if (!(reply instanceof Reply.Answer answer) || !answer.isOk()) {
                    return Optional.of(problem(
                            file,
                            reply instanceof Reply.Answer answer
                                    ? "status " + answer.status()
                                    : ((Reply.Failure) reply).why()));
                }
                Lines lines = new Lines(file);
                try (InputStream bytes = Files.newInputStream(part)) {
                    new LabelReader(lines).read(bytes);
                }
                if (lines.damage.isPresent()) {
                    // Labels before the damage are kept, but the file counts as unread and is downloaded again next
                    // time.
                    database.keep(source.name(), lines.labels.all(), List.of());
                    problems.addAll(lines.problems());
                    return lines.damage;
                }
                if (lines.labels.all().isEmpty()) {
                    problems.addAll(lines.problems());
                    return Optional.of(problem(file, "no labels in it"));
                }
                database.keepPart(source.name(), file.toString(), lines.labels.all());
                problems.addAll(lines.problems());
                return Optional.empty();
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            return Optional.of(problem(file, "a file that cannot be read: " + ForeignFile.why(e)));
        }
    }

    private static Problem problem(URI file, String found) {
        return Problem.of("The source of labels cannot be used.")
                .fact("source", file.getScheme() + "://" + file.getRawAuthority() + file.getRawPath())
                .fact("expected", "labels")
                .fact("but was", found);
    }

    private static Problem offline(LabelSource source) {
        return Problem.of("The source of labels was not queried, because Pintle is offline.")
                .fact("source", source.name())
                .fact("try", "without HF_HUB_OFFLINE");
    }

    /** Collects labels from an untrusted file; lines that are not labels are counted and skipped. */
    private static final class Lines implements LabelReader.Sink {
        private final URI file;
        private final LabelMap labels = new LabelMap();
        private Optional<Problem> damage = Optional.empty();
        private final List<String> bad = new ArrayList<>();
        private int badCount;

        Lines(URI file) {
            this.file = file;
        }

        @Override
        public void label(int index, String label) {
            if (!labels.has(index) && !labels.put(index, label)) {
                unusable("latent " + index, LabelMap.EXPECTED, LabelReader.shown(label));
            }
        }

        @Override
        public void damaged(String place, String expected, String found) {
            damage = Optional.of(problem(file, "a damaged file")
                    .fact("at", place)
                    .fact("labels before it", labels.all().size())
                    .fact("found there", found));
        }

        @Override
        public void unusable(String place, String expected, String found) {
            badCount++;
            if (bad.size() < PROBLEMS_SHOWN) {
                bad.add(place + ": " + found);
            }
        }

        List<Problem> problems() {
            if (badCount == 0) {
                return List.of();
            }
            Problem problem = Problem.of("Some lines of the labels were skipped.")
                    .fact("source", file)
                    .fact("lines", badCount);
            for (String one : bad) {
                problem = problem.fact("such as", one);
            }
            return List.of(problem);
        }
    }

    @Override
    public void close() {
        database.close();
    }
}
