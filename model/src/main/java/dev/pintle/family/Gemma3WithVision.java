package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.Map;

/**
 * Gemma 3 with a vision encoder (4B, 12B and 27B): the text model under {@code text_config}, which leaves most keys to
 * their defaults. The encoder is not loaded, so that only text can be read.
 */
public final class Gemma3WithVision implements Architecture {
    private static final Map<String, Number> DEFAULTS = Map.of(
            "vocab_size", 262_208,
            "num_attention_heads", 8,
            "num_key_value_heads", 4,
            "head_dim", 256,
            "max_position_embeddings", 131_072,
            "rms_norm_eps", 1e-6);

    private final Gemma3 text = new Gemma3();

    @Override
    public String modelType() {
        return "gemma3";
    }

    private static ConfigReader textConfig(ConfigReader json) {
        return json.nested("text_config", DEFAULTS);
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        for (String image : List.of("vision_config", "mm_tokens_per_image")) {
            json.has(image); // of the part that is not loaded
        }
        ConfigReader inner = textConfig(json);
        if (!inner.modelType().equals(text.modelType())) {
            throw inner.unexpected("model_type", text.modelType());
        }
        ModelConfig config = text.config(inner);
        json.requireValue("tie_word_embeddings", config.tiedEmbeddings());
        return config;
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        for (String part : List.of("vision_tower.", "multi_modal_projector.")) {
            weights.passOverAll(part);
            weights.passOverAll("model." + part);
        }
        return text.build(textConfig(json), c, weights);
    }
}
