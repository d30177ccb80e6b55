package dev.pintle.sae;

import static dev.pintle.sae.Samples.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each architecture and each flag of SAELens, beside its arithmetic written out. */
class SaeLensFormatTest {
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

    private static Map<String, Tensor> standard() {
        return tensors(
                "W_enc", matrix(ENC, true),
                "b_enc", vector(B_ENC),
                "W_dec", matrix(DEC, false),
                "b_dec", vector(B_DEC));
    }

    private Path write(String config, Map<String, Tensor> tensors) {
        Path place = folder.resolve("sae" + written++);
        Samples.write(place.resolve("cfg.json"), config);
        Samples.write(place.resolve("sae_weights.safetensors"), tensors);
        return place;
    }

    private static String v6(String architecture, String more) {
        return """
                {"architecture": "%s", "d_in": 6, "d_sae": 12, "dtype": "float32", "device": "cpu"%s, "reshape_activations": "none",
                 "metadata": {"model_name": "gemma-2-2b", "hook_name": "blocks.5.hook_resid_post", "hook_head_index": null,
                              "prepend_bos": true, "context_size": 1024, "sae_lens_version": "6.0.0"}}""".formatted(architecture, more);
    }

    /** What SAELens does: in ← norm, minus b_dec, W, σ; out ← W, + b_dec, norm undone. */
    private static Arithmetic arithmetic(boolean subtracts, double scale, UnaryOperator<double[]> sigma) {
        return new Arithmetic() {
            @Override
            public double[] latents(double[] x) {
                double[] in = times(x, scale);
                return sigma.apply(encoded(ENC, subtracts ? minus(in, B_DEC) : in, B_ENC));
            }

            @Override
            public double[] reconstruction(double[] x) {
                return times(decoded(latents(x), DEC, B_DEC), 1 / scale);
            }
        };
    }

    @Test
    void a_factor_of_one_for_each_latent_changes_nothing_and_any_other_is_applied_if_the_configuration_says_so() {
        for (String name : List.of("scaling_factor", "finetuning_scaling_factor")) {
            Map<String, Tensor> tensors = new HashMap<>(standard());
            double[] ones = new double[L];
            Arrays.fill(ones, 1);
            tensors.put(name, vector(ones));
            Path good = write(v6("standard", ", \"finetuning_scaling_factor\": false"), tensors);
            try (SparseAutoencoder sae = load(good)) {
                assertThat(sae.at()).isEqualTo(HookPoint.residPost(5));
            }
            ones[3] = 1.5;
            tensors.put(name, vector(ones));
            Path other = write(v6("standard", ""), tensors);
            assertThatThrownBy(() -> load(other))
                    .hasMessageContaining(name)
                    .hasMessageContaining("expected all 1, or finetuning_scaling_factor: true");
            Path tuned = write(v6("standard", ", \"finetuning_scaling_factor\": true"), tensors);
            try (SparseAutoencoder sae = load(tuned)) {
                assertComputes(
                        sae,
                        new Arithmetic() {
                            @Override
                            public double[] latents(double[] x) {
                                return relu(encoded(ENC, minus(x, B_DEC), B_ENC));
                            }

                            @Override
                            public double[] reconstruction(double[] x) {
                                double[] f = latents(x);
                                f[3] *= 1.5;
                                return decoded(f, DEC, B_DEC);
                            }
                        },
                        EXACT);
                assertThat((double) sae.decoderRow(3).get(0))
                        .isCloseTo(1.5 * DEC[3][0], org.assertj.core.api.Assertions.within(1e-6));
            }
        }
    }

    @Test
    void places_under_the_names_of_hugging_face_are_understood() {
        for (String name : List.of("model.layers.7", "layers.7.output", "model.layers.7.output")) {
            Path file = write(v6("standard", "").replace("blocks.5.hook_resid_post", name), standard());
            try (SparseAutoencoder sae = load(file)) {
                assertThat(sae.at()).as(name).isEqualTo(HookPoint.residPost(7));
            }
        }
        Path mlp = write(v6("standard", "").replace("blocks.5.hook_resid_post", "model.layers.7.mlp"), standard());
        try (SparseAutoencoder sae = load(mlp)) {
            assertThat(sae.at()).isEqualTo(HookPoint.mlpOut(7));
        }
    }

