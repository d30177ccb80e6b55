package dev.pintle.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.Json;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Values that the file leaves to the architecture are those of llama.cpp; the families' own defaults are transformers'.
 */
/** What config.json of a model in the Hugging Face format says, from the metadata and tensors of a GGUF file. */
final class GgufConfig {
    /** Architectures that can be read, by their names in GGUF. */
    static final Set<String> ARCHITECTURES = Set.of(
            "llama",
            "qwen2",
            "qwen2moe",
            "qwen3",
            "qwen3moe",
            "gemma",
            "gemma2",
            "gemma3",
            "phi3",
            "olmo2",
            "olmoe",
            "smollm3",
            "granite",
            "gptneox",
            "gpt2",
            "stablelm",
            "phi2",
            "command-r",
            "cohere2",
            "glm4",
            "exaone4",
            "gpt-oss");

    private static final Set<String> CENTRED = Set.of("stablelm", "phi2", "command-r", "cohere2"); // layer norms

    private static final int GEMMA2_27B = 46; // blocks of the models whose scores are scaled by dModel / heads
    private static final int GEMMA3_27B = 62;

    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    private final GgufFacts facts;
    private final GgufKeys keys;
    private final ObjectNode json = Json.object();

    private GgufConfig(GgufFacts facts) {
        this.facts = facts;
        this.keys = new GgufKeys(facts.path(), facts.values());
    }

    /** @throws dev.pintle.base.PintleException for another architecture, or a key that is not understood */
    static ObjectNode of(GgufFacts facts) {
        return new GgufConfig(facts).read();
    }

    private ObjectNode read() {
        String architecture = keys.architecture();
        if (!ARCHITECTURES.contains(architecture)) {
            throw FileProblems.of("Models of this architecture cannot be read from GGUF files.", keys.file())
                    .fact("general.architecture", Excerpt.of(architecture))
                    .fact("expected", ARCHITECTURES.stream().sorted().toList())
                    .fact("try", "the same model in the Hugging Face format")
                    .toException();
        }
        keys.passOver("vocab_size", "context_length", "tensor_data_layout");
        switch (architecture) {
            case "gpt2" -> gpt2();
            case "gptneox" -> gptNeoX();
            default -> usual(architecture);
        }
        keys.requireAllUnderstood();
        return json;
    }

