package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import dev.pintle.transformer.HookPoint;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Goodfire's files: a PyTorch state dict with two linear layers, {@code encoder_linear} and {@code decoder_linear}, or
 * {@code encoder} and {@code decoder}; f = ReLU(W_e x + b_e), x̂ = W_d f + b_d, with no bias subtracted first and no
 * normalisation. Model and layer (0-based, the output of that block) are given only by the file name:
 * {@code Llama-3.1-8B-Instruct-SAE-l19.pth}.
 */
final class GoodfireFormat implements SaeFormat {
    private static final Pattern NAME = Pattern.compile("(?i)(?:(.+)-sae)?-l(\\d{1,3})\\.pth?$");

    @Override
    public String name() {
        return "Goodfire";
    }

    @Override
    public String layout() {
        return ".pth or .pt with encoder_linear.weight, encoder_linear.bias, decoder_linear.weight, decoder_linear.bias";
    }

    private static Set<String> keys(String suffix) {
        return Set.of(
                "encoder" + suffix + ".weight",
                "encoder" + suffix + ".bias",
                "decoder" + suffix + ".weight",
                "decoder" + suffix + ".bias");
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.isTorch()
                && (files.names().contains("encoder_linear.weight")
                        || (files.names().equals(keys("")) && !files.config().has("trainer")));
    }

    @Override
    public Draft read(SaeFiles files) {
        String suffix = files.names().contains("encoder_linear.weight") ? "_linear" : "";
        files.requireKeys(this, keys(suffix), Set.of());
        LatentMatrix encoder = files.matrix("encoder" + suffix + ".weight", LATENTS_FIRST);
        Weights weights = Weights.plain(
                encoder,
                files.vector("encoder" + suffix + ".bias", encoder.dSae()),
                files.decoder("decoder" + suffix + ".weight", MODEL_FIRST, encoder),
                files.vector("decoder" + suffix + ".bias", encoder.dModel()));
        Matcher named = NAME.matcher(String.valueOf(files.path().getFileName()));
        boolean found = named.find();
        HookPoint at = found ? HookPoint.residPost(Integer.parseInt(named.group(2))) : null;
        String model = found && named.group(1) != null ? named.group(1) : "";
        return new Draft(
                new SaeOrigin(
                        files.shortName(),
                        files.path(),
                        name(),
                        at,
                        found ? "layer " + named.group(2) + ", from the file name" : "",
                        model,
                        List.of()),
                weights);
    }
}
