package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;

/** A model family: the configuration it understands, the names of its weights, and how its blocks are wired. */
public interface Architecture {
    /** The {@code model_type} in config.json that identifies this family. */
    String modelType();

    /** Reads the model's hyperparameters and marks every key it understands. */
    ModelConfig config(ConfigReader json);

    /** Builds the transformer from its weights. */
    Transformer build(ConfigReader json, ModelConfig config, Weights weights);
}
