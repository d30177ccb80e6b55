package dev.pintle.sae;

import static dev.pintle.sae.Samples.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goodfire, Gemma Scope, Llama Scope and sparsify, each beside its arithmetic written out. */
class PublishedFormatsTest {
    private static final double EXACT = 2e-6;
    private static final double[] THRESHOLD = row(6, L, 0.3, 0.2);

    @TempDir
    private Path folder;

    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open("files");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** f = σ(W x + b), x̂ = Wᵀ f + b. */
    private static Arithmetic plain(java.util.function.UnaryOperator<double[]> sigma) {
        return new Arithmetic() {
            @Override
            public double[] latents(double[] x) {
                return sigma.apply(encoded(ENC, x, B_ENC));
            }

            @Override
            public double[] reconstruction(double[] x) {
                return decoded(latents(x), DEC, B_DEC);
            }
        };
    }

    /** The same of x less the decoder's bias. */
    private static Arithmetic subtracting(java.util.function.UnaryOperator<double[]> sigma) {
        return new Arithmetic() {
            @Override
            public double[] latents(double[] x) {
                return sigma.apply(encoded(ENC, minus(x, B_DEC), B_ENC));
            }

            @Override
            public double[] reconstruction(double[] x) {
                return decoded(latents(x), DEC, B_DEC);
            }
        };
    }

    @Test
    void goodfire_files_are_relu_without_subtraction() {
        for (String suffix : new String[] {"_linear", ""}) {
            for (String name :
                    new String[] {"Llama-3.1-8B-Instruct-SAE-l19.pth", "Llama-3.3-70B-Instruct-SAE-l50.pt"}) {
                Path file = write(
                        folder.resolve(name),
                        tensors(
                                "encoder" + suffix + ".weight", matrix(ENC, false),
                                "encoder" + suffix + ".bias", vector(B_ENC),
                                "decoder" + suffix + ".weight", matrix(DEC, true),
                                "decoder" + suffix + ".bias", vector(B_DEC)));
                try (SparseAutoencoder sae = load(file)) {
                    assertComputes(sae, plain(Samples::relu), EXACT);
                    assertThat(sae.origin().format()).isEqualTo("Goodfire");
                    assertThat(sae.origin().model()).isEqualTo(name.replaceAll("-SAE.*", ""));
                    assertThat(sae.at()).isEqualTo(HookPoint.residPost(name.contains("l19") ? 19 : 50));
                    assertThat(sae.decoderRow(3).toArray()).containsExactly(floats(DEC[3]));
                    assertThat(sae.encoderRow(3).toArray()).containsExactly(floats(ENC[3]));
                }
                try (SparseAutoencoder half = loadHalf(file)) {
                    assertThat(half.dtype()).isEqualTo(DType.BF16);
                    assertComputes(half, plain(Samples::relu), 1e-2); // 16-bit weights, arithmetic in FP32
                }
            }
        }
    }

