package dev.pintle.cli;

import dev.pintle.model.Decoding;
import dev.pintle.model.Fingerprint;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.study.RunManifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a result came from, as found under {@code setup} in every JSON output: the model and its revision, each vector with
 * its hash, hook point, strength in both units and positions, changed latents, autoencoder, decoding and seed.
 */
final class Setup {
    private final Map<String, Object> fields = new LinkedHashMap<>();
    private final List<Map<String, Object>> vectors = new ArrayList<>();
    private final List<Map<String, Object>> latents = new ArrayList<>();

    private Setup() {
        fields.put("pintle", RunManifest.version());
    }

    /** For a command that runs no model. */
    static Setup withoutModel() {
        return new Setup();
    }

    static Setup of(LanguageModel model) {
        Setup setup = new Setup();
        setup.fields.put("model", model.id().name());
        setup.fields.put("revision", model.id().revision());
        setup.fields.put("dtype", model.dtype().toString());
        setup.fields.put("device", model.device().toString());
        if (!model.storage().isEmpty()) {
            setup.fields.put("weights", model.storage());
        }
        model.tokenizerOf().ifPresent(repository -> setup.fields.put("tokenizer_of", repository));
        return setup;
    }

    /** A vector that was read or tried. */
    Setup vector(String name, SteeringVector vector) {
        vectors.add(ofVector(name, vector));
        return this;
    }

    /** A vector that was added. */
    Setup vector(String name, SteeringVector vector, Strength strength, Tokens tokens) {
        Map<String, Object> one = ofVector(name, vector);
        one.put("strength", strength.toString());
        strength.inNorms(vector).ifPresent(norms -> one.put("strength_in_activation_norms", norms));
        one.put("strength_as_factor", strength.resolve(vector));
        one.put("positions", tokens.name());
        vectors.add(one);
        return this;
    }

    private static Map<String, Object> ofVector(String name, SteeringVector vector) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("name", name);
        one.put("sha256", vector.hash());
        one.put("hook_point", vector.at().toString());
        one.put("layer", vector.at().layer());
        one.put("method", vector.origin().method().name());
        one.put("norm", vector.direction().norm());
        if (Strength.knowsNorm(vector)) {
            one.put("mean_activation_norm", vector.origin().meanActivationNorm());
        }
        return one;
    }

    /** Changed latents and their autoencoder. */
    Setup latents(SparseAutoencoder sae, List<LatentChange> changes, Tokens tokens) {
        autoencoder(sae);
        for (LatentChange change : changes) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("latent", change.latent());
            one.put("change", change.toString());
            one.put("hook_point", sae.place().toString());
            one.put("positions", tokens.name());
            latents.add(one);
        }
        return this;
    }

    Setup autoencoder(SparseAutoencoder sae) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("name", sae.name());
        one.put("format", sae.origin().format());
        one.put("fingerprint", Fingerprint.ofContent(sae.origin().path()));
        one.put("dtype", sae.dtype().toString());
        one.put("hook_point", sae.at() == null ? null : String.valueOf(sae.at()));
        one.put("trained_with_bos", sae.origin().trainedOn().startWithBos());
        fields.put("autoencoder", one);
        return this;
    }

    /** An autoencoder that was named but not opened. */
    Setup autoencoder(Path file) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("name", String.valueOf(file.getFileName()));
        one.put("fingerprint", Fingerprint.ofContent(file));
        fields.put("autoencoder", one);
        return this;
    }

    Setup decoding(Decoding how) {
        fields.put("decoding", ofDecoding(how));
        return this;
    }

    /** How an answer was decoded, and the strings that end it, if any. */
    Setup decoding(AnswerSettings how) {
        Map<String, Object> one = ofDecoding(how.decoding());
        if (!how.stopStrings().isEmpty()) {
            one.put("stop_strings", how.stopStrings());
        }
        fields.put("decoding", one);
        return this;
    }

    private static Map<String, Object> ofDecoding(Decoding how) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("kind", how instanceof Decoding.Sample ? "sample" : "greedy");
        one.put("max_new_tokens", how.maxNewTokens());
        if (how instanceof Decoding.Sample sample) {
            one.put("temperature", sample.temperature());
            one.put("top_k", sample.topK());
            one.put("top_p", sample.topP());
            one.put("min_p", sample.minP());
            one.put("repetition_penalty", sample.repetitionPenalty());
            one.put("seed", sample.seed());
        }
        return one;
    }

    /** Anything else that the result depends on. */
    Setup with(String key, @Nullable Object value) {
        fields.put(key, value);
        return this;
    }

    Map<String, Object> fields() {
        Map<String, Object> all = new LinkedHashMap<>(fields);
        all.put("vectors", List.copyOf(vectors));
        all.put("latents", List.copyOf(latents));
        return all;
    }
}
