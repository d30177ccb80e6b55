package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's files for GPT-2 small (Gao et al. 2024, arXiv:2406.04093; github.com/openai/sparse_autoencoder): a PyTorch state
 * dict with {@code pre_bias}, {@code encoder.weight}, {@code latent_bias}, {@code decoder.weight}, the name of the activation
 * function, and statistics of the training, which are not used. f = σ(W_enc (x − pre_bias) + latent_bias), x̂ = W_decᵀ f +
 * pre_bias. Where σ is TopK, x is given mean 0 and deviation 1 first, per token, which is undone after decoding; without a
 * {@code decoder.weight} the decoder is the encoder, transposed. Place and layer are given only by the path:
 * {@code gpt2-small/resid_post_mlp_v5_32k/autoencoders/8.pt}.
 */
final class OpenAiFormat implements SaeFormat {
    private static final Pattern PLACE = Pattern.compile(
            "(resid_delta_attn|resid_delta_mlp|resid_post_attn|resid_post_mlp|mlp_post_act)(?:_v\\d\\w*)?/"
                    + "(?:autoencoders/)?(\\d{1,3})\\.pt$");
    private static final Set<String> STATISTICS =
            Set.of("stats_last_nonzero", "latents_activation_frequency", "latents_mean_square");

    @Override
    public String name() {
        return "OpenAI";
    }

    @Override
    public String layout() {
        return ".pt with pre_bias, encoder.weight, latent_bias, decoder.weight, activation";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.isTorch() && files.names().containsAll(Set.of("pre_bias", "latent_bias", "encoder.weight"));
    }

    @Override
    public Draft read(SaeFiles files) {
        Set<String> optional = new HashSet<>(STATISTICS);
        optional.add("decoder.weight");
        files.requireKeys(this, Set.of("pre_bias", "latent_bias", "encoder.weight"), optional);
        List<String> notes = new ArrayList<>();
        LatentMatrix encoder = files.matrix("encoder.weight", LATENTS_FIRST);
        LatentMatrix decoder = encoder;
        if (files.names().contains("decoder.weight")) {
            decoder = files.decoder("decoder.weight", MODEL_FIRST, encoder);
        } else {
            notes.add("the decoder is the encoder, transposed");
        }
        Sparsity sparsity = sparsity(files, encoder.dSae());
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("latent_bias", encoder.dSae()),
                        decoder,
                        files.vector("pre_bias", encoder.dModel()))
                .subtractingBias(true)
                .with(sparsity)
                .with(sparsity instanceof Sparsity.TopK ? new Normalisation.LayerNorm() : new Normalisation.None());
        return new Draft(origin(files, notes), weights);
    }

    private Sparsity sparsity(SaeFiles files, int dSae) {
        Map<?, ?> root = files.saved();
        Object function =
                root.containsKey("activation") ? root.get("activation") : "ReLU"; // as their own loader assumes
        if ("ReLU".equals(function)) {
            return new Sparsity.Relu();
        }
        if (!"TopK".equals(function)) {
            throw files.refused(this, "This activation function is not supported.", "activation", function);
        }
        Object state = root.get("activation_state_dict");
        Object k = state instanceof Map<?, ?> map ? map.get("k") : null;
        Object after = state instanceof Map<?, ?> map ? map.get("postact_fn") : null;
        if (!(k instanceof Long count) || count < 1 || count > dSae) {
            throw files.refused(
                    this,
                    "The file does not say how many latents are kept.",
                    "activation_state_dict.k",
                    String.valueOf(k));
        }
        if (!"ReLU".equals(after) && !"Identity".equals(after)) {
            throw files.refused(
                    this,
                    "This function of the latents that are kept is not supported.",
                    "activation_state_dict.postact_fn",
                    String.valueOf(after));
        }
        return new Sparsity.TopK(Math.toIntExact(count), "ReLU".equals(after));
    }

    private SaeOrigin origin(SaeFiles files, List<String> notes) {
        String path = files.path().toAbsolutePath().normalize().toString().replace('\\', '/');
        Matcher place = PLACE.matcher(path);
        boolean found = place.find();
        HookPoint at = found ? at(place.group(1), Integer.parseInt(place.group(2))) : null;
        if (found && at == null) {
            notes.add("it reads the MLP's hidden activations: supply them yourself");
        }
        return new SaeOrigin(
                files.shortName(),
                files.path(),
                name(),
                at,
                found
                        ? String.format(Locale.ROOT, "%s of layer %s, from the path", place.group(1), place.group(2))
                        : "",
                path.contains("gpt2-small") ? "gpt2-small" : "",
                notes);
    }

    private static @Nullable HookPoint at(String place, int layer) {
        return switch (place) {
            case "resid_delta_attn" -> HookPoint.attnOut(layer);
            case "resid_delta_mlp" -> HookPoint.mlpOut(layer);
            case "resid_post_attn" -> HookPoint.residMid(layer);
            case "resid_post_mlp" -> HookPoint.residPost(layer);
            default -> null;
        };
    }
}
