package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.family.ConfigReader;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Reading;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows that join and leave slots, on a CPU, beside each row by itself. */
class SlotBatchTest {
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_act": "silu", "hidden_size": 64, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 96,
             "vocab_size": 272, "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "tie_word_embeddings": true}
            """;

    private static LoadedTransformer model;

    @BeforeAll
    static void build() {
        model = LoadedTransformer.random(
                ConfigReader.parse(CONFIG, Path.of("config.json")), "small", 1, Device.CPU, DType.FP32);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** What is told of a request. */
    private record Told(List<Integer> ids, List<Long> logProbabilities, List<Integer> twins) {}

    private static GenerationRow row(int index, GenerationRequest request, List<GeneratedToken> pieces, int most) {
        return new GenerationRow(
                index,
                request,
                piece -> {
                    if (piece.token() != null) {
                        pieces.add(piece.token());
                    }
                    return pieces.size() < most;
                },
                Set.of(),
                model.config().maxPositions(),
                null);
    }

    private static Overflow overflow() {
        return new Overflow(model.forward(), model.config(), DType.FP32, List.of());
    }

    private static Told told(List<GeneratedToken> tokens) {
        return new Told(
                tokens.stream().map(GeneratedToken::id).toList(),
                tokens.stream()
                        .map(token -> Math.round(token.logProbability() * 1e3))
                        .toList(),
                tokens.stream()
                        .map(token -> token.twin() == null
                                ? -1
                                : token.twin().alternatives().get(0).id())
                        .toList());
    }

    /** By the pass that runs one row without slots. */
    private static Told alone(GenerationRequest request, int most) {
        List<GeneratedToken> tokens = new ArrayList<>();
        new LoneRow(model.forward(), List.of(), overflow(), (rows, cause) -> {
                    throw cause;
                })
                .write(row(0, request, tokens, most));
        return told(tokens);
    }

    private static GenerationRequest request(Random random, int[] shared) {
        boolean begins = random.nextInt(3) == 0;
        int length = begins ? shared.length + random.nextInt(60) : 1 + random.nextInt(random.nextBoolean() ? 20 : 700);
        int[] prompt = random.ints(length, 0, 272).toArray();
        if (begins) {
            System.arraycopy(shared, 0, prompt, 0, shared.length);
        }
        GenerationRequest plain = GenerationRequest.of(prompt, Decoding.greedy(1 + random.nextInt(12)));
        GenerationRequest steered = plain.with(Change.some(random, 64, random.nextInt(3)));
        return switch (random.nextInt(4)) {
            case 0 -> steered.reporting(new Reporting(2, null));
            case 1 -> steered.reporting(new Reporting(1, List.of()));
            default -> steered;
        };
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rows_that_join_and_leave_generate_what_each_does_alone(boolean fast) {
        Random random = new Random(5);
        int[] shared = random.ints(600, 0, 272).toArray();
        List<GenerationRequest> requests =
                IntStream.range(0, 32).mapToObj(i -> request(random, shared)).toList();
        int[] most = random.ints(32, 1, 40).toArray(); // some are cancelled
        PlainSlots slots = new PlainSlots(model, 7, 60);
        List<List<GeneratedToken>> found = new ArrayList<>();
        List<GenerationRow> rows = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            found.add(new ArrayList<>());
            rows.add(row(i, requests.get(i), found.get(i), most[i]));
        }
        Deque<GenerationRow> coming = new ArrayDeque<>(rows);
        new SlotBatch(model.forward(), model.config(), List.of(), overflow(), slots, 99, 24, fast)
                .write(new Arrivals() {
                    @Override
                    public boolean addTo(Deque<GenerationRow> waiting, int free, boolean idle) {
                        for (int i = random.nextInt(4); i > 0 && !coming.isEmpty(); i--) {
                            waiting.add(coming.removeFirst());
                        }
                        return !coming.isEmpty();
                    }

                    @Override
                    public void failed(List<GenerationRow> some, RuntimeException cause) {
                        throw cause;
                    }
                });
        slots.close();
        assertThat(slots.mostRows()).isEqualTo(7);
        assertThat(slots.mostTogether() > 1).as("prompts run together").isEqualTo(fast);
        assertThat(rows.stream().mapToInt(row -> row.finished().cachedTokens()).max())
                .hasValue(512);
        for (int i = 0; i < requests.size(); i++) {
            assertThat(told(found.get(i))).as("request " + i).isEqualTo(alone(requests.get(i), most[i]));
        }
    }

    /** Keeps what it reads of tokens from a position on, counted from the first of the answer. */
    private static final class Keeping implements Reading {
        private final int from;
        private final List<String> kept = new ArrayList<>();

        Keeping(int from) {
            this.from = from;
        }

        @Override
        public Set<HookPoint> points() {
            return Set.of(HookPoint.residPost(0), HookPoint.residPre(1), HookPoint.residPost(1));
        }

        @Override
        public boolean actsOn(int position, int promptLength) {
            return position - promptLength >= from;
        }

        @Override
        public void read(HookPoint point, Tensor activation, Layout layout, int row) {
            float[] all = activation.select(0, row).toFloats();
            int width = all.length / layout.tokens();
            for (int t = 0; t < layout.tokens(); t++) {
                int position = layout.position(row, t);
                if (actsOn(position, layout.promptLength(row))) {
                    kept.add(point + " " + position + " " + Math.round(all[t * width] * 1e3));
                }
            }
        }
    }

    @Test
    void what_hooks_read_of_a_row_is_what_they_read_of_it_alone() {
        PlainSlots slots = new PlainSlots(model, 4, 40);
        Random random = new Random(8);
        List<GenerationRow> rows = new ArrayList<>();
        List<List<String>> found = new ArrayList<>();
        List<List<String>> expected = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int[] prompt = random.ints(3 + i, 0, 272).toArray();
            List<Hook> change = Change.some(random, 64, 2);
            for (List<List<String>> to : List.of(expected, found)) {
                Keeping first = new Keeping(i % 3 - 2);
                Keeping second = new Keeping(i % 2);
                GenerationRequest request = GenerationRequest.of(prompt, Decoding.greedy(5))
                        .with(first, change.get(0), second, change.get(1));
                if (to == found) {
                    rows.add(row(i, request, new ArrayList<>(), 9));
                } else {
                    alone(request, 9);
                }
                to.add(first.kept);
                to.add(second.kept);
            }
        }
        new SlotBatch(model.forward(), model.config(), List.of(), overflow(), slots, 99, 0, false)
                .write(Arrivals.of(rows, (some, cause) -> {
                    throw cause;
                }));
        slots.close();
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i))
                    .as("hook " + i)
                    .hasSizeGreaterThan(8)
                    .containsExactlyInAnyOrderElementsOf(expected.get(i));
        }
    }

    /** Fails at some token of the prompt. */
    private record Failing() implements Reading {
        @Override
        public Set<HookPoint> points() {
            return Set.of(HookPoint.residPost(0));
        }

        @Override
        public boolean actsOn(int position, int promptLength) {
            return position == 3;
        }

        @Override
        public void read(HookPoint point, Tensor activation, Layout layout, int row) {
            throw new IllegalStateException("no");
        }
    }

    @Test
    void a_row_whose_hook_fails_fails_alone() {
        PlainSlots slots = new PlainSlots(model, 4, 40);
        GenerationRequest good = GenerationRequest.of(new int[] {1, 2, 3, 4, 5, 6}, Decoding.greedy(4));
        List<List<GeneratedToken>> found = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        List<GenerationRow> rows = List.of(
                row(0, good, found.get(0), 9),
                row(1, good.with(new Failing()), found.get(1), 9),
                row(2, good, found.get(2), 9));
        List<GenerationRow> failed = new ArrayList<>();
        new SlotBatch(model.forward(), model.config(), List.of(), overflow(), slots, 99, 0, false)
                .write(Arrivals.of(rows, (some, cause) -> failed.addAll(some)));
        slots.close();
        assertThat(failed).containsExactly(rows.get(1));
        assertThat(found.get(1)).isEmpty();
        assertThat(told(found.get(2))).isEqualTo(told(found.get(0))).isEqualTo(alone(good, 9));
    }

    /** A vector of another width, which shows when the prompt is run. */
    private static final class Narrow implements Addition {
        @Override
        public Vec added() {
            return Vec.of(new float[32]);
        }

        @Override
        public HookPoint at() {
            return HookPoint.residPost(0);
        }

        @Override
        public boolean actsOn(int position, int promptLength) {
            return true;
        }

        @Override
        public boolean actsEverywhere() {
            return true;
        }

        @Override
        public Action bind(ModelConfig config, Device device, DType dtype) {
            throw new IllegalStateException("additions of rows are bound together");
        }
    }

    @Test
    void of_prompts_that_run_together_only_the_one_that_cannot_run_fails() {
        PlainSlots slots = new PlainSlots(model, 4, 40);
        GenerationRequest good = GenerationRequest.of(new int[] {1, 2, 3, 4, 5, 6}, Decoding.greedy(4));
        List<List<GeneratedToken>> found = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        List<GenerationRow> rows = List.of(
                row(0, good, found.get(0), 9),
                row(1, good.with(new Narrow()), found.get(1), 9),
                row(2, good, found.get(2), 9));
        List<GenerationRow> failed = new ArrayList<>();
        new SlotBatch(model.forward(), model.config(), List.of(), overflow(), slots, 99, 0, true)
                .write(Arrivals.of(rows, (some, cause) -> failed.addAll(some)));
        slots.close();
        assertThat(failed).containsExactly(rows.get(1));
        assertThat(told(found.get(2))).isEqualTo(told(found.get(0))).isEqualTo(alone(good, 9));
    }

    @Test
    void a_row_that_ends_after_its_last_token_is_in_no_further_step() {
        PlainSlots slots = new PlainSlots(model, 4, 40);
        List<GenerationRow> rows =
                List.of(row(0, GenerationRequest.of(new int[] {1, 2}, Decoding.greedy(5)), new ArrayList<>(), 9));
        new SlotBatch(model.forward(), model.config(), List.of(), overflow(), slots, 99, 0, false)
                .write(Arrivals.of(rows, (some, cause) -> {
                    throw cause;
                }));
        slots.close();
        assertThat(slots.launches()).isEqualTo(5);
    }
}
