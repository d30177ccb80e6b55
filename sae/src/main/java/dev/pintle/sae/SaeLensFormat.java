package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;
import static dev.pintle.sae.LatentMatrix.Axes.MODEL_FIRST;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * SAELens' folders, versions 5 and 6: {@code cfg.json} and {@code sae_weights.safetensors}. Since version 6 the hook
 * point is under {@code metadata}; before, it was at the top level, partly under different keys. BatchTopK and
 * Matryoshka autoencoders are saved as JumpReLU; a training checkpoint of BatchTopK stores a scalar threshold.
 */
final class SaeLensFormat implements SaeFormat {
    @Override
    public String name() {
        return "SAELens";
    }

    @Override
    public String layout() {
        return "cfg.json with d_in and d_sae, sae_weights.safetensors with W_enc, b_enc, W_dec, b_dec";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        JsonNode config = files.config();
        return config.has("d_in") && (config.has("d_sae") || config.has("architecture")) && !files.isTorch();
    }

    @Override
    public Draft read(SaeFiles files) {
        JsonNode config = files.config();
        String architecture = architecture(config);
        requireAutoencoder(files, config, architecture);
        List<String> notes = new ArrayList<>();
        Set<String> required = new HashSet<>(Set.of("W_enc", "W_dec", "b_dec"));
        required.addAll(architecture.equals("gated") ? Set.of("b_gate", "r_mag", "b_mag") : Set.of("b_enc"));
        files.requireKeys(
                this,
                required,
                Set.of("threshold", "log_threshold", "topk_threshold", "scaling_factor", "finetuning_scaling_factor"));
        LatentMatrix encoder = files.matrix("W_enc", MODEL_FIRST);
        Weights weights = Weights.plain(
                        encoder,
                        files.vector(architecture.equals("gated") ? "b_gate" : "b_enc", encoder.dSae()),
                        scaled(files, config, files.decoder("W_dec", LATENTS_FIRST, encoder), notes),
                        files.vector("b_dec", encoder.dModel()))
                .with(sparsity(files, config, architecture, encoder.dSae(), notes))
                .with(normalisation(files, config, notes))
                .subtractingBias(config.path("apply_b_dec_to_input").asBoolean(true));
        if (config.path("rescale_acts_by_decoder_norm").asBoolean(false)) {
            weights = weights.withLatentScale(lengths(weights.decoder()));
            notes.add("pre-activations are multiplied by the norms of the decoder rows, and latents divided by them");
        }
        return new Draft(origin(files, config, notes), weights);
    }

    private SaeOrigin origin(SaeFiles files, JsonNode config, List<String> notes) {
        String site = text(config, "hook_name", "hook_point");
        HookPoint at = Sites.either(site);
        String reshape = config.path("reshape_activations").asText("none");
        JsonNode head = either(config, "hook_head_index", "hook_point_head_index");
        if (!reshape.equals("none") || head.isInt()) {
            at = null; // reads heads, which have no hook point here
            notes.add("it reads " + (head.isInt() ? "head " + head : "all heads") + " of " + site
                    + ", flattened: supply the activations yourself");
        }
        return new SaeOrigin(
                files.shortName(),
                files.path(),
                name(),
                at,
                site,
                text(config, "model_name", "model_name"),
                notes,
                trainedOn(config, notes));
    }

    /** Before version 6, sequences started with BOS unless the configuration says otherwise. */
    private static TrainingTokens trainedOn(JsonNode config, List<String> notes) {
        JsonNode bos = either(config, "prepend_bos", "prepend_bos");
        boolean older = !config.has("metadata");
        JsonNode size = either(config, "context_size", "context_size");
        JsonNode slice = either(config, "seqpos_slice", "seqpos_slice");
        List<String> bounds = new ArrayList<>();
        slice.forEach(bound -> bounds.add(bound.isNull() ? "" : bound.asText()));
        String positions = bounds.stream().allMatch(String::isEmpty)
                ? ""
                : bounds.size() == 1 ? ":" + bounds.get(0) : String.join(":", bounds);
        if (!positions.isEmpty()) {
            notes.add("it was trained on the positions " + positions + " of each sequence only (seqpos_slice)");
        }
        return new TrainingTokens(
                bos.isBoolean() ? (Boolean) bos.asBoolean() : older ? Boolean.TRUE : null, size.asInt(0), positions);
    }

