package dev.pintle.quantised;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Problem;
import dev.pintle.family.ConfigReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What llm-compressor writes: groups of modules with arguments of their weights and activations.
 *
 * @see <a href="https://github.com/vllm-project/compressed-tensors">the format</a>
 */
final class CompressedTensors {
    private static final String[] FORMATS = {
        "pack-quantized", "int-quantized", "float-quantized", "naive-quantized", "mixed-precision", "dense"
    };

    private CompressedTensors() {}

    /** The arguments of the weights of all groups together. */
    private record Found(Set<Integer> bits, List<int[]> blocks, boolean roundsActivations) {}

    static Scheme read(ConfigReader config) {
        config.requireString("format", FORMATS);
        config.requireString("quantization_status", "compressed", "frozen");
        config.has("global_compression_ratio");
        config.has("version");
        requireNoSparsity(config);
        Found found = groups(config);
        List<Problem> notes = new ArrayList<>();
        if (found.roundsActivations) {
            notes.add(Schemes.activationNote("the configuration rounds them to 8 bits or fewer"));
        }
        Set<String> unread = Schemes.unreadScales(config, notes);
        return new Scheme(
                "compressed-tensors",
                List.of(
                        new PackedIntegerLayout(found.bits),
                        new PlainIntegerLayout(),
                        new Float8Layout(found.blocks.isEmpty() ? null : found.blocks.get(0))),
                Schemes.names(config, "ignore"),
                unread,
                notes);
    }

    private static void requireNoSparsity(ConfigReader config) {
        JsonNode sparsity = config.objectOrNull("sparsity_config");
        if (sparsity != null
                && !sparsity.isEmpty()
                && !sparsity.path("format").asText().equals("dense")) {
            throw config.unexpected("sparsity_config", "none, or format dense");
        }
        JsonNode transform = config.objectOrNull("transform_config");
        if (transform != null
                && !transform.isEmpty()
                && !transform.path("config_groups").isEmpty()) {
            throw config.unexpected("transform_config", "none, since it changes what the model computes");
        }
    }

    private static Found groups(ConfigReader config) {
        JsonNode stated = config.objectOrNull("config_groups");
        if (stated == null || stated.isEmpty()) {
            throw config.unexpected("config_groups", "at least one group of modules");
        }
        ConfigReader groups = config.nested("config_groups", Map.of());
        Set<Integer> bits = new LinkedHashSet<>();
        List<int[]> blocks = new ArrayList<>();
        boolean rounds = false;
        for (Iterator<String> names = stated.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            ConfigReader group = groups.nested(name, Map.of());
            group.has("targets");
            group.requireString("format", FORMATS);
            rounds |= activations(group, "input_activations") | activations(group, "output_activations");
            if (group.objectOrNull("weights") == null) {
                continue;
            }
            ConfigReader weights = group.nested("weights", Map.of());
            bits.add(bits(weights));
            int @Nullable [] block = block(weights);
            if (block != null) {
                if (!blocks.isEmpty() && !Arrays.equals(blocks.get(0), block)) {
                    throw weights.unexpected("block_structure", "one size of block for all groups");
                }
                blocks.add(block);
            }
        }
        return new Found(bits, blocks, rounds);
    }

    private static boolean activations(ConfigReader group, String key) {
        return group.objectOrNull(key) != null;
    }

    private static int bits(ConfigReader weights) {
        weights.requireString("type", "int", "float");
        int bits = weights.positiveOr("num_bits", 8);
        boolean numbers = weights.has("type") && weights.text("type").equals("float");
        if (bits != 8 && (bits != 4 || numbers)) {
            throw weights.problem("num_bits", numbers ? "8" : "4 or 8")
                    .fact("try", "another copy of the model, such as one in 4 or 8 bits, or a GGUF file")
                    .toException();
        }
        weights.requireString("strategy", "tensor", "channel", "group", "block");
        weights.requireValue("dynamic", false);
        for (String key : List.of(
                "symmetric", "group_size", "actorder", "observer", "observer_kwargs", "scale_dtype", "zp_dtype")) {
            weights.has(key); // the tensors say it, or how it was found
        }
        return bits;
    }

    /** Rows and columns of a block: {@code [128, 128]} or {@code "128x128"}; null for none. */
    private static int @Nullable [] block(ConfigReader weights) {
        if (!weights.has("block_structure")) {
            return null;
        }
        if (!weights.isText("block_structure")) {
            List<Integer> sizes = weights.wholeNumbersOrNull("block_structure");
            if (sizes != null && sizes.size() == 2 && sizes.get(0) > 0 && sizes.get(1) > 0) {
                return new int[] {sizes.get(0), sizes.get(1)};
            }
        } else if (weights.text("block_structure").matches("[1-9]\\d{0,5}x[1-9]\\d{0,5}")) {
            String[] sizes = weights.text("block_structure").split("x", -1);
            return new int[] {Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1])};
        }
        throw weights.unexpected("block_structure", "two positive integers: rows and columns of a block");
    }
}
