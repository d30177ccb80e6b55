package dev.pintle.sae;

import static dev.pintle.sae.LatentChange.ablate;
import static dev.pintle.sae.LatentChange.add;
import static dev.pintle.sae.LatentChange.clamp;
import static dev.pintle.sae.LatentChange.scale;
import static dev.pintle.sae.SaeEdit.edit;
import static dev.pintle.sae.SaeRoundTrip.roundTrip;
import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.model.Decoding;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RowChange;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("any-java")
class SaeEditTest {
    private static final HookPoint AT = HookPoint.residPost(3);
    private static final int[] PROMPT = {0, 17, 300, 45, 600, 71, 12};
    private static LanguageModel model;
    private static SparseAutoencoder parley;

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
        parley = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
    }

    @AfterAll
    static void close() {
        parley.close();
        model.close();
    }

    private static final List<List<LatentChange>> EDITS = List.of(
            List.of(add(3, 2.5)),
            List.of(clamp(3, 4), clamp(7, 0.25)),
            List.of(scale(0, 3), ablate(1), ablate(2), ablate(5)),
            List.of(clamp(4, 0.1, 0.6), add(39, -1.5), scale(38, -1), clamp(9, Double.NEGATIVE_INFINITY, 0.2)));

    @Test
    void an_edit_of_rows_equals_encoding_editing_and_decoding() {
        int edits = 0;
        int changing = 0;
        for (Sparsity sparsity : TinySae.sparsities(40)) {
            for (Normalisation normalisation : TinySae.normalisations()) {
                for (boolean subtracts : new boolean[] {false, true}) {
                    Vec lengths = subtracts ? TinySae.random(9, 40, 2, 0.3) : null;
                    try (SparseAutoencoder sae =
                            TinySae.of(256, 40, DType.FP32, sparsity, normalisation, subtracts, lengths)) {
                        for (List<LatentChange> changes : EDITS) {
                            Intervention edit = edit(sae, changes, Tokens.all());
                            Intervention whole = new SaeRoundTrip(sae, changes, true, sae.place(), Tokens.all());
                            requireSaidOfRows(edit, sparsity.decidesEachAlone() && normalisation.scalesAllAlike());
                            edits++;
                            changing += sameChange(edit, whole, sparsity + ", " + normalisation + ", " + changes);
                        }
                    }
                }
            }
        }
        assertThat(changing).isGreaterThan(edits * 9 / 10); // a latent that never fires cannot be scaled
    }

    /** What a recorded step on a GPU is told is what happens to each activation. */
    private static void requireSaidOfRows(Intervention edit, boolean ofRows) {
        boolean can = ofRows || edit instanceof Add;
        assertThat(edit.rowChange().isPresent()).as(edit.toString()).isEqualTo(can);
        if (can) {
            RowChange.Formula formula = edit.rowChange().orElseThrow().formula();
            try (TensorScope scope = TensorScope.open("test")) {
                List<Vec> before = activations().squeeze(0).toVecs();
                List<Vec> after = activations(edit).squeeze(0).toVecs();
                for (int token = 0; token < before.size(); token++) {
                    assertThat(after.get(token)
                                    .minus(formula.of(before.get(token)))
                                    .norm())
                            .as(edit + " at token " + token)
                            .isLessThan(1e-4 * before.get(token).norm());
                }
            }
        }
    }

    /** 1 if they change anything, 0 if not. */
    private static int sameChange(Intervention edit, Intervention whole, String what) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor one = activations(edit);
            assertThatTensor(one).as(what).isCloseTo(activations(whole), 1e-5);
            return one.minus(activations()).abs().sum().item() > 0 ? 1 : 0;
        }
    }

    private static Tensor activations(Hook... hooks) {
        return model.with(hooks)
                .run(TokenBatch.of(PROMPT), RunOptions.reading(AT))
                .at(AT);
    }

    @Test
    void what_only_adds_to_latents_is_plain_steering() {
        Intervention edit = edit(parley, add(933, 8), add(146, -2));
        assertThat(edit).isInstanceOf(Add.class);
        Vec expected =
                parley.decoderRow(933).times(8).plus(parley.decoderRow(146).times(-2));
        assertThat(((Add) edit).direction().minus(expected).norm()).isLessThan(1e-6);
        assertThat(sameChange(edit, roundTrip(parley, add(933, 8), add(146, -2)), "additions"))
                .isEqualTo(1);
    }

    @Test
    void an_edit_acts_on_the_tokens_asked_for() {
        List<LatentChange> changes = List.of(clamp(933, 6));
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor plain = activations();
            Tensor all = activations(edit(parley, changes, Tokens.all()));
            Tensor later = activations(edit(parley, changes, Tokens.from(3)));
            assertThatTensor(later.narrow(1, 0, 3)).isIdenticalTo(plain.narrow(1, 0, 3));
            assertThatTensor(later.narrow(1, 3, PROMPT.length - 3)).isIdenticalTo(all.narrow(1, 3, PROMPT.length - 3));
        }
    }

    @Test
    void a_clamped_latent_has_the_value_it_was_clamped_to() {
        try (SparseAutoencoder sae =
                TinySae.of(256, 40, DType.FP32, new Sparsity.Relu(), new Normalisation.None(), false, null)) {
            try (TensorScope scope = TensorScope.open("test")) {
                Tensor x = activations();
                Tensor changed = activations(edit(sae, clamp(7, 5)));
                Tensor moved = changed.minus(x).reshape(-1, 256);
                Tensor before = sae.encode(x.reshape(-1, 256)).select(1, 7);
                Tensor row = Tensor.of(sae.decoderRow(7));
                Tensor expected = before.times(-1).plus(5).reshape(-1, 1).times(row); // (5 − f) d
                assertThatTensor(moved).isCloseTo(expected, 1e-5);
            }
        }
    }

    @Test
    void a_conversation_is_steered_by_latents_the_same_with_and_without_a_cache() {
        int[] prompt = model.chatTokens(List.of(dev.pintle.text.Message.user("Tell me about the whale.")));
        Intervention edit = edit(parley, clamp(146, 9), clamp(933, 3));
        LanguageModel steered = model.with(edit);
        int[] ids = steered.generate(prompt, Decoding.greedy(12)).ids();
        assertThat(ids).isNotEqualTo(model.generate(prompt, Decoding.greedy(12)).ids());
        int[] sequence = prompt.clone();
        for (int id : ids) { // the whole sequence again for each token
            try (TensorScope scope = TensorScope.open("test")) {
                Tensor logits = steered.run(TokenBatch.of(sequence), RunOptions.lastLogits())
                        .logits();
                assertThat(logits.reshape(-1).argmax().item()).isEqualTo(id);
            }
            sequence = java.util.Arrays.copyOf(sequence, sequence.length + 1);
            sequence[sequence.length - 1] = id;
        }
    }

    @Test
    void rows_of_a_batch_are_each_edited_in_their_own_way() {
        int[] prompt = model.chatTokens(List.of(dev.pintle.text.Message.user("Tell me about the whale.")));
        List<Intervention> edits =
                List.of(edit(parley, clamp(146, 9)), edit(parley, add(146, 6)), edit(parley, scale(933, 4)));
        List<GenerationRequest> requests = new ArrayList<>();
        requests.add(GenerationRequest.of(prompt, Decoding.greedy(10)));
        edits.forEach(edit ->
                requests.add(GenerationRequest.of(prompt, Decoding.greedy(10)).with(edit)));
        var batch = model.generate(requests, dev.pintle.model.GenerationListener.SILENT);
        assertThat(batch.get(0).ids())
                .isEqualTo(model.generate(prompt, Decoding.greedy(10)).ids());
        for (int row = 0; row < edits.size(); row++) {
            assertThat(batch.get(row + 1).ids())
                    .isEqualTo(model.with(edits.get(row))
                            .generate(prompt, Decoding.greedy(10))
                            .ids());
        }
    }

    @Test
    void the_round_trip_without_the_error_is_the_reconstruction() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor x = activations();
            Tensor through = activations(roundTrip(parley).withoutError());
            assertThatTensor(through.reshape(-1, 256)).isCloseTo(parley.reconstruct(x.reshape(-1, 256)), 1e-5);
            assertThatTensor(activations(roundTrip(parley))).isCloseTo(x, 1e-6);
        }
    }

    @Test
    void the_four_interventions_of_the_notebooks_are_what_their_formulas_say() {
        Vec vector = TinySae.random(21, 256, 0, 0.4);
        List<Term> latents = List.of(new Term(3, 2), new Term(9, -0.5f), new Term(100, 1));
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor x = activations().reshape(-1, 256);
            Tensor f = parley.encode(x);
            Tensor e = x.minus(parley.decode(f));
            // a: h + c v
            SteeringVector named = SteeringVector.ofNumbers(model, AT, vector.toArray());
            assertThatTensor(activations(Add.add(named, 3)).reshape(-1, 256))
                    .isCloseTo(x.plus(Tensor.of(vector).times(3)), 1e-5);
            // b: dec(f + c enc(v)) + e
            Tensor b = parley.decode(f.plus(Tensor.of(parley.encode(vector)).times(3)))
                    .plus(e);
            assertThatTensor(activations(edit(parley, FeatureSpace.ofVector(parley, vector, 3), Tokens.all()))
                            .reshape(-1, 256))
                    .isCloseTo(b, 1e-5);
            // c: dec(f + c a / Σ a) + e, over the signed sum 2.5
            float[] added = new float[parley.dSae()];
            added[3] = 2 / 2.5f;
            added[9] = -0.5f / 2.5f;
            added[100] = 1 / 2.5f;
            Tensor c = parley.decode(f.plus(Tensor.of(Vec.of(added)).times(7))).plus(e);
            List<LatentChange> changes = FeatureSpace.ofLatents(latents, 7);
            assertThatTensor(activations(edit(parley, changes, Tokens.all())).reshape(-1, 256))
                    .isCloseTo(c, 1e-5);
            assertThatTensor(activations(new SaeRoundTrip(parley, changes, true, AT, Tokens.all()))
                            .reshape(-1, 256))
                    .isCloseTo(c, 1e-5);
            // d: h + c unit(dec(a)), bias and all
            float[] dense = new float[parley.dSae()];
            dense[3] = 2;
            dense[9] = -0.5f;
            dense[100] = 1;
            Vec decoded = parley.decode(Vec.of(dense));
            assertThatTensor(activations(FeatureSpace.ofDecoded(parley, latents, 7))
                            .reshape(-1, 256))
                    .isCloseTo(x.plus(Tensor.of(decoded.unit()).times(7)), 1e-5);
        }
    }

    @Test
    void latents_that_cancel_cannot_be_divided_by_their_sum() {
        assertThatThrownBy(() -> FeatureSpace.ofLatents(List.of(new Term(3, 1), new Term(4, -1)), 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        The latents' coefficients sum to 0, so they cannot be divided by their sum.
                          latents: [3 (1.000), 4 (-1.000)]""");
    }

    @Test
    void a_latent_as_a_steering_vector_is_its_decoder_row() {
        SteeringVector raw = LatentVectors.raw(parley, 146, model);
        SteeringVector unit = LatentVectors.unit(parley, 146, model);
        assertThat(raw.direction()).isEqualTo(parley.decoderRow(146));
        assertThat(unit.direction().norm()).isCloseTo(1, within(1e-6));
        assertThat(unit.direction().cosine(raw.direction())).isCloseTo(1, within(1e-6));
        assertThat(unit.at()).isEqualTo(AT);
        assertThat(unit.origin().model()).isEqualTo(model.id());
        assertThat(unit.origin().method().name()).isEqualTo("decoder row of latent 146, scaled to length 1");
        assertThat(unit.origin().source()).isEqualTo("parley-7m-sae-l3.pth (Goodfire), latent 146");
    }

    @Test
    void contrastive_addition_from_a_raised_latent_is_the_decoder_row_for_any_text_and_amount() {
        try (TensorScope scope = TensorScope.open("test")) {
            for (int latent : new int[] {0, 146, 933}) {
                Vec row = parley.decoderRow(latent).unit();
                for (Tensor x :
                        List.of(activations().reshape(-1, 256), Tensor.randn(3, DType.FP32, Device.CPU, 4, 256))) {
                    for (double amount : new double[] {0.5, 12}) {
                        Vec found = LatentVectors.caaOfUpweighted(parley, x, latent, amount);
                        assertThat(found.minus(row).norm()).isLessThan(1e-4);
                    }
                }
            }
        }
    }

    @Test
    void bad_edits_are_refused_with_their_reasons() {
        assertThatThrownBy(() -> edit(parley, add(5000, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        The autoencoder has no such latent.
                          autoencoder: parley-7m-sae-l3.pth
                          expected:    0 to 1023
                          but was:     5000""");
        assertThatThrownBy(() -> edit(parley, add(3, 1), clamp(3, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        A latent is changed twice, so it is not clear which change is meant.
                          latent:  3
                          changes: [3=+1.0, 3=clamp:2.0]""");
        assertThatThrownBy(() -> add(3, Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        A latent can only be changed by a finite number.
                          amount: NaN""");
        assertThatThrownBy(() -> clamp(3, 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        No activation lies within these bounds.
                          low:  2.0
                          high: 1.0""");
        assertThatThrownBy(() -> edit(parley))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("An edit must change at least one latent.");
        try (SparseAutoencoder narrow = TinySae.of(new Sparsity.Relu())) {
            assertThatThrownBy(() -> activations(edit(narrow, clamp(3, 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("""
                            The autoencoder does not fit the model.
                              autoencoder: tiny, 16 wide
                              model:       dModel = 256""");
        }
    }

    @Test
    void changes_are_read_from_what_is_typed() {
        assertThat(LatentChange.parse("933=+8")).isEqualTo(add(933, 8));
        assertThat(LatentChange.parse("0=-2.5")).isEqualTo(add(0, -2.5));
        assertThat(LatentChange.parse(" 7=clamp:5 ")).isEqualTo(clamp(7, 5));
        assertThat(LatentChange.parse("7=clamp:-1..5e-1")).isEqualTo(clamp(7, -1, 0.5));
        assertThat(LatentChange.parse("7=scale:2")).isEqualTo(scale(7, 2));
        assertThat(LatentChange.parse("7=ablate")).isEqualTo(ablate(7));
        for (String bad : List.of("7", "7=8", "x=+1", "7=+x", "7=clamp:", "7=clamp:1..", "7=ablate:1", "-1=+2")) {
            assertThatThrownBy(() -> LatentChange.parse(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("""
                            This is not a valid change of a latent.
                              expected: LATENT=+8, LATENT=-8, LATENT=clamp:5, LATENT=clamp:0..5, LATENT=scale:2, LATENT=ablate
                              but was:  %s""", bad);
        }
    }
}
