package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Qwen-Scope's files (arXiv:2605.11887): {@code layerN.sae.pt}, a PyTorch dictionary with W_enc `[dSae, dModel]`, b_enc,
 * W_dec `[dModel, dSae]` and b_dec, of the residual stream after block N. The k largest of W_enc x + b_enc are kept as they
 * are, without a ReLU; nothing is subtracted or normalised. Layer, k and model are given only by names:
 * {@code SAE-Res-Qwen3-8B-Base-W64K-L0_50/layer20.sae.pt}.
 */
final class QwenScopeFormat implements SaeFormat {
    private static final Set<String> KEYS = Set.of("W_enc", "b_enc", "W_dec", "b_dec");
    private static final Pattern LAYER = Pattern.compile("layer[_-]?(\\d{1,3})\\.sae\\.pt");
    private static final Pattern RELEASE =
            Pattern.compile("(?:models--Qwen--)?SAE-Res-(Qwen.+)-W\\d+[KM]-L0[_-](\\d{1,5})");

    @Override
    public String name() {
        return "Qwen-Scope";
    }

    @Override
    public String layout() {
        return "SAE-Res-MODEL-WIDTH-L0_K/layerN.sae.pt with W_enc, b_enc, W_dec, b_dec";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.isTorch() && files.names().equals(KEYS) && !files.config().has("trainer");
    }

    @Override
    public Draft read(SaeFiles files) {
        Matcher release = release(files.path());
        if (release == null) {
            throw files.refused(
                    this,
                    "The file does not say how many latents are kept, and neither does its folder's name.",
                    "expected",
                    "a folder such as SAE-Res-Qwen3-8B-Base-W64K-L0_50");
        }
        int k = Integer.parseInt(release.group(2));
        LatentMatrix encoder = files.matrix("W_enc", LATENTS_FIRST);
        if (k < 1 || k > encoder.dSae()) {
            throw files.refused(
                    this,
                    "The folder's name gives an impossible number of latents that are kept.",
                    "k",
                    k + ", of " + encoder.dSae() + " latents");
        }
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("b_enc", encoder.dSae()),
                        files.decoder("W_dec", MODEL_FIRST, encoder),
                        files.vector("b_dec", encoder.dModel()))
                .with(new Sparsity.TopK(k, false));
        Matcher layer = LAYER.matcher(String.valueOf(files.path().getFileName()));
        HookPoint at = layer.matches() ? HookPoint.residPost(Integer.parseInt(layer.group(1))) : null;
        return new Draft(
                new SaeOrigin(
                        files.shortName(),
                        files.path(),
                        name(),
                        at,
                        at == null ? "" : "layer " + at.layer() + ", from the file name",
                        release.group(1),
                        List.of("k = " + k + ", from the name of the folder")),
                weights);
    }

    /** The innermost folder that has the name of a release, matched; null if there is none. */
    private static @Nullable Matcher release(Path path) {
        return StreamSupport.stream(path.toAbsolutePath().normalize().spliterator(), false)
                .map(name -> RELEASE.matcher(name.toString()))
                .filter(Matcher::matches)
                .reduce((outer, inner) -> inner)
                .orElse(null);
    }
}
