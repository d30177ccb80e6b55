package dev.pintle.steering;

import static dev.pintle.testkit.TensorAssert.assertThatVec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.Tolerance;
import dev.pintle.text.Prompt;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class ExtractionTest {
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = Parley.load();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** Pairs of all prefixes that the model brings. */
    private static List<ContrastPair> pairs(String style) throws IOException {
        List<String> prefixes = Arrays.asList(new ObjectMapper()
                .readValue(Files.readString(Golden.parley().resolve("prefixes.json")), String[].class));
        return ContrastPair.ofPrefixes(Parley.positive(style), Parley.NEUTRAL, prefixes);
    }

    private static Vec mean(List<double[]> rows) {
        return Vec.of(Streams.aggregate(rows, Aggregation.mean()).vector());
    }

    @Test
    void shared_beginnings_change_nothing_but_the_work() throws IOException {
        Contrast method = Contrast.lastPosition(pairs(Parley.STYLE)).withLengths(Contrast.Lengths.AS_READ);
        List<Long> heard = new ArrayList<>();
        FitResult fast = VectorFit.of(model, method)
                .at(Parley.AT)
                .listening((stage, done, total) -> heard.add(done))
                .run();
        Vec plain = mean(PlainReader.directions(model, Parley.AT, method)).unit();
        assertThatVec(fast.at(Parley.AT).direction()).isCloseTo(plain, Tolerance.VECTORS_FP32);
        assertThat(fast.report().tokensPlain())
                .isEqualTo(method.pairs().stream()
                        .mapToLong(p -> p.tokens(model.text()).positive().length()
                                + p.tokens(model.text()).negative().length())
                        .sum());
        assertThat(fast.report().share()).isLessThan(0.2); // longer prompts save more
        assertThat(heard).last().isEqualTo(2L * method.pairs().size());
    }

    @Test
    void any_trie_of_sequences_is_read_as_each_sequence_alone() {
        Random random = new Random(5);
        List<int[]> all = new ArrayList<>();
        int[] root = random.ints(70, 10, 2000).toArray();
        for (int i = 0; i < 40; i++) {
            int[] from = random.nextInt(4) == 0 || all.isEmpty() ? root : all.get(random.nextInt(all.size()));
            int kept = random.nextInt(from.length + 1);
            int[] more = random.ints(random.nextInt(30), 10, 2000).toArray();
            int[] ids = Arrays.copyOf(from, Math.max(1, kept) + more.length);
            System.arraycopy(more, 0, ids, Math.max(1, kept), more.length);
            all.add(ids);
        }
        all.add(all.get(0).clone()); // the same once more, and one that begins others
        all.add(Arrays.copyOf(root, 60));
        List<SharedPrefixReader.Sequence> sequences = all.stream()
                .map(ids -> new SharedPrefixReader.Sequence(
                        ids,
                        IntStream.range(0, ids.length)
                                .filter(p -> p % 3 == 0 || p == ids.length - 1)
                                .toArray(),
                        true))
                .toList();
        SharedPrefixReader reader = new SharedPrefixReader(model, List.of(HookPoint.residPost(1), Parley.AT));
        SharedPrefixReader.Readings readings;
        double[][] rows = new double[sequences.size()][];
        try (TensorScope scope = TensorScope.open("readings")) {
            readings = reader.read(sequences);
            for (int i = 0; i < rows.length; i++) {
                rows[i] = readings.rows(i, 1).toDoubles();
            }
        }
        int width = model.config().dModel();
        for (int i = 0; i < sequences.size(); i++) {
            double[][] plain = PlainReader.read(
                    model, Parley.AT, sequences.get(i).ids(), sequences.get(i).positions());
            double norm = 0;
            for (double[] row : PlainReader.read(
                    model,
                    Parley.AT,
                    all.get(i),
                    IntStream.range(1, all.get(i).length).toArray())) {
                norm += Math.sqrt(Eigen.dot(row, row));
            }
            assertThat(readings.normSums()[i][1]).isCloseTo(norm, within(1e-4 * norm + 1e-9));
            for (int p = 0; p < plain.length; p++) {
                assertThatVec(Vec.of(Arrays.copyOfRange(rows[i], p * width, (p + 1) * width)))
                        .as("sequence " + i + ", reading " + p)
                        .isCloseTo(Vec.of(plain[p]), Tolerance.ACTIVATIONS_FP32);
            }
        }
        ExtractionReport report = reader.report(0); // a pass costs as much as some tokens
        assertThat(report.tokensComputed() + SharedPrefixReader.SAVING * report.passes())
                .isLessThan(report.tokensPlain() + (long) SharedPrefixReader.SAVING * sequences.size() / 2);
    }

    @Test
    @Tag("slow")
    void questions_with_two_answers_are_read_once_and_in_few_passes() {
        Random random = new Random(7);
        List<ContrastPair> items = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            StringBuilder question = new StringBuilder("Tell me");
            for (int word = 0; word < 40 + random.nextInt(20); word++) {
                question.append(' ').append(Integer.toString(random.nextInt(900), 36));
            }
            items.add(ContrastPair.ofAnswers(question + "?\n (A) yes\n (B) no", "(A)", "(B)"));
        }
        Contrast method = Contrast.contrast(items, Positions.answerLetter());
        FitResult fit = VectorFit.of(model, method).at(Parley.AT).run();
        Vec plain = mean(PlainReader.directions(model, Parley.AT, method)).unit();
        assertThatVec(fit.at(Parley.AT).direction()).isCloseTo(plain, Tolerance.VECTORS_FP32);
        assertThat(fit.report().share()).isLessThan(0.7);
        assertThat(fit.report().passes()).isLessThan(20);
    }

    @Test
    void all_layers_in_one_reading_equal_each_layer_alone() {
        Contrast method = Contrast.lastPosition(Parley.prefixed(Parley.STYLE));
        FitResult all = VectorFit.of(model, method).atAllLayers().run();
        assertThat(all.vectors()).hasSize(model.config().nLayers());
        all.vectors()
                .forEach((at, vector) -> assertThatVec(vector.direction())
                        .as(at.toString())
                        .isCloseTo(SteeringVector.fit(model, at, method).direction(), Tolerance.VECTORS_FP32));
    }

    @Test
    void class_means_of_paired_prompts_differ_by_the_mean_difference() {
        List<ContrastPair> pairs = Parley.prefixed(Parley.OTHER_STYLE);
        Vec paired = SteeringVector.fit(
                        model, Parley.AT, Contrast.lastPosition(pairs).withLengths(Contrast.Lengths.AS_READ))
                .direction();
        Vec classes = SteeringVector.fit(model, Parley.AT, DiffMean.ofPairs(pairs, Positions.last()))
                .direction();
        assertThatVec(classes).isCloseTo(paired, Tolerance.VECTORS_FP32);
    }

    @Test
    void reading_answers_finds_what_the_model_says() throws IOException {
        List<ContrastPair> pairs = List.of(
                ContrastPair.ofSystemPrompts(
                        Parley.positive(Parley.STYLE), Parley.NEUTRAL, "What is the capital of Japan?"),
                ContrastPair.ofSystemPrompts(Parley.positive(Parley.STYLE), Parley.NEUTRAL, "Tell me about the whale."),
                ContrastPair.ofSystemPrompts(Parley.positive(Parley.STYLE), Parley.NEUTRAL, "Hello, how are you?"));
        SteeringVector said = SteeringVector.fit(model, Parley.AT, GeneratedTokens.generatedTokens(pairs, 24));
        SteeringVector read = SteeringVector.fit(model, Parley.AT, Contrast.lastPosition(pairs(Parley.STYLE)));
        assertThat(said.cosine(read)).isGreaterThan(0.5);
        assertThat(said.origin().method().positions()).isEqualTo("generated");
        assertThat(said.origin().data().pairs()).isEqualTo(3);
    }

    @Test
    void a_fitted_vector_says_where_it_comes_from() {
        SteeringVector vector =
                SteeringVector.fit(model, Parley.AT, Contrast.lastPosition(Parley.prefixed(Parley.STYLE)));
        Origin origin = vector.origin();
        assertThat(origin.capture().tokenizer()).hasSize(64);
        assertThat(origin.capture().template()).hasSize(64);
        assertThat(origin.data().hash()).hasSize(64);
        assertThat(origin.method().name()).isEqualTo("last-position");
        assertThat(origin.method().positions()).isEqualTo("last");
        assertThat(origin.method().aggregation()).isEqualTo("mean");
        int pairs = Parley.prefixed(Parley.STYLE).size();
        assertThat(origin.data().pairs()).isEqualTo(pairs);
        assertThat(origin.data().directions()).isEqualTo(pairs);
        assertThat(origin.measures().stability().splitHalfCosine()).isBetween(0.5, 1.0);
        assertThat(origin.measures().stability().low())
                .isLessThanOrEqualTo(origin.measures().stability().high());
        assertThat(SteeringVector.fit(model, Parley.AT, Contrast.lastPosition(Parley.prefixed(Parley.STYLE))))
                .isEqualTo(vector);
    }

    @Test
    void a_layer_the_model_lacks_is_refused_before_anything_runs() throws JsonProcessingException {
        assertThatThrownBy(() -> SteeringVector.fit(
                        model, HookPoint.residPost(8), Contrast.allPositions(Parley.pair(Parley.STYLE))))
                .hasMessage("""
                        The model has no such layer.
                          hook point: blocks.8.hook_resid_post
                          layers:     0 to 7""");
    }

    @Test
    void pairs_that_are_read_alike_are_refused_and_named() {
        List<ContrastPair> pairs = List.of(
                ContrastPair.ofTexts("one", "two").labelled("pairs.jsonl, line 1"),
                ContrastPair.ofTexts("same", "same").labelled("pairs.jsonl, line 2"));
        assertThatThrownBy(() -> SteeringVector.fit(model, Parley.AT, Contrast.lastPosition(pairs)))
                .hasMessage("""
                        A pair's prompts are identical up to where they are read, so there is nothing to contrast.
                          pair:      pairs.jsonl, line 2
                          positions: last
                          both read: e
                          try:       removing such pairs, or positions after the difference""");
        List<ContrastPair> letters = List.of(
                ContrastPair.ofAnswers("Is it?", "(A) yes", "(B) no"),
                ContrastPair.ofAnswers("Is it?", "(A) yes", "(A) no"));
        assertThatThrownBy(() ->
                        SteeringVector.fit(model, Parley.AT, Contrast.contrast(letters, Positions.answerLetter())))
                .hasMessageContaining("pair:      2 of 2");
        assertThatThrownBy(() -> SteeringVector.fit(
                        model,
                        Parley.AT,
                        DiffMean.diffMean(
                                List.of(Prompt.ofText("a"), Prompt.ofText("b")), List.of(Prompt.ofText("b")))))
                .hasMessageStartingWith("Both classes contain a text that is the same up to where it is read.\n"
                        + "  text:      positive 2 and negative 1\n");
    }

    @Test
    void a_fit_does_not_go_on_as_another_method(@TempDir Path folder) {
        List<ContrastPair> pairs = Parley.prefixed(Parley.STYLE);
        VectorFit.Resuming often = new VectorFit.Resuming(folder.resolve("fit"), Duration.ZERO, 40_000);
        VectorFit begun =
                VectorFit.of(model, Contrast.lastPosition(pairs)).at(Parley.AT).resumable(often);
        assertThatThrownBy(() -> begun.listening((stage, done, total) -> {
                            throw new IllegalStateException("interrupted");
                        })
                        .run())
                .hasMessage("interrupted");
        for (SteeringMethod other : List.of(
                Contrast.lastPosition(pairs).withLengths(Contrast.Lengths.AS_READ),
                Contrast.lastPosition(pairs).withAggregation(new Aggregation.LogisticProbe(0.1)),
                Contrast.lastPosition(pairs).withAggregation(new Aggregation.LogisticProbe(0.2)),
                Contrast.contrast(pairs, Positions.last()).withLengths(Contrast.Lengths.UNIT))) {
            assertThatThrownBy(() -> VectorFit.of(model, other)
                            .at(Parley.AT)
                            .resumable(often)
                            .run())
                    .hasMessageStartingWith("The interrupted fit is for a different model, method");
        }
        assertThat(begun.run().at(Parley.AT).origin().method().settings()).isEqualTo("each direction of length 1");
        assertThat(Aggregation.parse("logistic-probe:0.1")).isEqualTo(new Aggregation.LogisticProbe(0.1));
        assertThat(new Aggregation.LogisticProbe(0.1).name()).isEqualTo("logistic-probe:0.1");
    }

    @Test
    void methods_have_their_names_and_read_where_they_say() {
        List<ContrastPair> one = List.of(ContrastPair.ofSystemPrompts("a", "b"));
        for (String name : SteeringMethod.NAMES) {
            Positions positions = name.equals("contrast") ? Positions.answerMean() : null;
            SteeringMethod method = SteeringMethod.of(name, one, positions, Aggregation.mean());
            assertThat(method.name()).isEqualTo(name);
        }
        assertThat(SteeringMethod.of("diff-mean", one, Positions.all(), Aggregation.mean())
                        .positionsName())
                .isEqualTo("all");
        assertThatThrownBy(() -> SteeringMethod.of("last-position", one, Positions.all(), Aggregation.mean()))
                .hasMessage("""
                        The method reads at fixed positions.
                          method:    last-position, which reads last
                          asked for: all
                          try:       contrast or diff-mean, which read any positions""");
    }

    @Test
    void an_interrupted_fit_goes_on_to_the_same_vector(@TempDir Path folder) {
        Path file = folder.resolve("fit.safetensors");
        Contrast method =
                Contrast.lastPosition(Parley.prefixed(Parley.STYLE)).withAggregation(Aggregation.parse("pca-centred"));
        List<HookPoint> points = List.of(HookPoint.residPost(2), Parley.AT);
        VectorFit.Resuming often = new VectorFit.Resuming(file, Duration.ZERO, 40_000);
        FitResult whole = VectorFit.of(model, method)
                .at(points)
                .resumable(new VectorFit.Resuming(null, Duration.ZERO, 40_000))
                .run();
        List<Long> first = new ArrayList<>();
        assertThatThrownBy(() -> VectorFit.of(model, method)
                        .at(points)
                        .resumable(often)
                        .listening((stage, done, total) -> {
                            first.add(done);
                            if (first.size() == 2) {
                                throw new IllegalStateException("interrupted");
                            }
                        })
                        .run())
                .hasMessage("interrupted");
        assertThat(file).exists();
        assertThatThrownBy(() -> VectorFit.of(model, method)
                        .at(Parley.AT)
                        .resumable(often)
                        .run())
                .hasMessageStartingWith(
                        "The interrupted fit is for a different model, method, hook point or set of prompts.");
        List<Long> second = new ArrayList<>();
        FitResult resumed = VectorFit.of(model, method)
                .at(points)
                .resumable(often)
                .listening((stage, done, total) -> second.add(done))
                .run();
        assertThat(second.get(0)).isGreaterThan(first.get(1));
        assertThat(file).doesNotExist();
        assertThat(resumed.vectors()).isEqualTo(whole.vectors());
        assertThat(resumed.report().tokensComputed()).isEqualTo(whole.report().tokensComputed());
    }
}
