package dev.pintle.model;

import dev.pintle.model.family.Gemma2;
import dev.pintle.model.family.Gemma3;
import dev.pintle.model.family.Llama;
import dev.pintle.model.family.Mistral;
import dev.pintle.model.family.Olmo2;
import dev.pintle.model.family.Phi3;
import dev.pintle.model.family.Qwen2;
import dev.pintle.model.family.Qwen3;
import java.util.List;
import java.util.stream.Collectors;

/** A family of models: which configuration it understands, what its weights are called, how its blocks are wired. */
public interface Architecture {
    /** All families, in alphabetical order. */
    List<Architecture> ALL = List.of(
            new Gemma2(), new Gemma3(), new Llama(), new Mistral(), new Olmo2(), new Phi3(), new Qwen2(), new Qwen3());

    /** The {@code model_type} in config.json that means this family. */
    String modelType();

    /** Reads the numbers of the model and marks every key it understands. */
    ModelConfig config(ConfigReader json);

    /** Wires the weights. */
    Transformer build(ConfigReader json, ModelConfig config, Weights weights);

    /** @throws dev.pintle.base.PintleException naming the families that are understood */
    static Architecture of(ConfigReader json) {
        String type = json.modelType();
        return ALL.stream()
                .filter(family -> family.modelType().equals(type))
                .findFirst()
                .orElseThrow(() -> json.unexpected(
                        "model_type", ALL.stream().map(Architecture::modelType).collect(Collectors.joining(", "))));
    }
}
