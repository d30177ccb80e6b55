package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.ContrastPair;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What an autoencoder says of steered activations, beside the reference. */
class GoldenSaeStudiesTest {
    private static final double RELATIVE = Tolerance.quotientsFp32();
    private static final HookPoint AT = HookPoint.residPost(3);
    private static final JsonNode STYLES = Golden.json("studies.json").get("styles");
    private static final JsonNode FACTS = Golden.json("vectors.json").get("styles");

    private static SparseAutoencoder sae;
    private static LanguageModel model;
    private static Checkpoint tensors;

    @BeforeAll
    static void load() {
        sae = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), TestDevice.current());
        model = LanguageModel.load(Golden.parley().toString(), TestDevice.current(), DType.FP32);
        tensors = SafeTensors.open(Golden.folder().resolve("parley.safetensors"));
    }

    @AfterAll
    static void close() {
        tensors.close();
        model.close();
        sae.close();
    }

    private static Vec vector(String style) {
        try (TensorScope scope = TensorScope.open("vector")) {
            return tensors.tensor("vector." + style + ".after_last_difference").toVec();
        }
    }

    private static Tensor activations(int[] ids) {
        return model.run(TokenBatch.of(ids), RunOptions.reading(AT)).row(AT, 0); // [tokens, dModel]
    }

    private static List<Vec> rows(Tensor activations) {
        return IntStream.range(0, (int) activations.size(0))
                .mapToObj(t -> activations.select(0, t).toVec())
                .toList();
    }

    @Test
    void latents_and_errors_of_steered_activations_match_the_reference() {
        for (Map.Entry<String, JsonNode> style : STYLES.properties()) {
            JsonNode expected = style.getValue().get("steered_latents");
            double coefficient = expected.get("coefficient").asDouble();
            Vec vector = vector(style.getKey());
            try (TensorScope scope = TensorScope.open("test")) {
                Tensor x = activations(Golden.ids(expected.get("ids")));
                Tensor y = x.plus(Tensor.of(vector.times(coefficient)).to(x.device()));
                ReconstructionErrors errors = ReconstructionErrors.of(sae, x, y);
                assertClose(errors.relative(), expected.get("relative_error"));
                assertClose(errors.steeredRelative(), expected.get("steered_relative_error"));
                assertClose(errors.cosine(), expected.get("error_cosine"));
                assertClose(errors.runningMeanRatio(), expected.get("running_mean_ratio"));

                Decomposition difference = sae.decompose(vector, Decompose.encodeDifference(rows(x), coefficient));
                assertThat(difference.terms())
                        .hasSize(expected.get("difference_active").asInt());
                Vec mean = dense(difference.terms());
                List<Term> positive = Term.of(mean.unit()).stream()
                        .filter(term -> term.activation() > 0)
                        .toList();
                assertTerms(positive, expected.get("difference_top"));
                Vec latents = sae.encode(vector);
                double cosine = expected.get("cosine_with_vector_latents").asDouble();
                assertThat(latents.norm() == 0).isEqualTo(Double.isNaN(cosine)); // no latent, no direction
                assertThat(mean.cosine(latents)).isCloseTo(Double.isNaN(cosine) ? 0 : cosine, within(RELATIVE));
            }
        }
    }

    private static Vec dense(List<Term> terms) {
        float[] dense = new float[sae.dSae()];
        terms.forEach(term -> dense[term.latent()] = term.activation());
        return Vec.of(dense);
    }

    private static void assertTerms(List<Term> actual, JsonNode expected) {
        double largest = Math.abs(expected.get(0).get(1).asDouble());
        Vec numbers = dense(actual);
        List<Integer> first = new ArrayList<>();
        for (JsonNode term : expected) {
            assertThat((double) numbers.get(term.get(0).asInt()))
                    .isCloseTo(term.get(1).asDouble(), within(RELATIVE * largest));
            first.add(term.get(0).asInt());
        }
        // the last of the list may be as large as the next, so it is the others that must come first
        assertThat(actual.stream().limit(first.size()).map(Term::latent))
                .containsAll(first.subList(0, first.size() - 1));
    }

    @Test
    void a_vector_from_a_latent_matches_the_reference() {
        for (Map.Entry<String, JsonNode> style : STYLES.properties()) {
            JsonNode expected = style.getValue().get("from_latent");
            int latent = expected.get("latent").asInt();
            String neutral = FACTS.at("/" + style.getKey() + "/neutral").asText();
            int[] ids = model.chatTokens(List.of(Message.system(neutral), Message.user("Hello!")));
            try (TensorScope scope = TensorScope.open("test")) {
                Vec w = LatentVectors.caaOfUpweighted(sae, activations(ids), latent, 12);
                Vec row = LatentVectors.unit(sae, latent, model).direction();
                assertThat(w.cosine(row))
                        .isCloseTo(expected.get("cosine_with_decoder_column").asDouble(), within(RELATIVE));
                for (Vec direction : List.of(w, row)) {
                    Decomposition parts = sae.decompose(direction, Decompose.encode());
                    assertThat(parts.terms()).hasSize(expected.get("active").asInt());
                    assertClose(parts.relativeError(), expected.get("relative_error"));
                    assertClose(parts.relativeErrorWithoutBias(), expected.get("relative_error_without_bias"));
                    Vec latents = sae.encode(direction);
                    assertThat(latents.get(latent) / Math.max(latents.norm(), 1e-12))
                            .isCloseTo(expected.get("share_of_target").asDouble(), within(RELATIVE));
                    assertThat(direction.cosine(vector(style.getKey())))
                            .isCloseTo(
                                    expected.get("cosine_with_after_last_difference")
                                            .asDouble(),
                                    within(RELATIVE));
                }
            }
        }
    }

    @Test
    void decoding_twice_matches_the_reference() {
        for (Map.Entry<String, JsonNode> style : STYLES.properties()) {
            JsonNode expected = style.getValue().get("double_decode");
            double typical =
                    FACTS.at("/" + style.getKey() + "/mean_activation_norm").asDouble();
            DoubleDecode twice = DoubleDecode.of(sae, vector(style.getKey()).times(typical));
            assertClose(twice.firstRelativeError(), expected.get("first_relative_error"));
            assertClose(twice.secondRelativeError(), expected.get("second_relative_error"));
            assertClose(twice.fromStartRelativeError(), expected.get("from_start_relative_error"));
            assertThat(twice.changedLatents())
                    .isEqualTo(expected.get("changed_latents").asInt());
            assertTerms(twice.changes(), expected.get("largest_changes"));
        }
    }

    @Test
    void cosines_along_a_text_match_the_reference() {
        for (Map.Entry<String, JsonNode> style : STYLES.properties()) {
            JsonNode expected = style.getValue().get("along_sequence");
            try (TensorScope scope = TensorScope.open("test")) {
                CosinesAlong cosines =
                        CosinesAlong.of(sae, activations(Golden.ids(expected.get("ids"))), vector(style.getKey()));
                assertClose(cosines.vector(), expected.get("vector"));
                assertClose(cosines.reconstruction(), expected.get("reconstruction"));
                assertClose(cosines.error(), expected.get("error"));
            }
        }
    }

    @Test
    void errors_are_averaged_by_whose_words_the_tokens_are() {
        ContrastPair pair = ContrastPair.ofSystemPrompts("Be kind.", "Be gruff.");
        var prompt = pair.positive().tokenized(model.text());
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor x = activations(prompt.ids());
            ReconstructionErrors errors = ReconstructionErrors.of(sae, x, x.times(1.5));
            var roles =
                    IntStream.range(0, prompt.length()).mapToObj(prompt::role).toList();
            var segments = errors.bySegment(roles);
            assertThat(segments.keySet()).containsExactlyInAnyOrderElementsOf(new java.util.HashSet<>(roles));
            segments.forEach((role, segment) -> {
                double sum = 0;
                int count = 0;
                for (int t = 0; t < roles.size(); t++) {
                    if (roles.get(t) == role) {
                        sum += errors.relative().get(t);
                        count++;
                    }
                }
                assertThat(segment.tokens()).isEqualTo(count);
                assertThat(segment.relative()).isCloseTo(sum / count, within(1e-9));
            });
        }
    }

    private static void assertClose(Vec actual, JsonNode expected) {
        assertThat(actual.size()).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertClose(actual.get(i), expected.get(i));
        }
    }

    private static void assertClose(double actual, JsonNode expected) {
        assertThat(actual)
                .isCloseTo(expected.asDouble(), within(RELATIVE * Math.max(1, Math.abs(expected.asDouble()))));
    }
}
