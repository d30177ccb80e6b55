package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.GeneratedToken.Alternative;
import dev.pintle.model.GeneratedToken.TwinToken;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is reported of generated tokens, beside a run over the same tokens. */
@Timeout(300)
@Tag("any-java")
class ReportingTest {
    private static final int NEIGHBOURS = 16;

    static Stream<Arguments> models() {
        return Stream.concat(Stream.of("parley"), Golden.models().stream())
                .flatMap(name -> Stream.of(DType.FP32, DType.BF16).map(dtype -> Arguments.of(name, dtype)));
    }

    private static LanguageModel load(String name, DType dtype) {
        String folder =
                (name.equals("parley") ? Golden.parley() : Golden.folder().resolve(name)).toString();
        return LanguageModel.load(folder, Device.CPU, dtype);
    }

    private static Push push(LanguageModel model, long seed, boolean everywhere) {
        Random random = new Random(seed);
        float[] vector = new float[model.config().dModel()];
        for (int d = 0; d < vector.length; d++) {
            vector[d] = (float) random.nextGaussian();
        }
        return new Push(
                Vec.of(vector),
                HookPoint.residPost(random.nextInt(model.config().nLayers())),
                everywhere);
    }

    private static Generated only(LanguageModel model, GenerationRequest request) {
        return model.generate(List.of(request), GenerationListener.SILENT).get(0);
    }

    /** The logits that predict each token of an answer, one step at a time, `[answer][dVocab]`. */
    private static List<float[]> logits(LanguageModel model, List<? extends Hook> hooks, Generated answer) {
        List<float[]> all = new ArrayList<>();
        int prompt = answer.promptIds().length;
        for (int i = 0; i < answer.ids().length; i++) {
            int[] seen = Arrays.copyOf(answer.promptIds(), prompt + i);
            System.arraycopy(answer.ids(), 0, seen, prompt, i);
            try (TensorScope scope = TensorScope.open("test")) {
                all.add(model.with(hooks)
                        .run(TokenBatch.of(seen), RunOptions.lastLogits(), new int[] {prompt})
                        .logits()
                        .toFloats());
            }
        }
        return all;
    }

    private static double[] logProbabilities(float[] logits) {
        double max = IntStream.range(0, logits.length)
                .mapToDouble(i -> logits[i])
                .max()
                .orElseThrow();
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        double total = max + Math.log(sum);
        return IntStream.range(0, logits.length)
                .mapToDouble(i -> logits[i] - total)
                .toArray();
    }