    private static float[] floats(double[] row) {
        float[] floats = new float[row.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) row[i];
        }
        return floats;
    }

    @Test
    void gemma_scope_archives_are_jump_relu_at_the_layer_of_their_path() {
        for (String w : new String[] {"W", "w"}) {
            Path place = folder.resolve("gemma-scope-2b-pt-res-" + w + "/layer_20/width_16k/average_l0_71");
            write(
                    place.resolve("params.npz"),
                    tensors(
                            w + "_enc",
                            matrix(ENC, true),
                            w + "_dec",
                            matrix(DEC, false),
                            "b_enc",
                            vector(B_ENC),
                            "b_dec",
                            vector(B_DEC),
                            "threshold",
                            vector(THRESHOLD)));
            try (SparseAutoencoder sae = load(place)) {
                assertComputes(sae, plain(z -> jump(z, THRESHOLD)), EXACT);
                assertThat(sae.origin().format()).isEqualTo("Gemma Scope");
                assertThat(sae.at()).isEqualTo(HookPoint.residPost(20));
                assertThat(sae.origin().model()).isEqualTo("gemma-2-2b");
                assertThat(sae.sparsity()).hasToString("JumpReLU");
            }
        }
    }

    @Test
    void gemma_scope_autoencoders_of_embeddings_read_rows_of_the_matrix() {
        Path file = write(
                folder.resolve("gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6/params.npz"),
                tensors(
                        "W_enc", matrix(ENC, true),
                        "W_dec", matrix(DEC, false),
                        "b_enc", vector(B_ENC),
                        "b_dec", vector(B_DEC),
                        "threshold", vector(THRESHOLD)));
        try (SparseAutoencoder sae = load(file)) {
            double root = Math.sqrt(D); // Gemma multiplies what it looks up
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            return jump(encoded(ENC, times(x, 1 / root), B_ENC), THRESHOLD);
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return times(decoded(latents(x), DEC, B_DEC), root);
                        }
                    },
                    EXACT);
            assertThat(sae.at()).isEqualTo(HookPoint.embed());
        }
    }

    private Path gemma2(String config) {
        Path place = folder.resolve("gemma2-" + Math.abs(config.hashCode()));
        write(place.resolve("config.json"), config);
        write(
                place.resolve("params.safetensors"),
                tensors(
                        "w_enc", matrix(ENC, true),
                        "w_dec", matrix(DEC, false),
                        "b_enc", vector(B_ENC),
                        "b_dec", vector(B_DEC),
                        "threshold", vector(THRESHOLD)));
        return place;
    }

    @Test
    void gemma_scope_2_folders_say_model_and_place() {
        try (SparseAutoencoder sae = load(gemma2("""
                {"architecture": "jump_relu", "model_name": "google/gemma-3-1b-it", "type": "sae",
                 "hf_hook_point_in": "model.layers.13.output", "hf_hook_point_out": "model.layers.13.output"}"""))) {
            assertComputes(sae, plain(z -> jump(z, THRESHOLD)), EXACT);
            assertThat(sae.origin().format()).isEqualTo("Gemma Scope 2");
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(13));
            assertThat(sae.origin().model()).isEqualTo("google/gemma-3-1b-it");
        }
    }

    @Test
    void a_transcoder_is_refused_by_name() {
        Path place = gemma2("""
                {"architecture": "jump_relu", "hf_hook_point_in": "model.layers.13.pre_feedforward_layernorm.output",
                 "hf_hook_point_out": "model.layers.13.post_feedforward_layernorm.output"}""");
        assertThatThrownBy(() -> load(place))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                A transcoder does not reconstruct its input, so it cannot be used as an autoencoder.
                  file:   %s
                  format: Gemma Scope 2
                  places: model.layers.13.pre_feedforward_layernorm.output to model.layers.13.post_feedforward_layernorm.output""", place.toAbsolutePath());
    }

    private Path llamaScope(String config, Map<String, dev.pintle.tensor.Tensor> tensors) {
        Path place = folder.resolve("Llama3_1-8B-Base-L19R-32x");
        write(place.resolve("hyperparams.json"), config);
        write(place.resolve("checkpoints/final.safetensors"), tensors);
        return place;
    }

    private static Map<String, dev.pintle.tensor.Tensor> linear() {
        return tensors(
                "encoder.weight", matrix(ENC, false),
                "encoder.bias", vector(B_ENC),
                "decoder.weight", matrix(DEC, true),
                "decoder.bias", vector(B_DEC));
    }

    @Test
    void llama_scope_reads_activations_at_their_own_scale() {
        Path place = llamaScope("""
                {"d_model": 6, "d_sae": 12, "jump_relu_threshold": 0.4, "hook_point_in": "blocks.19.hook_resid_post",
                 "norm_activation": "dataset-wise", "dataset_average_activation_norm": {"in": 17.125, "out": 17.125}}""", linear());
        double s = Math.sqrt(D) / 17.125;
        try (SparseAutoencoder sae = load(place)) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            return jump(encoded(ENC, x, times(B_ENC, 1 / s)), 0.4);
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return decoded(latents(x), DEC, times(B_DEC, 1 / s));
                        }
                    },
                    EXACT);
            assertThat(sae.origin().format()).isEqualTo("Llama Scope");
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(19));
            assertThat(sae.origin().model()).isEqualTo("Llama-3.1-8B");
            assertThat(sae.origin().notes())
                    .containsExactly("latents are on the scale of activations; SAELens scales them by " + (float) s);
        }
    }

    @Test
    void a_decoder_bias_that_is_switched_off_is_told_and_one_that_is_missing_refused() {
        String config = """
                {"d_model": 6, "d_sae": 12, "jump_relu_threshold": 0.4, "hook_point_in": "blocks.19.hook_resid_post",
                 "norm_activation": "none", "use_decoder_bias": %s}""";
        try (SparseAutoencoder sae = load(llamaScope(config.formatted("false"), linear()))) {
            assertThat(sae.origin().notes())
                    .containsExactly("the file has a decoder bias that its configuration disables"
                            + " (use_decoder_bias); it is not used");
        }
        Map<String, dev.pintle.tensor.Tensor> without = new java.util.HashMap<>(linear());
        without.remove("decoder.bias");
        Path place = llamaScope(config.formatted("true"), without);
        assertThatThrownBy(() -> load(place))
                .hasMessageContaining("The configuration says that the decoder has a bias, but the file has none.");
        try (SparseAutoencoder sae = load(llamaScope(config.formatted("false"), without))) {
            assertThat(sae.origin().notes()).isEmpty();
        }
    }

    @Test
    void llama_scope_weighs_its_threshold_by_decoder_rows_where_its_file_says_so() {
        Path place = llamaScope("""
                {"d_model": 6, "d_sae": 12, "jump_relu_threshold": 0.4, "hook_point_in": "blocks.19.hook_resid_post",
                 "sparsity_include_decoder_norm": true, "apply_decoder_bias_to_pre_encoder": true,
                 "dataset_average_activation_norm": {"in": 3.0}}""", linear());
        double s = Math.sqrt(D) / 3;
        try (SparseAutoencoder sae = load(place)) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            double[] z = encoded(ENC, minus(x, times(B_DEC, 1 / s)), times(B_ENC, 1 / s));
                            double[] f = z.clone();
                            Arrays.setAll(f, i -> z[i] > 0 && z[i] * norm(DEC[i]) > 0.4 ? z[i] : 0);
                            return f;
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return decoded(latents(x), DEC, times(B_DEC, 1 / s));
                        }
                    },
                    EXACT);
        }
    }

    @Test
    void llama_scope_of_distilled_models_has_a_threshold_for_each_latent() {
        Path place = folder.resolve("L15R");
        double[] logs = row(7, L, -1, 0.3);
        write(place.resolve("config.json"), """
                {"d_model": 6, "expansion_factor": 2, "hook_point_in": "blocks.15.hook_resid_post", "act_fn": "jumprelu"}""");
        Map<String, dev.pintle.tensor.Tensor> tensors = linear();
        tensors.put("log_jumprelu_threshold", vector(logs));
        tensors.put("dataset_average_activation_norm.blocks.15.hook_resid_post", vector(5));
        write(place.resolve("sae_weights.safetensors"), tensors);
        double s = Math.sqrt(D) / 5;
        try (SparseAutoencoder sae = load(place)) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            double[] thresholds =
                                    Arrays.stream(logs).map(Math::exp).toArray();
                            return jump(encoded(ENC, x, times(B_ENC, 1 / s)), thresholds);
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return decoded(latents(x), DEC, times(B_DEC, 1 / s));
                        }
                    },
                    EXACT);
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(15));
        }
    }

    private Path sparsify(String config) {
        Path place = folder.resolve("layers.23");
        write(place.resolve("cfg.json"), config);
        write(
                place.resolve("sae.safetensors"),
                tensors(
                        "encoder.weight", matrix(ENC, false),
                        "encoder.bias", vector(B_ENC),
                        "W_dec", matrix(DEC, false),
                        "b_dec", vector(B_DEC)));
        return place;
    }

    @Test
    void sparsify_subtracts_the_bias_and_keeps_the_largest() {
        try (SparseAutoencoder sae = load(sparsify("""
                {"expansion_factor": 2, "normalize_decoder": true, "num_latents": 0, "k": 3, "signed": false, "d_in": 6}"""))) {
            assertComputes(sae, subtracting(z -> topK(z, 3)), EXACT);
            assertThat(sae.origin().format()).isEqualTo("sparsify");
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(23));
            assertThat(sae.sparsity()).hasToString("TopK, k = 3");
        }
    }

    @Test
    void sparsify_may_keep_the_largest_of_each_group() {
        try (SparseAutoencoder sae = load(sparsify("""
                {"activation": "groupmax", "k": 4, "d_in": 6}"""))) {
            assertComputes(
                    sae,
                    subtracting(z -> {
                        double[] f = new double[L];
                        for (int group = 0; group < 4; group++) { // three neighbours each
                            double[] three = Arrays.copyOfRange(z, 3 * group, 3 * group + 3);
                            System.arraycopy(topK(three, 1), 0, f, 3 * group, 3);
                        }
                        return f;
                    }),
                    EXACT);
        }
    }
}
