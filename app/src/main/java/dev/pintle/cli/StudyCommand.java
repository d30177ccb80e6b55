package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.studies.Studies;
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

/** {@code pintle study}: the original's notebooks on any model, autoencoder and contrast. */
@Command(
        name = "study",
        mixinStandardHelpOptions = true,
        description = {
            "Runs studies after the notebooks of the original research, each beside its corrections, and writes a report.",
            "Studies of other jars on the class path run like Pintle's own.",
            "May be stopped with Ctrl-C at any time; the same command goes on at the study that was stopped."
        })
final class StudyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "A study of those that \"pintle study list\" shows, or all.")
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
            description =
                    "Only what the notebooks computed: without the study of quality, which they lacked. Every number of"
                            + " theirs is by their own arithmetic either way; --dtype bf16 repeats their rounding.")
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
                    new StudyOutput.On(
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
            throw Problem.of("The list of studies has no options.")
                    .fact("but was", given.get(0).longestName())
                    .toIllegalArgument();
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("| study | what it asks |\n| --- | --- |");
        Studies.all().forEach(study -> out.println("| " + study.name() + " | " + study.asks() + " |"));
    }
}
