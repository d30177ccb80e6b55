package dev.pintle.model;

import dev.pintle.family.ConfigReader;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.testkit.Golden;
import java.nio.file.Path;

/** Small models on a GPU: those of the golden data, and some with random weights whose heads are as wide as usual. */
final class GpuModels {
    private static final String WIDE = "wide ";

    private GpuModels() {}

    /**
     * @param family a folder of the golden data; or {@code wide} with a family, the width of a head (128) and the number of
     *     query heads (8), which share two key heads; before that perhaps the format of its blocks, such as {@code Q8_0}
     */
    static LoadedTransformer open(String family, DType dtype) {
        Device gpu = Device.cuda(0);
        int wide = family.indexOf(WIDE);
        if (wide < 0) {
            return LoadedTransformer.open(Golden.folder().resolve(family), gpu, dtype);
        }
        String[] words = family.substring(wide + WIDE.length()).split(" ");
        String blocks = wide == 0 ? null : family.substring(0, wide).strip();
        String own = switch (words[0]) {
            case "mistral", "gemma3_text" -> ", \"sliding_window\": 300";
            case "gemma2" ->
                ", \"sliding_window\": 300, \"attn_logit_softcapping\": 1.0, \"final_logit_softcapping\": 1.0";
            default -> "";
        };
        String config = """
                {"model_type": "%s", "hidden_act": "%s", "hidden_size": 512, "num_hidden_layers": 3,
                 "num_attention_heads": %s, "num_key_value_heads": 2, "head_dim": %s, "intermediate_size": 1024,
                 "vocab_size": 272, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "tie_word_embeddings": %s%s}
                """.formatted(
                        words[0],
                        words[0].startsWith("gemma") ? "gelu_pytorch_tanh" : "silu",
                        words.length > 2 ? words[2] : "8",
                        words.length > 1 ? words[1] : "128",
                        blocks == null,
                        own);
        return LoadedTransformer.random(
                ConfigReader.parse(config, Path.of("config.json")), family, 1, gpu, dtype, blocks);
    }

    /** The length of the difference over the length of what was expected. */
    static double relativeError(float[] found, Tensor expected) {
        float[] values = expected.toFloats();
        double squares = 0;
        double difference = 0;
        for (int i = 0; i < values.length; i++) {
            squares += Math.pow(values[i], 2);
            difference += Math.pow(values[i] - found[i], 2);
        }
        return Math.sqrt(difference / squares);
    }
}
