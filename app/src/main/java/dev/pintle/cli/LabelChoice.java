package dev.pintle.cli;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.library.Labels;
import dev.pintle.library.Library;
import dev.pintle.sae.labels.LabelLibrary;
import dev.pintle.sae.labels.LabelSource;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The labels a command shows: {@code --labels}, otherwise {@code labels.jsonl} next to the autoencoder. */
@HelpSection.In(HelpSection.LABELS)
final class LabelChoice {
    @Option(
            names = "--labels",
            paramLabel = "SOURCE",
            description = {
                "Source of labels: a file (JSONL, CSV, JSON), profile:NAME, neuronpedia:MODEL/SOURCE,",
                "neuronpedia-export:MODEL/SOURCE, goodfire:MODEL, goodfire-dump:MODEL, or a URL",
                "(default: labels.jsonl next to the autoencoder)."
            })
    private @Nullable String labels;

    /** Labels for output that also works without them: none if there is no source, or with its problem if it fails. */
    LabelLibrary.Lookup lookup(Library library, Path sae, Collection<Integer> wanted) {
        try {
            Optional<Labels> known = labels == null ? library.labelsBeside(sae) : Optional.of(library.labels(labels));
            return known.isPresent() ? known.get().lookup(wanted) : unknown(wanted, List.of());
        } catch (PintleException e) {
            return unknown(wanted, List.of(e.problem()));
        }
    }

    private static LabelLibrary.Lookup unknown(Collection<Integer> latents, List<Problem> problems) {
        return new LabelLibrary.Lookup(Map.of(), new TreeSet<>(), new TreeSet<>(latents), problems);
    }

    /** The chosen labels, for a command that cannot do without. */
    Labels choose(Library library, Path sae, Progress progress) {
        if (labels != null) {
            return library.labels(labels, progress);
        }
        return library.labelsBeside(sae)
                .orElseThrow(() -> Problem.of("There is no labels.jsonl next to the autoencoder.")
                        .fact("autoencoder", sae.toAbsolutePath())
                        .fact("expected", "that file, or --labels " + LabelSource.FORMS + ", profile:NAME")
                        .toIllegalArgument());
    }
}