    @Test
    void places_of_gpt2_and_pythia_are_understood() {
        Map<String, HookPoint> places = Map.of(
                "transformer.h.7", HookPoint.residPost(7),
                "h.7.mlp", HookPoint.mlpOut(7),
                "transformer.h.7.attn", HookPoint.attnOut(7),
                "gpt_neox.layers.7", HookPoint.residPost(7),
                "gpt_neox.layers.7.attention", HookPoint.attnOut(7),
                "layers.7.mlp", HookPoint.mlpOut(7),
                "blocks.7.hook_mlp_out", HookPoint.mlpOut(7),
                "blocks.7.hook_resid_pre", HookPoint.residPre(7));
        places.forEach((name, point) -> {
            Path file = write(v6("standard", "").replace("blocks.5.hook_resid_post", name), standard());
            try (SparseAutoencoder sae = load(file)) {
                assertThat(sae.at()).as(name).isEqualTo(point);
            }
        });
    }

    /** As jbloom/GPT2-Small-SAEs-Reformatted has it. */
    private static final String GPT2 = """
            {"d_in": 6, "d_sae": 12, "hook_point": "blocks.8.hook_resid_pre", "hook_point_layer": 8, "model_name": "gpt2-small",
             "dataset_path": "Skylion007/openwebtext", "context_size": 128, "dtype": "torch.float32"%s}""";

    @Test
    void the_oldest_autoencoders_of_gpt2_read_the_residual_stream_without_its_mean_after_bos() {
        Arithmetic centred = new Arithmetic() {
            @Override
            public double[] latents(double[] x) {
                double mean = Arrays.stream(x).average().orElse(0);
                double[] in = Arrays.stream(x).map(v -> v - mean).toArray();
                return relu(encoded(ENC, minus(in, B_DEC), B_ENC));
            }

            @Override
            public double[] reconstruction(double[] x) {
                double mean = Arrays.stream(x).average().orElse(0);
                return Arrays.stream(decoded(latents(x), DEC, B_DEC))
                        .map(v -> v + mean)
                        .toArray();
            }
        };
        try (SparseAutoencoder sae = load(write(GPT2.formatted(""), standard()))) {
            assertComputes(sae, centred, EXACT);
            assertThat(sae.at()).isEqualTo(HookPoint.residPre(8));
            assertThat(sae.origin().trainedOn()).isEqualTo(new TrainingTokens(true, 128, ""));
            assertThat(sae.origin().notes())
                    .containsExactly(
                            "its files do not say so, but it reads the residual stream less each token's mean, as"
                                    + " TransformerLens' center_writing_weights leaves it: see pintle sae check");
            assertThat((double) sae.decoderRow(3).get(0))
                    .isCloseTo(DEC[3][0], org.assertj.core.api.Assertions.within(1e-6));
        }
        String said = ", \"model_from_pretrained_kwargs\": {\"center_writing_weights\": %s}, \"prepend_bos\": false";
        try (SparseAutoencoder sae = load(write(GPT2.formatted(said.formatted(true)), standard()))) {
            assertComputes(sae, centred, EXACT);
            assertThat(sae.origin().trainedOn().startWithBos()).isFalse();
            assertThat(sae.origin().notes()).isEmpty();
        }
        try (SparseAutoencoder sae = load(write(GPT2.formatted(said.formatted(false)), standard()))) {
            assertComputes(sae, arithmetic(true, 1, Samples::relu), EXACT);
        }
    }

    @Test
    void what_an_autoencoder_was_trained_on_is_told() {
        String config = v6("standard", "").replace("\"context_size\"", "\"seqpos_slice\": [1, null], \"context_size\"");
        try (SparseAutoencoder sae = load(write(config, standard()))) {
            assertThat(sae.origin().trainedOn()).isEqualTo(new TrainingTokens(true, 1024, "1:"));
            assertThat(sae.origin().notes())
                    .containsExactly("it was trained on the positions 1: of each sequence only (seqpos_slice)");
        }
    }

