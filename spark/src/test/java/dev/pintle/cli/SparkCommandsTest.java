package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.cli.OptionRule.Given;
import dev.pintle.testkit.CommandChecks;
import java.io.PrintWriter;
import java.io.StringWriter;
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

/** {@code pintle spark} with its jars on the class path; in this package so that it can run commands as the app's tests do. */
class SparkCommandsTest {
    private static final Session NARROW = new Session() {
        @Override
        public Map<String, String> variables() {
            return Map.of("COLUMNS", "60");
        }
    };

    @TempDir
    private Path folder = Path.of("");

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
                .filter(command -> command.qualifiedName(" ").startsWith("pintle spark"));
    }

    static Stream<String> names() {
        return commands().map(command -> command.qualifiedName(" ").substring("pintle ".length()));
    }

    static Stream<String> leaves() {
        return CommandChecks.leaves(pintle()).keySet().stream().filter(name -> name.startsWith("spark"));
    }

    @Test
    void the_jobs_are_found_on_the_class_path() {
        assertThat(leaves())
                .containsExactlyInAnyOrder(
                        "spark local sweep",
                        "spark local evaluate",
                        "spark local fit",
                        "spark local profile",
                        "spark local harvest",
                        "spark submit sweep",
                        "spark submit evaluate",
                        "spark submit fit",
                        "spark submit profile",
                        "spark submit harvest");
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
        CommandChecks.everyPairOfOptions(pintle(), name, SparkCommandsTest::refused, OptionRules::check);
    }

    private static boolean refused(ParseResult parsed) {
        Given given = new Given(parsed);
        return OptionRules.find(parsed.commandSpec()).orElseThrow().rules().stream()
                .anyMatch(rule -> rule.broken(given).isPresent());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                    local nothing                                      | 2 | pintle spark local has no command 'nothing'.
                    local sweep                                        | 2 | Missing required option: '--out=FOLDER'.
                    local sweep -o OUT --model nowhere                 | 1 | There is no such model.
                    local sweep -o OUT --style klingon                 | 1 | The embedded model was not taught that style.
                    local sweep -o OUT --layer 8                       | 1 | There is no such block.
                    local sweep -o OUT --strengths 0.3,4abs            | 1 | The strengths of a sweep count in one unit.
                    local sweep -o OUT --executor-memory 100m          | 1 | A model does not fit in an executor's memory.
                    local sweep -o OUT --executor-memory much          | 1 | This is not a size.
                    local sweep -o OUT --cores 0                       | 1 | Spark needs at least one core.
                    local sweep -o OUT --vector x                      | 1 | There is no way to score the concept.
                    local sweep -o OUT --vector x --style pirate       | 1 | There is no such vector, neither a file nor a name.
                    local evaluate -o OUT --steer nowhere --style chef | 1 | The steering cannot be read.
                    local evaluate -o OUT --steer []                   | 1 | There is nothing to evaluate.
                    local evaluate -o OUT --steer [] --style chef      | 1 | An evaluation needs models, steering, and multiples other than 0.
                    local evaluate -o OUT --steer [] --concept x       | 2 | --concept has no effect without --judge MODEL.
                    local fit -o OUT --sets nowhere                    | 1 | The contrast sets cannot be read.
                    local profile -o OUT --sae nowhere                 | 1 | There is no such autoencoder.
                    local profile -o OUT --parts 0                     | 1 | A collection is read in at least one part.
                    local harvest -o OUT --layers 9                    | 1 | The list of layers is not valid.
                    local harvest -o OUT --layers 3 --texts nowhere    | 1 | There are no such texts.
                    local harvest -o OUT --layers 3 --shard-size 1     | 1 | Shards of that size are too small.
                    local harvest -o OUT                               | 1 | There is nothing to store.
                    local harvest -o OUT --model parley-7m --model x   | 1 | This job runs one model.
                    submit sweep -o OUT --master spark://x --conf y    | 1 | This is not a setting of Spark's.
                    submit sweep -o OUT                                | 1 | It is not said which cluster the job runs on.
                    """)
    void what_cannot_run_is_refused_before_spark_starts(String line, int status, String sentence) {
        Path out = folder.resolve("out");
        Ran run = run("spark " + line.replace("OUT", out.toString()));
        assertThat(run.err()).startsWith(sentence + "\n");
        assertThat(run.status()).isEqualTo(status);
        assertThat(run.out()).isEmpty();
        assertThat(out).doesNotExist();
    }
}