    /** Whether it reads a residual stream whose mean TransformerLens has removed. */
    private static boolean isCentred(JsonNode config, List<String> notes) {
        JsonNode options = either(config, "model_from_pretrained_kwargs", "model_from_pretrained_kwargs");
        if (options.has("center_writing_weights")) {
            return options.get("center_writing_weights").asBoolean();
        }
        // the oldest files do not say; SAELens' table of releases says so for them
        boolean oldest = config.has("hook_point")
                && options.isMissingNode()
                && !config.has("normalize_activations")
                && text(config, "model_name", "model_name").startsWith("gpt2")
                && config.get("hook_point").asText().contains("hook_resid");
        if (oldest) {
            notes.add("its files do not say so, but it reads the residual stream less each token's mean, as"
                    + " TransformerLens' center_writing_weights leaves it: see pintle sae check");
        }
        return oldest;
    }

    private static Tensor lengths(LatentMatrix decoder) {
        Tensor norms = decoder.norms();
        return norms.maskedFill(norms.atMost(norms.times(0)), 1e-30); // a zero row writes nothing at any activation
    }

    private static String architecture(JsonNode config) {
        String named = config.path("architecture").asText("standard").toLowerCase(Locale.ROOT);
        String function = text(config, "activation_fn", "activation_fn_str");
        return named.equals("standard") && function.equals("topk") ? "topk" : named;
    }

    private void requireAutoencoder(SaeFiles files, JsonNode config, String architecture) {
        boolean transcodes = architecture.contains("transcoder")
                || files.names().contains("W_skip")
                || (config.has("d_out")
                        && config.get("d_out").asInt() != config.get("d_in").asInt());
        if (transcodes) {
            throw files.refused(
                    this,
                    "A transcoder does not reconstruct its input, so it cannot be used as an autoencoder.",
                    "architecture",
                    architecture);
        }
        if (!Set.of("standard", "topk", "jumprelu", "gated", "batchtopk", "matryoshka_batchtopk")
                .contains(architecture)) {
            throw files.refused(
                    this,
                    "This autoencoder architecture is not supported.",
                    "architecture",
                    architecture + " (supported: standard, topk, jumprelu, gated, batchtopk, matryoshka_batchtopk)");
        }
        String function = text(config, "activation_fn", "activation_fn_str");
        if (!Set.of("", "relu", "topk").contains(function)) {
            throw files.refused(this, "This activation function is not supported.", "activation_fn", function);
        }
    }

    private Sparsity sparsity(SaeFiles files, JsonNode config, String architecture, int dSae, List<String> notes) {
        if (architecture.equals("gated")) {
            Vec raised = exp(files.numbers("r_mag", dSae));
            Vec gate = files.numbers("b_gate", dSae);
            Vec magnitude = files.numbers("b_mag", dSae);
            double[] bias = new double[dSae];
            for (int i = 0; i < dSae; i++) {
                bias[i] = magnitude.get(i) - (double) gate.get(i) * raised.get(i);
            }
            return new Sparsity.Gated(raised, Vec.of(bias));
        }
        if (files.names().contains("threshold")) {
            return new Sparsity.JumpRelu(files.numbers("threshold", dSae));
        }
        if (files.names().contains("log_threshold")) {
            return new Sparsity.JumpRelu(exp(files.numbers("log_threshold", dSae)));
        }
        if (files.names().contains("topk_threshold")) {
            notes.add("a training checkpoint: its scalar threshold is used for every latent, as after training");
            return new Sparsity.JumpRelu(constant(files.number("topk_threshold"), dSae));
        }
        if (architecture.equals("topk")) {
            JsonNode k = config.has("k") ? config.get("k") : config.at("/activation_fn_kwargs/k");
            if (!k.isInt() || k.asInt() < 1) {
                throw files.refused(this, "The configuration does not say how many latents are kept.", "k", k);
            }
            return new Sparsity.TopK(k.asInt());
        }
        if (!architecture.equals("standard")) {
            throw files.refused(
                    this,
                    "The autoencoder has no threshold.",
                    "architecture",
                    architecture + ", tensors " + files.names());
        }
        return new Sparsity.Relu();
    }

