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

    /** Labels of some latents for a command that shows them in passing: none where there is no source. */
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

    /** The labels that were asked for. */
    Labels choose(Library library, Path sae, Progress progress) {
        if (labels != null) {
            return library.labels(labels, progress);
        }
        return library.labelsBeside(sae)
                .orElseThrow(() -> Problem.of("There are no labels beside the autoencoder.")
                        .fact("autoencoder", sae.toAbsolutePath())
                        .fact(
                                "expected",
                                "a file labels.jsonl there, or --labels " + LabelSource.FORMS + ", profile:NAME")
                        .toIllegalArgument());
    }
}
