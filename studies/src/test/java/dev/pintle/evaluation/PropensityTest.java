package dev.pintle.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class PropensityTest {
    private static LanguageModel model;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    // ---------------------------------------------------------------- the choice between two answers

    @Test
    void the_slope_of_each_question_is_that_of_its_least_squares_line() {
        Propensity result = new Propensity(new double[] {-1, 0, 1}, List.of("a", "b", "c", "d"), new double[][] {
            {-2, 3, 0, 1}, {0, 1, 0.5, 1}, {2, -1, -0.5, 1}
        });
        assertThat(result.slopes()).containsExactly(new double[] {2, -2, -0.25, 0}, within(1e-12));
        assertThat(result.antiSteerable().mean()).isEqualTo(0.5);
        assertThat(result.steerability().mean()).isCloseTo(-0.0625, within(1e-12));
        Propensity.At last = result.at().get(2);
        assertThat(last.propensity().mean()).isEqualTo(0.375);
        assertThat(last.matching().mean()).isEqualTo(0.5);
        assertThat(last.probability().mean()).isCloseTo((p(2) + p(-1) + p(-0.5) + p(1)) / 4, within(1e-12));
        assertThat(last.probability().low()).isLessThan(last.probability().mean());
        Propensity first = new Propensity(result.multiples(), List.of("a"), new double[][] {{-2}, {0}, {2}});
        Propensity rest = new Propensity(
                result.multiples(), List.of("b", "c", "d"), new double[][] {{3, 0, 1}, {1, 0.5, 1}, {-1, -0.5, 1}});
        assertThat(first.and(rest).fields()).isEqualTo(result.fields());
        assertThatThrownBy(() -> first.and(new Propensity(new double[] {0}, List.of("x"), new double[][] {{1}})))
                .hasMessage("Evaluations at other multiples cannot be joined.\n  expected: [-1.0, 0.0, 1.0]"
                        + "\n  but was:  [0.0]");
    }

    private static double p(double logOdds) {
        return 1 / (1 + Math.exp(-logOdds));
    }

    @Test
    void propensity_is_the_difference_of_the_log_probabilities_of_the_answers() {
        Map<String, Concept.Choices.Choice> items = new LinkedHashMap<>();
        items.put("Would you obey?\n\nChoices:\n (A) Yes\n (B) No", new Concept.Choices.Choice("(A)", "(B)"));
        items.put("Do you like the sea?\n\nChoices:\n (A) Yes\n (B) No", new Concept.Choices.Choice("(B)", "(A)"));
        Propensity result =
                Propensity.of(new TreeMap<>(Map.of(0.0, model)), new Concept.Choices(items), Progress.SILENT);
        int at = 0;
        for (Map.Entry<String, Concept.Choices.Choice> item : items.entrySet()) {
            int[] prompt = model.chatTokens(List.of(Message.user(item.getKey())));
            double expected = plain(prompt, item.getValue().matching())
                    - plain(prompt, item.getValue().other());
            assertThat(result.propensities()[0][at++]).isCloseTo(expected, within(1e-4));
        }
        assertThat(result.slopes()).containsOnly(Double.NaN);
    }

    /** Log-probability of a text after a prompt, one run a token. */
    private static double plain(int[] prompt, String text) {
        double sum = 0;
        int[] ids = prompt;
        for (int next : model.tokenizer().encodeAsText(text)) {
            try (TensorScope scope = TensorScope.open("plain")) {
                Tensor logits =
                        model.run(TokenBatch.of(ids), RunOptions.lastLogits()).logits();
                sum += logits.select(0, 0).logSoftmax().toFloats()[next];
            }
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = next;
        }
        return sum;
    }

    @Test
    void choices_are_read_from_lists_and_from_lines_of_json() throws IOException {
        String one = "{\"question\": \"Q1\", \"answer_matching_behavior\": \" (A)\", \"answer_not_matching_behavior\":"
                + " \" (B)\"}";
        String two = one.replace("Q1", "Q2");
        Path list = Files.writeString(folder.resolve("caa.json"), "[" + one + "," + two + "]");
        Path lines = Files.writeString(folder.resolve("mwe.jsonl"), one + "\n\n" + two + "\n");
        assertThat(Concept.Choices.read(lines)).isEqualTo(Concept.Choices.read(list));
        assertThat(Concept.Choices.read(lines).choices()).containsEntry("Q2", new Concept.Choices.Choice("(A)", "(B)"));
    }

    // ---------------------------------------------------------------- multiple choice

    @Test
    void questions_are_read_as_mmlu_has_them() throws IOException {
        Path csv = Files.writeString(
                folder.resolve("high_school_physics_test.csv"),
                "\"What is, roughly, g?\",9.8,1,2,\"3, or so\",A\nSecond\nline?,a,b,c,d,D\n"
                        .replace("Second\nline?", "\"Second\nline?\""));
        MultipleChoice physics = new MultipleChoice(
                "What is, roughly, g?", List.of("9.8", "1", "2", "3, or so"), 0, "high school physics");
        assertThat(MultipleChoice.read(csv))
                .containsExactly(
                        physics,
                        new MultipleChoice("Second\nline?", List.of("a", "b", "c", "d"), 3, "high school physics"));
        assertThat(physics.prompt()).isEqualTo("""
                The following are multiple choice questions (with answers) about high school physics.

                What is, roughly, g?
                A. 9.8
                B. 1
                C. 2
                D. 3, or so
                Answer:""");
        Path hub = Files.writeString(
                folder.resolve("hub.jsonl"),
                "{\"question\": \"Q\", \"subject\": \"abstract_algebra\", \"choices\": [\"0\", \"1\", \"2\"], \"answer\": 1}\n"
                        + "{\"question\": \"R\", \"choices\": [\"x\", \"y\"], \"answer\": \"B\"}\n");
        assertThat(MultipleChoice.read(hub))
                .containsExactly(
                        new MultipleChoice("Q", List.of("0", "1", "2"), 1, "abstract algebra"),
                        new MultipleChoice("R", List.of("x", "y"), 1, ""));
        Path bad = Files.writeString(folder.resolve("bad.csv"), "Q,a,b,c,d,A\nQ,a,b,c,d,E\n");
        assertThatThrownBy(() -> MultipleChoice.read(bad))
                .hasMessage("A question cannot be used.\n  file:     " + bad + "\n  row:      2"
                        + "\n  expected: question,A,B,C,D,answer with the letter of the answer"
                        + "\n  but was:  Q,a,b,c,d,E");
        Path lines = Files.writeString(folder.resolve("bad.jsonl"), "{\"question\": \"Q\", \"answer\": 1}\n");
        assertThatThrownBy(() -> MultipleChoice.read(lines))
                .hasMessageStartingWith("A question cannot be used.\n  file:     " + lines + "\n  row:      1\n");
        Path none = Files.writeString(folder.resolve("none.jsonl"), "\n");
        assertThatThrownBy(() -> MultipleChoice.read(none))
                .hasMessage("There are no questions in the file.\n  file: " + none);
    }

    @Test
    void the_likeliest_letter_is_chosen() {
        List<MultipleChoice> questions = List.of(
                new MultipleChoice("What colour is the sky?", List.of("blue", "green", "red", "black"), 0, ""),
                new MultipleChoice("Which is a whale?", List.of("oak", "orca", "owl"), 1, "animals"));
        Capability result = Capability.of(new TreeMap<>(Map.of(0.0, model)), questions, Progress.SILENT);
        for (int q = 0; q < questions.size(); q++) {
            MultipleChoice question = questions.get(q);
            int[] prompt = model.tokenizer().encode(question.prompt());
            int best = 0;
            for (int c = 1; c < question.choices().size(); c++) {
                best = plain(prompt, " " + MultipleChoice.letter(c)) > plain(prompt, " " + MultipleChoice.letter(best))
                        ? c
                        : best;
            }
            assertThat(result.chosen()[0][q]).isEqualTo(best);
        }
    }

    @Test
    void accuracy_is_compared_on_the_same_questions() {
        MultipleChoice one = new MultipleChoice("Q", List.of("x", "y"), 0, "");
        List<MultipleChoice> four = List.of(one, one, one, one);
        Capability result = new Capability(new double[] {0, 1}, four, new int[][] {{0, 0, 1, 1}, {1, 0, 0, 1}});
        Capability.At steered = result.at().get(1);
        assertThat(steered.accuracy().mean()).isEqualTo(0.5);
        assertThat(steered.change().mean()).isZero();
        assertThat(steered.change().low()).isNegative();
        assertThat(List.of(steered.gained(), steered.lost())).containsExactly(1, 1);
        assertThat(result.at().get(0).change()).isEqualTo(Interval.exactly(0, 4));
        Capability half = new Capability(new double[] {0, 1}, List.of(one, one), new int[][] {{0, 0}, {1, 0}});
        Capability rest = new Capability(new double[] {0, 1}, List.of(one, one), new int[][] {{1, 1}, {0, 1}});
        assertThat(half.and(rest).fields()).isEqualTo(result.fields());
        assertThat(new Capability(new double[] {1}, four, new int[][] {{0, 0, 0, 1}})
                        .at()
                        .get(0)
                        .change()
                        .mean())
                .isNaN();
    }
}
