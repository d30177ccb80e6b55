package dev.pintle.spark;

import dev.pintle.base.JsonLists;
import dev.pintle.cli.HelpSection;
import dev.pintle.evaluation.Sweep;
import dev.pintle.library.Library;
import dev.pintle.steering.Strength;
import dev.pintle.study.StudyPresets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pintle spark local|submit sweep}. */
abstract class SparkSweepCommand extends JobCommand {
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

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--method",
            split = ",",
            paramLabel = "METHOD",
            description = "Methods to fit with (default: after-last-difference).")
    private List<String> methods = List.of("after-last-difference");

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--layer",
            split = ",",
            paramLabel = "L",
            description = "Layers (0-based) to fit and steer, FROM-TO for a range (default: all).")
    private List<String> layers = new ArrayList<>();

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--strengths",
            split = ",",
            paramLabel = "S",
            description = "Strengths, in activation norms, or all raw multipliers such as 2abs,4abs (default:"
                    + " 0.15,0.3,0.45,0.6,0.8,1.0,1.4).")
    private List<Strength> strengths = Sweep.USUAL_STRENGTHS;

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--positions",
            paramLabel = "WHICH",
            description = "Tokens to steer: all, last, prompt, generated, generated+1, from:N or range:FROM-TO"
                    + " (default: all).")
    private String positions = "all";

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--questions",
            paramLabel = "FILE",
            description = "JSON list of user turns (default: twelve that the embedded model can answer).")
    private @Nullable Path questions;

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Maximum length of an answer, in tokens (default: 40).")
    private int maxNewTokens = 40;

    @Override
    JobResult run(LongFunction<JavaSparkContext> cluster, Path out, Library library, JobListener listener) {
        return job().run(cluster, where().memory(), out, library, listener);
    }

    private SweepJob job() {
        List<ConceptSpec> wanted = concepts != null
                ? ConceptSpec.read(concepts)
                : (styles.isEmpty() ? List.of("pirate") : styles)
                        .stream().map(ConceptSpec::ofStyle).toList();
        return new SweepJob(
                models().models(),
                wanted,
                methods,
                layers,
                strengths,
                positions,
                questions == null ? StudyPresets.embeddedQuestions() : JsonLists.strings(questions),
                maxNewTokens);
    }

    @Override
    String outcome(Path out) {
        return "pintle sweep and tune with the same settings show them at once, as does the studio; "
                + out.resolve("points") + " has every answer as Parquet.";
    }

    @Command(
            name = "sweep",
            mixinStandardHelpOptions = true,
            description = {
                "Tries vectors of several models, concepts, methods and layers at rising strengths.",
                "Ctrl-C is safe at any time; the same command goes on."
            })
    static final class Local extends SparkSweepCommand {
        @Mixin
        private Where.Here where = new Where.Here();

        @Override
        Where where() {
            return where;
        }
    }

    @Command(
            name = "sweep",
            mixinStandardHelpOptions = true,
            description = {
                "Tries vectors of several models, concepts, methods and layers at rising strengths, on a cluster.",
                "Ctrl-C is safe at any time; the same command goes on."
            })
    static final class Submit extends SparkSweepCommand {
        @Mixin
        private Where.There where = new Where.There();

        @Override
        Where where() {
            return where;
        }
    }
}
