package dev.pintle.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.FakeService;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.web.ChatEndpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class SweepTest {
    private static final List<String> QUESTIONS =
            List.of("Tell me about the whale.", "Hello, how are you?", "What is the spoon made of?");
    private static LanguageModel model;
    private static SteeringVector pirate;
    private static final StyleMarker STYLE = Objects.requireNonNull(
            StyleMarker.read(Golden.parley().resolve("styles.json")).get("pirate"));

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
        pirate = SteeringVector.fit(
                model,
                HookPoint.residPost(3),
                Contrast.afterLastDifference(ContrastPair.ofSystemPrompts(
                        "The assistant should talk like a pirate.", "The assistant should act normally.")));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Sweep sweep(Concept concept) {
        return new Sweep(model, QUESTIONS, concept, 24);
    }

    private SweepResult run(String file, Sweep.Listener listener, double... strengths) {
        return sweep(new Concept.Marked(STYLE))
                .run(
                        List.of(new Candidate("after", pirate)),
                        Arrays.stream(strengths).mapToObj(Strength::norms).toList(),
                        folder.resolve(file),
                        listener);
    }

    @Test
    void log_probabilities_that_are_not_finite_are_an_error() {
        LanguageModel bad = model.with(new dev.pintle.transformer.Hook() {
            @Override
            public java.util.Set<HookPoint> points() {
                return java.util.Set.of(HookPoint.residMid(2));
            }

            @Override
            public Action bind(dev.pintle.transformer.ModelConfig config, Device device, DType dtype) {
                return (point, activation, layout) -> activation.times(Double.NaN);
            }
        });
        assertThatThrownBy(() -> LogProbabilities.of(bad, rows()))
                .hasMessageContaining("first at:    blocks.2.hook_resid_mid, position 0");
        assertThatThrownBy(() -> Divergence.between(bad, model, rows()))
                .hasMessageContaining("first at:    blocks.2.hook_resid_mid, position 0");
    }

    private static List<LogProbabilities.Row> rows() {
        return QUESTIONS.stream()
                .map(q -> model.chat(q, Decoding.greedy(12)))
                .map(a -> new LogProbabilities.Row(a.promptIds(), a.ids()))
                .toList();
    }

    // ---------------------------------------------------------------- measures

    @Test
    void batched_log_probabilities_are_those_that_the_generator_saw() {
        List<Generated> answers =
                QUESTIONS.stream().map(q -> model.chat(q, Decoding.greedy(12))).toList();
        List<double[]> logs = LogProbabilities.of(model, rows());
        for (int i = 0; i < answers.size(); i++) {
            double[] seen = Arrays.copyOf(
                    answers.get(i).logProbabilities(), answers.get(i).ids().length);
            assertThat(logs.get(i)).containsExactly(seen, within(1e-4));
            assertThat(Math.exp(-Arrays.stream(logs.get(i)).average().orElseThrow()))
                    .isCloseTo(
                            Perplexity.of(
                                    model,
                                    answers.get(i).promptIds(),
                                    answers.get(i).ids()),
                            within(1e-4));
        }
        assertThat(LogProbabilities.of(model, List.of(new LogProbabilities.Row(new int[] {1}, new int[0])))
                        .get(0))
                .isEmpty();
    }

    @Test
    void what_is_added_to_generated_tokens_is_measured_on_the_text_after_the_prompt() {
        for (LogProbabilities.Row row : rows()) {
            LanguageModel generated = model.with(Add.add(pirate, 3).on(Tokens.generated()));
            LanguageModel fromThere = model.with(Add.add(pirate, 3).on(Tokens.from(row.prompt().length)));
            double divergence = Divergence.between(generated, model, List.of(row))[0];
            assertThat(divergence)
                    .isGreaterThan(1e-3)
                    .isCloseTo(Divergence.between(fromThere, model, List.of(row))[0], within(1e-6));
            Generated written = generated.generate(row.prompt(), Decoding.greedy(12));
            assertThat(LogProbabilities.of(generated, List.of(new LogProbabilities.Row(row.prompt(), written.ids())))
                            .get(0))
                    .containsExactly(Arrays.copyOf(written.logProbabilities(), written.ids().length), within(1e-3));
        }
    }

    @Test
    void divergence_is_that_of_a_plain_loop_and_0_for_the_same_model() {
        LanguageModel steered = model.with(Add.add(pirate, 3));
        double[] divergences = Divergence.between(steered, model, rows());
        for (int i = 0; i < divergences.length; i++) {
            LogProbabilities.Row row = rows().get(i);
            double sum = 0;
            try (TensorScope scope = TensorScope.open("plain")) {
                int from = row.prompt().length - 1;
                for (int t = 0; t < row.text().length; t++) {
                    double[] p = softmax(steered, row, from + t);
                    double[] q = softmax(model, row, from + t);
                    for (int id = 0; id < p.length; id++) {
                        sum += p[id] * Math.log(p[id] / q[id]);
                    }
                }
            }
            assertThat(divergences[i]).isCloseTo(sum / row.text().length, within(1e-3 * sum));
        }
        assertThat(Divergence.between(model, model, rows())).containsOnly(0);
    }

    private static double[] softmax(LanguageModel of, LogProbabilities.Row row, int position) {
        double[] logits = of.run(TokenBatch.of(row.all()), RunOptions.allLogits())
                .logits()
                .select(0, 0)
                .select(0, position)
                .toDoubles();
        double largest = Arrays.stream(logits).max().orElseThrow();
        double[] p = Arrays.stream(logits).map(z -> Math.exp(z - largest)).toArray();
        double all = Arrays.stream(p).sum();
        return Arrays.stream(p).map(x -> x / all).toArray();
    }

    @Test
    void continuations_and_choices_rise_with_the_vector() {
        Concept said = new Concept.Continuations(
                List.of("Ahoy there! Arr, matey.", "Avast!"), List.of("Hello. I am fine.", "The whale is blue."));
        Concept chosen = new Concept.Choices(Map.of(
                QUESTIONS.get(0), new Concept.Choices.Choice("Ahoy there!", "The whale is blue."),
                QUESTIONS.get(1), new Concept.Choices.Choice("Ahoy there!", "I am fine."),
                QUESTIONS.get(2), new Concept.Choices.Choice("Ahoy there!", "It is metal.")));
        for (Concept concept : List.of(said, chosen)) {
            List<Score> before = scores(concept, model);
            List<Score> after = scores(concept, model.with(Add.add(pirate, 5)));
            for (int i = 0; i < before.size(); i++) {
                assertThat(after.get(i).propensity())
                        .isGreaterThan(before.get(i).propensity());
                assertThat(after.get(i).concept())
                        .isCloseTo(1 / (1 + Math.exp(-after.get(i).propensity())), within(1e-12));
            }
        }
        assertThatThrownBy(() -> new Concept.Continuations(List.of(), List.of("x")))
                .hasMessage("""
                        Continuations are compared with others.
                          expected: at least one that shows the concept and one that does not
                          but was:  0 and 1""");
    }

    private static List<Score> scores(Concept concept, LanguageModel view) {
        return concept.scores(
                view,
                QUESTIONS,
                QUESTIONS.stream().map(q -> view.chat(q, Decoding.greedy(8))).toList());
    }

    @Test
    void choices_are_read_from_multiple_choice_items() throws IOException {
        Path file = Files.writeString(folder.resolve("items.json"), """
                        [{"question": "Which?\\n\\nChoices:\\n(A) one\\n(B) two",
                          "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (B)"}]""");
        Concept.Choices items = Concept.Choices.read(file);
        assertThat(items.choices().values()).containsExactly(new Concept.Choices.Choice("(A)", "(B)"));
        Files.writeString(file, "[{\"question\": \"Which?\"}]");
        assertThatThrownBy(() -> Concept.Choices.read(file))
                .hasMessage("An item cannot be used.\n  file:     " + file
                        + "\n  item:     0\n  expected: {\"question\": \"…\", \"answer_matching_behavior\": \"…\","
                        + " \"answer_not_matching_behavior\": \"…\"}"
                        + "\n  but was:  {\"question\":\"Which?\"}");
    }

    @Test
    void a_judge_gives_tenths_and_one_that_fails_gives_nothing() {
        try (FakeService service = new FakeService()) {
            int[] count = {0};
            List<String> verdicts = List.of("7", "Score: 10/10", "I would rather not say");
            service.on(
                    "/chat/completions",
                    (exchange, request) -> FakeService.text("{\"choices\": [{\"message\": {\"content\": \""
                                    + verdicts.get(count[0]++) + "\"}}]}")
                            .to(exchange, request));
            Concept judged = new Concept.Judged(
                    ChatEndpoint.of(service.address().toString(), "judge", Map.of()), "talking like a pirate");
            assertThat(scores(judged, model).stream()
                            .mapToDouble(Score::concept)
                            .toArray())
                    .containsExactly(0.7, 1.0, Double.NaN);
            assertThat(service.requests().get(0).body()).contains("Concept: talking like a pirate");
        }
    }

    // ---------------------------------------------------------------- the sweep

    @Test
    void strengths_may_be_factors_but_not_both() {
        List<Candidate> after = List.of(new Candidate("after", pirate));
        Sweep sweep = sweep(new Concept.Marked(STYLE));
        SweepResult result =
                sweep.run(after, List.of(Strength.factor(4)), folder.resolve("factors"), Sweep.Listener.SILENT);
        assertThat(result.unit()).isEqualTo(Strength.Unit.FACTOR);
        assertThat(result.points().get(1).coefficient()).isEqualTo(4);
        SweepResult norms =
                sweep.run(after, List.of(Strength.norms(0.3)), folder.resolve("factors"), Sweep.Listener.SILENT);
        assertThat(norms.unit()).isEqualTo(Strength.Unit.NORMS);
        List<Strength> both = List.of(Strength.norms(0.3), Strength.factor(4));
        assertThatThrownBy(() -> sweep.run(after, both, folder.resolve("both"), Sweep.Listener.SILENT))
                .hasMessage("""
                        The strengths of a sweep count in one unit.
                          expected: all in activation norms, such as 0.3,0.6, or all factors, such as 3abs,6abs
                          but was:  [0.3, 4abs]""");
        SteeringVector foreign =
                SteeringVector.ofNumbers(model, pirate.at(), pirate.direction().toArray());
        assertThatThrownBy(() -> sweep.run(
                        List.of(new Candidate("foreign", foreign)),
                        List.of(Strength.norms(0.3)),
                        folder.resolve("foreign"),
                        Sweep.Listener.SILENT))
                .hasMessageStartingWith("The vector does not record the activation norm at its hook point.\n");
    }

    @Test
    void answers_whose_numbers_overflow_are_broken_and_say_why_and_the_sweep_goes_on() {
        List<Strength> strengths = List.of(Strength.factor(3), Strength.factor(1e38));
        Sweep sweep = sweep(new Concept.Marked(STYLE));
        for (int run = 0; run < 2; run++) { // the second reads what the first kept
            SweepResult result = sweep.run(
                    List.of(new Candidate("after", pirate)),
                    strengths,
                    folder.resolve("overflow.jsonl"),
                    Sweep.Listener.SILENT);
            assertThat(result.whole()).isTrue();
            assertThat(result.points().get(1).broken()).isEmpty();
            SweepPoint point = result.points().get(2);
            assertThat(point.broken()).hasSize(QUESTIONS.size());
            assertThat(point.broken().get(0).broken())
                    .contains("The model's activations overflowed")
                    .contains("first at:    blocks.3.hook_resid_post")
                    .contains("added there: a vector of length ");
            assertThat(point.meanFluentConcept()).isZero();
            assertThat(result.proposal().map(proposal -> proposal.point().strength()))
                    .isNotEqualTo(Optional.of(1e38));
        }
    }

    @Test
    void a_sweep_finds_where_the_style_shows_and_where_it_breaks() {
        SweepResult result = run("s", Sweep.Listener.SILENT, 1.4, 0.3, 0.45, 0, 0.3);
        assertThat(result.points().stream().mapToDouble(SweepPoint::strength).toArray())
                .containsExactly(0, 0.3, 0.45, 1.4);
        assertThat(result.points().get(0).concept().mean()).isZero();
        assertThat(result.points().get(0).divergence().mean()).isZero();
        assertThat(result.points().get(2).concept().mean()).isEqualTo(1);
        assertThat(result.points().stream()
                        .mapToDouble(p -> p.divergence().mean())
                        .toArray())
                .isSorted();
        assertThat(result.points().get(3).perplexity().mean())
                .isGreaterThan(10 * result.points().get(2).perplexity().mean());
        assertThat(result.points().get(2).coefficient())
                .isCloseTo(0.45 * pirate.origin().meanActivationNorm(), within(1e-9));
        assertThat(result.proposal().orElseThrow().point().strength()).isIn(0.3, 0.45);
        assertThat(result.whole()).isTrue();
    }

    @Test
    void a_sweep_that_was_stopped_goes_on_and_gives_the_same() throws IOException {
        SweepResult whole = run("whole", Sweep.Listener.SILENT, 0.3, 0.45);
        int[] calls = {0};
        assertThat(run("part", (done, total) -> done < 1, 0.3, 0.45).whole()).isFalse();
        Files.writeString(folder.resolve("part"), "{\"method\": \"half a li", StandardOpenOption.APPEND);
        SweepResult rest = run("part", (done, total) -> ++calls[0] > 0, 0.3, 0.45);
        assertThat(rest).isEqualTo(whole);
        long size = Files.size(folder.resolve("part"));
        assertThat(run("part", Sweep.Listener.SILENT, 0.3, 0.45)).isEqualTo(whole);
        assertThat(Files.size(folder.resolve("part"))).isEqualTo(size);
        assertThatThrownBy(() -> new Sweep(model, QUESTIONS.subList(0, 1), new Concept.Marked(STYLE), 24)
                        .run(List.of(), List.of(), folder.resolve("part"), Sweep.Listener.SILENT))
                .hasMessageStartingWith(
                        "The file holds another sweep.\n  file:     " + folder.resolve("part") + "\n  expected: ");
        Sweep same = sweep(new Concept.Marked(STYLE));
        assertThat(same.fileIn(folder))
                .isEqualTo(sweep(new Concept.Marked(STYLE)).fileIn(folder));
        assertThat(new Sweep(model, QUESTIONS, new Concept.Marked(STYLE), 25).fileIn(folder))
                .isNotEqualTo(same.fileIn(folder));
    }

    @Test
    void groups_computed_apart_and_in_any_order_have_the_bits_of_the_whole_sweep() {
        List<String> asked = IntStream.range(0, 20)
                .mapToObj(i -> QUESTIONS.get(i % 3) + " " + i)
                .toList();
        Sweep sweep = new Sweep(model, asked, new Concept.Marked(STYLE), 8);
        List<Candidate> candidates =
                List.of(new Candidate("after", pirate), new Candidate("before", pirate.at(HookPoint.residPost(1))));
        List<Strength> strengths = List.of(Strength.norms(0.3), Strength.norms(0.45), Strength.norms(0.6));
        Path whole = folder.resolve("whole.jsonl");
        SweepResult expected = sweep.run(candidates, strengths, whole, Sweep.Listener.SILENT);

        List<SweepSetting> settings = SweepSetting.all(candidates, strengths);
        List<List<SweepSetting>> groups = sweep.groups(settings);
        assertThat(groups).hasSize(2).allMatch(group -> group.size() == 3);
        assertThat(groups.get(0)).allMatch(setting -> setting.layer() == 1);
        Path apart = folder.resolve("apart.jsonl");
        try (SweepLog log = SweepLog.open(apart, sweep.plan())) {
            SweepPoint unsteered = sweep.unsteered();
            log.add(List.of(unsteered));
            try (Baseline baseline = sweep.baseline(unsteered)) {
                log.add(sweep.points(groups.get(1), baseline));
                assertThat(sweep.groups(log.missing(settings))).containsExactly(groups.get(0));
                log.add(sweep.points(groups.get(0), baseline));
            }
            assertThat(log.result(expected.concept(), settings)).isEqualTo(expected);
        }
        assertThat(sweep.run(candidates, strengths, apart, Sweep.Listener.SILENT))
                .isEqualTo(expected);
    }

    @Test
    void of_points_that_were_added_together_a_killed_run_leaves_all_or_none() throws IOException {
        SweepResult whole = run("log", Sweep.Listener.SILENT, 0.3, 0.45, 0.6);
        List<String> lines = Files.readAllLines(folder.resolve("log"));
        assertThat(lines).hasSize(5); // plan, unsteered, three that were answered together
        for (int kept = 2; kept < 5; kept++) {
            Path cut = folder.resolve("cut" + kept);
            Files.write(cut, lines.subList(0, kept));
            try (SweepLog log =
                    SweepLog.open(cut, sweep(new Concept.Marked(STYLE)).plan())) {
                assertThat(log.unsteered()).isPresent();
            }
            assertThat(Files.readAllLines(cut)).isEqualTo(lines.subList(0, 2));
            assertThat(run("cut" + kept, Sweep.Listener.SILENT, 0.3, 0.45, 0.6)).isEqualTo(whole);
            assertThat(Files.readAllLines(cut)).isEqualTo(lines);
        }
    }

    @Test
    void what_a_question_writes_is_text_and_no_special_token() {
        SweepResult result = new Sweep(model, List.of("Hi<|eot_id|>there"), new Concept.Marked(STYLE), 4)
                .run(List.of(), List.of(), folder.resolve("s"), Sweep.Listener.SILENT);
        assertThat(result.points().get(0).samples().get(0).question()).isEqualTo("Hi<|eot_id|>there");
        assertThat(model.chatTokens(List.of(Message.user("x")))).isNotEmpty();
    }
}
