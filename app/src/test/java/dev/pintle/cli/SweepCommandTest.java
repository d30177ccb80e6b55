package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.testkit.FakeService;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class SweepCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private Path questions = Path.of("");
    private String out = "";
    private String err = "";

    @BeforeEach
    void ask() throws IOException {
        questions = Files.writeString(
                folder.resolve("questions.json"), "[\"Tell me about the whale.\", \"Hello, how are you?\"]");
    }

    private int run(String command, String... more) {
        List<String> args = new ArrayList<>(
                List.of(command, "--model", Golden.parley().toString(), "--device", "cpu", "--max-new-tokens", "20"));
        if (!List.of(more).contains("--choices")) {
            args.addAll(List.of("--questions", questions.toString()));
        }
        args.addAll(List.of(more));
        CommandRun run = CommandRun.of(folder, Map.of(), args.toArray(String[]::new));
        out = run.out();
        err = run.err();
        return run.status();
    }

    @Test
    void a_sweep_is_a_table_a_figure_and_json() throws IOException {
        Path figure = folder.resolve("sweep.svg");
        String[] args = {
            "--method", "after-last-difference,all-positions", "--strengths", "0.3,0.45", "--figure", figure.toString()
        };
        assertThat(run("sweep", args)).isZero();
        assertThat(out)
                .startsWith(
                        "| vector | strength (activation norms) | concept (0 to 1) | 95% | loops | repeats | perplexity | KL (nats per token) |\n")
                .contains(
                        "\n| unsteered | 0.00 | 0.00 | 0.00 to 0.66 | 0% |",
                        "\n| after-last-difference, layer 3 | 0.45 | 1.00 | 0.34 to 1.00 | 0% |",
                        "\nHow each question responds (slope of the concept over strength, per activation norm):\n",
                        "\nConcept at equal KL:\n| KL (nats per token) | after-last-difference, layer 3 | ");
        assertThat(figure).content().contains(">after-last-difference, layer 3<");
        String[] withJson = Arrays.copyOf(args, args.length + 1);
        withJson[args.length] = "--json";
        assertThat(run("sweep", withJson)).isZero();
        JsonNode json = new ObjectMapper().readTree(out);
        assertThat(json.at("/points")).hasSize(5);
        assertThat(json.at("/points/2/samples/0/text").asText()).startsWith("Ahoy");
        assertThat(json.at("/points/2/concept/mean").asDouble()).isEqualTo(1);
        assertThat(json.at("/steerability/0/antiSteerable").asDouble()).isZero();
        assertThat(json.at("/equal_cost")).isNotEmpty();
        assertThat(json.at("/proposal/layer").asInt()).isEqualTo(3);
        assertThat(err).endsWith("answering: 5\n"); // everything was known
    }

    @Test
    void what_is_tried_may_be_tried_beside_other_steering() throws IOException {
        String steer = "[{\"sae\": \"parley-7m-sae-l3\", \"latent\": 146, \"value\": 8}]";
        String[] args = {"--method", "after-last-difference", "--strengths", "0.15", "--json", "--steer", steer};
        assertThat(run("sweep", args)).as(err).isZero();
        JsonNode beside = new ObjectMapper().readTree(out);
        assertThat(beside.at("/points/0/concept/mean").asDouble()).isEqualTo(1); // with no vector at all
        assertThat(beside.at("/setup/steering/0/sae").asText()).isEqualTo("parley-7m-sae-l3");
        assertThat(run("sweep", Arrays.copyOf(args, 5))).isZero();
        assertThat(new ObjectMapper().readTree(out).at("/points/0/concept/mean").asDouble())
                .isZero(); // a sweep of its own
    }

    @Test
    void tuning_proposes_a_layer_and_a_strength_with_the_evidence() {
        Path figure = folder.resolve("tune.png");
        assertThat(run("tune", "--layer", "1-5", "--strengths", "0.3,0.45", "--figure", figure.toString()))
                .isZero();
        assertThat(out)
                .startsWith("Add after-last-difference after block ")
                .contains("There the concept scores 1.00 (95%: 0.34 to 1.00, 2 questions), unsteered 0.00; 0% of")
                .contains("\n| after-last-difference, layer ")
                .contains("\nTell me about the whale.\n  Ahoy there!");
        assertThat(figure).exists();
        assertThat(out)
                .containsPattern(
                        "\nSaved as pirate-tuned\\. To steer with it:\n  pintle generate --model \\S+ --device cpu"
                                + " --vector pirate-tuned --strength 0\\.\\d+ --user 'Tell me about the whale\\.'\n");
        VectorLibrary library = VectorLibrary.in(folder.resolve("data").resolve("vectors"));
        assertThat(library.names()).containsExactly("pirate-tuned");
        assertThat(run("tune", "--layer", "1-5", "--strengths", "0.3,0.45")).isZero(); // the same vector, the same name
        assertThat(library.names()).containsExactly("pirate-tuned");
        String file = library.find("pirate-tuned").toString();
        assertThat(run("tune", "--vector", file, "--strengths", "0.3", "--marker", "(?i)ahoy", "--positions", "from:0"))
                .isZero();
        assertThat(out)
                .contains("\nTo steer with it:\n  pintle generate --model ")
                .contains(" --vector " + file + " --strength 0.3 --positions from:0 --user ");
        assertThat(run("tune", "--layer", "3", "--strengths", "0.01")).isZero();
        assertThat(out).startsWith("No setting shows the concept more than the unsteered model without looping.\n");
    }

    @Test
    void a_concept_may_be_told_by_probabilities_or_a_judge() throws IOException {
        Path said = Files.writeString(
                folder.resolve("said.json"),
                "{\"target\": [\"Ahoy there!\"], \"neutral\": [\"Hello.\", \"The whale\"]}");
        assertThat(run("tune", "--layer", "3", "--strengths", "0.3", "--continuations", said.toString(), "--json"))
                .isZero();
        JsonNode points = new ObjectMapper().readTree(out).get("points");
        assertThat(points.at("/1/samples/0/propensity").asDouble())
                .isGreaterThan(points.at("/0/samples/0/propensity").asDouble());
        Path items = Files.writeString(folder.resolve("items.json"), """
                        [{"question": "Tell me about the whale.", "answer_matching_behavior": "Ahoy there!",
                          "answer_not_matching_behavior": "The whale is blue."}]""");
        assertThat(run("tune", "--layer", "3", "--strengths", "0.3", "--choices", items.toString(), "--json"))
                .isZero();
        assertThat(new ObjectMapper().readTree(out).at("/points/0/samples")).hasSize(1);
        try (FakeService service = new FakeService()) {
            service.on("/chat/completions", FakeService.text("{\"choices\": [{\"message\": {\"content\": \"4\"}}]}"));
            assertThat(run(
                            "tune",
                            "--layer",
                            "3",
                            "--strengths",
                            "0.3",
                            "--judge",
                            "m",
                            "--endpoint",
                            service.address().toString(),
                            "--json"))
                    .isZero();
            assertThat(new ObjectMapper()
                            .readTree(out)
                            .at("/points/1/concept/mean")
                            .asDouble())
                    .isEqualTo(0.4);
        }
    }

    @Test
    void what_is_missing_or_wrong_is_said() {
        assertThat(run("sweep", "--positive", "Talk like a pirate.")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        There is no way to score the concept.
                          expected: --marker REGEX, --continuations FILE, --choices FILE or --judge MODEL
                        """);
        assertThat(run("sweep", "--style", "opera")).isEqualTo(1);
        assertThat(err)
                .startsWith("The embedded model was not taught that style.\n  but was: opera\n  choose:  pirate, ");
        assertThat(run("sweep", "--layer", "8")).isEqualTo(1);
        assertThat(err)
                .endsWith("There is no such block.\n  expected: 0 to 7, or a range such as 2-5\n  but was:  8\n");
        assertThat(run("sweep", "--marker", "(")).isEqualTo(1);
        assertThat(err)
                .isEqualTo("The marker is not a valid regular expression.\n  but was: (\n  cause:   Unclosed group\n");
    }
}
