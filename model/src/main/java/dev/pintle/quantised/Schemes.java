package dev.pintle.quantised;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Problem;
import dev.pintle.family.ConfigReader;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the key {@code quantization_config} of config.json, whose own keys all have to be understood. */
final class Schemes {
    static final String KEY = "quantization_config";
    private static final String METHOD = "quant_method";
    private static final String SUPPORTED =
            "bitsandbytes (nf4, fp4, int8), fp8, compressed-tensors, gptq (4 or 8 bits) or awq (gemm)";
    private static final Set<String> CACHE_SCALES =
            Set.of(".k_scale", ".v_scale", ".q_scale", ".prob_scale", ".k_proj.output_scale", ".v_proj.output_scale");

    private Schemes() {}

    /**
     * How the weights of a model are quantised; empty if they are not, or if its family knows itself how.
     *
     * @throws dev.pintle.base.PintleException if it is not supported, or a key is not understood
     */
    static Optional<Scheme> read(ConfigReader json) {
        JsonNode stated = json.objectOrNull(KEY);
        if (stated == null || stated.isEmpty()) {
            return Optional.empty();
        }
        boolean isBitsAndBytes = stated.path("load_in_4bit").asBoolean()
                || stated.path("load_in_8bit").asBoolean();
        String method = stated.path(METHOD).asText(isBitsAndBytes ? "bitsandbytes" : "");
        if (method.equals("mxfp4") && json.modelType().equals("gpt_oss")) {
            return Optional.empty();
        }
        ConfigReader config = json.nested(KEY, Map.of());
        config.has(METHOD);
        return Optional.of(
                switch (method.toLowerCase(Locale.ROOT)) {
                    case "bitsandbytes" -> bitsAndBytes(config);
                    case "fp8" -> float8(config);
                    case "compressed-tensors" -> CompressedTensors.read(config);
                    case "gptq" -> gptq(config);
                    case "awq" -> awq(config);
                    default ->
                        throw config.problem(METHOD, SUPPORTED)
                                .fact(
                                        "try",
                                        "another copy of the model, such as one in BF16 or a GGUF file; or --ignore-config "
                                                + KEY + " if it cannot change what the model computes")
                                .toException();
                });
    }

    private static Scheme bitsAndBytes(ConfigReader config) {
        config.requireString("bnb_4bit_quant_type", "nf4", "fp4");
        understand(
                config,
                "load_in_4bit",
                "load_in_8bit",
                "_load_in_4bit",
                "_load_in_8bit",
                "llm_int8_threshold",
                "llm_int8_enable_fp32_cpu_offload",
                "llm_int8_has_fp16_weight",
                "bnb_4bit_compute_dtype",
                "bnb_4bit_use_double_quant",
                "bnb_4bit_quant_storage");
        boolean int8 = config.flagOr("load_in_8bit", false);
        return new Scheme(
                int8 ? "bitsandbytes int8" : "bitsandbytes 4-bit",
                List.of(new NibbleLayout(), new Int8Layout()),
                names(config, "llm_int8_skip_modules"),
                Set.of(),
                int8 ? List.of(activationNote("bitsandbytes rounds them to 8 bits, but for outliers")) : List.of());
    }

    private static Scheme float8(ConfigReader config) {
        config.requireString("fmt", "e4m3", "float8_e4m3fn");
        config.requireString("activation_scheme", "dynamic", "static");
        understand(config, "scale_fmt", "dequantize");
        List<Integer> blocks = config.wholeNumbersOrNull("weight_block_size");
        if (blocks != null && (blocks.size() != 2 || blocks.get(0) < 1 || blocks.get(1) < 1)) {
            throw config.unexpected("weight_block_size", "two positive integers: rows and columns of a block");
        }
        Set<String> plain = new LinkedHashSet<>(names(config, "modules_to_not_convert"));
        plain.addAll(names(config, "ignored_layers"));
        List<Problem> notes = new ArrayList<>(List.of(activationNote("the original rounds them to 8 bits")));
        return new Scheme(
                "FP8 (e4m3)",
                List.of(new Float8Layout(blocks == null ? null : new int[] {blocks.get(0), blocks.get(1)})),
                plain,
                unreadScales(config, notes),
                notes);
    }

