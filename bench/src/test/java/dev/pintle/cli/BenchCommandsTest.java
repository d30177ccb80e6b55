package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.cli.OptionRule.Excludes;
import dev.pintle.cli.OptionRule.Given;
import dev.pintle.testkit.CommandChecks;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code pintle bench} with its jar on the class path; in this package so that it can run commands as the app's tests do. */
class BenchCommandsTest {
    private static final Session NARROW = new Session() {
        @Override
        public Map<String, String> variables() {
            return Map.of("COLUMNS", "60");
        }
    };

    private record Ran(int status, String out, String err) {}

    private static Ran run(String line) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.run(NARROW, new PrintWriter(out), new PrintWriter(err), line.split(" ", -1));
        return new Ran(status, out.toString(), err.toString());
    }

    private static CommandLine pintle() {
        return Main.commandLine(NARROW);
    }

    static Stream<CommandSpec> commands() {
        return CommandChecks.all(pintle())
                .map(CommandLine::getCommandSpec)
                .filter(command -> command.qualifiedName(" ").startsWith("pintle bench"));
    }

    static Stream<String> names() {
        return commands().map(command -> command.qualifiedName(" ").substring("pintle ".length()));
    }

    static Stream<String> leaves() {
        return CommandChecks.leaves(pintle()).keySet().stream().filter(name -> name.startsWith("bench"));
    }

    @Test
    void the_benchmarks_are_found_on_the_class_path() {
        assertThat(leaves())
                .containsExactlyInAnyOrder(
                        "bench engine",
                        "bench extract",
                        "bench harvest",
                        "bench memory",
                        "bench sae",
                        "bench serve",
                        "bench steer",
                        "bench studies",
                        "bench tensor",
                        "bench soak",
                        "bench styles");
        assertThat(OptionRules.commands())
                .containsExactlyInAnyOrderElementsOf(
                        CommandChecks.leaves(pintle()).keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_help_fits_60_columns(String name) {
        Ran help = run(name + " --help");
        assertThat(help.status()).isZero();
        CommandChecks.helpFits60Columns(help.out());
        assertThat(help.out()).doesNotContain("--version");
        assertThat(run("help " + name).out()).isEqualTo(help.out());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void summaries_and_descriptions_are_whole_sentences(CommandSpec command) {
        CommandChecks.describedInWholeSentences(command);
    }

    @ParameterizedTest
    @MethodSource("leaves")
    void every_option_has_rules(String name) {
        CommandSpec command =
                Objects.requireNonNull(CommandChecks.leaves(pintle()).get(name)).getCommandSpec();
        CommandChecks.rulesNameEveryOption(
                command, OptionRules.find(command).orElseThrow().named());
        CommandChecks.everyPairOfOptions(pintle(), name, BenchCommandsTest::refused, OptionRules::check);
    }

    private static boolean refused(ParseResult parsed) {
        Given given = new Given(parsed);
        return OptionRules.find(parsed.commandSpec()).orElseThrow().rules().stream()
                .anyMatch(rule -> rule instanceof Excludes both && given.has(both.one()) && given.has(both.other()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    bench nothing                   | 2 | pintle bench has no command 'nothing'.
                    bench engine --shape nonsense   | 1 | There is no such shape.
                    bench steer --rows 0            | 1 | There are no rows to steer.
                    bench sae --d-sae 1             | 1 | There is nothing to measure in an autoencoder of this size.
                    """)
    void what_cannot_be_measured_is_refused(String line, int status, String sentence) {
        Ran run = run(line);
        assertThat(run.status()).isEqualTo(status);
        assertThat(run.err()).startsWith(sentence + "\n");
        assertThat(run.out()).isEmpty();
    }

    @Test
    @Tag("slow")
    void memory_over_many_answers_of_the_embedded_model_is_measured() {
        Ran run = run("bench soak --count 20");
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).startsWith("| generations | resident MB |");
    }
}
