package dev.pintle.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What every command is held to, whichever module adds it. Works on picocli's model, so that no option can be forgotten. */
public final class CommandChecks {
    private static final Set<String> EVERYWHERE = Set.of("--help", "--version", "--verbose");

    private CommandChecks() {}

    /** A command and all below it. */
    public static Stream<CommandLine> all(CommandLine command) {
        return Stream.concat(
                Stream.of(command), command.getSubcommands().values().stream().flatMap(CommandChecks::all));
    }

    /** The commands that have none below them, by their names below the root. */
    public static Map<String, CommandLine> leaves(CommandLine root) {
        Map<String, CommandLine> found = new LinkedHashMap<>();
        all(root).filter(command -> command.getSubcommands().isEmpty()).forEach(command -> {
            String name = command.getCommandSpec().qualifiedName(" ");
            found.put(name.substring(name.indexOf(' ') + 1), command);
        });
        return found;
    }

    /** Help that was laid out for 60 columns stays within them, has a section of its own and no unresolved variable. */
    public static void helpFits60Columns(String help) {
        assertThat(help.lines().filter(line -> line.length() > 60)).isEmpty();
        assertThat(help).contains("\nHelp\n").doesNotContain("${");
    }

    /** Descriptions of a command and its options are whole sentences that speak of themselves. */
    public static void describedInWholeSentences(CommandSpec command) {
        assertThat(command.usageMessage().description()).isNotEmpty();
        for (String sentence : command.usageMessage().description()) {
            assertThat(sentence).matches("[A-Z](?s:.*)\\.");
        }
        for (OptionSpec option : command.options()) {
            String text = String.join(" ", option.description());
            assertThat(text).as(option.longestName()).matches("[A-Za-z](?s:.*)\\.");
            assertThat(text.split(" ", -1)[0])
                    .as("%s of %s speaks of another option", option.longestName(), command.qualifiedName(" "))
                    .isNotIn("It", "Its", "They", "Them", "Then", "There", "Same", "These", "Those");
        }
    }

    /**
     * The rules name every option of a command, and nothing that it does not have.
     *
     * @param named options and parameters that the rules name
     */
    public static void rulesNameEveryOption(CommandSpec command, Set<String> named) {
        for (OptionSpec option : options(command)) {
            assertThat(named)
                    .as(
                            "say in the rules what %s of %s needs or excludes, or that it is free",
                            option.longestName(), command.qualifiedName(" "))
                    .contains(option.longestName());
        }
        Set<String> there = command.args().stream()
                .flatMap(arg ->
                        arg instanceof OptionSpec option ? Arrays.stream(option.names()) : Stream.of(arg.paramLabel()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(there).containsAll(named);
    }

    /**
     * Every pair of options of a command passes or is refused as the rules say.
     *
     * @param root the root command
     * @param name of a command below it
     * @param refused whether the rules refuse a parsed command line; given the leaf's part of it
     * @param check throws where a command line is refused; given all of it
     */
    public static void everyPairOfOptions(
            CommandLine root, String name, Predicate<ParseResult> refused, Consumer<ParseResult> check) {
        CommandSpec command =
                Objects.requireNonNull(leaves(root).get(name), name).getCommandSpec();
        List<OptionSpec> options = options(command);
        for (OptionSpec one : options) {
            for (OptionSpec other : options.subList(options.indexOf(one), options.size())) {
                ParseResult parsed;
                try {
                    parsed = leaf(root, line(name, command, new LinkedHashSet<>(List.of(one, other))));
                } catch (CommandLine.MutuallyExclusiveArgsException e) {
                    continue; // refused by picocli already
                } catch (CommandLine.MissingParameterException e) {
                    parsed = withInput(root, name, command, one, other);
                }
                ParseResult whole = root.getParseResult();
                if (refused.test(parsed)) {
                    assertThatThrownBy(() -> check.accept(whole))
                            .as(one.longestName() + " " + other.longestName())
                            .isInstanceOf(ParameterException.class)
                            .hasMessageMatching(
                                    "-?-?\\S+ (and \\S+ are mutually exclusive: .*|has no effect without .*)\\.");
                } else {
                    check.accept(whole);
                }
            }
        }
    }

    private static List<OptionSpec> options(CommandSpec command) {
        return command.options().stream()
                .filter(option -> Arrays.stream(option.names()).noneMatch(EVERYWHERE::contains))
                .filter(option -> !option.names()[0].equals("-h"))
                .toList();
    }

    /** A value that an option of any kind reads. */
    private static List<String> given(ArgSpec arg) {
        if (arg instanceof OptionSpec option && option.arity().max() == 0) {
            return List.of(option.longestName());
        }
        Class<?> type = arg.auxiliaryTypes()[0];
        Object[] constants = type.getEnumConstants();
        String value = constants != null
                ? String.valueOf(constants[0])
                : type == String.class || type == Path.class ? "x" : "1";
        return arg instanceof OptionSpec option ? List.of(option.longestName(), value) : List.of(value);
    }

    /** A command line with these options and whatever is required beside them. */
    private static List<String> line(String name, CommandSpec command, Set<OptionSpec> options) {
        List<String> line = new ArrayList<>(List.of(name.split(" ", -1)));
        Set<ArgSpec> all = new LinkedHashSet<>();
        for (OptionSpec option : options) {
            all.add(option);
            if (option.group() != null && !option.group().exclusive()) {
                all.addAll(option.group().requiredArgs());
            }
        }
        command.options().stream()
                .filter(OptionSpec::required)
                .filter(option -> option.group() == null)
                .forEach(all::add);
        all.forEach(option -> line.addAll(given(option)));
        command.positionalParameters().stream()
                .filter(PositionalParamSpec::required)
                .filter(parameter -> parameter.group() == null)
                .forEach(parameter -> line.addAll(given(parameter)));
        return line;
    }

    private static ParseResult leaf(CommandLine root, List<String> line) {
        ParseResult parsed = root.parseArgs(line.toArray(String[]::new));
        while (parsed.hasSubcommand()) {
            parsed = parsed.subcommand();
        }
        return parsed;
    }

    /** Where one of several inputs is required, with the first that goes with the options. */
    private static ParseResult withInput(
            CommandLine root, String name, CommandSpec command, OptionSpec one, OptionSpec other) {
        for (ArgGroupSpec group : command.argGroups()) {
            if (group.exclusive()) {
                for (ArgSpec arg : group.args()) {
                    List<String> line = line(name, command, new LinkedHashSet<>(List.of(one, other)));
                    line.addAll(given(arg));
                    try {
                        return leaf(root, line);
                    } catch (ParameterException e) {
                        continue; // the next
                    }
                }
            }
        }
        throw new AssertionError("no input goes with " + one.longestName() + " and " + other.longestName());
    }
}
