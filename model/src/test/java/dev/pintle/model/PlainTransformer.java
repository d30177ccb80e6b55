package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The families that are wired like Llama, Gemma or OLMo 2, in loops over doubles, one token after the other, straight from config.json and the weights' names: slow,
 * and too plain to be wrong in the same way as the engine.
 */
final class PlainTransformer {
    private static final Set<String> KNOWN = Set.of(
            "gemma2",
            "gemma3",
            "granite",
            "llama31",
            "llama32_tied",
            "llama_biased",
            "mistral_window",
            "olmo2",
            "phi3",
            "qwen2",
            "qwen3",
            "smollm3");

    private final JsonNode config;
    private final Map<String, double[]> weights = new HashMap<>();
    private final String family;
    private final int dModel;
    private final int nHeads;
    private final int nKvHeads;
    private final int dHead;
    private final int dMlp;
    private final int dVocab;
    private final double eps;
    private final boolean gemma;

    PlainTransformer(Path folder) throws IOException {
        config = new ObjectMapper().readTree(folder.resolve("config.json").toFile());
        try (TensorScope scope = TensorScope.open("plain weights");
                Checkpoint checkpoint = SafeTensors.open(folder)) {
            for (String name : checkpoint.names()) {
                weights.put(name, checkpoint.tensor(name).toDoubles());
            }
        }
        family = config.get("model_type").asText();
        gemma = family.startsWith("gemma");
        dModel = config.get("hidden_size").asInt();
        nHeads = config.get("num_attention_heads").asInt();
        nKvHeads = config.get("num_key_value_heads").asInt();
        dHead = config.path("head_dim").asInt(dModel / nHeads);
        dMlp = config.get("intermediate_size").asInt();
        dVocab = config.get("vocab_size").asInt();
        eps = config.get("rms_norm_eps").asDouble();
    }

    /** Whether a folder's model is wired as this is. */
    static boolean knows(Path folder) {
        return KNOWN.contains(String.valueOf(folder.getFileName()));
    }

    /** Residual streams after each block, then logits: `[nLayers + 1][tokens][dModel or dVocab]`. */
    List<double[][]> run(int[] ids) {
        List<double[][]> seen = new ArrayList<>();
        double[][] x = new double[ids.length][dModel];
        for (int t = 0; t < ids.length; t++) {
            for (int i = 0; i < dModel; i++) {
                x[t][i] = weight("model.embed_tokens")[ids[t] * dModel + i]
                        * (gemma
                                ? Math.sqrt(dModel)
                                : config.path("embedding_multiplier").asDouble(1));
            }
        }
        for (int layer = 0; layer < config.get("num_hidden_layers").asInt(); layer++) {
            x = block(layer, x);
            seen.add(x);
        }
        boolean tied = config.path("tie_word_embeddings").asBoolean();
        double[][] logits = linear(norm(x, "model.norm", dModel), tied ? "model.embed_tokens" : "lm_head", 0, dVocab);
        scale(logits, 1 / config.path("logits_scaling").asDouble(1));
        cap(logits, config.path("final_logit_softcapping"));
        seen.add(logits);
        return seen;
    }

    private double[] weight(String name) {
        return Objects.requireNonNull(weights.get(name + ".weight"), name);
    }

    private double[][] block(int layer, double[][] x) {
        String at = "model.layers." + layer + ".";
        boolean post = family.equals("olmo2");
        double[][] attn = attention(layer, post ? x : norm(x, at + "input_layernorm", dModel));
        scale(attn, config.path("residual_multiplier").asDouble(1));
        x = sum(x, post || gemma ? norm(attn, at + "post_attention_layernorm", dModel) : attn);
        double[][] mlp = switch (family) {
            case "olmo2" -> mlp(at, x);
            case "gemma2", "gemma3_text" -> mlp(at, norm(x, at + "pre_feedforward_layernorm", dModel));
            default -> mlp(at, norm(x, at + "post_attention_layernorm", dModel));
        };
        scale(mlp, config.path("residual_multiplier").asDouble(1));
        return sum(x, post || gemma ? norm(mlp, at + "post_feedforward_layernorm", dModel) : mlp);
    }

