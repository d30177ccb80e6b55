package dev.pintle.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** What an option requires to have an effect, or cannot be combined with. Breaking a rule is a usage error. */
sealed interface OptionRule {
    /** What is wrong with a command line, in one sentence; empty if it follows the rule. */
    Optional<String> broken(Given given);

    /** The options the rule is about; the first is the one that would have no effect. */
    List<String> options();

    /** Two options that cannot be combined. */
    record Excludes(String one, String other, String why) implements OptionRule {
        @Override
        public Optional<String> broken(Given given) {
            return given.has(one) && given.has(other)
                    ? Optional.of(one + " and " + other + " are mutually exclusive: " + why + ".")
                    : Optional.empty();
        }

        @Override
        public List<String> options() {
            return List.of(one, other);
        }
    }

    /**
     * An option that only has an effect under a condition.
     *
     * @param needed the condition in words, after "has no effect without"
     * @param others options that can satisfy it
     * @param holds the condition itself
     */
    record Needs(String option, String needed, List<String> others, Predicate<Given> holds) implements OptionRule {
        @Override
        public Optional<String> broken(Given given) {
            return given.has(option) && !holds.test(given)
                    ? Optional.of(option + " has no effect without " + needed + ".")
                    : Optional.empty();
        }

        @Override
        public List<String> options() {
            List<String> all = new ArrayList<>(List.of(option));
            all.addAll(others);
            return all;
        }
    }

    /** A parsed command line: options by name and parameters by label, without defaults. */
    record Given(ParseResult parsed) {
        boolean has(String name) {
            return parsed.matchedArgs().stream()
                    .anyMatch(arg -> arg instanceof OptionSpec option
                            ? Set.of(option.names()).contains(name)
                            : arg.paramLabel().equals(name));
        }

        /** The values of an option or parameter, as typed; the default if it is not given. */
        List<String> values(String name) {
            return parsed.commandSpec().args().stream()
                    .filter(arg -> arg instanceof OptionSpec option
                            ? Set.of(option.names()).contains(name)
                            : arg.paramLabel().equals(name))
                    .flatMap(arg -> arg.originalStringValues().isEmpty() && arg.defaultValue() != null
                            ? List.of(arg.defaultValue()).stream()
                            : arg.originalStringValues().stream())
                    .flatMap(value -> List.of(value.split(",", -1)).stream())
                    .collect(Collectors.toList());
        }

        boolean is(String name, String... among) {
            return values(name).stream().anyMatch(List.of(among)::contains);
        }
    }
}
