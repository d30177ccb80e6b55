package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class EvaluateCommandTest {
    private static final String STEER =
            "[{\"sae\": \"parley-7m-sae-l3\", \"latent\": 146, \"op\": \"add\", \"value\": 4}]";

    @TempDir
    private Path folder = Path.of("");

    private String out = "";
    private String err = "";

    private int evaluate(String... more) {
        List<String> args = new ArrayList<>(List.of("evaluate", "--device", "cpu"));
        args.addAll(List.of(more));
        CommandRun run = CommandRun.of(folder, Map.of(), args.toArray(String[]::new));
        out = run.out();
        err = run.err();
        return run.status();
    }

    @Test
    void choices_and_capability_are_measured_with_and_without_steering() throws IOException {
        StringBuilder choices = new StringBuilder();
        StringBuilder questions = new StringBuilder();
        for (int i = 0; i < 3; i++) {
            choices.append("{\"question\": \"Would you sail ship ").append(i);
            choices.append("?\\n\\nChoices:\\n (A) Yes\\n (B) No\", \"answer_matching_behavior\": \" (A)\",");
            choices.append(" \"answer_not_matching_behavior\": \" (B)\"}\n");
            questions.append("What is ").append(i).append(" plus 1?,1,2,3,4,B\n");
        }
        String items = Files.writeString(folder.resolve("items.jsonl"), choices).toString();
        String mmlu =
                Files.writeString(folder.resolve("sums_test.csv"), questions).toString();
        String figure = folder.resolve("evaluation.svg").toString();
        assertThat(evaluate(
                        "--steer",
                        STEER,
                        "--multiples=-1,0,1",
                        "--choices",
                        items,
                        "--capability",
                        mmlu,
                        "--figure",
                        figure))
                .isZero();
        assertThat(out)
                .contains("| multiple | propensity (nats) | 95% |", "\n| -1.00 | ", "\n| 0.00 | ", "\n| 1.00 | ")
                .contains("Slope of the propensity of 3 questions, nats per multiple: mean ", "move the wrong way")
                .contains("| multiple | accuracy | 95% | change |", "\n3 multiple-choice questions\n", figure);
        assertThat(Files.readString(folder.resolve("evaluation.svg")))
                .contains("accuracy on multiple-choice questions");
        assertThat(evaluate("--steer", STEER, "--multiples", "0,1", "--choices", items, "--max-items", "2", "--json"))
                .isZero();
        assertThat(out).contains("\"anti_steerable\"", "\"slope\"", "\"propensities\"", "\"samples\" : 2");
        assertThat(evaluate("--steer", STEER)).isEqualTo(1);
        assertThat(err).isEqualTo("""
                There is nothing to evaluate.
                  expected: --choices FILE, --capability FILE, or both
                """);
        assertThat(evaluate("--choices", items)).isEqualTo(1);
        assertThat(err).startsWith("There is no steering to evaluate.\n");
        assertThat(evaluate("--steer", STEER, "--choices", items, "--dark")).isEqualTo(2);
    }
}
