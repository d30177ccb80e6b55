package dev.pintle.sae;

import static dev.pintle.sae.Samples.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.TorchCheckpoint;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** OpenAI's files for GPT-2 and Qwen-Scope's, each beside its arithmetic written out. */
class TorchTopKFormatsTest {
    private static final double EXACT = 3e-6;

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

    // ---------------------------------------------------------------- OpenAI

    private static Map<String, Object> openAi(Object... more) {
        Map<String, Object> saved = new LinkedHashMap<>(tensors(
                "pre_bias", vector(B_DEC),
                "latent_bias", vector(B_ENC),
                "stats_last_nonzero", vector(new double[L]),
                "latents_activation_frequency", vector(new double[L]),
                "latents_mean_square", vector(new double[L]),
                "encoder.weight", matrix(ENC, false),
                "decoder.weight", matrix(DEC, true)));
        for (int i = 0; i < more.length; i += 2) {
            saved.put((String) more[i], more[i + 1]);
        }
        return saved;
    }

    private static Map<String, Object> topK(Object k, Object after) {
        return openAi("activation", "TopK", "activation_state_dict", Map.of("k", k, "postact_fn", after));
    }

    private Path save(String place, Object saved) throws IOException {
        Path file = folder.resolve(place);
        Files.createDirectories(file.getParent());
        TorchCheckpoint.write(file, saved);
        return file;
    }

    private static double mean(double[] x) {
        return Arrays.stream(x).average().orElse(0);
    }

    private static double deviation(double[] x) {
        return Math.sqrt(
                Arrays.stream(x).map(v -> (v - mean(x)) * (v - mean(x))).sum() / (x.length - 1));
    }

    /** Mean 0 and deviation 1, encode, decode, and back. */
    private static Arithmetic normalised(UnaryOperator<double[]> sigma) {
        return new Arithmetic() {
            @Override
            public double[] latents(double[] x) {
                double[] in = Arrays.stream(x)
                        .map(v -> (v - mean(x)) / (deviation(x) + 1e-5))
                        .toArray();
                return sigma.apply(encoded(ENC, minus(in, B_DEC), B_ENC));
            }

            @Override
            public double[] reconstruction(double[] x) {
                return Arrays.stream(decoded(latents(x), DEC, B_DEC))
                        .map(v -> v * deviation(x) + mean(x))
                        .toArray();
            }
        };
    }

