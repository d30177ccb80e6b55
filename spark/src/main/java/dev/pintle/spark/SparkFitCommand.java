package dev.pintle.spark;

import dev.pintle.cli.HelpSection;
import dev.pintle.library.Library;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pintle spark local|submit fit}. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        description = {
            "Fits vectors from many contrast sets, on several models.",
            "Ctrl-C is safe at any time; the same command goes on."
        })
final class SparkFitCommand extends JobCommand {
    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--sets",
            required = true,
            paramLabel = "FOLDER|FILE",
            description =
                    "Contrast sets: a folder with a file each, as --pairs, --answers and --persona of `pintle vector"
                            + " fit` read them, or JSON lines {\"name\", \"pairs\"}.")
    private Path sets = Path.of("");

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--method",
            split = ",",
            paramLabel = "METHOD",
            description = "Methods to fit with (default: the usual one of each set, as for `pintle vector fit`).")
    private List<String> methods = new ArrayList<>();

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--layer",
            split = ",",
            paramLabel = "L",
            description = "Layers (0-based) to read, FROM-TO for a range (default: all, in one pass).")
    private List<String> layers = new ArrayList<>();

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--aggregation",
            paramLabel = "HOW",
            description = "How directions are combined, as for `pintle vector fit` (default: mean).")
    private String aggregation = "mean";

    SparkFitCommand(Where where) {
        super(where);
    }

    @Override
    JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        return new FitJob(models().models(), ContrastSet.read(sets), methods, layers, aggregation)
                .run(cluster, memory, out, library, listener);
    }

    @Override
    String outcome(Path out) {
        return out.resolve("index.jsonl") + " says which file of vectors is which.";
    }
}
