package dev.pintle.spark;

import dev.pintle.cli.EvaluationOptions;
import dev.pintle.cli.HelpSection;
import dev.pintle.cli.Session;
import dev.pintle.evaluation.Concept;
import dev.pintle.library.Library;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle spark local|submit evaluate}. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = {
            "Measures what each --steer does to each model at several multiples of its strengths, as `pintle evaluate`"
                    + " does.",
            "Ctrl-C is safe at any time; the same command goes on."
        })
final class SparkEvaluateCommand extends JobCommand {
    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--steer",
            required = true,
            paramLabel = "JSON|FILE",
            description = "Steering as for `pintle evaluate`, or a .jsonl file with one on each line; may be repeated,"
                    + " and each is evaluated by itself.")
    private List<String> steer = new ArrayList<>();

    @Mixin
    private EvaluationOptions options = new EvaluationOptions();

    @Spec
    private @Nullable CommandSpec spec;

    SparkEvaluateCommand(Where where) {
        super(where);
    }

    @Override
    JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        Concept concept =
                options.concept(Session.of(Objects.requireNonNull(spec)).variables());
        EvaluateJob job = new EvaluateJob(
                models().models(),
                steer.stream().flatMap(one -> JobSteering.read(one).stream()).toList(),
                options.multiples(),
                options.items(concept),
                ConceptSpec.of(concept),
                options.maxNewTokens());
        return job.run(cluster, memory, out, library, listener);
    }

    @Override
    String outcome(Path out) {
        return out.resolve("results") + " has what pintle evaluate says of each, as JSON and as a figure; "
                + out.resolve("index.jsonl") + " says which is which.";
    }
}
