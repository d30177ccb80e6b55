package dev.pintle.steering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.Decoding;
import dev.pintle.model.EngineOptions;
import dev.pintle.model.Generated;
import dev.pintle.model.Generation;
import dev.pintle.model.GenerationEngine;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.Reporting;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.Soak;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Route;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests to an engine that keeps prefixes, beside the same requests alone. */
@Timeout(300)
@Tag("any-java")
class CachedPrefixesTest {
    private static final int ROUNDS = Soak.times(10, 100);
    private static final int ROUNDS_WITHOUT_CACHE =
            3; // for models that run a block operation by operation, which keep nothing
    private static final int AT_ONCE = 6;
    private static final int SHARED = 70; // tokens of a text that prompts begin with
    private static final long ROOM = 64L << 20;

    private static LanguageModel parley;

    @BeforeAll
    static void load() {
        parley = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
    }

    @AfterAll
    static void close() {
        parley.close();
    }

    static Stream<Arguments> models() {
        return Stream.concat(Stream.of("parley"), Golden.models().stream())
                .flatMap(name -> Stream.of(DType.FP32, DType.BF16).map(dtype -> Arguments.of(name, dtype)));
    }

    private static Vec vector(ModelConfig config, long seed) {
        Random random = new Random(seed);
        float[] values = new float[config.dModel()];
        for (int d = 0; d < values.length; d++) {
            values[d] = (float) random.nextGaussian();
        }
        return Vec.of(values);
    }

    /** One of some ways of steering, or none; equal seeds give equal values, which are different objects. */
    private static List<Intervention> steering(ModelConfig config, Random random) {
        Vec vector = vector(config, random.nextInt(2));
        HookPoint at = HookPoint.residPost(random.nextInt(config.nLayers()));
        Tokens tokens = switch (random.nextInt(8)) {
            case 0 -> Tokens.generated();
            case 1 -> Tokens.generatedAndLast();
            case 2 -> Tokens.prompt();
            case 3 -> Tokens.from(40);
            case 4 -> Tokens.range(5, 25);
            case 5 -> Tokens.last();
            default -> Tokens.all();
        };
        Add add = new Add(vector, at, 0.5, tokens);
        return switch (random.nextInt(9)) {
            case 0 -> List.of(add);
            case 1 -> List.of(new Add(vector, at, 0, tokens));
            case 2 -> List.of(new Ablate(vector, at, 1, tokens));
            case 3 -> List.of(new Rotate(vector, at, 0.5, tokens));
            case 4 -> List.of(new Clamp(vector, at, -0.5, 0.5, tokens));
            case 5 -> List.of(new Conditional(vector(config, 5), 0, add));
            case 6 -> List.of(add, new Ablate(vector(config, 6), at, 1, tokens));
            default -> List.of();
        };
    }

    private static Generated alone(LanguageModel model, GenerationRequest request) {
        return model.generate(List.of(request), GenerationListener.SILENT).get(0);
    }