    private static List<Alternative> mostProbable(float[] logits, int count) {
        double[] log = logProbabilities(logits);
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer id) -> -log[id]).thenComparingInt(id -> id))
                .limit(count)
                .map(id -> new Alternative(id, log[id]))
                .toList();
    }

    private static double divergence(float[] first, float[] twin) {
        double[] p = logProbabilities(first);
        double[] q = logProbabilities(twin);
        return IntStream.range(0, p.length)
                .mapToDouble(i -> Math.exp(p[i]) * (p[i] - q[i]))
                .sum();
    }

    private static int[] prompt(LanguageModel model, Random random) {
        return random.ints(1 + random.nextInt(20), 6, model.config().dVocab()).toArray();
    }

    @Test
    void alternatives_and_twin_are_those_of_a_run_over_the_same_tokens() {
        try (LanguageModel model = load("parley", DType.FP32)) {
            int[] prompt = model.chatTokens(List.of(Message.user("Tell me about the whale.")));
            List<Push> own = List.of(push(model, 1, false));
            List<Push> its = List.of(push(model, 2, true));
            GenerationRequest request = GenerationRequest.of(prompt, Decoding.sample(24, 1.2, 3))
                    .with(own)
                    .reporting(new Reporting(7, its));
            Generated answer = only(model, request);
            List<float[]> first = logits(model, own, answer);
            List<float[]> twin = logits(model, its, answer);
            assertThat(answer.tokens()).isNotEmpty();
            for (int i = 0; i < answer.tokens().size(); i++) {
                GeneratedToken token = answer.tokens().get(i);
                assertThat(token.alternatives()).isEqualTo(mostProbable(first.get(i), 7));
                assertThat(token.logProbability()).isEqualTo(logProbabilities(first.get(i))[token.id()]);
                TwinToken other = Objects.requireNonNull(token.twin());
                assertThat(other.alternatives()).isEqualTo(mostProbable(twin.get(i), 7));
                assertThat(other.logProbability()).isEqualTo(logProbabilities(twin.get(i))[token.id()]);
                assertThat(other.divergence())
                        .isCloseTo(
                                divergence(first.get(i), twin.get(i)), org.assertj.core.api.Assertions.within(1e-12));
            }
        }
    }

    @Test
    void an_unsteered_twin_of_an_unsteered_request_says_the_same() {
        try (LanguageModel model = load("parley", DType.BF16)) {
            int[] prompt = model.chatTokens(List.of(Message.user("Hello!")));
            Generated answer = only(
                    model, GenerationRequest.of(prompt, Decoding.greedy(12)).reporting(new Reporting(3, List.of())));
            for (GeneratedToken token : answer.tokens()) {
                assertThat(token.twin()).isEqualTo(new TwinToken(token.logProbability(), 0, token.alternatives()));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void reports_have_the_bits_of_the_same_request_alone_and_change_none(String name, DType dtype) throws Exception {
        try (LanguageModel model = load(name, dtype)) {
            Random random = new Random(name.hashCode());
            List<GenerationRequest> requests = new ArrayList<>();
            for (int i = 0; i < NEIGHBOURS; i++) {
                int length = 1 + random.nextInt(12);
                Decoding decoding = i % 2 == 0 ? Decoding.greedy(length) : Decoding.sample(length, 1.3, i);
                GenerationRequest request = GenerationRequest.of(prompt(model, random), decoding);
                if (i % 3 == 0) {
                    request = request.with(push(model, i, random.nextBoolean()));
                }
                List<Push> twin = i % 8 == 0 ? List.of() : List.of(push(model, -i, random.nextBoolean()));
                requests.add(request.reporting(new Reporting(random.nextInt(6), i % 2 == 0 ? twin : null)));
            }
            List<Generated> alone =
                    requests.stream().map(request -> only(model, request)).toList();
            List<Generated> together = model.generate(requests, GenerationListener.SILENT);
            List<Generation> streamed = new ArrayList<>();
            try (GenerationEngine engine = model.engine(NEIGHBOURS)) {
                requests.forEach(request -> streamed.add(engine.stream(request)));
                for (int i = 0; i < requests.size(); i++) {
                    assertThat(together.get(i).tokens()).isEqualTo(alone.get(i).tokens());
                    List<Generation.Piece> pieces = new ArrayList<>();
                    for (Optional<Generation.Piece> piece = streamed.get(i).next();
                            piece.isPresent();
                            piece = streamed.get(i).next()) {
                        pieces.add(piece.get());
                    }
                    assertThat(pieces.stream().map(Generation.Piece::token).filter(Objects::nonNull))
                            .isEqualTo(alone.get(i).tokens());
                    Generated plain = only(model, requests.get(i).reporting(Reporting.none()));
                    assertThat(alone.get(i).ids()).isEqualTo(plain.ids());
                    assertThat(alone.get(i).logProbabilities()).isEqualTo(plain.logProbabilities());
                }
            }
        }
    }

    @Test
    void a_request_that_cannot_join_others_is_reported_alike() {
        try (LanguageModel model = load("parley", DType.FP32)) {
            Hook looks = new Look(java.util.Set.of(new HookPoint(HookPoint.Site.ATTN_PATTERN, 2)));
            int[] prompt = model.chatTokens(List.of(Message.user("What does the baker do?")));
            GenerationRequest request =
                    GenerationRequest.of(prompt, Decoding.greedy(8)).with(looks);
            Generated plain = only(model, request);
            Generated reported = only(model, request.reporting(new Reporting(2, List.of(looks))));
            assertThat(reported.logProbabilities()).isEqualTo(plain.logProbabilities());
            for (GeneratedToken token : reported.tokens()) {
                assertThat(Objects.requireNonNull(token.twin()).divergence()).isZero();
                assertThat(token.alternatives().get(0).id()).isEqualTo(token.id());
            }
        }
    }

    @Test
    void pieces_hold_back_what_may_be_a_stop_string_while_tokens_have_their_text() throws Exception {
        try (LanguageModel model = load("parley", DType.FP32);
                GenerationEngine engine = model.engine(4)) {
            int[] prompt = model.chatTokens(List.of(Message.user("Tell me about the whale.")));
            Generated whole = only(model, GenerationRequest.of(prompt, Decoding.greedy(30)));
            int middle = whole.text().length() / 2;
            String stop = whole.text().substring(middle, middle + 6);
            Generation generation =
                    engine.stream(new GenerationRequest(prompt, Decoding.greedy(30), List.of(stop, "never written")));
            List<Generation.Piece> pieces = new ArrayList<>();
            for (Optional<Generation.Piece> piece = generation.next(); piece.isPresent(); piece = generation.next()) {
                pieces.add(piece.get());
            }
            Generated answer = generation.await();
            assertThat(answer.text())
                    .isEqualTo(whole.text().substring(0, whole.text().indexOf(stop)));
            assertThat(pieces.stream().map(Generation.Piece::text).collect(Collectors.joining()))
                    .isEqualTo(answer.text());
            String texts = answer.tokens().stream().map(GeneratedToken::text).collect(Collectors.joining());
            assertThat(texts).startsWith(answer.text() + stop);
        }
    }

    @Test
    void a_number_of_alternatives_out_of_range_is_refused() {
        assertThatThrownBy(() -> new Reporting(21, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        The number of alternatives is out of range.
                          expected: 0 to 20
                          but was:  21""");
    }
}