    private void usual(String architecture) {
        sizes();
        rope();
        if (CENTRED.contains(architecture)) {
            json.put("layer_norm_eps", keys.number("attention.layer_norm_epsilon"));
        } else {
            json.put("rms_norm_eps", keys.number("attention.layer_norm_rms_epsilon"));
        }
        boolean gemma = architecture.startsWith("gemma");
        json.put(gemma ? "hidden_activation" : "hidden_act", gemma ? "gelu_pytorch_tanh" : "silu");
        switch (architecture) {
            case "llama" -> {
                llamaBiases();
                if (keys.countIfAny("expert_count").isPresent()) {
                    json.put("model_type", "mixtral");
                    json.remove(List.of("attention_bias", "mlp_bias"));
                    experts("num_local_experts");
                } else {
                    json.put("model_type", "llama");
                }
            }
            case "qwen2", "qwen3", "smollm3" -> {
                json.put("model_type", architecture);
                if (!architecture.equals("qwen2")) {
                    json.put("attention_bias", has("blk.0.attn_q.bias"));
                }
            }
            case "qwen2moe" -> {
                json.put("model_type", "qwen2_moe").put("norm_topk_prob", keys.flagOr("expert_weights_norm", false));
                experts("num_experts");
                json.put("moe_intermediate_size", keys.positive("expert_feed_forward_length"));
                json.put(
                        "shared_expert_intermediate_size",
                        keys.positiveIfAny("expert_shared_feed_forward_length")
                                .orElseGet(() -> rows("blk.0.ffn_up_shexp.weight")));
            }
            case "qwen3moe" -> {
                json.put("model_type", "qwen3_moe").put("norm_topk_prob", keys.flagOr("expert_weights_norm", true));
                json.put("attention_bias", has("blk.0.attn_q.bias"));
                experts("num_experts");
                json.put("moe_intermediate_size", keys.positive("expert_feed_forward_length"));
            }
            case "olmoe" -> {
                json.put("model_type", "olmoe").put("norm_topk_prob", keys.flagOr("expert_weights_norm", false));
                experts("num_experts");
            }
            case "gemma" -> json.put("model_type", "gemma");
            case "gemma2" -> gemma2();
            case "gemma3" -> gemma3();
            case "phi3" -> {
                json.put("model_type", "phi3");
                keys.passOver("rope.scaling.original_context_length"); // stated without scaling, too
                window();
            }
            case "olmo2" -> {
                window();
                boolean slides = json.has("sliding_window");
                json.put("model_type", slides ? "olmo3" : "olmo2").put("attention_bias", has("blk.0.attn_q.bias"));
                if (slides) {
                    layerTypes(4);
                }
            }
            case "granite" -> {
                llamaBiases();
                json.put("model_type", "granite");
                json.put("attention_multiplier", keys.numberOr("attention.scale", 1 / Math.sqrt(headWidth())));
                json.put("embedding_multiplier", keys.numberOr("embedding_scale", 1));
                json.put("residual_multiplier", keys.numberOr("residual_scale", 1));
                json.put("logits_scaling", keys.numberOr("logit_scale", 1));
            }
            case "stablelm" -> {
                // Converters state use_parallel_residual also where the model does not; the second norm decides.
                json.put("model_type", "stablelm").put("use_parallel_residual", !has("blk.0.ffn_norm.weight"));
                keys.passOver("use_parallel_residual");
                json.put("use_qkv_bias", has("blk.0.attn_q.bias")).put("qk_layernorm", has("blk.0.attn_q_norm.weight"));
                json.put("partial_rotary_factor", rotatedShare());
            }
            case "phi2" -> {
                json.put("model_type", "phi").put("hidden_act", "gelu_new");
                json.put("partial_rotary_factor", rotatedShare());
            }
            case "command-r" -> {
                cohere("cohere");
                json.put("use_qk_norm", has("blk.0.attn_q_norm.weight"));
            }
            case "cohere2" -> {
                cohere("cohere2");
                window();
                layerTypes(4);
            }
            case "glm4" -> {
                json.put("model_type", "glm4").put("attention_bias", has("blk.0.attn_q.bias"));
                json.put("partial_rotary_factor", rotatedShare());
            }
            case "exaone4" -> {
                json.put("model_type", "exaone4");
                window();
                if (json.has("sliding_window")) {
                    layerTypes(4);
                }
            }
            case "gpt-oss" -> {
                json.put("model_type", "gpt_oss").put("attention_bias", has("blk.0.attn_q.bias"));
                experts("num_local_experts");
                json.put("intermediate_size", keys.positive("expert_feed_forward_length"));
                window();
                layerTypes(2);
            }
            default -> throw new IllegalStateException(architecture);
        }
    }

    private void cohere(String type) {
        json.put("model_type", type).put("attention_bias", has("blk.0.attn_q.bias"));
        json.put("logit_scale", keys.number("logit_scale"));
    }

    private void llamaBiases() {
        json.put("attention_bias", has("blk.0.attn_q.bias")).put("mlp_bias", has("blk.0.ffn_up.bias"));
    }

    private void experts(String count) {
        json.put(count, keys.positive("expert_count"));
        json.put("num_experts_per_tok", keys.positive("expert_used_count"));
    }

    private void gemma2() {
        json.put("model_type", "gemma2").put("query_pre_attn_scalar", gemmaScalar(GEMMA2_27B));
        keys.numberIfAny("attn_logit_softcapping").ifPresent(cap -> json.put("attn_logit_softcapping", cap));
        keys.numberIfAny("final_logit_softcapping").ifPresent(cap -> json.put("final_logit_softcapping", cap));
        window();
    }

