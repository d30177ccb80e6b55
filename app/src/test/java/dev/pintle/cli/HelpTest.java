package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
import picocli.CommandLine.Model.OptionSpec;

class HelpTest {
    @TempDir
    Path folder = Path.of("");

    private static Stream<CommandLine> all(CommandLine command) {
        return Stream.concat(
                Stream.of(command), command.getSubcommands().values().stream().flatMap(HelpTest::all));
    }

    static Stream<String> names() {
        return all(Main.commandLine(Session.REAL))
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
        assertThat(help.out().lines().filter(line -> line.length() > 60)).isEmpty();
        assertThat(help.out()).contains("\nHelp\n").doesNotContain("${");
        assertThat(help.out().contains("--version")).isEqualTo(command.isEmpty());
        assertThat(run(Map.of("COLUMNS", "60"), ("help " + command).strip()).out())
                .isEqualTo(help.out());
    }

    @ParameterizedTest
    @MethodSource("names")
    void summaries_and_descriptions_are_whole_sentences(String name) {
        CommandLine pintle = Main.commandLine(Session.REAL);
        CommandSpec spec = all(pintle)
                .map(CommandLine::getCommandSpec)
                .filter(command -> command.qualifiedName(" ").equals(name))
                .findFirst()
                .orElseThrow();
        assertThat(spec.usageMessage().description()).isNotEmpty();
        for (String sentence : spec.usageMessage().description()) {
            assertThat(sentence).matches("[A-Z](?s:.*)\\.");
        }
        for (OptionSpec option : spec.options()) {
            String text = String.join(" ", option.description());
            assertThat(text).as(option.longestName()).matches("[A-Za-z](?s:.*)\\.");
            assertThat(text.split(" ", -1)[0])
                    .as("%s of %s speaks of another option", option.longestName(), name)
                    .isNotIn("It", "Its", "They", "Them", "Then", "There", "Same", "These", "Those");
        }
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
                .isEqualTo("Invalid value for option '--strength': expected a number in activation norms, such as 0.45,"
                        + " or a factor on the vector, such as 5abs; found 'lots'.\n  try: pintle generate --help\n");
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

    @ParameterizedTest
    @CsvSource({"bash,_complete_pintle", "zsh,bashcompinit", "fish,complete -c pintle"})
    void every_shell_gets_a_script_that_knows_every_command(String shell, String mark) {
        CommandRun run = run(Map.of(), "completion " + shell);
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains(mark, "max-new-tokens", "decompose", "compare");
        assertThat(Arrays.stream(run.out().split("\n", -1)).filter(line -> line.contains("\\u00")))
                .isEmpty();
    }
}
