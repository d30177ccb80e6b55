package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.Generated.StopReason;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.Soak;
import dev.pintle.text.Message;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.ModelConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Callers that come, go and give up at random, beside each request alone. */
@Timeout(300)
class GenerationEngineTest {
    private static final int CALLERS = 16;
    private static final int ROUNDS = Soak.times(10, 100);
    private static final List<String> QUESTIONS = List.of(
            "Tell me about the whale.",
            "Hello!",
            "What is 7 plus 12?",
            "What does the baker do?",
            "Where does the fox live?");

    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<GenerationRequest> requests(LanguageModel of) {
        return IntStream.range(0, 30)
                .mapToObj(i -> {
                    int[] prompt = of.chatTokens(List.of(Message.user(QUESTIONS.get(i % QUESTIONS.size()))));
                    Decoding decoding = i % 2 == 0 ? Decoding.greedy(5 + i) : Decoding.sample(5 + i, 1.1, i);
                    return new GenerationRequest(prompt, decoding, i % 5 == 0 ? List.of(" a ") : List.of());
                })
                .toList();
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FP32", "BF16"})
    void a_request_is_answered_to_the_bit_as_if_it_were_alone(DType dtype) throws Exception {
        try (LanguageModel own = LanguageModel.load(Golden.parley().toString(), Device.CPU, dtype)) {
            List<GenerationRequest> requests = requests(own);
            List<Generated> alone = requests.stream()
                    .map(request -> own.generate(List.of(request), GenerationListener.SILENT)
                            .get(0))
                    .toList();
            try (GenerationEngine engine = own.engine(CALLERS)) {
                ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
                List<Future<?>> all = new ArrayList<>();
                for (int caller = 0; caller < CALLERS; caller++) {
                    Random random = new Random(caller);
                    all.add(callers.submit(() -> {
                        for (int round = 0; round < ROUNDS; round++) {
                            int which = random.nextInt(requests.size());
                            ask(engine, requests.get(which), alone.get(which), random);
                        }
                        return null;
                    }));
                }
                for (Future<?> one : all) {
                    one.get();
                }
                callers.shutdown();
                assertThat(engine.load()).isEqualTo(new GenerationEngine.Load(0, 0, 0, 0, KvRows.room()));
            }
        }
    }

    private static void ask(GenerationEngine engine, GenerationRequest request, Generated alone, Random random)
            throws InterruptedException {
        if (random.nextInt(3) > 0) {
            Generated answer = engine.submit(request).await();
            assertThat(answer.ids()).isEqualTo(alone.ids());
            assertThat(answer.logProbabilities()).isEqualTo(alone.logProbabilities());
            assertThat(answer.ending()).isEqualTo(alone.ending());
            return;
        }
        int patience = random.nextInt(30); // pieces until this caller gives up
        Generation generation = engine.stream(request);
        List<Generation.Piece> pieces = new ArrayList<>();
        for (int i = 0; i < patience; i++) {
            Optional<Generation.Piece> piece = generation.next();
            if (piece.isEmpty()) {
                break;
            }
            pieces.add(piece.get());
        }
        generation.cancel();
        for (Optional<Generation.Piece> piece = generation.next(); piece.isPresent(); piece = generation.next()) {
            pieces.add(piece.get());
        }
        Generated answer = generation.await();
        assertThat(generation.isDone()).isTrue();
        assertThat(generation.await(1, TimeUnit.NANOSECONDS)).isPresent();
        assertThat(pieces.stream().map(Generation.Piece::text).collect(Collectors.joining()))
                .isEqualTo(answer.text());
        assertThat(pieces.stream().map(Generation.Piece::token).filter(Objects::nonNull))
                .isEqualTo(answer.tokens());
        assertThat(pieces.size())
                .isBetween(answer.tokens().size(), answer.tokens().size() + 1);
        assertThat(alone.text()).startsWith(answer.text());
        if (answer.reason() != StopReason.CANCELLED) {
            assertThat(answer.text()).isEqualTo(alone.text());
        }
    }

    @Test
    void a_request_that_cannot_join_others_is_answered_beside_them() throws InterruptedException {
        List<GenerationRequest> requests = requests(model);
        Hook looks = new Look(Set.of(new HookPoint(HookPoint.Site.ATTN_PATTERN, 2)));
        Generated expected = model.generate(List.of(requests.get(2).with(looks)), GenerationListener.SILENT)
                .get(0);
        try (GenerationEngine engine = model.engine(9)) {
            Generation beside = engine.submit(requests.get(0));
            Generation apart = engine.submit(requests.get(2).with(looks));
            assertThat(apart.await().logProbabilities()).isEqualTo(expected.logProbabilities());
            assertThat(beside.await().ids()).isNotEmpty();
        }
    }

    @Test
    void a_reader_that_does_not_read_is_given_up() throws InterruptedException {
        GenerationRequest endless = GenerationRequest.of(new int[] {7, 8, 9}, Decoding.sample(2000, 1.5, 1));
        try (GenerationEngine engine = model.engine(9)) {
            Generation unread = engine.stream(endless);
            Generated answer = unread.await();
            if (answer.ids().length >= 512) { // otherwise it ended by itself before anyone could be too slow
                assertThat(answer.reason()).isEqualTo(StopReason.CANCELLED);
                assertThat(unread.wasReadTooSlowly()).isTrue();
            }
        }
    }

    @Test
    void a_hook_that_fails_reaches_its_caller_and_the_engine_goes_on() throws InterruptedException {
        Hook fails = new Fails(HookPoint.residPost(1), 0);
        GenerationRequest request = requests(model).get(1);
        try (GenerationEngine engine = model.engine(9)) {
            Generation failing = engine.submit(request.with(fails));
            assertThatThrownBy(failing::await).hasMessage("this hook fails");
            assertThat(engine.submit(request).await().ids()).isNotEmpty();
        }
    }

    @Test
    void only_the_request_whose_hook_fails_or_whose_twins_does_fails() throws InterruptedException {
        List<GenerationRequest> requests = requests(model);
        List<GenerationRequest> failing = List.of(
                requests.get(6).with(new Fails(HookPoint.residPost(1), 7)),
                requests.get(8).reporting(new Reporting(0, List.of(new Fails(HookPoint.residPost(2), 6)))),
                requests.get(10).with(new Fails(HookPoint.residPost(0), -1)));
        List<Generated> alone = model.generate(requests, GenerationListener.SILENT);
        try (GenerationEngine engine = model.engine(64)) {
            List<Generation> going = new ArrayList<>();
            requests.forEach(request -> going.add(engine.submit(request)));
            for (GenerationRequest request : failing) {
                Generation one = engine.submit(request);
                assertThatThrownBy(one::await).hasMessage("this hook fails");
            }
            for (int i = 0; i < requests.size(); i++) {
                assertThat(going.get(i).await().tokens()).isEqualTo(alone.get(i).tokens());
            }
            assertThat(engine.load().rows()).isZero();
        }
    }

    @Test
    void a_hook_that_returns_another_shape_fails_alone() throws InterruptedException {
        Hook narrows = new Hook() {
            @Override
            public Set<HookPoint> points() {
                return Set.of(HookPoint.residPost(1));
            }

            @Override
            public Action bind(ModelConfig config, Device device, DType dtype) {
                return (point, activation, layout) -> activation.narrow(2, 0, 1);
            }
        };
        GenerationRequest request = requests(model).get(5);
        try (GenerationEngine engine = model.engine(9)) {
            Generation beside = engine.submit(request);
            Generation failing = engine.submit(request.with(narrows));
            assertThatThrownBy(failing::await)
                    .hasMessageStartingWith("A hook returned an activation of a different shape or dtype.");
            assertThat(beside.await().ids()).isNotEmpty();
        }
    }

    /** Fails at the n-th generated token; at −1, already when it is bound. */
    private record Fails(HookPoint at, int token) implements Hook {
        @Override
        public Set<HookPoint> points() {
            return Set.of(at);
        }

        @Override
        public Action bind(ModelConfig config, Device device, DType dtype) {
            if (token < 0) {
                throw new IllegalStateException("this hook fails");
            }
            return (point, activation, layout) -> {
                for (int row = 0; row < layout.batch(); row++) {
                    if (layout.position(row, layout.tokens() - 1) - layout.promptLength(row) + 1 == token) {
                        throw new IllegalStateException("this hook fails");
                    }
                }
                return activation;
            };
        }
    }

    @Test
    void too_many_requests_are_refused_and_closing_ends_the_rest() throws InterruptedException {
        GenerationRequest endless = GenerationRequest.of(new int[] {7, 8, 9}, Decoding.sample(3000, 1.5, 1));
        List<Generation> taken = new ArrayList<>();
        try (GenerationEngine engine = model.engine(2)) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 10_000; i++) {
                            taken.add(engine.submit(endless));
                        }
                    })
                    .isInstanceOf(EngineFullException.class)
                    .hasMessage("""
                            Too many requests are waiting.
                              waiting:  2
                              expected: at most 2
                              try:      again later""");
            assertThatThrownBy(() -> engine.submit(GenerationRequest.of(new int[] {-1}, Decoding.greedy(1))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (Generation generation : taken) {
            assertThat(generation.await().ending()).isNotNull();
        }
    }

    @Test
    void the_check_at_load_finds_no_number_of_rows_that_changes_bits() {
        try (GenerationEngine engine = model.engine(1)) {
            RowCheck check = engine.check(Duration.ofMinutes(3));
            assertThat(check.different()).isEmpty();
            assertThat(check.equal()).contains(2, 17, 256);
            assertThat(engine.isExact()).isTrue();
        }
    }

    /** Tells of the most rows that were in one pass. */
    private record Counting(AtomicInteger most) implements Hook {
        @Override
        public Set<HookPoint> points() {
            return Set.of(HookPoint.residPost(0));
        }

        @Override
        public Action bind(ModelConfig config, Device device, DType dtype) {
            return (point, activation, layout) -> {
                most.accumulateAndGet(layout.batch(), Math::max);
                return activation;
            };
        }
    }

    @Test
    void no_more_rows_run_together_than_an_engine_may_run_and_numbers_are_the_same() throws InterruptedException {
        List<GenerationRequest> requests = requests(model).subList(0, 12);
        long room = KvRows.bytes(model.config(), 64); // each takes 16 tokens or more
        for (EngineOptions options : List.of(
                EngineOptions.DEFAULT.rows(3), EngineOptions.DEFAULT.rows(1), EngineOptions.DEFAULT.room(room))) {
            AtomicInteger most = new AtomicInteger();
            try (GenerationEngine engine = model.with(new Counting(most)).engine(options)) {
                List<Generation> all = requests.stream().map(engine::submit).toList();
                for (int i = 0; i < all.size(); i++) {
                    assertThat(all.get(i).await().ids())
                            .isEqualTo(model.generate(List.of(requests.get(i)), GenerationListener.SILENT)
                                    .get(0)
                                    .ids());
                }
            }
            assertThat(most.get()).isBetween(1, Math.min(4, options.mostRows()));
        }
        assertThatThrownBy(() -> EngineOptions.DEFAULT.rows(0)).hasMessageContaining("rows");
    }
}
