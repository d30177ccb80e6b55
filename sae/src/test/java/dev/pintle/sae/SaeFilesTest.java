package dev.pintle.sae;

import static dev.pintle.sae.Samples.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.hub.HubSettings;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are broken, or are something else. */
class SaeFilesTest {
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

    private Path goodfire(String name) {
        return write(
                folder.resolve(name),
                tensors(
                        "encoder_linear.weight", matrix(ENC, false),
                        "encoder_linear.bias", vector(B_ENC),
                        "decoder_linear.weight", matrix(DEC, true),
                        "decoder_linear.bias", vector(B_DEC)));
    }

    @Test
    void a_truncated_file_of_any_kind_is_refused_by_name() throws IOException {
        Path npz = write(folder.resolve("params.npz"), tensors("W_enc", matrix(ENC, true)));
        Path safetensors = write(folder.resolve("sae.safetensors"), tensors("encoder.weight", matrix(ENC, false)));
        for (Path file : new Path[] {goodfire("some-l3.pth"), npz, safetensors}) {
            byte[] bytes = Files.readAllBytes(file);
            for (int length : new int[] {0, 7, bytes.length / 2, bytes.length - 1}) {
                Files.write(file, Arrays.copyOf(bytes, length));
                assertThatThrownBy(() -> load(file))
                        .isInstanceOf(PintleException.class)
                        .hasMessageContaining(file.getFileName().toString());
            }
        }
    }

    @Test
    void names_of_one_model_differ_by_organisation_and_by_what_transformerlens_calls_it() {
        assertThat(SaeFit.differ("gpt2-small", "openai-community/gpt2")).isFalse();
        assertThat(SaeFit.differ("EleutherAI/pythia-160m", "pythia-160m")).isFalse();
        assertThat(SaeFit.differ("gpt2-small", "openai-community/gpt2-medium")).isTrue();
        assertThat(SaeFit.differ("Qwen3-8B-Base", "Qwen/Qwen3-8B")).isTrue();
    }

    @Test
    void a_file_of_something_else_is_refused_with_the_formats_that_are_known() {
        Path file = write(folder.resolve("other.pth"), tensors("layer.weight", matrix(ENC, false)));
        assertThatThrownBy(() -> load(file)).isInstanceOf(PintleException.class).hasMessage("""
                The file does not contain an autoencoder in a known format.
                  file:          %s
                  tensors:       layer.weight
                  configuration: none
                  known:         dictionary_learning: config.json with trainer.dict_class, ae.pt
                                 Llama Scope: hyperparams.json with jump_relu_threshold, checkpoints/final.safetensors with encoder.weight, encoder.bias, decoder.weight, decoder.bias
                                 sparsify: cfg.json with k, sae.safetensors with encoder.weight, encoder.bias, W_dec, b_dec
                                 Gemma Scope 2: config.json with hf_hook_point_in, params.safetensors with w_enc, b_enc, w_dec, b_dec, threshold
                                 Gemma Scope: params.npz with W_enc, b_enc, W_dec, b_dec, threshold
                                 SAELens: cfg.json with d_in and d_sae, sae_weights.safetensors with W_enc, b_enc, W_dec, b_dec
                                 OpenAI: .pt with pre_bias, encoder.weight, latent_bias, decoder.weight, activation
                                 Qwen-Scope: SAE-Res-MODEL-WIDTH-L0_K/layerN.sae.pt with W_enc, b_enc, W_dec, b_dec
                                 Goodfire: .pth or .pt with encoder_linear.weight, encoder_linear.bias, decoder_linear.weight, decoder_linear.bias
                                 Example: any file with read, read_bias, write, write_bias
                                 Greedy: any file with greedy""", file.toAbsolutePath());
    }

