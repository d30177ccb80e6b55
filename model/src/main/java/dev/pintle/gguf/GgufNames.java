package dev.pintle.gguf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Where the weights of an architecture lie in a GGUF file, by their names in the Hugging Face format. */
final class GgufNames {
    private static final Pattern OF_BLOCK = Pattern.compile("blk\\.(\\d{1,6})\\.([a-z0-9_]+)\\.(weight|bias)");
    private static final Pattern USED_BY_CONFIGURATION =
            Pattern.compile("rope_(freqs|factors_(long|short))\\.weight|v\\..*|mm\\..*");

    private static final Map<String, String> LLAMA = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));
    private static final Map<String, String> EXPERTS = Map.of(
            "ffn_gate_inp", "mlp.gate",
            "ffn_gate_exps", "mlp.experts.*.gate_proj",
            "ffn_up_exps", "mlp.experts.*.up_proj",
            "ffn_down_exps", "mlp.experts.*.down_proj",
            "ffn_gate_inp_shexp", "mlp.shared_expert_gate",
            "ffn_gate_shexp", "mlp.shared_expert.gate_proj",
            "ffn_up_shexp", "mlp.shared_expert.up_proj",
            "ffn_down_shexp", "mlp.shared_expert.down_proj");
    private static final Map<String, String> MIXTRAL = Map.of(
            "ffn_gate_inp", "block_sparse_moe.gate",
            "ffn_gate_exps", "block_sparse_moe.experts.*.w1",
            "ffn_up_exps", "block_sparse_moe.experts.*.w3",
            "ffn_down_exps", "block_sparse_moe.experts.*.w2");
    private static final Map<String, String> AFTER = Map.of(
            "post_attention_norm", "post_attention_layernorm",
            "post_ffw_norm", "post_feedforward_layernorm");
    private static final Map<String, String> GEMMA = joined(AFTER, Map.of("ffn_norm", "pre_feedforward_layernorm"));
    private static final Map<String, String> PHI3 =
            Map.of("attn_qkv", "self_attn.qkv_proj", "ffn_up", "mlp.gate_up_proj");
    private static final Map<String, String> GLM4 = Map.of(
            "post_attention_norm", "post_self_attn_layernorm",
            "post_ffw_norm", "post_mlp_layernorm",
            "ffn_up", "mlp.gate_up_proj");
    private static final Map<String, String> STABLELM =
            Map.of("attn_q_norm", "self_attn.q_layernorm.norms.*", "attn_k_norm", "self_attn.k_layernorm.norms.*");
    private static final Map<String, String> PHI2 =
            Map.of("attn_output", "self_attn.dense", "ffn_up", "mlp.fc1", "ffn_down", "mlp.fc2");
    private static final Map<String, String> GPT_OSS = Map.of(
            "attn_sinks", "self_attn.sinks",
            "post_attention_norm", "post_attention_layernorm", // before the MLP
            "ffn_gate_inp", "mlp.router");
    private static final List<String> THIRDS =
            List.of(".self_attn.q_proj.", ".self_attn.k_proj.", ".self_attn.v_proj.");
    private static final Map<String, String> NEOX = Map.of(
            "attn_norm", "input_layernorm",
            "ffn_norm", "post_attention_layernorm",
            "attn_qkv", "attention.query_key_value",
            "attn_output", "attention.dense",
            "ffn_up", "mlp.dense_h_to_4h",
            "ffn_down", "mlp.dense_4h_to_h");
    private static final Map<String, String> GPT2 = Map.of(
            "attn_norm", "ln_1",
            "ffn_norm", "ln_2",
            "attn_qkv", "attn.c_attn",
            "attn_output", "attn.c_proj",
            "ffn_up", "mlp.c_fc",
            "ffn_down", "mlp.c_proj");

    private GgufNames() {}

    /**
     * A weight in the file.
     *
     * @param tensor its name there
     * @param expert of a tensor that holds those of all experts, or the head if it holds norms of all heads; −1 for a tensor that is one weight
     * @param order of its rows
     */
    record Place(String tensor, int expert, Order order) {}

    /** How rows lie in the file. */
    sealed interface Order {
        /** As in the Hugging Face format. */
        record Same() implements Order {}

        /** The two halves of each head interleaved: elements that are rotated together are neighbours. */
        record InPairs(int heads) implements Order {}

        /** Queries of all heads, then keys, then values, instead of all three of each head. */
        record ByKind(int heads) implements Order {}

        /** One of three weights of the same height that lie below each other. */
        record Third(int index) implements Order {}

        /** Rows and columns exchanged. */
        record Turned() implements Order {}

        /** What the number of rows is a multiple of. */
        default int grain() {
            return this instanceof InPairs pairs
                    ? 2 * pairs.heads()
                    : this instanceof ByKind kinds ? 3 * kinds.heads() : 1;
        }

        /** Which rows of the file are the weight's, in its order. */
        default int[] rows(int count) {
            if (this instanceof InPairs pairs) {
                int width = count / pairs.heads();
                return IntStream.range(0, count)
                        .map(row -> {
                            int within = row % width;
                            int half = width / 2;
                            return row - within + within % half * 2 + within / half;
                        })
                        .toArray();
            }
            if (this instanceof ByKind kinds) {
                int width = count / 3 / kinds.heads();
                return IntStream.range(0, count)
                        .map(row -> {
                            int head = row / (3 * width);
                            int kind = row / width % 3;
                            return (kind * kinds.heads() + head) * width + row % width;
                        })
                        .toArray();
            }
            if (this instanceof Third third) {
                return IntStream.range(third.index() * count / 3, (third.index() + 1) * count / 3)
                        .toArray();
            }
            return IntStream.range(0, count).toArray();
        }
    }

    /** What the names and orders of weights depend on. */
    record Facts(String architecture, int heads, int kvHeads, int experts) {}

    /** Whether a tensor is no weight of the text model: it belongs to its configuration, or to a vision encoder. */
    static boolean isPassedOver(String tensor) {
        return USED_BY_CONFIGURATION.matcher(tensor).matches();
    }

    /** Where each weight lies; tensors that are not weights, or are not known, keep their own names. */
    static Map<String, Place> places(Iterable<String> tensors, Facts facts) {
        Map<String, Place> places = new LinkedHashMap<>();
        for (String tensor : tensors) {
            Matcher block = OF_BLOCK.matcher(tensor);
            if (isPassedOver(tensor)) {
                continue;
            }
            if (!block.matches()) {
                places.put(ofModel(tensor, facts.architecture), new Place(tensor, -1, new Order.Same()));
                continue;
            }
            String part = block.group(2);
            if (facts.architecture.equals("phi2") && part.equals("attn_qkv")) { // as first converters wrote it
                for (int i = 0; i < THIRDS.size(); i++) {
                    places.put(
                            prefix(facts.architecture) + block.group(1) + THIRDS.get(i) + block.group(3),
                            new Place(tensor, -1, new Order.Third(i)));
                }
                continue;
            }
            String name = names(facts).get(part);
            if (name == null) {
                places.put(tensor, new Place(tensor, -1, new Order.Same()));
                continue;
            }
            String whole = prefix(facts.architecture) + block.group(1) + "." + name
                    + (part.equals("attn_sinks") ? "" : "." + block.group(3));
            Order order = order(part, block.group(3), facts);
            if (!name.contains("*")) {
                places.put(whole, new Place(tensor, -1, order));
                continue;
            }
            int count = part.equals("attn_q_norm")
                    ? facts.heads
                    : part.equals("attn_k_norm") ? facts.kvHeads : facts.experts;
            for (int expert = 0; expert < count; expert++) {
                places.put(whole.replace("*", String.valueOf(expert)), new Place(tensor, expert, order));
            }
        }
        return places;
    }

    private static Order order(String part, String kind, Facts facts) {
        return switch (facts.architecture) {
            case "llama", "smollm3", "granite" ->
                part.equals("attn_q")
                        ? new Order.InPairs(facts.heads)
                        : part.equals("attn_k") ? new Order.InPairs(facts.kvHeads) : new Order.Same();
            case "gptneox" -> part.equals("attn_qkv") ? new Order.ByKind(facts.heads) : new Order.Same();
            case "gpt2" -> kind.equals("weight") && !part.endsWith("norm") ? new Order.Turned() : new Order.Same();
            default -> new Order.Same();
        };
    }

    private static Map<String, String> names(Facts facts) {
        return switch (facts.architecture) {
            case "gemma2", "gemma3" -> joined(LLAMA, GEMMA);
            case "olmo2", "exaone4" -> joined(LLAMA, AFTER);
            case "gpt-oss" -> joined(joined(LLAMA, EXPERTS), GPT_OSS);
            case "glm4" -> joined(LLAMA, GLM4);
            case "stablelm" -> joined(LLAMA, STABLELM);
            case "phi2" -> joined(LLAMA, PHI2);
            case "phi3" -> joined(LLAMA, PHI3);
            case "qwen2moe", "qwen3moe", "olmoe" -> joined(LLAMA, EXPERTS);
            case "llama" -> facts.experts > 0 ? joined(LLAMA, MIXTRAL) : LLAMA;
            case "gptneox" -> NEOX;
            case "gpt2" -> GPT2;
            default -> LLAMA;
        };
    }

    private static String prefix(String architecture) {
        return switch (architecture) {
            case "gptneox" -> "gpt_neox.layers.";
            case "gpt2" -> "h.";
            default -> "model.layers.";
        };
    }

    private static String ofModel(String tensor, String architecture) {
        return switch (architecture) {
            case "gptneox" ->
                switch (tensor) {
                    case "token_embd.weight" -> "gpt_neox.embed_in.weight";
                    case "output.weight" -> "embed_out.weight";
                    case "output_norm.weight" -> "gpt_neox.final_layer_norm.weight";
                    case "output_norm.bias" -> "gpt_neox.final_layer_norm.bias";
                    default -> tensor;
                };
            case "gpt2" ->
                switch (tensor) {
                    case "token_embd.weight" -> "wte.weight";
                    case "position_embd.weight" -> "wpe.weight";
                    case "output.weight" -> "lm_head.weight";
                    case "output_norm.weight" -> "ln_f.weight";
                    case "output_norm.bias" -> "ln_f.bias";
                    default -> tensor;
                };
            default ->
                switch (tensor) {
                    case "token_embd.weight" -> "model.embed_tokens.weight";
                    case "output.weight" -> "lm_head.weight";
                    case "output.bias" -> "lm_head.bias";
                    case "output_norm.weight" -> finalNorm(architecture) + ".weight";
                    case "output_norm.bias" -> finalNorm(architecture) + ".bias";
                    default -> tensor;
                };
        };
    }

    private static String finalNorm(String architecture) {
        return architecture.equals("phi2") ? "model.final_layernorm" : "model.norm";
    }

    private static Map<String, String> joined(Map<String, String> first, Map<String, String> second) {
        Map<String, String> all = new LinkedHashMap<>(first);
        all.putAll(second);
        return all;
    }
}