    private Normalisation normalisation(SaeFiles files, JsonNode config, List<String> notes) {
        JsonNode how = config.path("normalize_activations");
        String name = how.isBoolean() ? (how.asBoolean() ? "expected_average_only_in" : "none") : how.asText("none");
        return switch (name) {
            case "none", "null" -> isCentred(config, notes) ? new Normalisation.Centred() : new Normalisation.None();
            case "layer_norm" -> new Normalisation.LayerNorm();
            case "constant_norm_rescale" -> new Normalisation.UnitNorm();
            case "expected_average_only_in", "constant_scalar_rescale" -> scale(files, config, name);
            default -> throw files.refused(this, "This normalisation is not supported.", "normalize_activations", name);
        };
    }

    private Normalisation scale(SaeFiles files, JsonNode config, String name) {
        Path scaler = files.folder().resolve("activation_scaler.json");
        JsonNode factor = config.path("norm_scaling_factor");
        if (Files.isRegularFile(scaler)) {
            factor = SaeFiles.json(scaler).path("scaling_factor");
        }
        if (!factor.isNumber() || !(factor.asDouble() > 0)) {
            throw Problem.of("The autoencoder reads scaled activations, but its files do not state the scale.")
                    .fact("folder", files.folder().toAbsolutePath())
                    .fact("normalize_activations", name)
                    .fact("missing", "activation_scaler.json: {\"scaling_factor\": √dModel / mean activation norm}")
                    .toException();
        }
        return new Normalisation.Scale(factor.asDouble());
    }

    /** Decoder rows times the factors by which fine-tuning scaled latents before decoding: (f · s) W = f (s W). */
    private LatentMatrix scaled(SaeFiles files, JsonNode config, LatentMatrix decoder, List<String> notes) {
        LatentMatrix rows = decoder;
        for (String name : List.of("scaling_factor", "finetuning_scaling_factor")) {
            if (files.names().contains(name) && !areOnes(files.numbers(name, decoder.dSae()))) {
                if (!config.path("finetuning_scaling_factor").asBoolean(false)) {
                    throw files.refused(
                            this,
                            "The file has a factor per latent, but its configuration does not say that it is applied.",
                            name,
                            "expected all 1, or finetuning_scaling_factor: true");
                }
                Tensor factors = files.vector(name, decoder.dSae()).reshape(-1, 1);
                Tensor stored = rows.stored();
                rows = new LatentMatrix(stored.to(DType.FP32).times(factors).to(stored.dtype()), rows.axes());
                notes.add("decoder rows are multiplied by the factors of its fine-tuning (" + name + ")");
            }
        }
        return rows;
    }

    private static boolean areOnes(Vec factors) {
        for (int i = 0; i < factors.size(); i++) {
            if (factors.get(i) != 1) {
                return false;
            }
        }
        return true;
    }

    static Vec constant(double number, int size) {
        double[] all = new double[size];
        Arrays.fill(all, number);
        return Vec.of(all);
    }

    static Vec exp(Vec logarithms) {
        double[] all = new double[logarithms.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = Math.exp(logarithms.get(i));
        }
        return Vec.of(all);
    }

    private static JsonNode either(JsonNode config, String key, String older) {
        for (JsonNode level : List.of(config.path("metadata"), config)) {
            for (String name : List.of(key, older)) {
                if (level.hasNonNull(name)) {
                    return level.get(name);
                }
            }
        }
        return MissingNode.getInstance();
    }

    private static String text(JsonNode config, String key, String older) {
        return either(config, key, older).asText("");
    }
}
