package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;

/** A family of models: which configuration it understands, what its weights are called, how its blocks are wired. */
public interface Architecture {
    /** The {@code model_type} in config.json that means this family. */
    String modelType();

    /** Reads the numbers of the model and marks every key it understands. */
    ModelConfig config(ConfigReader json);

    /** Wires the weights. */
    Transformer build(ConfigReader json, ModelConfig config, Weights weights);
}
