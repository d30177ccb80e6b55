package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.steering.SteeringMethod;
import dev.pintle.testkit.CommandChecks;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class HelpTest {
    @TempDir
    Path folder = Path.of("");

    static Stream<String> names() {
        return CommandChecks.all(Main.commandLine(Session.REAL))
                .map(command -> command.getCommandSpec().qualifiedName(" "));
    }

    private CommandRun run(Map<String, String> variables, String line) {
        String[] words = line.isEmpty() ? new String[0] : line.split(" ", -1);
        return CommandRun.of(folder, variables, words);
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_help_fits_60_columns(String name) {
        String command = name.substring("pintle".length()).strip();
        CommandRun help = run(Map.of("COLUMNS", "60"), (command + " --help").strip());
        assertThat(help.status()).isZero();
        CommandChecks.helpFits60Columns(help.out());
        assertThat(help.out().contains("--version")).isEqualTo(command.isEmpty());
        assertThat(run(Map.of("COLUMNS", "60"), ("help " + command).strip()).out())
                .isEqualTo(help.out());
    }

    @ParameterizedTest
    @MethodSource("names")
    void summaries_and_descriptions_are_whole_sentences(String name) {
        CommandLine pintle = Main.commandLine(Session.REAL);
        CommandSpec spec = CommandChecks.all(pintle)
                .map(CommandLine::getCommandSpec)
                .filter(command -> command.qualifiedName(" ").equals(name))
                .findFirst()
                .orElseThrow();
        CommandChecks.describedInWholeSentences(spec);
    }

    @Test
    void options_stand_in_sections_in_one_order() {
        String help = run(Map.of(), "generate --help").out();
        assertThat(help.lines().filter(line -> line.matches("[A-Z][a-z]+( [a-z]+)*")))
                .containsExactly("Input", "Steering", "Decoding", "Model", "Output", "Help");
        assertThat(help.indexOf("--vector")).isLessThan(help.indexOf("--strength"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    generate --temprature 1 --user x | pintle generate has no option '--temprature'. | --temperature, or pintle generate --help
                    generate --user                  | Missing required parameter for option '--user' (TEXT). | pintle generate --help
                    generat --user x                 | pintle has no command 'generat'. | generate, or pintle --help
                    vector fti                       | pintle vector has no command 'fti'. | fit, or pintle vector --help
                    help vector fti                  | pintle vector has no command 'fti'. | fit, or pintle vector --help
                    nonsense                         | pintle has no command 'nonsense'. | pintle --help
                    sweep --strength 1               | pintle sweep has no option '--strength'. | --strengths, or pintle sweep --help
                    generate --user x --strenght=1   | pintle generate has no option '--strenght'. | --strength, or pintle generate --help
                    generate                         | Missing required argument (specify one of these): (--prompt=TEXT ¦ --user=TEXT ¦ --chat=FILE). | pintle generate --help
                    generate --user x --max-new-tokens lots | Invalid value for option '--max-new-tokens': 'lots' is not an int. | pintle generate --help
                    generate --user x -V             | pintle generate has no option '-V'. | pintle generate --help
                    doctor extra                     | pintle doctor takes no further argument; found 'extra'. | pintle doctor --help
                    completion tcsh                  | There is no completion for 'tcsh'; choose bash, zsh or fish. | pintle completion --help
                    """)
    void a_usage_error_is_two_lines_with_the_nearest_name(String line, String sentence, String tries) {
        CommandRun run = run(Map.of(), line);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).isEqualTo(sentence.replace('¦', '|') + "\n  try: " + tries + "\n");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void a_strength_that_cannot_be_read_is_one_line() {
        assertThat(run(Map.of(), "generate --user x --vector v --strength lots").err())
                .isEqualTo("Invalid value for option '--strength': expected a strength in activation norms, such as"
                        + " 0.45, or a raw multiplier, such as 5abs; found 'lots'.\n  try: pintle generate --help\n");
    }

    @Test
    void a_bad_value_of_a_megabyte_is_not_printed() {
        for (String option : List.of("--max-new-tokens", "--strength", "--nonsense")) {
            CommandRun run = CommandRun.of(
                    folder, Map.of(), "generate", "--user", "x", "--vector", "v", option, "9x".repeat(500_000));
            assertThat(run.status()).isEqualTo(2);
            assertThat(run.err().length()).isLessThan(700);
            assertThat(run.err().lines()).hasSize(2);
        }
    }

    @Test
    void without_their_jar_the_benchmarks_say_how_to_get_them() {
        for (String line : List.of("bench", "bench engine --shape llama-3.2-1b", "bench sae --d-sae 8000")) {
            CommandRun run = run(Map.of(), line);
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).isEqualTo("""
                    The benchmarks are not part of this installation.
                      missing: pintle-bench.jar on the class path
                      try:     ./pintle bench in a checkout of Pintle, or that jar in this installation's lib folder
                    """);
        }
        assertThat(run(Map.of(), "--help").out().indexOf("\n  bench "))
                .isBetween(
                        run(Map.of(), "--help").out().indexOf("\n  report "),
                        run(Map.of(), "--help").out().indexOf("\n  help "));
    }

    @Test
    void without_its_jars_spark_says_how_to_get_it() {
        for (String line : List.of("spark", "spark local sweep --style pirate", "spark submit fit -o x")) {
            CommandRun run = run(Map.of(), line);
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.err()).isEqualTo("""
                    Apache Spark is not part of this installation.
                      missing: pintle-spark.jar and Spark's jars on the class path
                      try:     ./pintle spark in a checkout of Pintle, which fetches them once (230 MB)
                    """);
        }
    }

    @Test
    void the_help_of_a_fit_names_every_method() {
        assertThat(run(Map.of(), "vector fit --help").out()).contains(SteeringMethod.NAMES);
    }

    @ParameterizedTest
    @CsvSource({"bash,_complete_pintle", "zsh,bashcompinit", "fish,complete -c pintle"})
    void every_shell_gets_a_script_that_knows_every_command(String shell, String mark) {
        CommandRun run = run(Map.of(), "completion " + shell);
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains(mark, "max-new-tokens", "decompose", "compare");
        assertThat(run.out()).contains("fp32", "after-last-difference", "caa-mean-vs-pca");
        assertThat(Arrays.stream(run.out().split("\n", -1)).filter(line -> line.contains("\\u00")))
                .isEmpty();
    }
}
