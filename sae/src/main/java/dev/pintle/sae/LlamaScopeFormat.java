package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/*
 * Llama Scope (He et al. 2024, arXiv:2410.20526) was trained on activations scaled to a mean norm of √d:
 * s_in = √d / mean norm in, s_out = √d / mean norm out. For unscaled activations, the same autoencoder is
 *
 *   z = W_enc x + b_enc / s_in,   x̂ = (s_in / s_out) W_decᵀ f + b_dec / s_out,
 *
 * with latents s_in times smaller than those of SAELens, and the threshold applied to these. An autoencoder reads and
 * writes the same hook point, so W_dec stays as it is in the file. If training weighted latents by the norms of their
 * decoder rows, a latent fires if z · norm > threshold, which amounts to one threshold per latent.
 */
/**
 * Llama Scope's folders: {@code hyperparams.json} and {@code checkpoints/final.safetensors}, and those for R1-Distill:
 * {@code config.json} and {@code sae_weights.safetensors} with one threshold per latent. Latents are on the scale of
 * activations.
 */
final class LlamaScopeFormat implements SaeFormat {
    private static final Pattern BASE = Pattern.compile("Llama3_1-8B-Base");

    @Override
    public String name() {
        return "Llama Scope";
    }

    @Override
    public String layout() {
        return "hyperparams.json with jump_relu_threshold, checkpoints/final.safetensors with encoder.weight, encoder.bias, "
                + "decoder.weight, decoder.bias";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.names().contains("encoder.weight")
                && (files.config().has("jump_relu_threshold") || files.names().contains("log_jumprelu_threshold"));
    }

    @Override
    public Draft read(SaeFiles files) {
        JsonNode config = files.config();
        String in = config.path("hook_point_in").asText("");
        String out = config.path("hook_point_out").asText(in);
        if (!in.equals(out) || String.valueOf(files.path().getFileName()).matches(".*L\\d+TC-.*")) {
            throw files.refused(
                    this,
                    "A transcoder does not reconstruct its input, so it cannot be used as an autoencoder.",
                    "places",
                    in + " to " + out);
        }
        List<String> averages = files.names().stream()
                .filter(name -> name.startsWith("dataset_average_activation_norm."))
                .sorted()
                .toList();
        files.requireKeys(
                this,
                Set.of("encoder.weight", "encoder.bias", "decoder.weight"),
                union(Set.of("decoder.bias", "log_jumprelu_threshold"), averages));
        LatentMatrix encoder = files.matrix("encoder.weight", LATENTS_FIRST);
        LatentMatrix decoder = files.decoder("decoder.weight", MODEL_FIRST, encoder);
        List<String> notes = new ArrayList<>();
        double sIn = scale(files, config, "in", averages, encoder.dModel(), notes);
        double sOut = scale(files, config, "out", averages, encoder.dModel(), notes);
        Tensor bias = isBiased(files, config, encoder.dModel(), notes)
                ? files.vector("decoder.bias", encoder.dModel()).times(1 / sOut)
                : files.placed(Vec.zeros(encoder.dModel()));
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("encoder.bias", encoder.dSae()).times(1 / sIn),
                        sIn == sOut
                                ? decoder
                                : new LatentMatrix(decoder.stored().times(sIn / sOut), decoder.axes()),
                        bias)
                .with(new Sparsity.JumpRelu(thresholds(files, config, decoder)))
                .subtractingBias(
                        config.path("apply_decoder_bias_to_pre_encoder").asBoolean(false));
        Matcher base = BASE.matcher(String.valueOf(files.path().toAbsolutePath()));
        String model = config.path("model_name").asText(base.find() ? "Llama-3.1-8B" : "");
        return new Draft(
                new SaeOrigin(files.shortName(), files.path(), name(), Sites.either(in), in, model, notes), weights);
    }

    /** Whether the decoder has a bias; a contradiction between configuration and tensors is refused or noted. */
    private boolean isBiased(SaeFiles files, JsonNode config, int dModel, List<String> notes) {
        JsonNode stated = config.path("use_decoder_bias");
        boolean stored = files.names().contains("decoder.bias");
        if (!stored && stated.asBoolean(false)) {
            throw files.refused(
                    this,
                    "The configuration says that the decoder has a bias, but the file has none.",
                    "missing",
                    "decoder.bias");
        }
        boolean biased = stored && stated.asBoolean(true);
        if (stored && !biased && files.numbers("decoder.bias", dModel).norm() > 0) {
            notes.add("the file has a decoder bias that its configuration disables (use_decoder_bias); it is not used");
        }
        return biased;
    }

    private static Set<String> union(Set<String> some, List<String> others) {
        Set<String> all = new HashSet<>(some);
        all.addAll(others);
        return all;
    }

    private double scale(
            SaeFiles files, JsonNode config, String side, List<String> averages, int dModel, List<String> notes) {
        String how = config.path("norm_activation").asText("dataset-wise");
        if (how.equals("none") || how.equals("inference")) {
            return 1;
        }
        if (!how.equals("dataset-wise")) {
            throw files.refused(this, "This normalisation is not supported.", "norm_activation", how);
        }
        Double norm = average(files, config, side, averages);
        if (norm == null) {
            if (side.equals("in")) {
                notes.add("the files state no mean activation norm, so activations are not rescaled");
            }
            return 1;
        }
        if (!(norm > 0)) {
            throw files.refused(
                    this, "The mean activation norm is not positive.", "dataset_average_activation_norm", norm);
        }
        if (side.equals("in")) {
            notes.add("latents are on the scale of activations; SAELens scales them by "
                    + (float) (Math.sqrt(dModel) / norm));
        }
        return Math.sqrt(dModel) / norm;
    }

    private static @Nullable Double average(SaeFiles files, JsonNode config, String side, List<String> averages) {
        JsonNode stated = config.path("dataset_average_activation_norm");
        if (stated.has(side) || stated.has("in")) {
            return (stated.has(side) ? stated.get(side) : stated.get("in")).asDouble();
        }
        return averages.isEmpty() ? null : (Double) files.number(averages.get(0));
    }

    private Vec thresholds(SaeFiles files, JsonNode config, LatentMatrix decoder) {
        Vec own = files.names().contains("log_jumprelu_threshold")
                ? SaeLensFormat.exp(files.numbers("log_jumprelu_threshold", decoder.dSae()))
                : SaeLensFormat.constant(config.get("jump_relu_threshold").asDouble(), decoder.dSae());
        if (!config.path("sparsity_include_decoder_norm").asBoolean(false)) {
            return own;
        }
        Vec lengths = decoder.norms().to(DType.FP32).toVec();
        double[] each = new double[own.size()];
        for (int i = 0; i < each.length; i++) {
            each[i] = own.get(i) / lengths.get(i); // a row of zeros never fires
        }
        return Vec.of(each);
    }
}
