package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Folders of dictionary_learning: {@code trainer_N/ae.pt} and {@code config.json}. The configuration names the class
 * that wrote the file. BatchTopK autoencoders store a scalar threshold; without it far too many latents would fire.
 */
final class DictionaryLearningFormat implements SaeFormat {
    private static final Set<String> AUTO_ENCODER = Set.of("bias", "encoder.weight", "encoder.bias", "decoder.weight");
    private static final Set<String> GATED =
            Set.of("decoder_bias", "encoder.weight", "r_mag", "gate_bias", "mag_bias", "decoder.weight");
    private static final Set<String> TOP_K =
            Set.of("encoder.weight", "encoder.bias", "decoder.weight", "b_dec", "k", "threshold");
    private static final Pattern SUBMODULE = Pattern.compile("(resid_post|resid_pre|mlp_out|mlp)_layer_(\\d{1,3})");

    @Override
    public String name() {
        return "dictionary_learning";
    }

    @Override
    public String layout() {
        return "config.json with trainer.dict_class, ae.pt";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.isTorch()
                && (files.config().at("/trainer/dict_class").isTextual()
                        || Set.of(AUTO_ENCODER, GATED, TOP_K).contains(files.names()));
    }

    @Override
    public Draft read(SaeFiles files) {
        JsonNode trainer = files.config().path("trainer");
        String kind = kind(files, trainer);
        Weights weights = switch (kind) {
            case "AutoEncoder" -> linear(files, "bias", AUTO_ENCODER).subtractingBias(true);
            case "AutoEncoderNew" ->
                linear(
                        files,
                        "decoder.bias",
                        Set.of("encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"));
            case "GatedAutoEncoder" -> gated(files);
            case "JumpReluAutoEncoder" -> jumpRelu(files, trainer);
            case "AutoEncoderTopK" -> topK(files);
            case "BatchTopKSAE" -> {
                Weights plain = linear(files, "b_dec", TOP_K).subtractingBias(true);
                yield plain.with(threshold(files, plain.encoder().dSae()));
            }
            case "MatryoshkaBatchTopKSAE" -> matryoshka(files);
            default -> throw files.refused(this, "This class of autoencoder is not supported.", "dict_class", kind);
        };
        return new Draft(origin(files, trainer), weights);
    }

    private String kind(SaeFiles files, JsonNode trainer) {
        if (trainer.path("dict_class").isTextual()) {
            return trainer.get("dict_class").asText();
        }
        if (files.names().equals(TOP_K)) {
            throw files.refused(
                    this,
                    "The tensors fit two classes, which only the configuration can tell apart.",
                    "missing",
                    "config.json next to ae.pt, with trainer.dict_class AutoEncoderTopK or BatchTopKSAE");
        }
        return files.names().equals(GATED) ? "GatedAutoEncoder" : "AutoEncoder";
    }

    private Weights linear(SaeFiles files, String bias, Set<String> keys) {
        files.requireKeys(this, keys, Set.of());
        LatentMatrix encoder = files.matrix("encoder.weight", LATENTS_FIRST);
        return Weights.plain(
                encoder,
                files.vector("encoder.bias", encoder.dSae()),
                files.decoder("decoder.weight", MODEL_FIRST, encoder),
                files.vector(bias, encoder.dModel()));
    }

    private Weights topK(SaeFiles files) {
        // its threshold is a running estimate that the library itself only uses on request
        files.requireKeys(this, Set.of("encoder.weight", "encoder.bias", "decoder.weight", "b_dec", "k"), TOP_K);
        LatentMatrix encoder = files.matrix("encoder.weight", LATENTS_FIRST);
        return Weights.plain(
                        encoder,
                        files.vector("encoder.bias", encoder.dSae()),
                        files.decoder("decoder.weight", MODEL_FIRST, encoder),
                        files.vector("b_dec", encoder.dModel()))
                .subtractingBias(true)
                .with(new Sparsity.TopK((int) files.number("k")));
    }

    private Weights gated(SaeFiles files) {
        files.requireKeys(this, GATED, Set.of());
        LatentMatrix encoder = files.matrix("encoder.weight", LATENTS_FIRST);
        int dSae = encoder.dSae();
        Vec raised = SaeLensFormat.exp(files.numbers("r_mag", dSae));
        Vec gate = files.numbers("gate_bias", dSae);
        Vec magnitude = files.numbers("mag_bias", dSae);
        double[] bias = new double[dSae];
        for (int i = 0; i < dSae; i++) {
            bias[i] = magnitude.get(i) - (double) gate.get(i) * raised.get(i);
        }
        Tensor gateBias = files.vector("gate_bias", dSae);
        return Weights.plain(
                        encoder,
                        gateBias,
                        files.decoder("decoder.weight", MODEL_FIRST, encoder),
                        files.vector("decoder_bias", encoder.dModel()))
                .subtractingBias(true)
                .with(new Sparsity.Gated(raised, Vec.of(bias)));
    }

    private Weights byLatent(SaeFiles files, Set<String> optional) {
        files.requireKeys(this, Set.of("W_enc", "b_enc", "W_dec", "b_dec", "threshold"), optional);
        LatentMatrix encoder = files.matrix("W_enc", MODEL_FIRST);
        return Weights.plain(
                encoder,
                files.vector("b_enc", encoder.dSae()),
                files.decoder("W_dec", LATENTS_FIRST, encoder),
                files.vector("b_dec", encoder.dModel()));
    }

    private Weights jumpRelu(SaeFiles files, JsonNode trainer) {
        Weights plain = byLatent(files, Set.of());
        return plain.with(new Sparsity.JumpRelu(
                        files.numbers("threshold", plain.encoder().dSae())))
                .subtractingBias(trainer.path("apply_b_dec_to_input").asBoolean(false));
    }

    private Weights matryoshka(SaeFiles files) {
        Weights plain = byLatent(files, Set.of("k", "group_sizes"));
        return plain.with(threshold(files, plain.encoder().dSae())).subtractingBias(true);
    }

    private Sparsity threshold(SaeFiles files, int dSae) {
        double threshold = files.number("threshold");
        if (threshold < 0) {
            throw files.refused(
                    this, "The autoencoder was saved before its threshold was estimated.", "threshold", threshold);
        }
        return new Sparsity.JumpRelu(SaeLensFormat.constant(threshold, dSae));
    }

    private SaeOrigin origin(SaeFiles files, JsonNode trainer) {
        String submodule = trainer.path("submodule_name").asText("");
        return new SaeOrigin(
                files.shortName(),
                files.path(),
                name(),
                place(submodule),
                submodule.isEmpty() && trainer.has("layer") ? "layer " + trainer.get("layer") : submodule,
                trainer.path("lm_name").asText(""),
                List.of(),
                new TrainingTokens(null, files.config().at("/buffer/ctx_len").asInt(0), ""));
    }

    private static @Nullable HookPoint place(String submodule) {
        Matcher matcher = SUBMODULE.matcher(submodule);
        if (!matcher.matches()) {
            return null;
        }
        int layer = Integer.parseInt(matcher.group(2));
        return switch (matcher.group(1)) {
            case "resid_post" -> HookPoint.residPost(layer);
            case "resid_pre" -> HookPoint.residPre(layer);
            default -> HookPoint.mlpOut(layer);
        };
    }
}
