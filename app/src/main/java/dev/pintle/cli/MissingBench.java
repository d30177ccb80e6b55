package dev.pintle.cli;

import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Stand-in for {@code pintle bench} if its jar is not on the class path: says how to get it. */
final class MissingBench implements CommandProvider {
    static final String NAME = "bench";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Object command() {
        return new Bench();
    }

    @Override
    public void rules() {
        OptionRules.of(NAME);
    }

    @Command(
            name = NAME,
            mixinStandardHelpOptions = true,
            description = "Measures how fast Pintle is on this machine. Only in a checkout, not in this installation.")
    private static final class Bench implements Callable<Integer> {
        @Unmatched
        private List<String> words = new ArrayList<>(); // accepts whatever the real command would

        @Override
        public Integer call() {
            throw Problem.of("The benchmarks are not part of this installation.")
                    .fact("missing", "pintle-bench.jar on the class path")
                    .fact(
                            "try",
                            "./pintle bench in a checkout of Pintle, or that jar in this installation's lib folder")
                    .toException();
        }
    }
}
