package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.GgufFiles;
import dev.pintle.testkit.GgufFiles.Stored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Writes a model in the Hugging Face format as llama.cpp's converter does, and beside it the same model with the values that the
 * GGUF file has.
 */
final class GgufOf {
    private static final Pattern LAYER =
            Pattern.compile("(?:model\\.|gpt_neox\\.|transformer\\.)?(?:layers|h)\\.(\\d+)\\.(.+)\\.(weight|bias)");
    private static final Pattern EXPERT = Pattern.compile("(.*(?:experts|norms))\\.(\\d+)\\.(.+)");
    private static final Map<String, String> ARCHITECTURES = Map.ofEntries(
            Map.entry("llama", "llama"),
            Map.entry("mistral", "llama"),
            Map.entry("mixtral", "llama"),
            Map.entry("qwen2", "qwen2"),
            Map.entry("qwen2_moe", "qwen2moe"),
            Map.entry("qwen3", "qwen3"),
            Map.entry("qwen3_moe", "qwen3moe"),
            Map.entry("gemma", "gemma"),
            Map.entry("gemma2", "gemma2"),
            Map.entry("gemma3_text", "gemma3"),
            Map.entry("phi3", "phi3"),
            Map.entry("olmo2", "olmo2"),
            Map.entry("olmoe", "olmoe"),
            Map.entry("smollm3", "smollm3"),
            Map.entry("granite", "granite"),
            Map.entry("gpt_neox", "gptneox"),
            Map.entry("gpt2", "gpt2"),
            Map.entry("stablelm", "stablelm"),
            Map.entry("phi", "phi2"),
            Map.entry("cohere", "command-r"),
            Map.entry("cohere2", "cohere2"),
            Map.entry("glm4", "glm4"),
            Map.entry("exaone4", "exaone4"),
            Map.entry("olmo3", "olmo2"),
            Map.entry("gpt_oss", "gpt-oss"));

    private final ObjectNode config;
    private final String architecture;
    private final Map<String, Tensor> weights = new TreeMap<>();
    private final Map<String, GgufValue> values = new LinkedHashMap<>();
    private final List<Stored> tensors = new ArrayList<>();
    private final Map<String, Tensor> stored = new TreeMap<>(); // as read back, in the Hugging Face format

    private GgufOf(Path folder) throws IOException {
        config = (ObjectNode) Json.file(folder.resolve("config.json"));
        architecture = ARCHITECTURES.getOrDefault(config.path("model_type").asText(), "");
        try (SafeTensors file = SafeTensors.open(folder)) {
            file.names().forEach(name -> weights.put(name, file.tensor(name).to(DType.FP32)));
        }
    }

    /** Whether a family has an architecture in GGUF that is read here. */
    static boolean isPossible(String modelType) {
        return ARCHITECTURES.containsKey(modelType);
    }

    /**
     * @param type of a matrix, by its name in GGUF and its shape
     * @param gguf the file to write
     * @param folder receives the model with the values that the file has
     */
    static void write(Path model, BiFunction<String, Tensor, String> type, Path gguf, Path folder) throws IOException {
        write(model, type, values -> {}, gguf, folder);
    }

