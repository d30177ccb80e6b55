package dev.pintle.spark;

import dev.pintle.base.Problem;
import dev.pintle.cli.HelpSection;
import dev.pintle.cli.QuestionOptions;
import dev.pintle.cli.SettingOptions;
import dev.pintle.cli.SteerOption;
import dev.pintle.library.Library;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pintle spark local|submit sweep}. */
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        description = {
            "Tries vectors of several models, concepts, methods and layers at rising strengths; fits with"
                    + " after-last-difference at all layers, unless options say otherwise.",
            "Ctrl-C is safe at any time; the same command goes on."
        })
final class SparkSweepCommand extends JobCommand {
    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--style",
            split = ",",
            paramLabel = "STYLE",
            description = "Styles of the embedded model (default: pirate); set prompts and marker.")
    private List<String> styles = new ArrayList<>();

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--concepts",
            paramLabel = "FILE",
            description =
                    "Concepts as JSON lines: {\"name\", \"positive\", \"negative\", \"prefixes\"} with one of marker,"
                            + " continuations, choices and judge.")
    private @Nullable Path concepts;

    @Mixin
    private SettingOptions settings = new SettingOptions();

    @Mixin
    private SteerOption beside = new SteerOption(); // acts in every setting

    @Mixin
    private QuestionOptions questions = new QuestionOptions();

    SparkSweepCommand(Where where) {
        super(where);
    }

    @Override
    JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        return job().run(cluster, memory, out, library, listener);
    }

    private SweepJob job() {
        return new SweepJob(
                models().models(),
                wanted(),
                settings.vectors().stream().map(ModelsOption::seenByAll).toList(),
                settings.methods(List.of("after-last-difference")),
                settings.layers(),
                settings.strengths(),
                settings.positions(),
                JobSteering.of(beside.json()),
                questions.questions(),
                questions.maxNewTokens());
    }

    private List<ConceptSpec> wanted() {
        if (concepts != null) {
            return ConceptSpec.read(concepts);
        }
        if (styles.isEmpty() && !settings.vectors().isEmpty()) {
            throw Problem.of("There is no way to score the concept.")
                    .fact("expected", "--style STYLE, or --concepts FILE")
                    .toIllegalArgument();
        }
        return (styles.isEmpty() ? List.of("pirate") : styles)
                .stream().map(ConceptSpec::ofStyle).toList();
    }

    @Override
    String outcome(Path out) {
        return "pintle sweep and tune with the same settings show them at once, as does the studio; "
                + out.resolve("points") + " has every answer as Parquet.";
    }
}