    private static Scheme gptq(ConfigReader config) {
        requireBits(config, 4, 8);
        config.requireString("checkpoint_format", "gptq", "gptq_v2");
        config.requireString("format", "gptq", "gptq_v2");
        config.requireValue("is_marlin_format", false);
        config.requireString("pack_dtype", "int32");
        understand(
                config,
                "sym",
                "static_groups",
                "true_sequential",
                "damp_percent",
                "damp_auto_increment",
                "lm_head",
                "model_name_or_path",
                "model_file_base_name",
                "tokenizer",
                "dataset",
                "meta",
                "use_cuda_fp16",
                "use_exllama",
                "disable_exllama",
                "exllama_config",
                "max_input_length",
                "cache_block_outputs",
                "modules_in_block_to_quantize",
                "block_name_to_quantize",
                "module_name_preceding_first_block",
                "model_seqlen",
                "batch_size",
                "backend",
                "act_group_aware",
                "mse");
        String format = config.has("checkpoint_format")
                ? config.text("checkpoint_format")
                : config.has("format") ? config.text("format") : "gptq";
        Integer size = config.has("dynamic") ? null : (Integer) groupSize(config); // modules of their own kind
        boolean listed = config.flagOr("desc_act", false);
        return new Scheme(
                "GPTQ",
                List.of(new GptqLayout(format.equals("gptq") ? 1 : 0, size, listed)),
                names(config, "modules_to_not_convert"),
                Set.of(),
                List.of());
    }

    private static Scheme awq(ConfigReader config) {
        requireBits(config, 4);
        config.requireString("version", "gemm", "GEMM");
        config.requireString("backend", "autoawq");
        config.requireValue("zero_point", true);
        understand(config, "do_fuse", "fuse_max_seq_len", "modules_to_fuse", "exllama_config");
        return new Scheme(
                "AWQ",
                List.of(new AwqLayout(groupSize(config))),
                names(config, "modules_to_not_convert"),
                Set.of(),
                List.of());
    }

    private static void requireBits(ConfigReader config, int... allowed) {
        int bits = config.positive("bits");
        for (int each : allowed) {
            if (bits == each) {
                return;
            }
        }
        throw config.problem("bits", allowed.length == 1 ? "4" : "4 or 8")
                .fact("try", "another copy of the model, such as one in 4 bits, or a GGUF file")
                .toException();
    }

    private static int groupSize(ConfigReader config) {
        if (!config.has("group_size")) {
            return 128; // of both quantisers
        }
        double size = config.number("group_size");
        if (size != Math.rint(size) || size > Integer.MAX_VALUE || (size < 1 && size != -1)) {
            throw config.unexpected("group_size", "a positive integer, or -1 for one group");
        }
        return (int) size;
    }

    /** Scales of keys and values in the cache, if they are rounded. */
    static Set<String> unreadScales(ConfigReader config, List<Problem> notes) {
        if (!config.has("kv_cache_scheme")) {
            return Set.of();
        }
        notes.add(Problem.of("Keys and values are not rounded.")
                .fact("configuration", KEY + ".kv_cache_scheme rounds them to 8 bits in the cache")
                .fact("used", "keys and values in the model's dtype"));
        return CACHE_SCALES;
    }

    static Problem activationNote(String original) {
        return Problem.of("Only weights are rounded as in the original, activations are not.")
                .fact("original", original)
                .fact("used", "the file's weights, exactly, with activations in --dtype");
    }

    /** Whole names in a list of modules. */
    static Set<String> names(ConfigReader config, String key) {
        @Nullable List<String> names = config.stringsOrNull(key);
        return names == null ? Set.of() : Set.copyOf(new LinkedHashSet<>(names));
    }

    /** Keys that say how a model was quantised, or how others run it. */
    private static void understand(ConfigReader config, String... keys) {
        for (String key : keys) {
            config.has(key);
        }
    }
}