    /** @param change of the metadata */
    static void write(
            Path model,
            BiFunction<String, Tensor, String> type,
            Consumer<Map<String, GgufValue>> change,
            Path gguf,
            Path folder)
            throws IOException {
        GgufOf one = new GgufOf(model);
        one.adapt();
        one.metadata();
        if (Files.exists(model.resolve("tokenizer.json"))) {
            one.tokenizer(model);
        }
        change.accept(one.values);
        one.tensors(type);
        GgufFiles.write(gguf, one.values, one.tensors);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), Json.text(one.config));
        SafeTensors.write(folder.resolve("model.safetensors"), one.stored, Map.of());
    }

    /** Settings that GGUF cannot express are replaced by those that it implies. */
    private void adapt() {
        if (config.has("query_pre_attn_scalar")) {
            config.put("query_pre_attn_scalar", config.path("head_dim").asInt());
        }
        if (architecture.equals("phi2")) { // each head gets keys and values of its own
            int heads = number("num_attention_heads");
            int shared = heads / number("num_key_value_heads");
            int width = number("hidden_size") / heads;
            int[] rows = IntStream.range(0, heads * width)
                    .map(row -> row / width / shared * width + row % width)
                    .toArray();
            weights.replaceAll((name, weight) ->
                    name.matches(".*\\.[kv]_proj\\..*") ? weight.indexSelect(0, Tensor.of(rows, rows.length)) : weight);
            config.put("num_key_value_heads", heads);
        }
        if (architecture.equals("qwen3moe")) {
            config.putArray("mlp_only_layers");
            weights.keySet().removeIf(name -> name.startsWith("model.layers.1.mlp."));
            List.copyOf(weights.keySet()).stream()
                    .filter(name -> name.startsWith("model.layers.0.mlp."))
                    .forEach(name -> weights.put(name.replace("layers.0", "layers.1"), weights.get(name)));
        }
    }

    // ---------------------------------------------------------------- metadata

    private int number(String... keys) {
        for (String key : keys) {
            if (config.path(key).isNumber()) {
                return config.path(key).asInt();
            }
        }
        return 0;
    }

    private void put(String key, long value) {
        values.put(architecture + "." + key, GgufValue.uint32(value));
    }

    private void put(String key, double value) {
        values.put(architecture + "." + key, GgufValue.of((float) value));
    }

    private void metadata() {
        values.put("general.architecture", GgufValue.of(architecture));
        values.put("general.name", GgufValue.of("a model for tests"));
        int width = number("hidden_size", "n_embd");
        int heads = number("num_attention_heads", "n_head");
        put("block_count", number("num_hidden_layers", "n_layer"));
        put("context_length", number("max_position_embeddings", "n_positions"));
        put("embedding_length", width);
        put("feed_forward_length", architecture.equals("gpt2") ? 4 * width : number("intermediate_size"));
        put("attention.head_count", heads);
        put("vocab_size", number("vocab_size"));
        if (config.path("num_key_value_heads").isNumber()) {
            put("attention.head_count_kv", number("num_key_value_heads"));
        }
        if (config.path("head_dim").isNumber()) {
            put("attention.key_length", number("head_dim"));
            put("attention.value_length", number("head_dim"));
        }
        boolean centred = List.of("gpt2", "gptneox", "stablelm", "phi2", "command-r", "cohere2")
                .contains(architecture);
        double eps = config.path("rms_norm_eps")
                .asDouble(config.path("layer_norm_eps")
                        .asDouble(config.path("layer_norm_epsilon").asDouble()));
        put("attention.layer_norm" + (centred ? "" : "_rms") + "_epsilon", eps);
        rope();
        if (architecture.equals("gptneox") || architecture.equals("stablelm")) {
            values.put(
                    architecture + ".use_parallel_residual",
                    GgufValue.of(config.path("use_parallel_residual").asBoolean(true)));
        }
        if (architecture.equals("llama") && number("num_local_experts") == 0) {
            put("expert_count", 0); // as some converters write it
            put("expert_used_count", 0);
        }
        if (number("num_experts", "num_local_experts") > 0) {
            put("expert_count", number("num_experts", "num_local_experts"));
            put("expert_used_count", number("num_experts_per_tok"));
            if (architecture.equals("gpt-oss")) {
                put("expert_feed_forward_length", number("intermediate_size"));
            }
            if (number("moe_intermediate_size") > 0) {
                put("expert_feed_forward_length", number("moe_intermediate_size"));
            }
            if (number("shared_expert_intermediate_size") > 0) {
                put("expert_shared_feed_forward_length", number("shared_expert_intermediate_size"));
            }
            if (!architecture.equals("gpt-oss")) {
                values.put(
                        architecture + ".expert_weights_norm",
                        GgufValue.of(architecture.equals("llama")
                                || config.path("norm_topk_prob").asBoolean(false)));
            }
            if (architecture.equals("llama")) {
                values.remove("llama.expert_weights_norm");
            }
        }
        boolean slides = config.path("sliding_window").isNumber() && number("sliding_window") > 0;
        if (architecture.equals("phi3") || slides && !architecture.startsWith("qwen")) {
            put("attention.sliding_window", number("sliding_window"));
        }
        if (config.has("layer_types") && List.of("exaone4", "olmo2").contains(architecture)) {
            List<GgufValue> each = new ArrayList<>();
            config.path("layer_types")
                    .forEach(one -> each.add(GgufValue.of(one.asText().startsWith("sliding"))));
            values.put(
                    architecture + ".attention.sliding_window_pattern", new GgufValue.Array(GgufValue.Kind.BOOL, each));
        }
        if (architecture.equals("command-r") || architecture.equals("cohere2")) {
            scaling("type", GgufValue.of("none"));
        }
        copy("logit_scale", "logit_scale");
        copy("attn_logit_softcapping", "attn_logit_softcapping");
        copy("final_logit_softcapping", "final_logit_softcapping");
        copy("attention_multiplier", "attention.scale");
        copy("embedding_multiplier", "embedding_scale");
        copy("residual_multiplier", "residual_scale");
        copy("logits_scaling", "logit_scale");
    }

    private void copy(String from, String to) {
        if (config.path(from).isNumber() && !architecture.equals("gemma3")) {
            put(to, config.path(from).asDouble());
        }
    }

    private void rope() {
        JsonNode rope = config.has("rope_parameters") ? config.path("rope_parameters") : config.path("rope_scaling");
        if (architecture.equals("olmo2") && rope.has("full_attention")) {
            put(
                    "rope.freq_base_swa",
                    rope.path("sliding_attention").path("rope_theta").asDouble());
            rope = rope.path("full_attention"); // scaling of other layers is not written
        }
        if (architecture.equals("gemma3")) {
            put("rope.freq_base", rope.path("full_attention").path("rope_theta").asDouble());
            return;
        }
        if (architecture.equals("gpt2")) {
            return;
        }
        double theta =
                rope.path("rope_theta").asDouble(config.path("rope_theta").asDouble());
        put("rope.freq_base", theta);
        int width = number("head_dim") > 0 ? number("head_dim") : number("hidden_size") / number("num_attention_heads");
        int turned = (int) (width * rope.path("partial_rotary_factor").asDouble(1));
        put("rope.dimension_count", turned);
        if (rope.path("rope_type").asText().equals("llama3")) {
            tensors.add(GgufFiles.plain("rope_freqs.weight", "F32", divisors(rope, theta, turned)));
        }
        if (rope.path("rope_type").asText().equals("yarn")) {
            scaling("type", GgufValue.of("yarn"));
            scaling("factor", GgufValue.of((float) rope.path("factor").asDouble()));
            scaling(
                    "original_context_length",
                    GgufValue.uint32(
                            rope.path("original_max_position_embeddings").asInt()));
            scaling("yarn_beta_fast", GgufValue.of((float)
                    rope.path("beta_fast").asDouble()));
            scaling("yarn_beta_slow", GgufValue.of((float)
                    rope.path("beta_slow").asDouble()));
        }
        if (rope.path("rope_type").asText().equals("longrope")) {
            int original = rope.path("original_max_position_embeddings").asInt();
            double factor = number("max_position_embeddings") / (double) original;
            scaling("type", GgufValue.of("longrope"));
            scaling("original_context_length", GgufValue.uint32(original));
            scaling("attn_factor", GgufValue.of((float) Math.sqrt(1 + Math.log(factor) / Math.log(original))));
            for (String length : List.of("long", "short")) {
                tensors.add(GgufFiles.plain(
                        "rope_factors_" + length + ".weight", "F32", numbers(rope.path(length + "_factor"))));
            }
        }
    }

    private void scaling(String key, GgufValue value) {
        values.put(architecture + ".rope.scaling." + key, value);
    }

    private static Tensor numbers(JsonNode list) {
        float[] numbers = new float[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) list.get(i).asDouble();
        }
        return Tensor.of(numbers, numbers.length);
    }

    /** As llama.cpp's converter computes them. */
    private static Tensor divisors(JsonNode rope, double theta, int width) {
        double factor = rope.path("factor").asDouble();
        double low = rope.path("low_freq_factor").asDouble();
        double high = rope.path("high_freq_factor").asDouble();
        double old = rope.path("original_max_position_embeddings").asDouble();
        float[] divisors = new float[width / 2];
        for (int i = 0; i < divisors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / width);
            double smooth = (old / wavelength - low) / (high - low);
            divisors[i] = (float)
                    (wavelength < old / high
                            ? 1
                            : wavelength > old / low ? factor : 1 / ((1 - smooth) / factor + smooth));
        }
        return Tensor.of(divisors, divisors.length);
    }

    /** A byte-level tokenizer that splits text as Llama 3's does. */
    private void tokenizer(Path model) throws IOException {
        JsonNode json = Json.file(model.resolve("tokenizer.json"));
        JsonNode configured = Json.file(model.resolve("tokenizer_config.json"));
        TreeMap<Integer, String> tokens = new TreeMap<>();
        json.path("model")
                .path("vocab")
                .properties()
                .forEach(entry -> tokens.put(entry.getValue().asInt(), entry.getKey()));
        Map<String, Integer> added = new LinkedHashMap<>();
        json.path("added_tokens")
                .forEach(one ->
                        added.put(one.path("content").asText(), one.path("id").asInt()));
        added.forEach((token, id) -> tokens.put(id, token));
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of("smaug-bpe"));
        values.put("tokenizer.ggml.tokens", texts(List.copyOf(tokens.values())));
        values.put(
                "tokenizer.ggml.token_type",
                new GgufValue.Array(
                        GgufValue.Kind.INT32,
                        tokens.values().stream()
                                .map(token -> (GgufValue)
                                        new GgufValue.Int(GgufValue.Kind.INT32, added.containsKey(token) ? 3 : 1))
                                .toList()));
        List<String> merges = new ArrayList<>();
        json.path("model")
                .path("merges")
                .forEach(merge -> merges.add(
                        merge.isTextual()
                                ? merge.asText()
                                : merge.get(0).asText() + " " + merge.get(1).asText()));
        values.put("tokenizer.ggml.merges", texts(merges));
        values.put("tokenizer.ggml.add_bos_token", GgufValue.of(true));
        values.put(
                "tokenizer.ggml.bos_token_id",
                GgufValue.uint32(added.getOrDefault(configured.path("bos_token").asText(), 0)));
        values.put(
                "tokenizer.ggml.eos_token_id",
                GgufValue.uint32(added.getOrDefault(configured.path("eos_token").asText(), 0)));
        values.put(
                "tokenizer.chat_template",
                GgufValue.of(configured.path("chat_template").asText()));
    }

    private static GgufValue texts(List<String> texts) {
        return new GgufValue.Array(
                GgufValue.Kind.STRING, texts.stream().map(GgufValue::of).toList());
    }

    // ---------------------------------------------------------------- tensors

    private void tensors(BiFunction<String, Tensor, String> type) {
        Map<String, TreeMap<Integer, String>> experts = new TreeMap<>();
        for (Map.Entry<String, Tensor> entry : weights.entrySet()) {
            String name = entry.getKey();
            if (name.endsWith(".masked_bias") || name.endsWith(".attn.bias") || name.endsWith(".attention.bias")) {
                continue;
            }
            Matcher expert = EXPERT.matcher(name);
            if (expert.matches()) {
                experts.computeIfAbsent(expert.group(1) + ".*." + expert.group(3), all -> new TreeMap<>())
                        .put(Integer.parseInt(expert.group(2)), name);
                continue;
            }
            Tensor weight = entry.getValue();
            if (architecture.equals("phi2") && name.matches("model\\.layers\\.0\\.self_attn\\.[qkv]_proj\\..*")) {
                if (name.contains("q_proj")) {
                    stacked(name, type);
                }
                continue;
            }
            if (name.contains("mlp.experts.")) {
                fused(name, weight, type);
                continue;
            }
            String inFile = inFile(name);
            boolean turned = architecture.equals("gpt2") && weight.shape().rank() == 2 && inFile.startsWith("blk");
            Tensor upright = turned ? weight.transpose(0, 1).contiguous() : weight;
            int[] order = order(inFile, upright);
            Tensor before = order == null ? upright : upright.indexSelect(0, Tensor.of(order, order.length));
            boolean gemma = architecture.startsWith("gemma") && name.endsWith("norm.weight");
            Tensor written = gemma ? before.plus(1) : before;
            Tensor back = store(inFile, written, type);
            Tensor reordered = order == null ? back : back.indexSelect(0, Tensor.of(inverse(order), order.length));
            Tensor end = gemma ? weight : turned ? reordered.transpose(0, 1).contiguous() : reordered;
            stored.put(name, end);
        }
        experts.forEach((name, each) -> {
            List<Tensor> all = each.values().stream().map(weights::get).toList();
            Tensor joined = Tensor.stack(all, 0);
            Tensor back =
                    store(inFile(name), joined, type).reshape(joined.shape().toArray());
            each.forEach((e, own) -> stored.put(own, back.select(0, e).contiguous()));
        });
    }

    /** Queries, keys and values as one tensor, as first converters wrote Phi 2. */
    private void stacked(String query, BiFunction<String, Tensor, String> type) {
        List<String> names = List.of(query, query.replace("q_proj", "k_proj"), query.replace("q_proj", "v_proj"));
        Tensor all = Tensor.cat(names.stream().map(weights::get).toList(), 0);
        Tensor back = store(inFile(query).replace("attn_q", "attn_qkv"), all, type);
        long rows = all.size(0) / 3;
        for (int i = 0; i < 3; i++) {
            stored.put(names.get(i), back.narrow(0, i * rows, rows).contiguous());
        }
    }

    /** Weights or biases of all experts of gpt-oss: matrices lie the other way round, and rows of gate and up alternate. */
    private void fused(String name, Tensor weight, BiFunction<String, Tensor, String> type) {
        String layer = name.replaceFirst("model\\.layers\\.(\\d+)\\..*", "blk.$1.");
        boolean matrices = weight.shape().rank() == 3;
        String ending = matrices ? "_exps.weight" : "_exps.bias";
        Tensor upright = matrices ? weight.transpose(1, 2).contiguous() : weight;
        Tensor back;
        if (name.contains("gate_up_proj")) {
            List<Tensor> each = new ArrayList<>();
            for (int kind = 0; kind < 2; kind++) {
                int first = kind;
                int[] rows = IntStream.range(0, (int) upright.size(1) / 2)
                        .map(row -> 2 * row + first)
                        .toArray();
                Tensor half = upright.indexSelect(1, Tensor.of(rows, rows.length));
                each.add(store(layer + (kind == 0 ? "ffn_gate" : "ffn_up") + ending, half, type)
                        .reshape(half.shape().toArray()));
            }
            back = Tensor.stack(each, 2).reshape(upright.shape().toArray());
        } else {
            back = store(layer + "ffn_down" + ending, upright, type)
                    .reshape(upright.shape().toArray());
        }
        stored.put(name, matrices ? back.transpose(1, 2).contiguous() : back);
    }

    /** Stores a tensor; returns what is read back. */
    private Tensor store(String name, Tensor tensor, BiFunction<String, Tensor, String> type) {
        boolean matrix = tensor.shape().rank() > 1
                && name.endsWith(".weight")
                && !name.contains("position_embd")
                && !name.contains("_norm.")
                && !name.contains("ffn_gate_inp");
        String chosen = matrix ? type.apply(name, tensor) : "F32";
        BlockFormat format = BlockFormat.named(chosen).orElse(null);
        if (format == null) {
            tensors.add(GgufFiles.plain(name, chosen, tensor));
            return chosen.equals("F32")
                    ? tensor
                    : tensor.to(chosen.equals("F16") ? DType.FP16 : DType.BF16).to(DType.FP32);
        }
        Stored random =
                GgufFiles.random(name, format, name.hashCode(), tensor.shape().toArray());
        tensors.add(random);
        return GgufFiles.values(random);
    }

    private static int[] inverse(int[] order) {
        int[] inverse = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            inverse[order[i]] = i;
        }
        return inverse;
    }

    /** For each row of the file, which row of the weight it is; null for the same order. */
    private int @org.jspecify.annotations.Nullable [] order(String name, Tensor weight) {
        boolean paired = List.of("llama", "smollm3", "granite").contains(architecture);
        int heads = name.contains("attn_k") ? number("num_key_value_heads") : number("num_attention_heads");
        int rows = Math.toIntExact(weight.size(0));
        List<Integer> order = new ArrayList<>();
        if (paired && name.matches(".*attn_[qk]\\..*")) {
            int width = rows / heads;
            for (int head = 0; head < heads; head++) {
                for (int i = 0; i < width / 2; i++) {
                    order.add(head * width + i);
                    order.add(head * width + width / 2 + i);
                }
            }
        } else if (architecture.equals("gptneox") && name.contains("attn_qkv")) {
            int width = rows / 3 / heads;
            for (int kind = 0; kind < 3; kind++) {
                for (int head = 0; head < heads; head++) {
                    for (int i = 0; i < width; i++) {
                        order.add((head * 3 + kind) * width + i);
                    }
                }
            }
        } else {
            return null;
        }
        return order.stream().mapToInt(i -> i).toArray();
    }

    private String inFile(String name) {
        Matcher layer = LAYER.matcher(name.endsWith(".sinks") ? name + ".weight" : name);
        if (!layer.matches()) {
            return switch (name.replaceFirst("^(model|gpt_neox|transformer)\\.", "")) {
                case "embed_tokens.weight", "embed_in.weight", "wte.weight" -> "token_embd.weight";
                case "wpe.weight" -> "position_embd.weight";
                case "norm.weight", "final_layer_norm.weight", "final_layernorm.weight", "ln_f.weight" ->
                    "output_norm.weight";
                case "norm.bias", "final_layer_norm.bias", "final_layernorm.bias", "ln_f.bias" -> "output_norm.bias";
                case "lm_head.bias" -> "output.bias";
                case "lm_head.weight", "embed_out.weight" -> "output.weight";
                default -> throw new IllegalArgumentException(name);
            };
        }
        return "blk." + layer.group(1) + "." + part(layer.group(2)) + "." + layer.group(3);
    }

    private String part(String name) {
        boolean sandwich = architecture.equals("gemma2") || architecture.equals("gemma3");
        boolean after = architecture.equals("olmo2") || architecture.equals("exaone4");
        return switch (name) {
            case "input_layernorm", "ln_1" -> "attn_norm";
            case "post_attention_layernorm" ->
                sandwich || after || architecture.equals("gpt-oss") ? "post_attention_norm" : "ffn_norm";
            case "pre_feedforward_layernorm", "ln_2" -> "ffn_norm";
            case "post_self_attn_layernorm" -> "post_attention_norm";
            case "post_feedforward_layernorm", "post_mlp_layernorm" -> "post_ffw_norm";
            case "self_attn.q_proj" -> "attn_q";
            case "self_attn.k_proj" -> "attn_k";
            case "self_attn.v_proj" -> "attn_v";
            case "self_attn.o_proj", "self_attn.dense", "attention.dense", "attn.c_proj" -> "attn_output";
            case "self_attn.q_norm", "self_attn.q_layernorm.norms.*" -> "attn_q_norm";
            case "self_attn.k_norm", "self_attn.k_layernorm.norms.*" -> "attn_k_norm";
            case "self_attn.qkv_proj", "attention.query_key_value", "attn.c_attn" -> "attn_qkv";
            case "mlp.gate_proj" -> "ffn_gate";
            case "mlp.up_proj", "mlp.gate_up_proj", "mlp.dense_h_to_4h", "mlp.c_fc", "mlp.fc1" -> "ffn_up";
            case "mlp.down_proj", "mlp.dense_4h_to_h", "mlp.c_proj", "mlp.fc2" -> "ffn_down";
            case "self_attn.sinks" -> "attn_sinks";
            case "mlp.router", "mlp.gate", "block_sparse_moe.gate" -> "ffn_gate_inp";
            case "mlp.experts.*.gate_proj", "block_sparse_moe.experts.*.w1" -> "ffn_gate_exps";
            case "mlp.experts.*.up_proj", "block_sparse_moe.experts.*.w3" -> "ffn_up_exps";
            case "mlp.experts.*.down_proj", "block_sparse_moe.experts.*.w2" -> "ffn_down_exps";
            case "mlp.shared_expert_gate" -> "ffn_gate_inp_shexp";
            case "mlp.shared_expert.gate_proj" -> "ffn_gate_shexp";
            case "mlp.shared_expert.up_proj" -> "ffn_up_shexp";
            case "mlp.shared_expert.down_proj" -> "ffn_down_shexp";
            default -> throw new IllegalArgumentException(name);
        };
    }
}
