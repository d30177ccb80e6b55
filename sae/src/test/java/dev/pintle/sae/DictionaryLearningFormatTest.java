package dev.pintle.sae;

import static dev.pintle.sae.Samples.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each class of dictionary_learning, beside its arithmetic written out. */
class DictionaryLearningFormatTest {
    private static final double EXACT = 3e-6;
    private static final double[] THRESHOLD = row(6, L, 0.3, 0.2);

    @TempDir
    private Path folder;

    private TensorScope scope;
    private int written;

    @BeforeEach
    void open() {
        scope = TensorScope.open("files");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private Path write(String dictClass, Map<String, Tensor> tensors) {
        Path place = folder.resolve("resid_post_layer_11/trainer_" + written++);
        Samples.write(place.resolve("config.json"), """
                {"trainer": {"dict_class": "%s", "activation_dim": 6, "dict_size": 12, "k": 4, "layer": 11,
                             "lm_name": "meta-llama/Llama-3.1-8B-Instruct", "submodule_name": "resid_post_layer_11"},
                 "buffer": {"ctx_len": 1024, "io": "out", "d_submodule": 6}}""".formatted(dictClass));
        Samples.write(place.resolve("ae.pt"), tensors);
        return place;
    }

    private static Arithmetic arithmetic(boolean subtracts, UnaryOperator<double[]> sigma) {
        return new Arithmetic() {
            @Override
            public double[] latents(double[] x) {
                return sigma.apply(encoded(ENC, subtracts ? minus(x, B_DEC) : x, B_ENC));
            }

            @Override
            public double[] reconstruction(double[] x) {
                return decoded(latents(x), DEC, B_DEC);
            }
        };
    }

    private static Map<String, Tensor> linear(String bias) {
        return tensors(
                bias,
                vector(B_DEC),
                "encoder.weight",
                matrix(ENC, false),
                "encoder.bias",
                vector(B_ENC),
                "decoder.weight",
                matrix(DEC, true));
    }

    private static Map<String, Tensor> byLatent() {
        return tensors(
                "W_enc", matrix(ENC, true),
                "b_enc", vector(B_ENC),
                "W_dec", matrix(DEC, false),
                "b_dec", vector(B_DEC));
    }

    @Test
    void the_first_class_subtracts_its_bias_and_the_second_does_not() {
        Path place = write("AutoEncoder", linear("bias"));
        try (SparseAutoencoder sae = load(place)) {
            assertComputes(sae, arithmetic(true, Samples::relu), EXACT);
            assertThat(sae.origin().format()).isEqualTo("dictionary_learning");
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(11));
            assertThat(sae.origin().model()).isEqualTo("meta-llama/Llama-3.1-8B-Instruct");
            assertThat(sae.name()).isEqualTo("resid_post_layer_11/trainer_0");
        }
        try (SparseAutoencoder sae = load(place.resolve("ae.pt"))) { // the file, its configuration beside it
            assertComputes(sae, arithmetic(true, Samples::relu), EXACT);
        }
        try (SparseAutoencoder sae = load(write("AutoEncoderNew", linear("decoder.bias")))) {
            assertComputes(sae, arithmetic(false, Samples::relu), EXACT);
        }
    }

    @Test
    void gated_subtracts_its_bias() {
        double[] gateBias = row(8, L, 0, 0.4);
        double[] raised = row(9, L, 0, 0.3);
        double[] magnitudeBias = row(10, L, 0.2, 0.3);
        Path place = write(
                "GatedAutoEncoder",
                tensors(
                        "decoder_bias", vector(B_DEC),
                        "encoder.weight", matrix(ENC, false),
                        "r_mag", vector(raised),
                        "gate_bias", vector(gateBias),
                        "mag_bias", vector(magnitudeBias),
                        "decoder.weight", matrix(DEC, true)));
        try (SparseAutoencoder sae = load(place)) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            double[] product = encoded(ENC, minus(x, B_DEC), new double[L]);
                            double[] f = new double[L];
                            for (int i = 0; i < L; i++) {
                                double magnitude = product[i] * Math.exp(raised[i]) + magnitudeBias[i];
                                f[i] = product[i] + gateBias[i] > 0 ? Math.max(magnitude, 0) : 0;
                            }
                            return f;
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return decoded(latents(x), DEC, B_DEC);
                        }
                    },
                    EXACT);
        }
    }

    @Test
    void jump_relu_subtracts_nothing() {
        Map<String, Tensor> tensors = byLatent();
        tensors.put("threshold", vector(THRESHOLD));
        try (SparseAutoencoder sae = load(write("JumpReluAutoEncoder", tensors))) {
            assertComputes(sae, arithmetic(false, z -> jump(z, THRESHOLD)), EXACT);
        }
    }

    @Test
    void top_k_takes_k_from_its_file_and_batch_top_k_its_threshold() {
        Map<String, Tensor> tensors = linear("b_dec");
        tensors.put("k", Tensor.of(new long[] {4}, 1).reshape());
        tensors.put("threshold", vector(0.45).reshape());
        try (SparseAutoencoder sae = load(write("AutoEncoderTopK", tensors))) {
            assertComputes(sae, arithmetic(true, z -> topK(z, 4)), EXACT);
        }
        try (SparseAutoencoder sae = load(write("BatchTopKSAE", tensors))) {
            assertComputes(sae, arithmetic(true, z -> jump(z, 0.45)), EXACT);
        }
        Map<String, Tensor> matryoshka = byLatent();
        matryoshka.put("k", Tensor.of(new long[] {4}, 1).reshape());
        matryoshka.put("threshold", vector(0.45).reshape());
        matryoshka.put("group_sizes", Tensor.of(new long[] {4, 8}, 2));
        try (SparseAutoencoder sae = load(write("MatryoshkaBatchTopKSAE", matryoshka))) {
            assertComputes(sae, arithmetic(true, z -> jump(z, 0.45)), EXACT);
        }
    }

    @Test
    void a_threshold_that_was_never_estimated_is_refused() {
        Map<String, Tensor> tensors = linear("b_dec");
        tensors.put("k", Tensor.of(new long[] {4}, 1).reshape());
        tensors.put("threshold", vector(-1).reshape());
        Path place = write("BatchTopKSAE", tensors);
        assertThatThrownBy(() -> load(place))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                The autoencoder was saved before its threshold was estimated.
                  file:      %s
                  format:    dictionary_learning
                  threshold: -1.0""", place.toAbsolutePath());
    }

    @Test
    void two_classes_with_the_same_tensors_are_not_guessed_between() {
        Map<String, Tensor> tensors = linear("b_dec");
        tensors.put("k", Tensor.of(new long[] {4}, 1).reshape());
        tensors.put("threshold", vector(0.45).reshape());
        Path file = Samples.write(folder.resolve("alone/ae.pt"), tensors);
        assertThatThrownBy(() -> load(file)).isInstanceOf(PintleException.class).hasMessage("""
                The tensors fit two classes, which only the configuration can tell apart.
                  file:    %s
                  format:  dictionary_learning
                  missing: config.json next to ae.pt, with trainer.dict_class AutoEncoderTopK or BatchTopKSAE""", file.toAbsolutePath());
    }
}
