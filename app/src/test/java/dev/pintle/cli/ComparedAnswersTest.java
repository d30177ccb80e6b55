package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class ComparedAnswersTest {
    private static final String[] PIRATE = {
        "vector",
        "fit",
        "--positive",
        "The assistant should talk like a pirate.",
        "--negative",
        "The assistant should act normally.",
        "--layer",
        "3"
    };

    @TempDir
    private Path folder = Path.of("");

    private CommandRun run(String[] command, String... more) {
        List<String> args = new ArrayList<>(List.of(command));
        args.addAll(List.of("--model", Golden.parley().toString(), "--device", "cpu"));
        args.addAll(List.of(more));
        return CommandRun.of(folder, Map.of(), args.toArray(String[]::new));
    }

    private CommandRun generate(String... more) {
        List<String> args = new ArrayList<>(List.of("--user", "Tell me about the whale.", "--max-new-tokens", "24"));
        args.addAll(List.of(more));
        return run(new String[] {"generate"}, args.toArray(String[]::new));
    }

    @Test
    void answers_at_several_strengths_stand_one_under_another() throws IOException {
        String file = folder.resolve("pirate.safetensors").toString();
        assertThat(run(PIRATE, "-o", file).status()).isZero();
        CommandRun compared = generate("--vector", file, "--compare", "0,0.3,4.9abs");
        assertThat(compared.status()).as(compared.err()).isZero();
        assertThat(compared.out())
                .startsWith("strength 0 (unsteered)\nThe whale is blue.")
                .contains("\n\nstrength 0.3 activation norms\nAhoy there!", "\n\nstrength 4.9abs\nAhoy there!");
        JsonNode answers = new ObjectMapper()
                .readTree(generate("--vector", file, "--compare", "0,0.3", "--json")
                        .out())
                .get("answers");
        assertThat(answers).hasSize(2);
        assertThat(answers.at("/1/strength").asText()).isEqualTo("0.3");
        assertThat(answers.at("/1/text").asText()).startsWith("Ahoy there!");
    }

    @Test
    void strengths_are_compared_of_one_vector_that_has_none() throws IOException {
        String file = folder.resolve("pirate.safetensors").toString();
        assertThat(run(PIRATE, "-o", file).status()).isZero();
        assertThat(generate("--vector", file, "--strength", "0.3", "--compare", "0,0.3")
                        .err())
                .startsWith("--compare needs exactly one vector without its own strength.\n")
                .contains("but was:  none");
        assertThat(generate("--compare", "0,0.3").err()).startsWith("--compare has no effect without --vector NAME.");
        assertThat(generate("--vector", file).err()).startsWith("A vector has no strength.\n  vector:  " + file);
    }
}
