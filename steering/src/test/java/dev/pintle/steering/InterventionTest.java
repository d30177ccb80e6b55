package dev.pintle.steering;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Tolerance;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RowChange;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class InterventionTest {
    private static final Decoding SHORT = Decoding.greedy(24);

    private static LanguageModel model;
    private static SteeringVector style;
    private static int[] prompt;
    private static TensorScope scope;

    @BeforeAll
    static void load() {
        model = Parley.load();
        style = SteeringVector.fit(model, Parley.AT, Contrast.lastPosition(Parley.prefixed(Parley.STYLE)));
        prompt = model.chatTokens(List.of(Message.user("Tell me about the whale.")));
        scope = TensorScope.open("intervention tests");
    }

    @AfterAll
    static void close() {
        scope.close();
        model.close();
    }

    private static Tensor logits(Hook... hooks) {
        return model.with(hooks)
                .run(TokenBatch.of(prompt), RunOptions.allLogits())
                .logits();
    }

    private static double[][] activations(Hook... hooks) {
        return activations(model.with(hooks), prompt);
    }

    private static double[][] activations(LanguageModel steered, int[] ids) {
        return PlainReader.read(
                steered,
                Parley.AT,
                ids,
                java.util.stream.IntStream.range(0, ids.length).toArray());
    }

    /** What a recorded step on a GPU is told, beside what a pass does. */
    @Test
    void what_is_said_of_a_single_activation_is_what_happens_to_it() {
        Vec other = Vec.of(Tensor.randn(
                                5, DType.FP32, Device.CPU, style.direction().size())
                        .toFloats())
                .unit();
        List<Intervention> all = List.of(
                new Add(style.direction(), Parley.AT, 3),
                new Ablate(other.times(2), Parley.AT, 0.7, Tokens.all()),
                new Clamp(style.direction(), Parley.AT, 0.5, 0.5, Tokens.all()),
                Clamp.cap(style, -0.5),
                new Rotate(style.direction(), Parley.AT, 4, Tokens.all()),
                new Conditional(other, 0, new Conditional(style.direction(), -1, new Add(other, Parley.AT, 2))));
        double[][] before = activations();
        for (Intervention intervention : all) {
            RowChange change = intervention.rowChange().orElseThrow();
            double[][] after = activations(intervention);
            for (int token = 0; token < before.length; token++) {
                Vec x = vec(before[token]);
                boolean acts = change.conditions().stream()
                        .allMatch(condition -> x.dot(condition.unit()) >= condition.threshold());
                Vec expected = acts ? change.formula().of(x) : x;
                assertThat(vec(after[token]).minus(expected).norm())
                        .as(intervention + " at token " + token)
                        .isLessThan(1e-5 * x.norm());
            }
        }
    }

    private static Vec vec(double[] numbers) {
        float[] narrow = new float[numbers.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) numbers[i];
        }
        return Vec.of(narrow);
    }

    private static double along(double[] activation) {
        double[] unit = new double[activation.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = style.direction().get(i);
        }
        return Eigen.dot(activation, unit);
    }

    @Test
    void a_strength_beyond_what_the_dtype_holds_is_refused_before_anything_runs() {
        assertThatThrownBy(() -> model.with(Add.add(style, 1e39)))
                .hasMessage("A number of the intervention is out of range for the model's dtype.\n"
                        + "  strength:   1.0E39\n  fp32 holds: at most 3.40282e+38\n  try:        a smaller one");
        assertThatThrownBy(() ->
                        new Add(style.direction().times(1e5), Parley.AT, 1e36).requireFits(model.config(), DType.FP32))
                .hasMessageContaining("largest element: ");
        assertThatThrownBy(() -> Strength.factor(70_000).requireHeld(DType.FP16))
                .hasMessageContaining("fp16 holds: at most 65504.0");
        assertThatThrownBy(() -> model.generate(
                        List.of(GenerationRequest.of(prompt, SHORT).with(Rotate.rotate(style, 1e39))),
                        GenerationListener.SILENT))
                .hasMessageContaining("strength:   1.0E39");
        Strength.factor(1e38).requireHeld(DType.BF16);
    }

    @Test
    void a_strength_that_overflows_is_told_with_its_layer_and_leaves_the_other_rows_as_they_are() {
        GenerationRequest plain = GenerationRequest.of(prompt, SHORT);
        for (double strength : new double[] {1e20, -1e30, 1e38}) {
            List<Generated> rows = model.generate(
                    List.of(plain, plain.with(Add.add(style, strength)), plain.with(Add.add(style, 5))),
                    GenerationListener.SILENT);
            assertThat(rows.get(0).ids())
                    .isEqualTo(model.generate(prompt, SHORT).ids());
            assertThat(rows.get(1).reason()).isEqualTo(Generated.StopReason.NOT_FINITE);
            assertThat(rows.get(2).ids())
                    .isEqualTo(model.with(Add.add(style, 5))
                            .generate(prompt, SHORT)
                            .ids());
            assertThatThrownBy(() -> model.with(Add.add(style, strength)).generate(prompt, SHORT))
                    .hasMessageContaining("first at:    " + Parley.AT)
                    .hasMessageContaining("added there: a vector of length ");
        }
    }

    @Test
    void strength_zero_changes_no_bit() {
        Tensor plain = logits();
        assertThatTensor(logits(Add.add(style, 0))).isIdenticalTo(plain);
        assertThatTensor(logits(Rotate.rotate(style, 0))).isIdenticalTo(plain);
        assertThatTensor(logits(new Ablate(style.direction(), Parley.AT, 0, Tokens.all())))
                .isIdenticalTo(plain);
        Generated unsteered = model.generate(prompt, SHORT);
        Generated row = model.generate(
                        List.of(GenerationRequest.of(prompt, SHORT).with(Add.add(style, 0))), GenerationListener.SILENT)
                .get(0);
        assertThat(row.ids()).isEqualTo(unsteered.ids());
        assertThat(row.logProbabilities()).isEqualTo(unsteered.logProbabilities());
    }

    @Test
    void twice_the_strength_is_twice_the_vector_to_the_bit() {
        assertThatTensor(logits(Add.add(style, 6))).isIdenticalTo(logits(Add.add(style.times(2), 3)));
        assertThatTensor(logits(Add.add(style, -3))).isIdenticalTo(logits(Add.add(style.negated(), 3)));
        assertThat(style.negated().negated().direction()).isEqualTo(style.direction());
    }

    @Test
    void the_order_of_additions_does_not_matter() {
        SteeringVector other =
                SteeringVector.fit(model, Parley.AT, Contrast.lastPosition(Parley.prefixed(Parley.OTHER_STYLE)));
        assertThatTensor(logits(Add.add(style, 3), Add.add(other, 2)))
                .isCloseTo(logits(Add.add(other, 2), Add.add(style, 3)), Tolerance.ACTIVATIONS_FP32);
    }

    @Test
    void ablation_leaves_nothing_along_the_direction() {
        for (double[] h : activations(Ablate.ablate(style))) {
            assertThat(along(h)).isCloseTo(0, within(1e-4));
        }
        assertThat(Ablate.everywhere(style, 8)).hasSize(8);
    }

    @Test
    void a_clamp_sets_and_a_cap_bounds_the_component() {
        for (double[] h : activations(Clamp.clamp(style, 2.5))) {
            assertThat(along(h)).isCloseTo(2.5, within(1e-4));
        }
        double[][] plain = activations();
        double[][] capped = activations(Clamp.cap(style, 0.1));
        for (int t = 0; t < plain.length; t++) {
            assertThat(along(capped[t])).isCloseTo(Math.min(along(plain[t]), 0.1), within(1e-4));
        }
    }

    @Test
    void rotation_keeps_every_length() {
        double[][] plain = activations();
        double[][] turned = activations(Rotate.rotate(style, 5));
        for (int t = 0; t < plain.length; t++) {
            double length = Math.sqrt(Eigen.dot(plain[t], plain[t]));
            assertThat(Math.sqrt(Eigen.dot(turned[t], turned[t]))).isCloseTo(length, within(1e-4 * length));
            assertThat(along(turned[t])).isGreaterThan(along(plain[t]));
        }
    }

    @Test
    void a_condition_acts_where_the_component_passes_the_threshold() {
        double[][] plain = activations();
        double[][] acted = activations(Conditional.where(style, 0, Add.add(style, 4)));
        int changed = 0;
        for (int t = 0; t < plain.length; t++) {
            double expected = along(plain[t]) >= 0 ? along(plain[t]) + 4 : along(plain[t]);
            assertThat(along(acted[t])).isCloseTo(expected, within(1e-3));
            changed += along(plain[t]) >= 0 ? 1 : 0;
        }
        assertThat(changed).isBetween(1, plain.length - 1);
    }

    @Test
    void tokens_to_steer_are_the_same_with_and_without_a_cache() {
        for (Tokens tokens : List.of(
                Tokens.generated(), Tokens.generatedAndLast(), Tokens.prompt(), Tokens.from(prompt.length + 3))) {
            Add add = Add.add(style, 5).on(tokens);
            Generated cached = model.with(add).generate(prompt, SHORT);
            List<Integer> slow = new ArrayList<>();
            int[] ids = prompt;
            while (slow.size() < cached.ids().length) { // every token from the whole sequence, no cache
                int promptLength = prompt.length;
                Hook absolute = new Add(style.direction(), Parley.AT, 5, tokens(tokens, promptLength));
                double[] last = model.with(absolute)
                        .run(TokenBatch.of(ids), RunOptions.lastLogits())
                        .logits()
                        .toDoubles();
                int best = 0;
                for (int i = 1; i < last.length; i++) {
                    best = last[i] > last[best] ? i : best;
                }
                slow.add(best);
                ids = java.util.Arrays.copyOf(ids, ids.length + 1);
                ids[ids.length - 1] = best;
                if (tokens instanceof Tokens.OfPrompt) {
                    break; // a run without a cache has a longer prompt each time
                }
            }
            assertThat(cached.ids())
                    .startsWith(slow.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    @Test
    void a_role_is_steered_on_its_words_and_the_assistant_on_what_it_writes_too() {
        TokenizedPrompt asked = Prompt.ofMessages(
                        List.of(Message.system("Talk plainly."), Message.user("Tell me about honey.")))
                .tokenized(model.text());
        double[][] plain = activations(model, asked.ids());
        for (Role role : List.of(Role.SYSTEM, Role.USER, Role.HEADER)) {
            Tokens tokens = Tokens.parse("role:" + role.label(), asked);
            double[][] steered = activations(model.with(Add.add(style, 5).on(tokens)), asked.ids());
            for (int t = 0; t < plain.length; t++) {
                double expected = along(plain[t]) + (asked.roles().get(t) == role ? 5 : 0);
                assertThat(along(steered[t])).as(role + " " + t).isCloseTo(expected, within(1e-3));
            }
            assertThat(tokens.include(asked.length(), asked.length())).isFalse();
        }
        Add assistant = Add.add(style, 5).on(Tokens.ofRole(Role.ASSISTANT, asked));
        assertThat(model.with(assistant).generate(asked.ids(), SHORT).ids())
                .isEqualTo(model.with(Add.add(style, 5).on(Tokens.generated()))
                        .generate(asked.ids(), SHORT)
                        .ids());
    }

    private static Tokens tokens(Tokens tokens, int promptLength) {
        if (tokens instanceof Tokens.GeneratedAndLast) {
            return Tokens.from(promptLength - 1);
        }
        return tokens instanceof Tokens.Generated ? Tokens.from(promptLength) : tokens;
    }

    @Test
    void the_first_token_of_an_answer_is_steered_from_the_last_of_the_prompt_only() {
        int plain = model.generate(prompt, SHORT).ids()[0];
        Add strong = Add.add(style, 60);
        assertThat(model.with(strong.on(Tokens.generated()))
                        .generate(prompt, SHORT)
                        .ids()[0])
                .isEqualTo(plain);
        assertThat(model.with(strong.on(Tokens.parse("generated+1")))
                        .generate(prompt, SHORT)
                        .ids()[0])
                .isNotEqualTo(plain);
    }

    @Test
    void sixty_four_rows_with_sixty_four_vectors_equal_sixty_four_runs() {
        Random random = new Random(3);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int row = 0; row < 64; row++) {
            float[] noise = new float[256];
            for (int i = 0; i < noise.length; i++) {
                noise[i] = (float) random.nextGaussian() / 16;
            }
            Vec mixed = style.direction().plus(Vec.of(noise).times(0.3));
            Tokens tokens = row % 3 == 0 ? Tokens.generated() : Tokens.all();
            List<Intervention> own = new ArrayList<>();
            own.add(new Add(mixed, Parley.AT, 1 + row / 16.0, tokens));
            if (row % 5 == 0) {
                own.add(new Clamp(style.direction(), Parley.AT, -1, 3, Tokens.all()));
            }
            if (row % 7 == 0) {
                own.add(new Add(mixed, HookPoint.residPost(5), 0.5));
            }
            int[] ids = model.chatTokens(
                    List.of(Message.user(row % 2 == 0 ? "Hello, how are you?" : "Tell me about honey.")));
            requests.add(GenerationRequest.of(ids, SHORT).with(own));
        }
        List<Generated> batched = model.generate(requests, GenerationListener.SILENT);
        for (int row = 0; row < 64; row++) {
            GenerationRequest request = requests.get(row);
            Generated single = model.with(request.hooks()).generate(request.prompt(), SHORT);
            assertThat(batched.get(row).ids()).as("row " + row).isEqualTo(single.ids());
        }
    }

    @Test
    void what_does_not_fit_is_refused_whole() {
        assertThatThrownBy(() -> model.generate(
                        List.of(GenerationRequest.of(prompt, SHORT).with(new Add(Vec.of(1, 2), Parley.AT, 1))),
                        GenerationListener.SILENT))
                .hasMessage("""
                        The vector does not fit the model.
                          vector: 2 wide
                          model:  dModel = 256""");
        assertThatThrownBy(() -> new Clamp(style.direction(), Parley.AT, 2, 1, Tokens.all()))
                .hasMessage("""
                        No component lies within these bounds.
                          low:  2.0
                          high: 1.0""");
        assertThatThrownBy(() -> Tokens.parse("some")).hasMessage("""
                        This is not a valid name of tokens to steer.
                          but was: some
                          choose:  all, last, from:N, range:FROM-TO, role:ROLE, prompt, generated, generated+1""");
        assertThatThrownBy(() -> Tokens.parse("role:user")).hasMessage("""
                        Roles are only known for a single prompt.
                          but was: role:user
                          choose:  all, last, prompt, generated, generated+1, from:N, range:FROM-TO
                          try:     pintle generate, whose prompt is known""");
        assertThatThrownBy(() -> Ablate.ablate(new SteeringVector(Vec.zeros(256), Parley.AT, style.origin())))
                .hasMessage("The intervention needs a finite, non-zero direction.\n  but was: Vec[256], norm 0.000");
    }

    @Test
    void a_place_without_one_vector_a_token_is_refused_for_every_intervention_and_for_a_fit() {
        HookPoint heads = new HookPoint(HookPoint.Site.ATTN_Z, 3);
        Vec direction = style.direction();
        for (Hook hook : List.of(
                new Add(direction, heads, 1, Tokens.all()),
                new Ablate(direction, heads, 1, Tokens.all()),
                new Clamp(direction, heads, 0, 1, Tokens.all()),
                new Rotate(direction, heads, 1, Tokens.all()))) {
            assertThatThrownBy(() -> logits(hook))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("""
                            This hook point does not have one vector per token.
                              hook point: blocks.3.attn.hook_z
                              activation: [batch, tokens, nHeads, dHead]
                              try:        a site of the residual stream, or of what attention or the MLP adds to it""");
        }
        VectorFit fit = VectorFit.of(model, Contrast.lastPosition(Parley.prefixed(Parley.STYLE)));
        assertThatThrownBy(() -> fit.at(heads)).hasMessageContaining("does not have one vector per token");
        assertThatThrownBy(() -> fit.at(new HookPoint(HookPoint.Site.MLP_POST, 3)))
                .hasMessageContaining("dMlp = " + model.config().dMlp());
    }

    @Test
    void the_inside_of_the_mlp_can_be_steered_by_vectors_of_its_width() {
        HookPoint inside = new HookPoint(HookPoint.Site.MLP_POST, 3);
        Tensor free = logits();
        float[] first = new float[model.config().dMlp()];
        first[0] = 5;
        Tensor added = logits(new Add(Vec.of(first), inside, 1, Tokens.all()));
        Tensor ablated = logits(new Ablate(Vec.of(first), inside, 1, Tokens.all()));
        assertThat(added.toFloats()).isNotEqualTo(free.toFloats());
        assertThat(ablated.toFloats()).isNotEqualTo(free.toFloats());
    }
}