    @Test
    void standard_is_relu_with_the_bias_subtracted_unless_told_otherwise() {
        try (SparseAutoencoder sae = load(write(v6("standard", ""), standard()))) {
            assertComputes(sae, arithmetic(true, 1, Samples::relu), EXACT);
            assertThat(sae.origin().format()).isEqualTo("SAELens");
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(5));
            assertThat(sae.origin().model()).isEqualTo("gemma-2-2b");
            assertThat(sae.subtractsBias()).isTrue();
        }
        try (SparseAutoencoder sae = load(write(v6("standard", ", \"apply_b_dec_to_input\": false"), standard()))) {
            assertComputes(sae, arithmetic(false, 1, Samples::relu), EXACT);
        }
    }

    @Test
    void folders_of_version_5_have_their_keys_at_the_top_and_older_names() {
        Path place = write("""
                {"d_in": 6, "d_sae": 12, "hook_point": "blocks.7.hook_resid_pre", "hook_point_head_index": null,
                 "model_name": "gpt2-small", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 4},
                 "normalize_activations": "none", "apply_b_dec_to_input": true}""", standard());
        try (SparseAutoencoder sae = load(place)) {
            assertComputes(sae, arithmetic(true, 1, z -> topK(z, 4)), EXACT);
            assertThat(sae.at()).isEqualTo(HookPoint.residPre(7));
            assertThat(sae.origin().model()).isEqualTo("gpt2-small");
        }
    }

    @Test
    void top_k_may_weigh_latents_by_the_lengths_of_decoder_rows() {
        try (SparseAutoencoder sae = load(write(v6("topk", ", \"k\": 4"), standard()))) {
            assertComputes(sae, arithmetic(true, 1, z -> topK(z, 4)), EXACT);
        }
        String rescaled = v6("topk", ", \"k\": 4, \"rescale_acts_by_decoder_norm\": true");
        try (SparseAutoencoder sae = load(write(rescaled, standard()))) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            double[] z = encoded(ENC, minus(x, B_DEC), B_ENC);
                            Arrays.setAll(z, i -> z[i] * norm(DEC[i]));
                            return topK(z, 4);
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            double[] f = latents(x);
                            Arrays.setAll(f, i -> f[i] / norm(DEC[i]));
                            return decoded(f, DEC, B_DEC);
                        }
                    },
                    EXACT);
            double[] row = times(DEC[3], 1 / norm(DEC[3])); // what one unit of the latent writes
            for (int d = 0; d < D; d++) {
                assertThat((double) sae.decoderRow(3).get(d))
                        .isCloseTo(row[d], org.assertj.core.api.Assertions.within(1e-6));
            }
        }
    }

    @Test
    void jump_relu_and_what_is_saved_as_it_have_thresholds() {
        Map<String, Tensor> tensors = standard();
        tensors.put("threshold", vector(THRESHOLD));
        for (String architecture : new String[] {"jumprelu", "batchtopk", "matryoshka_batchtopk"}) {
            try (SparseAutoencoder sae = load(write(v6(architecture, ", \"apply_b_dec_to_input\": false"), tensors))) {
                assertComputes(sae, arithmetic(false, 1, z -> jump(z, THRESHOLD)), EXACT);
            }
        }
    }

    @Test
    void training_checkpoints_hold_logarithms_or_one_threshold_for_all() {
        Map<String, Tensor> logs = standard();
        logs.put("log_threshold", vector(row(7, L, -1, 0.3)));
        double[] thresholds = Arrays.stream(row(7, L, -1, 0.3)).map(Math::exp).toArray();
        try (SparseAutoencoder sae = load(write(v6("jumprelu", ""), logs))) {
            assertComputes(sae, arithmetic(true, 1, z -> jump(z, thresholds)), EXACT);
        }
        Map<String, Tensor> one = standard();
        one.put("topk_threshold", vector(0.55));
        try (SparseAutoencoder sae = load(write(v6("batchtopk", ", \"k\": 4"), one))) {
            assertComputes(sae, arithmetic(true, 1, z -> jump(z, 0.55)), EXACT);
            assertThat(sae.origin().notes())
                    .containsExactly(
                            "a training checkpoint: its scalar threshold is used for every latent, as after training");
        }
    }

    @Test
    void gated_decides_and_measures_with_one_product() {
        double[] gateBias = row(8, L, 0, 0.4);
        double[] raised = row(9, L, 0, 0.3);
        double[] magnitudeBias = row(10, L, 0.2, 0.3);
        Path place = write(
                v6("gated", ""),
                tensors(
                        "W_enc", matrix(ENC, true),
                        "b_gate", vector(gateBias),
                        "r_mag", vector(raised),
                        "b_mag", vector(magnitudeBias),
                        "W_dec", matrix(DEC, false),
                        "b_dec", vector(B_DEC)));
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
    void one_scale_for_all_is_in_a_file_of_its_own() {
        for (String how : new String[] {"\"expected_average_only_in\"", "true"}) {
            Path place = write(v6("standard", ", \"normalize_activations\": " + how), standard());
            Samples.write(place.resolve("activation_scaler.json"), "{\"scaling_factor\": 0.35}");
            try (SparseAutoencoder sae = load(place)) {
                assertComputes(sae, arithmetic(true, 0.35, Samples::relu), EXACT);
                double[] row = times(DEC[3], 1 / 0.35);
                assertThat((double) sae.decoderRow(3).get(0))
                        .isCloseTo(row[0], org.assertj.core.api.Assertions.within(1e-6));
            }
        }
        Path without = write(v6("standard", ", \"normalize_activations\": \"expected_average_only_in\""), standard());
        assertThatThrownBy(() -> load(without))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                The autoencoder reads scaled activations, but its files do not state the scale.
                  folder:                %s
                  normalize_activations: expected_average_only_in
                  missing:               activation_scaler.json: {"scaling_factor": √dModel / mean activation norm}""", without.toAbsolutePath());
    }

    @Test
    void each_token_may_be_given_one_length_or_mean_and_deviation() {
        String length = v6("standard", ", \"normalize_activations\": \"constant_norm_rescale\"");
        try (SparseAutoencoder sae = load(write(length, standard()))) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            return relu(encoded(ENC, minus(times(x, Math.sqrt(D) / norm(x)), B_DEC), B_ENC));
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return times(decoded(latents(x), DEC, B_DEC), norm(x) / Math.sqrt(D));
                        }
                    },
                    EXACT);
        }
        String layerNorm = v6("standard", ", \"normalize_activations\": \"layer_norm\"");
        try (SparseAutoencoder sae = load(write(layerNorm, standard()))) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            double mean = Arrays.stream(x).average().orElse(0);
                            double[] in = Arrays.stream(x)
                                    .map(v -> (v - mean) / (deviation(x) + 1e-5))
                                    .toArray();
                            return relu(encoded(ENC, minus(in, B_DEC), B_ENC));
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            double mean = Arrays.stream(x).average().orElse(0);
                            return Arrays.stream(decoded(latents(x), DEC, B_DEC))
                                    .map(v -> v * deviation(x) + mean)
                                    .toArray();
                        }
                    },
                    EXACT);
            assertThatThrownBy(() -> sae.decode(sae.encode(dev.pintle.tensor.Vec.of(X[0]))))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("""
                            Latents alone cannot be decoded: the autoencoder normalises each token separately.
                              autoencoder:   %s
                              normalisation: each token to mean 0 and deviation 1
                              try:           reconstruct(activations), or decode(latents, activations)""", sae.name());
        }
    }

    private static double deviation(double[] x) {
        double mean = Arrays.stream(x).average().orElse(0);
        return Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / (x.length - 1));
    }

    @Test
    void autoencoders_of_heads_have_no_place_in_the_residual_stream() {
        Path place = write("""
                {"architecture": "standard", "d_in": 6, "d_sae": 12, "reshape_activations": "hook_z",
                 "metadata": {"model_name": "gpt2", "hook_name": "blocks.3.attn.hook_z"}}""", standard());
        try (SparseAutoencoder sae = load(place)) {
            assertThat(sae.at()).isNull();
            assertThat(sae.origin().notes())
                    .containsExactly(
                            "it reads all heads of blocks.3.attn.hook_z, flattened: supply the activations yourself");
            assertThatThrownBy(sae::place).isInstanceOf(PintleException.class).hasMessage("""
                    It is not known which hook point the autoencoder reads.
                      autoencoder:   %s
                      its files say: blocks.3.attn.hook_z
                      try:           --layer 12, or in Java .at(HookPoint.residPost(12))""", place);
        }
    }

    @Test
    void what_is_not_an_autoencoder_of_one_place_is_refused_by_name() {
        for (String architecture : new String[] {"transcoder", "skip_transcoder", "jumprelu_transcoder"}) {
            Path place = write(v6(architecture, ", \"d_out\": 6"), standard());
            assertThatThrownBy(() -> load(place))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("""
                    A transcoder does not reconstruct its input, so it cannot be used as an autoencoder.
                      file:         %s
                      format:       SAELens
                      architecture: %s""", place.toAbsolutePath(), architecture);
        }
        Path temporal = write(v6("temporal", ""), standard());
        assertThatThrownBy(() -> load(temporal))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                This autoencoder architecture is not supported.
                  file:         %s
                  format:       SAELens
                  architecture: temporal (supported: standard, topk, jumprelu, gated, batchtopk, matryoshka_batchtopk)""", temporal.toAbsolutePath());
    }

    @Test
    void tensors_that_are_missing_or_not_understood_are_named() {
        Map<String, Tensor> tensors = standard();
        tensors.remove("b_enc");
        tensors.put("mystery", vector(1));
        Path place = write(v6("standard", ""), tensors);
        assertThatThrownBy(() -> load(place))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                The tensors do not match the format.
                  file:           %s
                  format:         SAELens
                  missing:        b_enc
                  not understood: mystery""", place.resolve("sae_weights.safetensors").toAbsolutePath());
    }
}
