package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.cli.OptionRule.Excludes;
import dev.pintle.cli.OptionRule.Given;
import dev.pintle.cli.OptionRule.Needs;
import dev.pintle.testkit.CommandChecks;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The rules are held against picocli's own model of the commands, so that no option can be forgotten. */
class OptionRulesTest {
    @TempDir
    Path folder = Path.of("");

    private static CommandLine pintle() {
        return Main.commandLine(Session.REAL);
    }

    static Stream<String> names() {
        return CommandChecks.leaves(pintle()).keySet().stream();
    }

    @Test
    void every_command_has_rules_and_no_rules_are_of_a_command_that_is_not_there() {
        assertThat(OptionRules.commands())
                .containsExactlyInAnyOrderElementsOf(
                        CommandChecks.leaves(pintle()).keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_option_is_told_of(String name) {
        CommandSpec command =
                Objects.requireNonNull(CommandChecks.leaves(pintle()).get(name)).getCommandSpec();
        CommandChecks.rulesNameEveryOption(
                command, OptionRules.find(command).orElseThrow().named());
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_pair_of_options_is_let_pass_or_refused_as_the_rules_say(String name) {
        CommandChecks.everyPairOfOptions(pintle(), name, OptionRulesTest::refused, OptionRules::check);
    }

    private static boolean refused(ParseResult parsed) {
        Given given = new Given(parsed);
        return OptionRules.find(parsed.commandSpec()).orElseThrow().rules().stream()
                .anyMatch(rule -> rule instanceof Excludes both && given.has(both.one()) && given.has(both.other())
                        || rule instanceof Needs needs
                                && given.has(needs.option())
                                && !needs.holds().test(given));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    generate --user x --top-p 0.5                  | --top-p has no effect without --temperature T: decoding is greedy without it.
                    generate --user x --top-k 5                    | --top-k has no effect without --temperature T: decoding is greedy without it.
                    generate --user x --top-p 7                    | --top-p has no effect without --temperature T: decoding is greedy without it.
                    generate --user x --seed 5                     | --seed has no effect without --temperature T: decoding is greedy without it.
                    generate --user x --greedy --temperature 1     | --greedy and --temperature are mutually exclusive: greedy decoding does not sample.
                    generate --user x --force                      | --force has no effect without --vector or --latent.
                    generate --user x --sae y                      | --sae has no effect without --latent.
                    chat --min-p 0.1                               | --min-p has no effect without --temperature T: decoding is greedy without it.
                    sae decompose v --user x                       | --user has no effect without --how difference, the only one that reads a text.
                    sae decompose v --how pursuit --strength 2     | --strength has no effect without --how scaled or difference.
                    sae decompose v --with-bias                    | --with-bias has no effect without --out or --save.
                    sae labels --top 5                             | --top has no effect without --search WORDS.
                    sae encode --user x --strength 1               | --strength has no effect without --vector NAME.
                    sae profile --endpoint http://x                | --endpoint has no effect without --explain MODEL.
                    sweep --marker a --judge b                     | --marker and --judge are mutually exclusive: the concept is scored in one way.
                    sweep --dark                                   | --dark has no effect without --figure FILE.
                    tune --prefixes x                              | --prefixes has no effect without a method that reads answer prefixes: --method last-position or diff-mean.
                    sweep --vector v --marker a --negative b       | --negative has no effect without vectors to fit: leave out --vector, or add --method.
                    study base --strengths 1                       | --strengths has no effect without the study quality, or all.
                    study quality --as-published                   | --as-published has no effect without a study from the notebooks.
                    vector fit --from-latent 1 --json --resume x   | --from-latent and --resume are mutually exclusive: a decoder row is not fitted.
                    vector fit --positive a --negative b --layer 1 --json --raw | --raw has no effect without --from-latent N.
                    vector fit --pairs a --prefixes b --layer 1 --json | --prefixes has no effect without --positive TEXT.
                    report diff a b --rows 5 --json                | --rows and --json are mutually exclusive: JSON has every row.
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
