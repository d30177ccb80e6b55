package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import dev.pintle.transformer.HookPoint;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gemma Scope's archives (Lieberum et al. 2024, arXiv:2408.05147): {@code layer_N/width_W/average_l0_X/params.npz} with
 * JumpReLU in FP32, no bias subtracted and no normalisation. Layer and site are given only by the path. The embedding
 * autoencoders were trained on token embeddings before Gemma multiplies them by √dModel.
 */
final class GemmaScopeFormat implements SaeFormat {
    private static final Pattern LAYER = Pattern.compile("(?:^|/)layer_(\\d{1,3})(?:/|$)");
    private static final Pattern MODEL = Pattern.compile("gemma-scope-(\\d+b)-(pt|it)-(res|mlp|att)");

    @Override
    public String name() {
        return "Gemma Scope";
    }

    @Override
    public String layout() {
        return "params.npz with W_enc, b_enc, W_dec, b_dec, threshold";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.isNumPy()
                && files.names().contains("threshold")
                && (files.names().contains("W_enc") || files.names().contains("w_enc"));
    }

    @Override
    public Draft read(SaeFiles files) {
        String w = files.names().contains("W_enc") ? "W" : "w";
        files.requireKeys(this, new TreeSet<>(Set.of(w + "_enc", w + "_dec", "b_enc", "b_dec", "threshold")), Set.of());
        LatentMatrix encoder = files.matrix(w + "_enc", MODEL_FIRST);
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("b_enc", encoder.dSae()),
                        files.decoder(w + "_dec", LATENTS_FIRST, encoder),
                        files.vector("b_dec", encoder.dModel()))
                .with(new Sparsity.JumpRelu(files.numbers("threshold", encoder.dSae())));
        String path = files.path().toAbsolutePath().normalize().toString().replace('\\', '/');
        Matcher layer = LAYER.matcher(path);
        Matcher model = MODEL.matcher(path);
        boolean named = model.find();
        String site = named ? model.group(3) : "res";
        HookPoint at = null;
        String place = "";
        if (path.contains("/embedding")) {
            at = HookPoint.embed();
            place = "embedding";
            // trained on rows of the embedding matrix; what Gemma's blocks read, and hook_embed gives, is √d times
            // those
            weights = weights.with(new Normalisation.Scale(1 / Math.sqrt(encoder.dModel())));
        } else if (layer.find()) {
            int number = Integer.parseInt(layer.group(1));
            place = "layer " + number + " " + site + ", from the path";
            at = site.equals("res")
                    ? HookPoint.residPost(number)
                    : site.equals("mlp") ? HookPoint.mlpOut(number) : null;
        }
        return new Draft(
                new SaeOrigin(
                        files.shortName(),
                        files.path(),
                        name(),
                        at,
                        place,
                        named ? "gemma-2-" + model.group(1) + (model.group(2).equals("it") ? "-it" : "") : "",
                        site.equals("att")
                                ? List.of(
                                        "it reads the outputs of all heads, flattened: supply the activations yourself")
                                : List.of()),
                weights);
    }
}
