package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.studies.Studies;
import dev.pintle.study.RecordedRun;
import dev.pintle.study.Study;
import dev.pintle.study.StudySettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle study}: the notebooks of the original research, on any model, autoencoder and contrast. */
@Command(
        name = "study",
        mixinStandardHelpOptions = true,
        description = {
            "Reproduces the notebooks of the original research, each next to a corrected version, and writes a report.",
            "Studies from other jars on the class path run like Pintle's own.",
            "Ctrl-C is safe at any time; the same command resumes at the interrupted study."
        })
final class StudyCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "NAME",
            completionCandidates = Candidates.StudyNames.class,
            description = "One of the studies that \"pintle study list\" shows, or all.")
    private String name = "all";

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SaeChoice sae = new SaeChoice();

    @Mixin
    private LabelChoice labels = new LabelChoice();

    @Mixin
    private StudyOptions options = new StudyOptions();

    @Option(
            names = "--as-published",
            description = "Only what the notebooks computed, without the study of quality that they lack. Their numbers"
                    + " are computed with their own arithmetic either way; --dtype bf16 also reproduces their"
                    + " rounding.")
    private boolean asPublished;

    @Mixin
    private StudyOutput output = new StudyOutput();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (name.equals("list")) {
            list(Objects.requireNonNull(spec));
            return 0;
        }
        List<Study<?>> studies = Studies.named(name);
        if (asPublished) {
            studies = studies.stream().filter(Study::replicates).toList();
        }
        StudySettings settings = options.settings(model.name(), model.folder());
        Path file = sae.file();
        output.check(Objects.requireNonNull(spec));
        try (LanguageModel loaded = model.load();
                SparseAutoencoder coder = sae.load(loaded.device())) {
            output.run(
                    Objects.requireNonNull(spec),
                    "study " + name + (asPublished ? " --as-published" : ""),
                    new RecordedRun.On(
                            loaded,
                            coder,
                            latents -> labels.lookup(Session.library(Objects.requireNonNull(spec)), file, latents)
                                    .labels()),
                    settings,
                    studies);
            return 0;
        }
    }

    private static void list(CommandSpec spec) {
        List<OptionSpec> given = spec.commandLine().getParseResult().matchedOptions();
        if (!given.isEmpty()) {
            throw Problem.of("The list of studies takes no options.")
                    .fact("but was", given.get(0).longestName())
                    .toIllegalArgument();
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("| study | what it asks |\n| --- | --- |");
        Studies.all().forEach(study -> out.println("| " + study.name() + " | " + study.asks() + " |"));
    }
}
