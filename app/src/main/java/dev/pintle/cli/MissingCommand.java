package dev.pintle.cli;

import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Unmatched;

/**
 * Stand-in for a command of ours whose jar is not on the class path: says how to get it.
 *
 * @param sentence what is missing
 * @param jar where the command is
 * @param remedy what to try
 * @param does what the command would do, for the list of commands
 */
record MissingCommand(String name, String sentence, String jar, String remedy, String does) implements CommandProvider {
    static final List<MissingCommand> ALL = List.of(
            new MissingCommand(
                    "bench",
                    "The benchmarks are not part of this installation.",
                    "pintle-bench.jar on the class path",
                    "./pintle bench in a checkout of Pintle, or that jar in this installation's lib folder",
                    "Measures how fast Pintle is on this machine. Only in a checkout, not in this installation."),
            new MissingCommand(
                    "spark",
                    "Apache Spark is not part of this installation.",
                    "pintle-spark.jar and Spark's jars on the class path",
                    "./pintle spark in a checkout of Pintle, which fetches them once (230 MB)",
                    "Sweeps, evaluations and fits over many machines, on Apache Spark. Fetched on first use in a checkout."));

    @Override
    public Object command() {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new Refusal(this)).name(name);
        spec.usageMessage(new UsageMessageSpec().description(does));
        return spec;
    }

    @Override
    public void rules() {
        OptionRules.of(name);
    }

    @Command(mixinStandardHelpOptions = true)
    private static final class Refusal implements Callable<Integer> {
        private final MissingCommand missing;

        @Unmatched
        private List<String> words = new ArrayList<>(); // accepts whatever the real command would

        Refusal(MissingCommand missing) {
            this.missing = missing;
        }

        @Override
        public Integer call() {
            throw Problem.of(missing.sentence())
                    .fact("missing", missing.jar())
                    .fact("try", missing.remedy())
                    .toException();
        }
    }
}