    /** As many as k, none cut off at 0. */
    private static double[] largest(double[] z, int k) {
        double[] sorted = z.clone();
        Arrays.sort(sorted);
        return Arrays.stream(z).map(v -> v >= sorted[sorted.length - k] ? v : 0).toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "resid_post_mlp_v5_32k, blocks.8.hook_resid_post",
        "resid_post_attn_v5_128k, blocks.8.hook_resid_mid",
        "resid_delta_attn_v5_32k, blocks.8.hook_attn_out",
        "resid_delta_mlp_v5_32k, blocks.8.hook_mlp_out"
    })
    void openai_normalises_each_token_and_keeps_the_largest_at_the_place_of_its_path(String place, String at)
            throws IOException {
        Path file = save("gpt2-small/" + place + "/autoencoders/8.pt", topK(3, "ReLU"));
        try (SparseAutoencoder sae = load(file)) {
            assertComputes(sae, normalised(z -> Samples.topK(z, 3)), EXACT);
            assertThat(sae.origin().format()).isEqualTo("OpenAI");
            assertThat(sae.at()).hasToString(at);
            assertThat(sae.origin().model()).isEqualTo("gpt2-small");
            assertThat(sae.decoderRow(3).minus(Vec.of(DEC[3])).norm()).isLessThan(1e-6);
        }
    }

    @Test
    void openai_may_keep_the_largest_without_a_relu() throws IOException {
        try (SparseAutoencoder sae = load(save("8.pt", topK(10, "Identity")))) {
            assertComputes(sae, normalised(z -> largest(z, 10)), EXACT);
            assertThat(sae.sparsity()).hasToString("TopK, k = 10, without ReLU");
            assertThat(Arrays.stream(X)
                            .flatMapToDouble(x -> Arrays.stream(
                                    normalised(z -> largest(z, 10)).latents(x))))
                    .anyMatch(v -> v < 0);
            assertThat(sae.at()).isNull();
        }
    }

    @Test
    void openai_s_first_version_is_relu_of_what_the_mlp_adds() throws IOException {
        Map<String, Object> saved = openAi("activation", "ReLU");
        try (SparseAutoencoder sae = load(save("gpt2-small/resid_delta_mlp/autoencoders/2.pt", saved))) {
            assertComputes(
                    sae,
                    new Arithmetic() {
                        @Override
                        public double[] latents(double[] x) {
                            return relu(encoded(ENC, minus(x, B_DEC), B_ENC));
                        }

                        @Override
                        public double[] reconstruction(double[] x) {
                            return decoded(latents(x), DEC, B_DEC);
                        }
                    },
                    EXACT);
            assertThat(sae.at()).isEqualTo(HookPoint.mlpOut(2));
        }
        try (SparseAutoencoder hidden = load(save("gpt2-small/mlp_post_act/autoencoders/2.pt", saved))) {
            assertThat(hidden.at()).isNull();
            assertThat(hidden.origin().notes())
                    .containsExactly("it reads the MLP's hidden activations: supply them yourself");
        }
    }

    @Test
    void openai_without_a_decoder_decodes_with_the_encoder() throws IOException {
        Map<String, Object> tied = topK(3, "ReLU");
        tied.remove("decoder.weight");
        try (SparseAutoencoder sae = load(save("8.pt", tied))) {
            assertThat(sae.decoderRow(3).minus(Vec.of(ENC[3])).norm()).isLessThan(1e-6);
            assertThat(sae.origin().notes()).containsExactly("the decoder is the encoder, transposed");
        }
    }

    @Test
    void openai_files_that_say_something_else_are_refused_with_what_they_say() throws IOException {
        refused(openAi("activation", "Softmax"), "activation: Softmax");
        refused(topK(0, "ReLU"), "activation_state_dict.k: 0");
        refused(topK(13, "ReLU"), "activation_state_dict.k: 13");
        refused(topK("32", "ReLU"), "activation_state_dict.k: 32");
        refused(openAi("activation", "TopK"), "activation_state_dict.k: null");
        refused(topK(3, "Tanh"), "activation_state_dict.postact_fn: Tanh");
        refused(openAi("activation", "ReLU", "skip.weight", vector(1)), "not understood: skip.weight");
        refused(openAi("activation", "ReLU", "decoder.weight", matrix(DEC, false)), "expected: [6, 12]");
        refused(openAi("activation", "ReLU", "latent_bias", vector(1, 2)), "weight:   latent_bias");
    }

    private void refused(Map<String, Object> saved, String fact) throws IOException {
        Path file = save("8.pt", saved);
        assertThatThrownBy(() -> load(file))
                .isInstanceOf(PintleException.class)
                .extracting(e -> String.valueOf(e.getMessage()).replaceAll(" +", " "))
                .asString()
                .contains(fact.replaceAll(" +", " "));
    }

    // ---------------------------------------------------------------- Qwen-Scope

    private static Map<String, Tensor> qwen() {
        return tensors(
                "W_enc", matrix(ENC, false),
                "b_enc", vector(B_ENC),
                "W_dec", matrix(DEC, true),
                "b_dec", vector(B_DEC));
    }

    @Test
    void qwen_scope_keeps_as_many_as_its_folder_says_of_the_layer_its_file_says() throws IOException {
        for (String release : new String[] {
            "SAE-Res-Qwen3-8B-Base-W64K-L0_10", "models--Qwen--SAE-Res-Qwen3-8B-Base-W64K-L0_10/snapshots/0a1b"
        }) {
            try (SparseAutoencoder sae = load(save(release + "/layer20.sae.pt", qwen()))) {
                assertComputes(
                        sae,
                        new Arithmetic() {
                            @Override
                            public double[] latents(double[] x) {
                                return largest(encoded(ENC, x, B_ENC), 10);
                            }

                            @Override
                            public double[] reconstruction(double[] x) {
                                return decoded(latents(x), DEC, B_DEC);
                            }
                        },
                        EXACT);
                assertThat(sae.origin().format()).isEqualTo("Qwen-Scope");
                assertThat(sae.origin().model()).isEqualTo("Qwen3-8B-Base");
                assertThat(sae.at()).isEqualTo(HookPoint.residPost(20));
                assertThat(sae.decoderRow(3).minus(Vec.of(DEC[3])).norm()).isLessThan(1e-6);
            }
        }
    }

    @Test
    void qwen_scope_without_the_number_of_latents_is_refused() throws IOException {
        Path bare = save("saes/layer20.sae.pt", qwen());
        assertThatThrownBy(() -> load(bare)).isInstanceOf(PintleException.class).hasMessage("""
                The file does not say how many latents are kept, and neither does its folder's name.
                  file:     %s
                  format:   Qwen-Scope
                  expected: a folder such as SAE-Res-Qwen3-8B-Base-W64K-L0_50""", bare.toAbsolutePath());
        Path many = save("SAE-Res-Qwen3-8B-Base-W64K-L0_50/layer20.sae.pt", qwen());
        assertThatThrownBy(() -> load(many))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("50, of 12 latents");
        Map<String, Tensor> turned = qwen();
        turned.put("W_dec", matrix(DEC, false));
        Path wrong = save("SAE-Res-Qwen3-8B-Base-W64K-L0_5/layer20.sae.pt", turned);
        assertThatThrownBy(() -> load(wrong))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("W_dec");
    }
}
