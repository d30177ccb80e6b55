package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.Map;

/**
 * A model that also reads images, of which only the text model is loaded: its configuration lies under
 * {@code text_config}, and the weights of the other parts are passed over.
 */
final class WithVision implements Architecture {
    private final String modelType;
    private final Architecture text;
    private final Map<String, Number> defaults;
    private final List<String> keys;
    private final List<String> parts;

    /**
     * @param text the family of the text model
     * @param defaults values of keys that published files leave out
     * @param keys of the other parts
     * @param parts beginnings of the names of their weights
     */
    private WithVision(
            String modelType, Architecture text, Map<String, Number> defaults, List<String> keys, List<String> parts) {
        this.modelType = modelType;
        this.text = text;
        this.defaults = defaults;
        this.keys = keys;
        this.parts = parts;
    }

    /** Gemma 3 4B, 12B and 27B, whose files leave most keys to their defaults. */
    static WithVision gemma3() {
        return new WithVision(
                "gemma3",
                new Gemma3(),
                Map.of(
                        "vocab_size", 262_208,
                        "num_attention_heads", 8,
                        "num_key_value_heads", 4,
                        "head_dim", 256,
                        "max_position_embeddings", 131_072,
                        "rms_norm_eps", 1e-6),
                List.of("vision_config", "mm_tokens_per_image"),
                List.of("vision_tower.", "multi_modal_projector."));
    }

    /** Qwen 3.5. */
    static WithVision qwen35() {
        return new WithVision("qwen3_5", new Qwen35(), Map.of(), List.of("vision_config"), List.of("visual."));
    }

    @Override
    public String modelType() {
        return modelType;
    }

    private ConfigReader textConfig(ConfigReader json) {
        return json.nested("text_config", defaults);
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        keys.forEach(json::has); // of parts that are not loaded
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
        for (String part : parts) {
            weights.passOverAll(part);
            weights.passOverAll("model." + part);
        }
        return text.build(textConfig(json), c, weights);
    }
}