    private void gemma3() {
        json.put("model_type", "gemma3_text").put("query_pre_attn_scalar", gemmaScalar(GEMMA3_27B));
        keys.numberIfAny("final_logit_softcapping").ifPresent(cap -> json.put("final_logit_softcapping", cap));
        json.put("rope_theta", keys.numberOr("rope.freq_base", 1_000_000));
        json.put(
                "rope_local_base_freq",
                keys.numberIfAny("rope.freq_base_swa").orElseGet(() -> keys.numberOr("rope.local.freq_base", 10_000)));
        window();
        layerTypes(6);
        keys.passOver("mm.tokens_per_image");
    }

    /**
     * Which layers have a sliding window, if the file says so.
     *
     * @param usual every how many layers one has none if it does not
     */
    private void layerTypes(int usual) {
        List<Boolean> slides = keys.flagsOrNull("attention.sliding_window_pattern");
        int period = slides == null ? keys.positiveOr("attention.sliding_window_pattern", usual) : 0;
        ArrayNode types = json.putArray("layer_types");
        if (slides != null) {
            slides.forEach(slide -> types.add(slide ? SLIDING : FULL));
            return;
        }
        for (int layer = 1; layer <= keys.positive("block_count"); layer++) {
            types.add(layer % period == 0 ? FULL : SLIDING);
        }
    }

    private double gemmaScalar(int large) {
        return keys.positive("block_count") == large
                ? keys.positive("embedding_length") / (double) keys.positive("attention.head_count")
                : headWidth();
    }

    private void window() {
        keys.countIfAny("attention.sliding_window") // Phi 4 says 0, since it has none
                .ifPresent(window -> json.put("sliding_window", window));
    }

    private int headWidth() {
        int width = keys.positiveIfAny("attention.key_length")
                .orElseGet(() -> keys.positive("embedding_length") / keys.positive("attention.head_count"));
        if (keys.positiveOr("attention.value_length", width) != width) {
            throw keys.unexpected("attention.value_length", "attention.key_length = " + width);
        }
        return width;
    }

    private void sizes() {
        json.put("num_hidden_layers", keys.positive("block_count"));
        json.put("hidden_size", keys.positive("embedding_length"));
        json.put("intermediate_size", keys.positive("feed_forward_length"));
        int heads = keys.positive("attention.head_count");
        json.put("num_attention_heads", heads);
        json.put("num_key_value_heads", keys.positiveOr("attention.head_count_kv", heads));
        json.put("head_dim", headWidth());
        json.put("vocab_size", rows("token_embd.weight"));
        keys.positiveIfAny("context_length").ifPresent(most -> json.put("max_position_embeddings", most));
        json.put("tie_word_embeddings", !has("output.weight"));
    }

    private void rope() {
        double base = keys.numberOr("rope.freq_base", 10_000);
        json.put("rope_theta", base);
        if (!keys.architecture().equals("gemma3") && keys.numberOr("rope.freq_base_swa", base) != base) {
            throw keys.unexpected("rope.freq_base_swa", "the same as rope.freq_base = " + base);
        }
        if (rotatedShare() != 1) {
            json.put("partial_rotary_factor", rotatedShare());
        }
        String type = keys.textOrNull("rope.scaling.type");
        if (has("rope_factors_long.weight")) {
            longFactors(type);
        } else if (has("rope_freqs.weight")) {
            frequencies(type);
        } else if (keys.has("rope.scaling.factor") && (type == null || type.equals("linear"))) {
            json.putObject("rope_scaling").put("rope_type", "linear").put("factor", keys.number("rope.scaling.factor"));
        } else if ("yarn".equals(type)) {
            ObjectNode scaling = json.putObject("rope_scaling").put("rope_type", "yarn");
            scaling.put("factor", keys.number("rope.scaling.factor"));
            scaling.put("original_max_position_embeddings", keys.positive("rope.scaling.original_context_length"));
            if (keys.architecture().equals("gpt-oss")) {
                scaling.put("truncate", false); // as the models were trained; the file cannot say so
            }
            keys.numberIfAny("rope.scaling.yarn_attn_factor").ifPresent(all -> scaling.put("attention_factor", all));
            keys.numberIfAny("rope.scaling.yarn_beta_fast").ifPresent(beta -> scaling.put("beta_fast", beta));
            keys.numberIfAny("rope.scaling.yarn_beta_slow").ifPresent(beta -> scaling.put("beta_slow", beta));
            if (keys.numberOr("rope.scaling.yarn_ext_factor", 1) != 1) {
                throw keys.unexpected("rope.scaling.yarn_ext_factor", "1");
            }
            keys.passOver("rope.scaling.finetuned");
        } else if (type != null && !type.equals("none")) {
            throw keys.unexpected("rope.scaling.type", "none, linear or yarn");
        }
    }

