package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;

/**
 * Gemma Scope 2's folders: {@code config.json} and {@code params.safetensors}, with JumpReLU. If input and output hook
 * points differ, or there is an affine skip connection, it is a transcoder and is refused.
 */
final class GemmaScope2Format implements SaeFormat {
    @Override
    public String name() {
        return "Gemma Scope 2";
    }

    @Override
    public String layout() {
        return "config.json with hf_hook_point_in, params.safetensors with w_enc, b_enc, w_dec, b_dec, threshold";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.names().contains("w_enc") && files.config().has("architecture") && !files.isNumPy();
    }

    @Override
    public Draft read(SaeFiles files) {
        JsonNode config = files.config();
        String in = config.path("hf_hook_point_in").asText("");
        String out = config.path("hf_hook_point_out").asText(in);
        boolean skips = config.path("affine_connection").asBoolean(false)
                || files.names().contains("affine_skip_connection");
        if (!in.equals(out) || skips || config.path("type").asText("sae").contains("transcoder")) {
            throw files.refused(
                    this,
                    "A transcoder does not reconstruct its input, so it cannot be used as an autoencoder.",
                    "places",
                    in + " to " + out + (skips ? ", with a skip connection" : ""));
        }
        String architecture = config.get("architecture").asText();
        if (!architecture.equals("jump_relu")) {
            throw files.refused(this, "This autoencoder architecture is not supported.", "architecture", architecture);
        }
        files.requireKeys(this, Set.of("w_enc", "w_dec", "b_enc", "b_dec", "threshold"), Set.of());
        LatentMatrix encoder = files.matrix("w_enc", MODEL_FIRST);
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("b_enc", encoder.dSae()),
                        files.decoder("w_dec", LATENTS_FIRST, encoder),
                        files.vector("b_dec", encoder.dModel()))
                .with(new Sparsity.JumpRelu(files.numbers("threshold", encoder.dSae())))
                .subtractingBias(config.path("apply_b_dec_to_input").asBoolean(false));
        return new Draft(
                new SaeOrigin(
                        files.shortName(),
                        files.path(),
                        name(),
                        Sites.huggingFace(in),
                        in,
                        config.path("model_name").asText(""),
                        List.of()),
                weights);
    }
}
