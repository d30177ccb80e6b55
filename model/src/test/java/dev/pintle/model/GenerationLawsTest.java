package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.base.PintleException;
import dev.pintle.model.Generated.StopReason;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of a batch beside the same rows alone, in a model whose context ends soon. */
@Tag("any-java")
class GenerationLawsTest {
    private static final int CONTEXT = 60;

    @TempDir
    static Path folder;

    private static LanguageModel model;

    @BeforeAll
    static void load() throws IOException {
        for (String name :
                List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
            Files.copy(Golden.parley().resolve(name), folder.resolve(name));
        }
        String config = Files.readString(Golden.parley().resolve("config.json"));
        Files.writeString(
                folder.resolve("config.json"),
                config.replace("\"max_position_embeddings\": 4096", "\"max_position_embeddings\": " + CONTEXT));
        model = LanguageModel.load(folder.toString(), Device.CPU, DType.FP32);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** Adds the same number to every element after a block. */
    private record Shift(int layer, float number, boolean onPrompt) implements Addition {
        @Override
        public Vec added() {
            float[] vector = new float[256];
            java.util.Arrays.fill(vector, number);
            return Vec.of(vector);
        }

        @Override
        public HookPoint at() {
            return HookPoint.residPost(layer);
        }

        @Override
        public boolean actsOn(int position, int promptLength) {
            return onPrompt || position >= promptLength;
        }

        @Override
        public boolean actsEverywhere() {
            return onPrompt;
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            Tensor vector = Tensor.of(added()).to(device);
            return (point, activation, layout) -> {
                boolean acts = actsOn(layout.position(0, layout.tokens() - 1), layout.promptLength(0));
                return acts ? activation.plus(vector).to(activation.dtype()) : activation;
            };
        }
    }

    private static int[] prompt(String user) {
        return model.chatTokens(List.of(Message.user(user)));
    }

    private record Heard(List<Generated> answers, List<String> streamed) {}

    private static Heard generate(List<GenerationRequest> requests) {
        List<StringBuilder> streamed = new ArrayList<>();
        requests.forEach(request -> streamed.add(new StringBuilder()));
        List<Generated> answers = model.generate(requests, (row, piece) -> {
            streamed.get(row).append(piece);
            return true;
        });
        return new Heard(answers, streamed.stream().map(StringBuilder::toString).toList());
    }

    @Test
    void a_row_of_a_batch_is_the_row_alone_whatever_becomes_of_the_others() {
        Random random = new Random(5);
        Map<StopReason, Integer> ends = new LinkedHashMap<>();
        for (int round = 0; round < 20; round++) {
            List<GenerationRequest> requests = new ArrayList<>();
            for (int row = 1 + random.nextInt(6); row > 0; row--) {
                requests.add(request(random));
            }
            Heard batch = generate(requests);
            for (int row = 0; row < requests.size(); row++) {
                String what = "round " + round + " row " + row;
                Heard alone = generate(List.of(requests.get(row)));
                Generated one = alone.answers().get(0);
                Generated same = batch.answers().get(row);
                assertThat(same.ids()).as(what).isEqualTo(one.ids());
                assertThat(same.text()).as(what).isEqualTo(one.text());
                assertThat(same.reason()).as(what).isEqualTo(one.reason());
                assertThat(same.ending().stopId())
                        .as(what)
                        .isEqualTo(one.ending().stopId());
                assertThat(same.ending().stopString())
                        .as(what)
                        .isEqualTo(one.ending().stopString());
                assertThat(same.logProbabilities()).as(what).containsExactly(one.logProbabilities(), within(1e-3));
                assertThat(batch.streamed().get(row)).as(what).isEqualTo(same.text());
                assertThat(alone.streamed().get(0)).as(what).isEqualTo(one.text());
                assertThat(same.promptIds().length + same.ids().length).as(what).isLessThanOrEqualTo(CONTEXT);
                ends.merge(one.reason(), 1, Integer::sum);
            }
        }
        assertThat(ends)
                .as("every way to end was tried")
                .containsKeys(
                        StopReason.STOP_TOKEN,
                        StopReason.STOP_STRING,
                        StopReason.LENGTH,
                        StopReason.CONTEXT_FULL,
                        StopReason.NOT_FINITE);
    }

    private static GenerationRequest request(Random random) {
        int[] said = prompt(List.of("Tell me about the whale.", "Hello!", "What is 7 plus 12?")
                .get(random.nextInt(3)));
        int more = random.nextInt(3) == 0 ? random.nextInt(CONTEXT - said.length + 1) : 0;
        int[] prompt = new int[more + said.length];
        for (int i = 0; i < more; i++) {
            prompt[i] = 6 + random.nextInt(2000);
        }
        System.arraycopy(said, 0, prompt, more, said.length);
        int most = random.nextInt(5) == 0 ? random.nextInt(3) : random.nextInt(40);
        Decoding decoding = random.nextBoolean()
                ? Decoding.greedy(most)
                : Decoding.sample(most, 0.9, random.nextInt(100)).withTopK(40);
        List<String> all = List.of(" is", "blue", "is blue", ".", "e", "whale i", "sea", "lo");
        List<String> stops = new ArrayList<>();
        for (int i = random.nextInt(5) - 2; i > 0; i--) {
            stops.add(all.get(random.nextInt(all.size())));
        }
        GenerationRequest request = new GenerationRequest(prompt, decoding, stops);
        return switch (random.nextInt(6)) {
            case 0 -> request.with(new Shift(3, 0.05f, true));
            case 1 -> request.with(new Shift(2, 1e38f, random.nextBoolean())).with(new Shift(2, 3e38f, true));
            case 2 -> request.with(new Shift(5, 1e30f, false));
            default -> request;
        };
    }

    @Test
    void a_row_at_its_context_s_end_ends_alone_and_keeps_its_text() {
        int[] prompt = prompt("Tell me about the whale.");
        int[] full = new int[CONTEXT - 2];
        System.arraycopy(prompt, 0, full, full.length - prompt.length, prompt.length);
        List<Generated> answers = generate(List.of(
                        GenerationRequest.of(full, Decoding.greedy(2)),
                        GenerationRequest.of(full, Decoding.greedy(30)),
                        GenerationRequest.of(prompt, Decoding.greedy(30))))
                .answers();
        assertThat(answers)
                .extracting(Generated::reason)
                .containsExactly(StopReason.LENGTH, StopReason.CONTEXT_FULL, StopReason.STOP_TOKEN);
        assertThat(answers.get(1).ids()).hasSize(2).isEqualTo(answers.get(0).ids());
        assertThat(answers.get(1).text()).isNotEmpty();
        assertThat(answers.get(2).text())
                .isEqualTo(model.generate(prompt, Decoding.greedy(30)).text());
        assertThat(answers.get(2).ending().stopId()).isIn(1, 4);
    }

    @Test
    void a_prompt_that_is_too_long_is_refused_before_anything_runs() {
        assertThatThrownBy(() -> generate(List.of(
                        GenerationRequest.of(prompt("Hello!"), Decoding.greedy(2)),
                        GenerationRequest.of(new int[CONTEXT + 1], Decoding.greedy(2)))))
                .hasMessage(
                        "The sequence is longer than the model's context.\n  row:      1\n"
                                + "  expected: at most 60 tokens\n  but was:  61\n  try:      a shorter prompt or fewer new tokens");
    }

    @Test
    void hooks_given_one_after_the_other_all_act() {
        GenerationRequest plain = GenerationRequest.of(prompt("Hello!"), Decoding.greedy(5));
        Hook one = new Shift(3, 0.5f, true);
        Hook other = new Shift(5, 0.25f, true);
        assertThat(plain.with(one).with(other).hooks())
                .isEqualTo(plain.with(one, other).hooks());
        assertThat(plain.with(List.of(one)).with(other).hooks()).hasSize(2);
    }

    @Test
    void an_overflow_names_its_place_and_what_was_added_there() {
        GenerationRequest request = GenerationRequest.of(prompt("Hello!"), Decoding.greedy(5));
        List<Generated> answers = generate(List.of(request, request.with(new Shift(4, 1e37f, true)), request))
                .answers();
        assertThat(answers)
                .extracting(Generated::reason)
                .containsExactly(StopReason.LENGTH, StopReason.NOT_FINITE, StopReason.LENGTH);
        assertThat(answers.get(1).ids()).isEmpty();
        assertThat(answers.get(0).ids())
                .isEqualTo(answers.get(2).ids())
                .isEqualTo(model.generate(prompt("Hello!"), Decoding.greedy(5)).ids());
        assertThatThrownBy(() -> answers.get(1).requireFinite())
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                The model's activations overflowed: all logits of a token are equal.
                  row:         1
                  token:       number 1 of the answer
                  first at:    blocks.4.hook_resid_post, position 0
                  added there: a vector of length 1.600e+38 at blocks.4.hook_resid_post
                  try:         a smaller strength""");
        assertThatThrownBy(() -> model.with(new Shift(4, 1e37f, true)).generate(prompt("Hello!"), Decoding.greedy(5)))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("first at:    blocks.4.hook_resid_post");
    }

    @Test
    void an_overflow_after_some_tokens_keeps_them() {
        int[] prompt = prompt("Tell me about the whale.");
        Hook late = new Hook() {
            @Override
            public java.util.Set<HookPoint> points() {
                return java.util.Set.of(HookPoint.residPost(1));
            }

            @Override
            public Action bind(ModelConfig config, Device device, DType dtype) {
                return (point, activation, layout) -> layout.position(0, layout.tokens() - 1) >= prompt.length + 2
                        ? activation.times(Double.POSITIVE_INFINITY)
                        : activation;
            }
        };
        Generated answer = generate(List.of(
                        GenerationRequest.of(prompt, Decoding.greedy(30)).with(late)))
                .answers()
                .get(0);
        Generated sound = model.generate(prompt, Decoding.greedy(3));
        assertThat(answer.reason()).isEqualTo(StopReason.NOT_FINITE);
        assertThat(answer.ids()).isEqualTo(sound.ids());
        assertThat(answer.text()).isEqualTo(sound.text());
        assertThatThrownBy(answer::requireFinite)
                .hasMessageContaining("token:       number 4 of the answer")
                .hasMessageContaining("logits of a token are not finite");
    }

    @Test
    void weights_that_are_no_numbers_are_named(@TempDir Path spoiled) throws IOException {
        Path from = Golden.folder().resolve("llama31");
        Files.copy(from.resolve("config.json"), spoiled.resolve("config.json"));
        try (TensorScope scope = TensorScope.open("spoil");
                Checkpoint checkpoint = SafeTensors.open(from)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                Tensor tensor = checkpoint.tensor(name).to(DType.FP32).copy();
                boolean chosen = name.equals("model.layers.2.self_attn.o_proj.weight");
                tensors.put(name, chosen ? tensor.fillInPlace(Double.POSITIVE_INFINITY) : tensor);
            }
            SafeTensors.write(spoiled.resolve("model.safetensors"), tensors, Map.of());
        }
        try (LanguageModel bad = LanguageModel.load(spoiled.toString(), Device.CPU, DType.FP32)) {
            for (Decoding decoding :
                    List.of(Decoding.greedy(4), Decoding.sample(4, 1, 1).withTopP(0.9))) {
                assertThatThrownBy(() -> bad.generate(new int[] {1, 17, 40}, decoding))
                        .hasMessage("""
                        The model's activations overflowed: the logits of a token are not finite.
                          row:      0
                          token:    number 1 of the answer
                          first at: blocks.2.hook_attn_out, position 0
                          suspect:  the attention weights of block 2
                          try:      another copy of the checkpoint, or fp32 if a 16-bit sum may have overflowed""");
            }
        }
    }
}
