package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.cli.OptionRule.Excludes;
import dev.pintle.cli.OptionRule.Given;
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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The rules are held against picocli's own model of the commands, so that no option can be forgotten. */
class OptionRulesTest {
    private static final Set<String> EVERYWHERE = Set.of("--help", "--version", "--verbose");

    @TempDir
    Path folder = Path.of("");

    private static CommandLine pintle() {
        return Main.commandLine(Session.REAL);
    }

    private static void leaves(CommandLine command, Map<String, CommandLine> found) {
        if (command.getSubcommands().isEmpty()) {
            String name = command.getCommandSpec().qualifiedName(" ");
            found.put(name.substring(name.indexOf(' ') + 1), command);
        }
        command.getSubcommands().values().forEach(child -> leaves(child, found));
    }

    private static Map<String, CommandLine> commands() {
        Map<String, CommandLine> found = new LinkedHashMap<>();
        leaves(pintle(), found);
        return found;
    }

    static Stream<String> names() {
        return commands().keySet().stream();
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
                option.group().requiredArgs().forEach(all::add);
            }
        }
        command.options().stream()
                .filter(OptionSpec::required)
                .filter(o -> o.group() == null)
                .forEach(all::add);
        all.forEach(option -> line.addAll(given(option)));
        command.positionalParameters().stream()
                .filter(PositionalParamSpec::required)
                .filter(parameter -> parameter.group() == null)
                .forEach(parameter -> line.addAll(given(parameter)));
        return line;
    }

    private static ParseResult leaf(CommandLine command, List<String> line) {
        ParseResult parsed = command.parseArgs(line.toArray(String[]::new));
        while (parsed.hasSubcommand()) {
            parsed = parsed.subcommand();
        }
        return parsed;
    }

    @Test
    void every_command_has_rules_and_no_rules_are_of_a_command_that_is_not_there() {
        assertThat(OptionRules.commands())
                .containsExactlyInAnyOrderElementsOf(commands().keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_option_is_told_of(String name) {
        CommandSpec command = Objects.requireNonNull(commands().get(name)).getCommandSpec();
        Set<String> told = OptionRules.find(command).orElseThrow().named();
        Set<String> there = command.args().stream()
                .flatMap(arg ->
                        arg instanceof OptionSpec option ? Arrays.stream(option.names()) : Stream.of(arg.paramLabel()))
                .collect(Collectors.toCollection(TreeSet::new));
        for (OptionSpec option : options(command)) {
            assertThat(told)
                    .as(
                            "say in OptionRules what %s of %s needs or excludes, or that it is free",
                            option.longestName(), name)
                    .contains(option.longestName());
        }
        assertThat(there).containsAll(told);
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_pair_of_options_is_let_pass_or_refused_as_the_rules_say(String name) {
        CommandLine pintle = pintle();
        Map<String, CommandLine> found = new LinkedHashMap<>();
        leaves(pintle, found);
        CommandSpec command = Objects.requireNonNull(found.get(name)).getCommandSpec();
        List<OptionRule> rules = OptionRules.find(command).orElseThrow().rules();
        List<OptionSpec> options = options(command);
        for (OptionSpec one : options) {
            for (OptionSpec other : options.subList(options.indexOf(one), options.size())) {
                ParseResult parsed;
                try {
                    parsed = leaf(pintle, line(name, command, new LinkedHashSet<>(List.of(one, other))));
                } catch (CommandLine.MutuallyExclusiveArgsException e) {
                    continue; // refused by picocli already
                } catch (CommandLine.MissingParameterException e) {
                    parsed = withInput(pintle, name, command, one, other);
                }
                Given given = new Given(parsed);
                boolean excluded = rules.stream()
                        .anyMatch(rule ->
                                rule instanceof Excludes both && given.has(both.one()) && given.has(both.other()));
                boolean lacking = rules.stream()
                        .anyMatch(rule -> rule instanceof OptionRule.Needs needs
                                && given.has(needs.option())
                                && !needs.holds().test(given));
                ParseResult root = pintle.getParseResult();
                if (excluded || lacking) {
                    assertThatThrownBy(() -> OptionRules.check(root))
                            .as(one.longestName() + " " + other.longestName())
                            .isInstanceOf(ParameterException.class)
                            .hasMessageMatching(
                                    "-?-?\\S+ (and \\S+ exclude each other: .*|has no effect without .*)\\.");
                } else {
                    OptionRules.check(root);
                }
            }
        }
    }

    /** Where one of several inputs is required, with the first that goes with the options. */
    private static ParseResult withInput(
            CommandLine pintle, String name, CommandSpec command, OptionSpec one, OptionSpec other) {
        for (CommandLine.Model.ArgGroupSpec group : command.argGroups()) {
            if (group.exclusive()) {
                for (ArgSpec arg : group.args()) {
                    List<String> line = line(name, command, new LinkedHashSet<>(List.of(one, other)));
                    line.addAll(given(arg));
                    try {
                        return leaf(pintle, line);
                    } catch (CommandLine.ParameterException e) {
                        continue; // the next
                    }
                }
            }
        }
        throw new AssertionError("no input goes with " + one.longestName() + " and " + other.longestName());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    generate --user x --top-p 0.5                  | --top-p has no effect without --temperature T: without one the most probable token is taken.
                    generate --user x --top-k 5                    | --top-k has no effect without --temperature T: without one the most probable token is taken.
                    generate --user x --top-p 7                    | --top-p has no effect without --temperature T: without one the most probable token is taken.
                    generate --user x --seed 5                     | --seed has no effect without --temperature T: without one the most probable token is taken.
                    generate --user x --greedy --temperature 1     | --greedy and --temperature exclude each other: greedy decoding draws nothing.
                    generate --user x --force                      | --force has no effect without --vector or --latent.
                    generate --user x --sae y                      | --sae has no effect without --latent.
                    chat --min-p 0.1                               | --min-p has no effect without --temperature T: without one the most probable token is taken.
                    sae decompose v --user x                       | --user has no effect without --how difference, which alone reads a text.
                    sae decompose v --how pursuit --strength 2     | --strength has no effect without --how scaled or difference.
                    sae decompose v --with-bias                    | --with-bias has no effect without --out or --save.
                    sae labels --top 5                             | --top has no effect without --search WORDS.
                    sae encode --user x --strength 1               | --strength has no effect without --vector NAME.
                    sae profile --endpoint http://x                | --endpoint has no effect without --explain MODEL.
                    sweep --marker a --judge b                     | --marker and --judge exclude each other: it is told in one way.
                    sweep --dark                                   | --dark has no effect without --figure FILE.
                    tune --prefixes x                              | --prefixes has no effect without a method that reads begun answers: --method last-position or diff-mean.
                    sweep --vector v --marker a --negative b       | --negative has no effect without vectors to fit: no --vector, or --method too.
                    study base --strengths 1                       | --strengths has no effect without the study quality, or all.
                    study quality --as-published                   | --as-published has no effect without a study that the notebooks had.
                    vector fit --from-latent 1 --json --resume x   | --from-latent and --resume exclude each other: a latent's row is not fitted.
                    vector fit --positive a --negative b --layer 1 --json --raw | --raw has no effect without --from-latent N.
                    vector fit --pairs a --prefixes b --layer 1 --json | --prefixes has no effect without --positive TEXT.
                    report diff a b --rows 5 --json                | --rows and --json exclude each other: JSON has every row.
                    tokens hello --pull                            | --pull has no effect without --model NAME.
                    """)
    void an_option_without_effect_is_refused_before_anything_is_read(String line, String sentence) {
        CommandRun run = CommandRun.of(folder, Map.of(), line.split(" ", -1));
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).startsWith(sentence + "\n");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void a_value_out_of_range_is_refused_before_a_model_is_looked_for() {
        CommandRun run = CommandRun.of(
                folder, Map.of(), "generate", "--model", "none", "--user", "x", "--temperature", "1", "--top-p", "7");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("""
                A decoding setting is out of range.
                  setting:  top-p
                  expected: above 0, at most 1
                  but was:  7.0
                """);
    }
}
