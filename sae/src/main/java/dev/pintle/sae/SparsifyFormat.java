package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.transformer.HookPoint;
import java.util.List;
import java.util.Set;

/**
 * Folders of EleutherAI's sparsify, one per hook point such as {@code layers.23}: {@code cfg.json} and
 * {@code sae.safetensors}. The decoder bias is subtracted from the input; then the k largest latents are kept, or the
 * largest of each of k groups.
 */
final class SparsifyFormat implements SaeFormat {
    @Override
    public String name() {
        return "sparsify";
    }

    @Override
    public String layout() {
        return "cfg.json with k, sae.safetensors with encoder.weight, encoder.bias, W_dec, b_dec";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.names().contains("encoder.weight") && files.names().contains("W_dec");
    }

    @Override
    public Draft read(SaeFiles files) {
        JsonNode config = files.config();
        if (config.path("transcode").asBoolean(false)
                || config.path("skip_connection").asBoolean(false)
                || files.names().contains("W_skip")) {
            throw files.refused(
                    this,
                    "A transcoder does not reconstruct its input, so it cannot be used as an autoencoder.",
                    "configuration",
                    "transcode or skip_connection");
        }
        if (config.path("signed").asBoolean(false)) {
            throw files.refused(this, "Signed latents are not supported.", "signed", true);
        }
        files.requireKeys(this, Set.of("encoder.weight", "encoder.bias", "W_dec", "b_dec"), Set.of());
        LatentMatrix encoder = files.matrix("encoder.weight", LATENTS_FIRST);
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("encoder.bias", encoder.dSae()),
                        files.decoder("W_dec", LATENTS_FIRST, encoder),
                        files.vector("b_dec", encoder.dModel()))
                .with(sparsity(files, config, encoder.dSae()))
                .subtractingBias(true);
        String site = String.valueOf(files.folder().toAbsolutePath().getFileName());
        HookPoint at = Sites.huggingFace(site);
        boolean output = at != null && at.site() == HookPoint.Site.RESID_POST;
        return new Draft(
                new SaeOrigin(
                        files.shortName(),
                        files.path(),
                        name(),
                        at,
                        site,
                        "",
                        output
                                ? List.of("for checkpoints from 2024, it is unclear whether " + site
                                        + " is the block's output, as assumed here, or its input: see pintle sae check")
                                : List.of()),
                weights);
    }

    private Sparsity sparsity(SaeFiles files, JsonNode config, int dSae) {
        JsonNode k = config.path("k");
        if (!k.isInt() || k.asInt() < 1) {
            throw files.refused(this, "The configuration does not say how many latents are kept.", "k", k);
        }
        String activation = config.path("activation").asText("topk");
        if (activation.equals("topk")) {
            return new Sparsity.TopK(k.asInt());
        }
        if (!activation.equals("groupmax") || dSae % k.asInt() != 0) {
            throw files.refused(
                    this, "This activation function is not supported.", "activation", activation + ", k = " + k);
        }
        return new Sparsity.GroupMax(k.asInt());
    }
}