    @Test
    void a_folder_without_an_autoencoder_names_those_below_it() {
        Path below = goodfire("layer_3/sae.pth").getParent();
        write(folder.resolve("layer_5/params.npz"), tensors("W_enc", matrix(ENC, true)));
        assertThat(below).isDirectory();
        assertThatThrownBy(() -> load(folder))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                The folder contains no autoencoder.
                  folder:   %s
                  expected: sae_weights.safetensors, sae.safetensors, params.npz, params.safetensors, checkpoints/final.safetensors, ae.pt, or one .pth, .pt, .npz or .safetensors file
                  try:      %s""", folder.toAbsolutePath(), folder.resolve("layer_5"));
    }

    @Test
    void two_candidates_in_a_folder_are_not_guessed_between() {
        goodfire("a-l3.pth");
        goodfire("b-l4.pth");
        assertThatThrownBy(() -> load(folder))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                It is not clear which file in the folder is the autoencoder.
                  folder:   %s
                  expected: sae_weights.safetensors, sae.safetensors, params.npz, params.safetensors, checkpoints/final.safetensors, ae.pt, or one .pth, .pt, .npz or .safetensors file
                  found:    a-l3.pth
                            b-l4.pth""", folder.toAbsolutePath());
    }

    @Test
    void matrices_that_do_not_belong_together_are_refused_with_both_shapes() {
        Path file = write(
                folder.resolve("some-l3.pth"),
                tensors(
                        "encoder_linear.weight", matrix(ENC, false),
                        "encoder_linear.bias", vector(B_ENC),
                        "decoder_linear.weight", matrix(DEC, false),
                        "decoder_linear.bias", vector(B_DEC)));
        assertThatThrownBy(() -> load(file)).isInstanceOf(PintleException.class).hasMessage("""
                A weight of the autoencoder has the wrong shape.
                  file:     %s
                  weight:   decoder_linear.weight
                  expected: [6, 12]
                  but was:  [12, 6]""", file.toAbsolutePath());
    }

    @Test
    void a_configuration_that_is_not_json_is_refused() {
        Path place = folder.resolve("sae");
        write(place.resolve("cfg.json"), "{\"d_in\": 6,");
        write(place.resolve("sae_weights.safetensors"), tensors("W_enc", matrix(ENC, true)));
        assertThatThrownBy(() -> load(place))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith("""
                        The configuration is not JSON.
                          file:  %s
                          cause: """.formatted(place.resolve("cfg.json").toAbsolutePath()));
    }

    @Test
    void only_two_dtypes_are_loaded() {
        Path file = goodfire("some-l3.pth");
        assertThatThrownBy(() -> SparseAutoencoder.load(file, Device.CPU, DType.FP16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        An autoencoder's weights can only be FP32 or BF16.
                          but was: fp16""");
    }

    @Test
    void an_autoencoder_that_does_not_fit_a_model_is_refused_with_both_sizes() {
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
                SparseAutoencoder narrow = load(goodfire("some-l3.pth"));
                SparseAutoencoder high = SparseAutoencoder.load(
                                Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU)
                        .at(dev.pintle.transformer.HookPoint.residPost(80))) {
            assertThatThrownBy(() -> narrow.requireFits(model, true))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("""
                            The autoencoder does not fit the model.
                              autoencoder: some-l3.pth, 6 wide, at blocks.3.hook_resid_post
                              model:       %s, dModel = 256, 8 layers""", model.id());
            assertThatThrownBy(() -> high.requireFits(model, true))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("""
                            The autoencoder does not fit the model.
                              autoencoder: parley-7m-sae-l3.pth, 256 wide, at blocks.80.hook_resid_post
                              model:       %s, dModel = 256, 8 layers""", model.id());
        }
    }

    @Test
    void a_repository_in_the_cache_is_found_by_its_name_and_a_folder_in_it() {
        String commit = "0123456789abcdef0123456789abcdef01234567";
        Path repo = folder.resolve("models--some--saes");
        write(repo.resolve("refs/main"), commit);
        Path snapshot = repo.resolve("snapshots").resolve(commit);
        goodfire("models--some--saes/snapshots/" + commit + "/deep/sae-l3.pth");
        HubSettings settings = HubSettings.read(Map.of("HF_HUB_CACHE", folder.toString()), folder, folder);
        assertThat(SaeFolders.find("some/saes:deep", settings)).isEqualTo(snapshot.resolve("deep"));
        assertThat(SaeFolders.find("some/saes@main:deep/sae-l3.pth", settings))
                .isEqualTo(snapshot.resolve("deep/sae-l3.pth"));
        assertThatThrownBy(() -> SaeFolders.find("some/saes:other", settings))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        The autoencoder is not in the cache.
                          autoencoder: some/saes:other
                          looked in:   %s
                                       %s
                          try:         pintle pull some/saes 'other*'""", Path.of("some/saes:other").toAbsolutePath(), folder.toAbsolutePath());
        assertThatThrownBy(() -> SaeFolders.find("nothing here", settings))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        There is no such autoencoder.
                          autoencoder: nothing here
                          expected:    a file, a folder, or a repository such as org/name or org/name:folder
                          looked in:   %s""", Path.of("nothing here").toAbsolutePath());
        try (SparseAutoencoder sae = load(SaeFolders.find("some/saes:deep", settings))) {
            assertThat(sae.dSae()).isEqualTo(L);
        }
    }
}