    private double[][] mlp(String at, double[][] x) {
        boolean fused = family.equals("phi3");
        double[][] gate = linear(x, at + (fused ? "mlp.gate_up_proj" : "mlp.gate_proj"), 0, dMlp);
        double[][] up = linear(x, at + (fused ? "mlp.gate_up_proj" : "mlp.up_proj"), fused ? dMlp : 0, dMlp);
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < dMlp; i++) {
                double g = gate[t][i];
                double activated = gemma
                        ? 0.5 * g * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g)))
                        : g / (1 + Math.exp(-g));
                up[t][i] *= activated;
            }
        }
        return linear(up, at + "mlp.down_proj", 0, dModel);
    }

    private double[][] attention(int layer, double[][] x) {
        String at = "model.layers." + layer + ".self_attn.";
        boolean fused = family.equals("phi3");
        int queries = nHeads * dHead;
        int shared = nKvHeads * dHead;
        double[][] q = linear(x, at + (fused ? "qkv_proj" : "q_proj"), 0, queries);
        double[][] k = linear(x, at + (fused ? "qkv_proj" : "k_proj"), fused ? queries : 0, shared);
        double[][] v = linear(x, at + (fused ? "qkv_proj" : "v_proj"), fused ? queries + shared : 0, shared);
        if (weights.containsKey(at + "q_norm.weight")) {
            int width = family.equals("olmo2") ? 0 : dHead;
            q = norm(q, at + "q_norm", width == 0 ? queries : width);
            k = norm(k, at + "k_norm", width == 0 ? shared : width);
        }
        boolean slides = slides(layer);
        JsonNode turns = config.path("no_rope_layers");
        if (!turns.isArray() || turns.get(layer).asInt() == 1) {
            turn(q, nHeads, slides);
            turn(k, nKvHeads, slides);
        }
        int window = slides ? config.get("sliding_window").asInt() : Integer.MAX_VALUE;
        double scale = config.path("attention_multiplier")
                .asDouble(1
                        / Math.sqrt(gemma ? config.get("query_pre_attn_scalar").asDouble() : dHead));
        double[][] mixed = new double[x.length][queries];
        for (int t = 0; t < x.length; t++) {
            for (int head = 0; head < nHeads; head++) {
                int from = head / (nHeads / nKvHeads) * dHead;
                double[][] scores = new double[1][t + 1];
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < dHead; i++) {
                        scores[0][s] += q[t][head * dHead + i] * k[s][from + i] * scale;
                    }
                }
                cap(scores, config.path("attn_logit_softcapping"));
                double total = 0;
                for (int s = Math.max(0, t - window + 1); s <= t; s++) {
                    total += Math.exp(scores[0][s]);
                }
                for (int s = Math.max(0, t - window + 1); s <= t; s++) {
                    for (int i = 0; i < dHead; i++) {
                        mixed[t][head * dHead + i] += Math.exp(scores[0][s]) / total * v[s][from + i];
                    }
                }
            }
        }
        return linear(mixed, at + "o_proj", 0, dModel);
    }

    private boolean slides(int layer) {
        JsonNode types = config.path("layer_types");
        if (types.isArray()) {
            return types.get(layer).asText().equals("sliding_attention");
        }
        return config.path("sliding_window").isNumber();
    }

    private void turn(double[][] x, int heads, boolean slides) {
        JsonNode rope = config.get("rope_parameters");
        JsonNode own = family.equals("gemma3_text") ? rope.get(slides ? "sliding_attention" : "full_attention") : rope;
        int half = dHead / 2;
        for (int i = 0; i < half; i++) {
            float frequency =
                    stretched(1.0f / (float) Math.pow(own.get("rope_theta").asDouble(), 2f * i / dHead), own);
            for (int t = 0; t < x.length; t++) {
                float angle = t * frequency;
                for (int head = 0; head < heads; head++) {
                    double a = x[t][head * dHead + i];
                    double b = x[t][head * dHead + half + i];
                    x[t][head * dHead + i] = a * Math.cos(angle) - b * Math.sin(angle);
                    x[t][head * dHead + half + i] = b * Math.cos(angle) + a * Math.sin(angle);
                }
            }
        }
    }

    private static float stretched(float frequency, JsonNode rope) {
        if (!rope.path("rope_type").asText().equals("llama3")) {
            return frequency;
        }
        double low = rope.get("low_freq_factor").asDouble();
        double high = rope.get("high_freq_factor").asDouble();
        float factor = (float) rope.get("factor").asDouble();
        double turns = rope.get("original_max_position_embeddings").asDouble() / ((float) (2 * Math.PI) / frequency);
        if (turns > high) {
            return frequency;
        }
        float smooth = (float) ((turns - low) / (high - low));
        return turns < low ? frequency / factor : (1 - smooth) * frequency / factor + smooth * frequency;
    }

    /** Divides each run of {@code width} numbers by its root mean square. */
    private double[][] norm(double[][] x, String name, int width) {
        double[] weight = weight(name);
        double[][] out = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int start = 0; start < x[t].length; start += width) {
                double squares = 0;
                for (int i = 0; i < width; i++) {
                    squares += x[t][start + i] * x[t][start + i];
                }
                for (int i = 0; i < width; i++) {
                    double w = gemma ? 1 + weight[i] : weight[i];
                    out[t][start + i] = x[t][start + i] / Math.sqrt(squares / width + eps) * w;
                }
            }
        }
        return out;
    }

    private double[][] linear(double[][] x, String name, int firstRow, int rows) {
        double[] weight = weight(name);
        double @Nullable [] bias = weights.get(name + ".bias");
        int in = x[0].length;
        double[][] out = new double[x.length][rows];
        for (int t = 0; t < x.length; t++) {
            for (int row = 0; row < rows; row++) {
                double sum = bias == null ? 0 : bias[firstRow + row];
                for (int i = 0; i < in; i++) {
                    sum += x[t][i] * weight[(firstRow + row) * in + i];
                }
                out[t][row] = sum;
            }
        }
        return out;
    }

    private static void scale(double[][] x, double factor) {
        for (double[] row : x) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= factor;
            }
        }
    }

    private static void cap(double[][] x, JsonNode cap) {
        if (cap.isNumber()) {
            for (double[] row : x) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = cap.asDouble() * Math.tanh(row[i] / cap.asDouble());
                }
            }
        }
    }

    private static double[][] sum(double[][] x, double[][] y) {
        double[][] out = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < out[t].length; i++) {
                out[t][i] = x[t][i] + y[t][i];
            }
        }
        return out;
    }
}
