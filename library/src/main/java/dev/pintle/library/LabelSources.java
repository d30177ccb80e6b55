package dev.pintle.library;

import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.sae.labels.LabelLibrary;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.sae.labels.LabelSource;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.sae.profile.LatentProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;

/** Turns what a user names into labels that the label database can answer from. */
final class LabelSources {
    private static final String PROFILE = "profile:";

    private final LabelLibrary database;
    private final LabelSettings settings;
    private final Function<String, Path> profiles;

    LabelSources(LabelLibrary database, LabelSettings settings, Function<String, Path> profiles) {
        this.database = database;
        this.settings = settings;
        this.profiles = profiles;
    }

    /** The file of labels that lies beside an autoencoder, if any. */
    static Optional<Path> beside(Path autoencoder) {
        Path file = Files.isDirectory(autoencoder)
                ? autoencoder.resolve("labels.jsonl")
                : autoencoder.toAbsolutePath().resolveSibling("labels.jsonl");
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }

    Labels of(String source, Progress progress) {
        Optional<Path> file = asFile(source);
        if (file.isPresent()) {
            return of(file.get());
        }
        if (source.startsWith(PROFILE)) {
            try (LatentProfile profile = LatentProfile.open(profiles.apply(source.substring(PROFILE.length())))) {
                database.keep(source, profile.stamp(), profile.labels().byLatent());
                return new Kept(source, database);
            }
        }
        return new Asked(LabelSource.parse(source, settings), database, progress);
    }

    /** Labels of a file, which is read again only when it has changed. */
    Labels of(Path file) {
        String name = file.toAbsolutePath().toString();
        database.keep(name, stamp(file), LatentLabels.read(file).byLatent());
        return new Kept(name, database);
    }

    private static Optional<Path> asFile(String text) {
        try {
            Path file = Path.of(text);
            return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static String stamp(Path file) {
        try {
            return Files.size(file) + " bytes of "
                    + Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            return "";
        }
    }

    /** Labels that are all in the database. */
    private record Kept(String name, LabelLibrary database) implements Labels {
        @Override
        public LabelLibrary.Lookup lookup(Collection<Integer> latents) {
            Map<Integer, String> all = kept();
            Map<Integer, String> found = new LinkedHashMap<>();
            SortedSet<Integer> without = new TreeSet<>();
            for (int latent : latents) {
                if (all.containsKey(latent)) {
                    found.put(latent, all.get(latent));
                } else {
                    without.add(latent);
                }
            }
            return new LabelLibrary.Lookup(found, without, new TreeSet<>(), List.of());
        }

        @Override
        public Map<Integer, String> kept() {
            synchronized (database) {
                return database.kept(name);
            }
        }

        @Override
        public Map<Integer, String> search(String words, int most) {
            synchronized (database) {
                return database.search(name, words, most);
            }
        }
    }

    /** Labels that a service or a wholesale source is asked for as they are needed. */
    private record Asked(LabelSource source, LabelLibrary database, Progress progress) implements Labels {
        @Override
        public String name() {
            return source.name();
        }

        @Override
        public LabelLibrary.Lookup lookup(Collection<Integer> latents) {
            synchronized (database) {
                return database.labels(source, latents, progress);
            }
        }

        @Override
        public Map<Integer, String> kept() {
            synchronized (database) {
                return database.kept(name());
            }
        }

        @Override
        public Map<Integer, String> search(String words, int most) {
            synchronized (database) {
                return database.search(name(), words, most);
            }
        }
    }

    /** Labels of nothing: every latent is unknown. */
    static LabelLibrary.Lookup unknown(Collection<Integer> latents, List<Problem> problems) {
        return new LabelLibrary.Lookup(Map.of(), new TreeSet<>(), new TreeSet<>(latents), problems);
    }
}
