package dev.pintle.hub;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A model as Ollama's manifest describes it: the weights and what Ollama applies to conversations.
 *
 * @param manifest the file
 * @param weights the blob that is the GGUF file
 * @param template in the template language of Go; "" for none
 * @param system the system prompt that conversations begin with; "" for none
 * @param parameters such as {@code temperature} and {@code stop}, each with its values as text
 * @param others kinds of layers that are neither of these, nor a licence or a vision encoder, such as {@code messages}
 */
public record OllamaModel(
        Path manifest,
        Path weights,
        String template,
        String system,
        Map<String, List<String>> parameters,
        List<String> others) {
    /** @param parameters copied, as are others */
    public OllamaModel {
        parameters = Map.copyOf(parameters);
        others = List.copyOf(others);
    }
}
