package dev.pintle.family;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/**
 * The model families that can be loaded: Pintle's own, then those of other jars, found through {@link ServiceLoader}.
 */
public final class Families {
    private static final List<Architecture> OURS = List.of(
            new Cohere(),
            new Cohere2(),
            new Exaone4(),
            new Gemma(),
            new Gemma2(),
            new Gemma3(),
            WithVision.gemma3(),
            new Glm(),
            new Glm4(),
            new Gpt2(),
            new GptNeoX(),
            new GptOss(),
            new Granite(),
            new Llama(),
            new Mistral(),
            new Mixtral(),
            new Olmo2(),
            new Olmo3(),
            new Olmoe(),
            new Phi(),
            new Phi3(),
            new Qwen2(),
            new Qwen2Moe(),
            new Qwen3(),
            new Qwen3Moe(),
            new Qwen35(),
            WithVision.qwen35(),
            new SmolLM3(),
            new StableLm());

    private Families() {}

    /**
     * All families, in the order in which they are listed.
     *
     * @throws dev.pintle.base.PintleException if two claim the same {@code model_type}, naming both classes
     */
    public static List<Architecture> all() {
        List<Architecture> all = new ArrayList<>(OURS);
        for (Architecture other : ServiceLoader.load(Architecture.class)) {
            all.stream()
                    .filter(known -> known.modelType().equals(other.modelType()))
                    .findFirst()
                    .ifPresent(known -> {
                        throw Problem.of("Two families claim the same model type.")
                                .fact("model_type", Excerpt.of(other.modelType()))
                                .fact("class", known.getClass().getName())
                                .fact("class", other.getClass().getName())
                                .fact("try", "removing one of them from the class path")
                                .toException();
                    });
            all.add(other);
        }
        return List.copyOf(all);
    }

    /** @throws dev.pintle.base.PintleException listing the supported families */
    public static Architecture of(ConfigReader json) {
        String type = json.modelType();
        List<Architecture> all = all();
        return all.stream()
                .filter(family -> family.modelType().equals(type))
                .findFirst()
                .orElseThrow(() -> json.unexpected(
                        "model_type", all.stream().map(Architecture::modelType).collect(Collectors.joining(", "))));
    }
}
