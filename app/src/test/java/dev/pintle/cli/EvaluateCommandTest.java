package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.testkit.FakeService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class EvaluateCommandTest {
    private static final String STEER =
            "[{\"sae\": \"parley-7m-sae-l3\", \"latent\": 146, \"op\": \"add\", \"value\": 4}]";

    private static final String PIRATE = STEER.replace("4}]", "8}]");

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
                  expected: --choices FILE, --capability FILE, --questions FILE, or several of them
                """);
        assertThat(evaluate("--choices", items)).isEqualTo(1);
        assertThat(err).startsWith("There is no steering to evaluate.\n");
        assertThat(evaluate("--steer", STEER, "--choices", items, "--dark")).isEqualTo(2);
        assertThat(evaluate("--steer", STEER, "--choices", items, "--multiples", "0"))
                .isEqualTo(1);
        assertThat(err).isEqualTo("""
                There is no steering to evaluate.
                  expected: finite --multiples, one of them other than 0
                  but was:  [0.0]
                """);
    }

    @Test
    void answers_are_measured_for_fluency_and_for_a_concept_by_marker_or_judge() throws IOException {
        String questions = Files.writeString(
                        folder.resolve("questions.json"), "[\"Tell me about the whale.\", \"Hello, how are you?\"]")
                .toString();
        String figure = folder.resolve("answers.svg").toString();
        String[] asked = {"--steer", PIRATE, "--multiples", "0,1", "--questions", questions, "--max-new-tokens", "12"};
        assertThat(evaluate(asked)).as(() -> err).isZero();
        assertThat(out)
                .startsWith("| multiple | loops | repeats | perplexity | KL (nats per token) |\n| ---: |")
                .contains("\n| 0.00 | 0% | ", " | 0.000 |\n| 1.00 | ")
                .endsWith("\n\n2 questions answered\n");
        assertThat(evaluate(with(asked, "--style", "pirate", "--figure", figure)))
                .isZero();
        assertThat(out)
                .startsWith(
                        "| multiple | concept (0 to 1) | 95% | loops | repeats | perplexity | KL (nats per token) |\n")
                .contains("\n| 0.00 | 0.00 | 0.00 to 0.66 | 0% |", "\n| 1.00 | 1.00 | 0.34 to 1.00 | 0% |")
                .contains("\nSlope of the concept of 2 questions, per multiple: mean 1.00 ");
        assertThat(Files.readString(Path.of(figure)))
                .contains(">how much answers show the concept<", ">answers that loop<");
        try (FakeService service = new FakeService()) {
            service.on("/chat/completions", FakeService.text("{\"choices\": [{\"message\": {\"content\": \"4\"}}]}"));
            assertThat(evaluate(with(
                            asked,
                            "--judge",
                            "m",
                            "--concept",
                            "joy",
                            "--endpoint",
                            service.address().toString(),
                            "--json")))
                    .isZero();
        }
        JsonNode json = Json.parse(out);
        assertThat(json.at("/answers/concept").asText()).isEqualTo("judge m on joy");
        assertThat(json.at("/answers/settings/1/concept/mean").asDouble()).isEqualTo(0.4);
        assertThat(json.at("/answers/settings/1/perplexity/mean").asDouble()).isPositive();
        assertThat(json.at("/answers/settings/1/kl/mean").asDouble()).isPositive();
        assertThat(json.at("/answers/questions/1/answers/1/text").asText()).isNotEmpty();
        assertThat(json.at("/steer/0/latent").asInt()).isEqualTo(146);
        assertThat(json.at("/setup/steering/0/sae").asText()).isEqualTo("parley-7m-sae-l3");
        assertThat(evaluate(with(asked, "--judge", "m", "--endpoint", "http://127.0.0.1:1")))
                .isEqualTo(1);
        assertThat(err)
                .startsWith("It is not said what the judge rates.\n  expected: --concept TEXT, or --style STYLE\n");
    }

    private static String[] with(String[] args, String... more) {
        return Stream.concat(Arrays.stream(args), Arrays.stream(more)).toArray(String[]::new);
    }
}
