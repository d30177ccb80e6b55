package dev.pintle.cli;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.sae.labels.LabelLibrary;
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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which labels a command shows: {@code --labels}, else the file {@code labels.jsonl} beside the autoencoder. */
@HelpSection.In(HelpSection.LABELS)
final class LabelChoice {
    @Option(
            names = "--labels",
            paramLabel = "SOURCE",
            description = {
                "Labels: a file (JSONL, CSV, JSON), profile:NAME, neuronpedia:MODEL/SOURCE,",
                "neuronpedia-export:MODEL/SOURCE, goodfire:MODEL, goodfire-dump:MODEL, or the address of a file",
                "(default: labels.jsonl beside the autoencoder)."
            })
    private @Nullable String labels;

    /** Labels that were chosen, in the user's library. */
    interface Chosen {
        /** Name under which the library keeps them. */
        String name();

        /** Labels of some latents. */
        LabelLibrary.Lookup lookup(Collection<Integer> latents);
    }

    /** Whether there are any to choose. */
    boolean given(Path sae) {
        return labels != null || beside(sae).isPresent();
    }

    /** Labels of some latents for a command that shows them by the way: none where no source is at hand. */
    LabelLibrary.Lookup lookup(Session session, Path sae, Collection<Integer> wanted) {
        if (!given(sae)) {
            return new LabelLibrary.Lookup(Map.of(), new TreeSet<>(), new TreeSet<>(wanted), List.of());
        }
        try (LabelLibrary library = LabelLibrary.open(session.data(), session.labels())) {
            return choose(session, sae, library, LabelLibrary.Listener.SILENT).lookup(wanted);
        } catch (PintleException e) {
            return new LabelLibrary.Lookup(Map.of(), new TreeSet<>(), new TreeSet<>(wanted), List.of(e.problem()));
        }
    }

    /** Makes the labels ready: files and profiles go into the library, services are asked when needed. */
    Chosen choose(Session session, Path sae, LabelLibrary library, LabelLibrary.Listener listener) {
        Optional<Path> file = labels == null ? beside(sae) : asFile(labels);
        if (file.isPresent()) {
            String name = file.get().toAbsolutePath().toString();
            library.keep(name, stamp(file.get()), LatentLabels.read(file.get()).byLatent());
            return kept(name, library);
        }
        if (labels == null) {
            throw Problem.of("There are no labels beside the autoencoder.")
                    .fact("autoencoder", sae.toAbsolutePath())
                    .fact("expected", "a file labels.jsonl there, or --labels " + LabelSource.FORMS + ", profile:NAME")
                    .toIllegalArgument();
        }
        if (labels.startsWith("profile:")) {
            try (LatentProfile profile =
                    LatentProfile.open(ProfileFiles.file(session, labels.substring("profile:".length())))) {
                library.keep(labels, profile.stamp(), profile.labels().byLatent());
                return kept(labels, library);
            }
        }
        LabelSource source = LabelSource.parse(labels, session.labels());
        return new Chosen() {
            @Override
            public String name() {
                return source.name();
            }

            @Override
            public LabelLibrary.Lookup lookup(Collection<Integer> latents) {
                return library.labels(source, latents, listener);
            }
        };
    }

    private static Chosen kept(String name, LabelLibrary library) {
        return new Chosen() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public LabelLibrary.Lookup lookup(Collection<Integer> latents) {
                Map<Integer, String> all = library.kept(name);
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
        };
    }

    private static Optional<Path> beside(Path sae) {
        Path file = Files.isDirectory(sae)
                ? sae.resolve("labels.jsonl")
                : sae.toAbsolutePath().resolveSibling("labels.jsonl");
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
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
}