    @ParameterizedTest
    @MethodSource("models")
    @Tag("slow")
    void what_is_cached_changes_no_bit(String name, DType dtype) throws Exception {
        changesNoBit(name, dtype);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FP32", "BF16"})
    @Tag("sample")
    void what_is_cached_changes_no_bit_of_a_family(DType dtype) throws Exception {
        changesNoBit("qwen3", dtype);
    }

    private static void changesNoBit(String name, DType dtype) throws Exception {
        String folder =
                (name.equals("parley") ? Golden.parley() : Golden.folder().resolve(name)).toString();
        try (LanguageModel model = LanguageModel.load(folder, Device.CPU, dtype);
                GenerationEngine engine =
                        model.engine(EngineOptions.DEFAULT.waiting(64).keeping(ROOM))) {
            ModelConfig config = model.config();
            Random random = new Random(name.hashCode());
            int shared = Math.min(SHARED, config.maxPositions() / 2);
            int[][] texts = {ids(config, random, shared), ids(config, random, shared)};
            List<int[]> conversations = new ArrayList<>();
            int known = 0;
            boolean keeps = model.route().kind() == Route.Kind.HEAP;
            int rounds = keeps ? ROUNDS : ROUNDS_WITHOUT_CACHE;
            for (int round = 0; round < rounds; round++) {
                List<GenerationRequest> requests = new ArrayList<>();
                for (int i = 0; i < 1 + random.nextInt(AT_ONCE); i++) {
                    int[] before = conversations.isEmpty() || random.nextBoolean()
                            ? Arrays.copyOf(texts[random.nextInt(2)], 1 + random.nextInt(shared))
                            : conversations.get(random.nextInt(conversations.size()));
                    int[] prompt = joined(before, ids(config, random, 1 + random.nextInt(12)));
                    int length = 1 + random.nextInt(20);
                    Decoding decoding =
                            random.nextBoolean() ? Decoding.greedy(length) : Decoding.sample(length, 1, round);
                    requests.add(GenerationRequest.of(prompt, decoding)
                            .with(steering(config, random))
                            .reporting(new Reporting(
                                    random.nextInt(3), random.nextInt(4) == 0 ? steering(config, random) : null)));
                }
                List<Generation> going = requests.stream().map(engine::submit).toList();
                for (int i = 0; i < requests.size(); i++) {
                    Generated warm = going.get(i).await();
                    assertThat(warm.tokens())
                            .isEqualTo(alone(model, requests.get(i)).tokens());
                    assertThat(warm.cachedTokens()).isLessThan(warm.promptIds().length);
                    known += warm.cachedTokens();
                    int[] all = joined(warm.promptIds(), warm.ids());
                    if (all.length < config.maxPositions() - 40) {
                        conversations.add(all);
                    }
                }
            }
            if (keeps) {
                assertThat(known).isGreaterThan(16 * rounds);
            } else {
                assertThat(known).isZero();
            }
        }
    }

    private static int[] ids(ModelConfig config, Random random, int count) {
        return random.ints(count, 6, config.dVocab()).toArray();
    }

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    private static GenerationRequest request(int[] prompt, Hook... hooks) {
        return GenerationRequest.of(prompt, Decoding.sample(20, 3, 1)).with(hooks);
    }

    private static Add add(Tokens tokens) {
        return new Add(vector(parley.config(), 1), HookPoint.residPost(1), 0.4, tokens);
    }

    private static int[] text(int seed, int count) {
        return ids(parley.config(), new Random(seed), count);
    }

    /** How many tokens of a second request are known after a first one. */
    private static int known(GenerationRequest first, GenerationRequest second) throws InterruptedException {
        try (GenerationEngine engine =
                parley.engine(EngineOptions.DEFAULT.waiting(4).keeping(ROOM))) {
            assertThat(engine.submit(first).await().cachedTokens()).isZero();
            Generated warm = engine.submit(second).await();
            assertThat(warm.tokens()).isEqualTo(alone(parley, second).tokens());
            return warm.cachedTokens();
        }
    }

    @Test
    void the_next_turn_of_a_chat_begins_with_what_was_read_and_written() throws InterruptedException {
        for (Hook[] hooks : new Hook[][] {{}, {add(Tokens.all())}}) {
            int[] first = text(1, 30);
            Generated answer = alone(parley, request(first, hooks));
            int computed = 30 + answer.ids().length - (answer.reason() == Generated.StopReason.LENGTH ? 1 : 0);
            assertThat(computed).isGreaterThan(32);
            int[] second = joined(joined(first, answer.ids()), text(2, 9));
            assertThat(known(request(first, hooks), request(second, hooks))).isEqualTo(computed / 16 * 16);
        }
    }

    @Test
    void an_answer_that_was_steered_as_generated_is_read_anew_when_it_is_part_of_the_prompt()
            throws InterruptedException {
        int[] first = text(1, 30);
        Add generated = add(Tokens.generated());
        int[] answer = alone(parley, request(first, generated)).ids();
        assertThat(answer).hasSizeGreaterThan(17);
        int[] second = joined(joined(first, answer), text(2, 9));
        assertThat(known(request(first, generated), request(second, generated))).isEqualTo(30);
        assertThat(known(request(first, generated), request(second))).isEqualTo(30);
    }

    @Test
    void steering_that_acts_later_shares_what_comes_before() throws InterruptedException {
        int[] prompt = text(3, 64);
        assertThat(known(request(prompt), request(prompt, add(Tokens.from(40)))))
                .isEqualTo(40);
        assertThat(known(request(prompt), request(prompt, add(Tokens.generated()))))
                .isEqualTo(63);
        assertThat(known(request(prompt, add(Tokens.last())), request(joined(prompt, text(4, 5)), add(Tokens.last()))))
                .isEqualTo(63);
        assertThat(known(
                        request(prompt),
                        request(prompt, new Add(vector(parley.config(), 1), HookPoint.residPost(1), 0))))
                .isEqualTo(63);
    }

    @Test
    void other_steering_shares_nothing() throws InterruptedException {
        int[] prompt = text(3, 64);
        assertThat(known(request(prompt), request(prompt, add(Tokens.all())))).isZero();
        assertThat(known(request(prompt, add(Tokens.all())), request(prompt))).isZero();
        Add other = new Add(vector(parley.config(), 2), HookPoint.residPost(1), 0.4);
        assertThat(known(request(prompt, add(Tokens.all())), request(prompt, other)))
                .isZero();
        assertThat(known(request(prompt, add(Tokens.all()), other), request(prompt, other, add(Tokens.all()))))
                .isZero();
        assertThat(known(request(prompt), request(joined(text(9, 1), prompt)))).isZero();
        assertThat(known(request(Arrays.copyOf(prompt, 15)), request(prompt))).isZero();
    }

    @Test
    void hooks_that_do_not_say_what_they_do_take_no_part() throws InterruptedException {
        Hook reads = new Hook() {
            @Override
            public Set<HookPoint> points() {
                return Set.of(HookPoint.residPost(0));
            }

            @Override
            public Action bind(ModelConfig model, Device device, DType dtype) {
                return (point, activation, layout) -> activation;
            }
        };
        int[] prompt = text(3, 64);
        assertThat(known(request(prompt, reads), request(prompt, reads))).isZero();
        assertThat(known(request(prompt), request(prompt, reads))).isZero();
        assertThat(known(request(prompt, reads), request(prompt))).isZero();
    }

    @Test
    void requests_that_wait_together_share_their_beginning() throws InterruptedException {
        int[] system = text(5, 100);
        try (GenerationEngine engine =
                parley.engine(EngineOptions.DEFAULT.waiting(16).keeping(ROOM))) {
            Generation runs = engine.submit(request(text(6, 20)));
            List<Generation> going = IntStream.range(0, 8)
                    .mapToObj(i -> engine.submit(request(joined(system, text(10 + i, 7)))))
                    .toList();
            runs.await();
            int shared = 0;
            for (Generation one : going) {
                shared += one.await().cachedTokens() >= 96 ? 1 : 0;
            }
            assertThat(shared).isEqualTo(7);
        }
    }

    @Test
    void without_room_nothing_is_kept_and_less_than_none_is_refused() throws InterruptedException {
        int[] prompt = text(3, 64);
        try (GenerationEngine engine =
                parley.engine(EngineOptions.DEFAULT.waiting(4).keeping(0))) {
            engine.submit(request(prompt)).await();
            assertThat(engine.submit(request(prompt)).await().cachedTokens()).isZero();
        }
        assertThatThrownBy(() -> parley.engine(EngineOptions.DEFAULT.waiting(4).keeping(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        An option of an engine is out of range.
                          option:   bytes of a cache
                          expected: 0 or more
                          but was:  -1""");
    }
}
