package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.base.PintleException;
import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DecomposeTest {
    private SparseAutoencoder sae;

    @BeforeEach
    void load() {
        sae = TinySae.of(new Sparsity.Relu());
    }

    @AfterEach
    void close() {
        sae.close();
    }

    private Vec rows(double a, int i, double b, int j) {
        return sae.decoderRow(i).times(a).plus(sae.decoderRow(j).times(b));
    }

    @Test
    void signed_pursuit_finds_the_rows_that_a_vector_was_made_of_with_their_signs() {
        Vec vector = rows(2, 5, -1.5, 31);
        Decomposition parts = sae.decompose(vector, Decompose.signedPursuit(16));
        Vec found = Vec.zeros(16);
        for (Term term : parts.terms()) {
            found = found.plus(sae.decoderRow(term.latent()).times(term.activation()));
        }
        assertThat(found.minus(vector).norm()).isLessThan(1e-4);
        assertThat(parts.relativeError()).isLessThan(1e-4);
        assertThat(parts.terms()).anyMatch(term -> term.activation() < 0);
        assertThat(parts.relativeErrorWithoutBias()).isEqualTo(parts.relativeError()); // no bias was added
        assertThat(parts.biasShare()).isZero();
    }

    @Test
    void each_step_of_a_pursuit_leaves_less_and_nothing_along_the_rows_taken() {
        Vec vector = TinySae.random(33, 16, 0, 1);
        double before = 1;
        for (int count = 1; count <= 10; count++) {
            Decomposition parts = sae.decompose(vector, Decompose.signedPursuit(count));
            assertThat(parts.terms()).hasSize(count);
            assertThat(parts.relativeError()).isLessThan(before);
            before = parts.relativeError();
            Vec left = vector.minus(parts.reconstruction());
            for (Term term : parts.terms()) {
                assertThat(left.dot(sae.decoderRow(term.latent()).unit())).isCloseTo(0, within(1e-5));
            }
        }
    }

    @Test
    void a_pursuit_ends_when_the_vector_is_reached() {
        assertThat(sae.decompose(sae.decoderRow(7).times(-3), Decompose.signedPursuit(12))
                        .terms())
                .singleElement()
                .satisfies(term -> {
                    assertThat(term.latent()).isEqualTo(7);
                    assertThat(term.activation()).isCloseTo(-3, within(1e-4f));
                });
        assertThat(sae.decompose(TinySae.random(33, 16, 0, 1), new SignedPursuit(40, 0.3))
                        .relativeError())
                .isLessThan(0.3);
    }

    @Test
    void nearest_rows_are_those_of_largest_cosine_either_way() {
        Vec vector = rows(-2, 5, 0.3, 31);
        Decomposition parts = sae.decompose(vector, Decompose.nearestDecoder(4));
        assertThat(parts.terms()).hasSize(4);
        assertThat(parts.terms().get(0).latent()).isEqualTo(5);
        for (Term term : parts.terms()) {
            assertThat((double) term.activation())
                    .isCloseTo(vector.cosine(sae.decoderRow(term.latent())), within(1e-5));
        }
        double last = Math.abs(parts.terms().get(3).activation());
        long better = java.util.stream.IntStream.range(0, sae.dSae())
                .filter(i -> Math.abs(vector.cosine(sae.decoderRow(i))) > last + 1e-6)
                .count();
        assertThat(better).isEqualTo(3);
        assertThat(parts.cosine()).isCloseTo(Math.abs(parts.terms().get(0).activation()), within(1e-5));
    }

    @Test
    void the_answer_stands_beside_that_to_the_zero_vector_and_names_the_biases_share() {
        Vec vector = TinySae.random(34, 16, 0, 0.05);
        Decomposition parts = sae.decompose(vector, Decompose.encode());
        assertThat(parts.zeroTerms()).isEqualTo(Term.of(sae.encode(Vec.zeros(16))));
        assertThat(parts.zeroTerms()).isNotEmpty();
        Vec bias = parts.reconstruction().minus(parts.withoutBias());
        assertThat(bias.minus(sae.decoderBias()).norm()).isLessThan(1e-5);
        assertThat(parts.biasShare())
                .isCloseTo(
                        bias.dot(parts.reconstruction())
                                / Math.pow(parts.reconstruction().norm(), 2),
                        within(1e-6));
        assertThat(parts.relativeError())
                .isCloseTo(vector.minus(sae.decode(sae.encode(vector))).norm() / vector.norm(), within(1e-6));
    }

    @Test
    void differences_of_latents_cancel_both_biases_and_may_be_negative() {
        List<Vec> tokens =
                List.of(TinySae.random(41, 16, 0, 1), TinySae.random(42, 16, 0, 1), TinySae.random(43, 16, 0, 1));
        Vec vector = TinySae.random(44, 16, 0, 0.3);
        Decomposition parts = sae.decompose(vector, Decompose.encodeDifference(tokens, 2));
        assertThat(parts.byToken()).hasSize(3);
        Vec sum = Vec.zeros(40);
        Vec decoded = Vec.zeros(16);
        for (int t = 0; t < 3; t++) {
            Vec steered = tokens.get(t).plus(vector.times(2));
            Vec difference = sae.encode(steered).minus(sae.encode(tokens.get(t)));
            assertThat(parts.byToken().get(t)).hasSameSizeAs(Term.of(difference));
            sum = sum.plus(difference);
            decoded = decoded.plus(sae.decode(sae.encode(steered)).minus(sae.decode(sae.encode(tokens.get(t)))));
        }
        for (Term term : parts.terms()) {
            assertThat(term.activation()).isCloseTo(sum.get(term.latent()) / 3, within(1e-5f));
        }
        assertThat(parts.terms()).anyMatch(term -> term.activation() < 0);
        assertThat(parts.reconstruction().minus(decoded.times(1 / 3.0)).norm()).isLessThan(1e-4);
        assertThat(parts.vector()).isEqualTo(vector.times(2));
    }

    @Test
    void the_reconstruction_is_a_steering_vector_again() {
        SteeringVector vector = new SteeringVector(
                TinySae.random(45, 16, 0, 1),
                HookPoint.residPost(3),
                Origin.unknown(new ModelId("some/model", ""), "by-hand", ""));
        Decomposition parts = sae.decompose(vector, Decompose.encodeScaled(4));
        SteeringVector back = parts.asSteeringVector(vector, false);
        assertThat(back.direction()).isEqualTo(parts.withoutBias());
        assertThat(back.at()).isEqualTo(vector.at());
        assertThat(back.origin().method().name())
                .isEqualTo("reconstruction by encode-scaled by 4.0 without bias of (by-hand)");
    }

    @Test
    void sixteen_bit_weights_give_nearly_the_same_answers() {
        try (SparseAutoencoder half =
                TinySae.of(16, 40, DType.BF16, new Sparsity.Relu(), new Normalisation.None(), false, null)) {
            Vec vector = rows(2, 5, -1.5, 31);
            for (Decompose how : List.of(Decompose.encode(), Decompose.signedPursuit(3), Decompose.nearestDecoder(3))) {
                Decomposition full = sae.decompose(vector, how);
                Decomposition rounded = half.decompose(vector, how);
                assertThat(rounded.terms().get(0).latent())
                        .isEqualTo(full.terms().get(0).latent());
                assertThat(rounded.relativeError()).isCloseTo(full.relativeError(), within(0.02));
            }
        }
    }

    @Test
    void vectors_that_do_not_fit_are_refused_with_their_reasons() {
        assertThatThrownBy(() -> sae.decompose(Vec.zeros(16), Decompose.encode()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        A zero vector cannot be decomposed.
                          autoencoder: tiny""");
        assertThatThrownBy(() -> sae.decompose(Vec.of(1f, 2f), Decompose.encode()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        The vector does not fit the autoencoder.
                          autoencoder: tiny
                          expected:    16 finite numbers
                          but was:     %s""", Vec.of(1f, 2f));
        Vec broken = Vec.of(1f, Float.NaN, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f);
        assertThatThrownBy(() -> sae.decompose(broken, Decompose.encode()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        The vector does not fit the autoencoder.
                          autoencoder: tiny
                          expected:    16 finite numbers
                          but was:     16 numbers, some not finite""");
        SteeringVector elsewhere = new SteeringVector(
                TinySae.random(45, 16, 0, 1),
                HookPoint.residPost(5),
                Origin.unknown(new ModelId("some/model", ""), "by-hand", ""));
        assertThatThrownBy(() -> sae.decompose(elsewhere, Decompose.encode()))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        The vector and the autoencoder read different places.
                          vector:      blocks.5.hook_resid_post
                          autoencoder: blocks.3.hook_resid_post
                          try:         fitting the vector at blocks.3.hook_resid_post, or --force to decompose it anyway""");
        assertThat(sae.decompose(elsewhere, Decompose.encode(), true).terms()).isNotEmpty();
        assertThatThrownBy(() -> Decompose.encodeScaled(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        The scale factor must be finite and not 0.
                          but was: 0.0""");
        assertThatThrownBy(() -> Decompose.signedPursuit(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        A decomposition needs at least one term.
                          but was: 0""");
        assertThatThrownBy(() -> Decompose.encodeDifference(List.of(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        Comparing latents needs at least one token and a finite strength other than 0.
                          tokens:   0
                          strength: 1.0""");
    }
}