    /** Of each head's elements, those that are rotated. */
    private double rotatedShare() {
        return keys.positiveOr("rope.dimension_count", headWidth()) / (double) headWidth();
    }

    /** Frequencies divided by numbers of the file, as for Llama 3.1. */
    private void frequencies(@Nullable String type) {
        if (type != null && !type.equals("none")) {
            throw keys.unexpected("rope.scaling.type", "none beside the tensor rope_freqs.weight");
        }
        numbers(
                "rope_freqs.weight",
                json.putObject("rope_scaling").put("rope_type", "divided").putArray("divisors"));
    }

    /** Frequencies divided by numbers of the file, others for sequences that begin long (LongRoPE). */
    private void longFactors(@Nullable String type) {
        if (type != null && !type.equals("none") && !type.equals("longrope")) {
            throw keys.unexpected("rope.scaling.type", "longrope beside the tensor rope_factors_long.weight");
        }
        ObjectNode scaling = json.putObject("rope_scaling").put("rope_type", "longrope");
        scaling.put("original_max_position_embeddings", keys.positive("rope.scaling.original_context_length"));
        keys.numberIfAny("rope.scaling.attn_factor").ifPresent(all -> scaling.put("attention_factor", all));
        numbers("rope_factors_short.weight", scaling.putArray("short_factor"));
        numbers("rope_factors_long.weight", scaling.putArray("long_factor"));
    }

    private void numbers(String tensor, ArrayNode list) {
        for (float number : facts.numbers(tensor)) {
            list.add(number);
        }
    }

    private void gptNeoX() {
        sizes();
        json.remove(List.of("num_key_value_heads", "head_dim"));
        json.put("model_type", "gpt_neox").put("hidden_act", "gelu").put("tie_word_embeddings", false);
        json.put("layer_norm_eps", keys.number("attention.layer_norm_epsilon"));
        json.put("rotary_emb_base", keys.numberOr("rope.freq_base", 10_000));
        json.put("rotary_pct", rotatedShare());
        json.put("use_parallel_residual", keys.flagOr("use_parallel_residual", true));
        json.put("attention_bias", has("blk.0.attn_qkv.bias"));
    }

    private void gpt2() {
        json.put("model_type", "gpt2").put("activation_function", "gelu_new");
        json.put("n_layer", keys.positive("block_count"));
        json.put("n_embd", keys.positive("embedding_length"));
        json.put("n_inner", keys.positive("feed_forward_length"));
        json.put("n_head", keys.positive("attention.head_count"));
        json.put("n_positions", rows("position_embd.weight"));
        json.put("vocab_size", rows("token_embd.weight"));
        json.put("layer_norm_epsilon", keys.number("attention.layer_norm_epsilon"));
        json.put("tie_word_embeddings", !has("output.weight"));
        keys.passOver("attention.head_count_kv");
    }

    private boolean has(String tensor) {
        return facts.names().contains(tensor);
    }

    private int rows(String tensor) {
        return facts.listed(tensor).shape().intSize(0);
    }
}
