package dev.pintle.gguf;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.transformer.ModelConfig;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the beginning of a GGUF file tells of its model, without reading vocabulary and weights.
 *
 * @param architecture such as {@code llama}; "" where the file does not say
 * @param quantisation such as {@code Q4_K_M}; where the file does not say, the type that most of its bytes have
 * @param config the model's sizes; null if it cannot be loaded
 * @param obstacle why it cannot be loaded; null if nothing is known to stand in the way
 */
public record GgufSummary(
        String architecture,
        String quantisation,
        @Nullable ModelConfig config,
        @Nullable Problem obstacle) {
    private static final Set<String> PLAIN = Set.of("F32", "F16", "BF16", "F64");

    /** {@code general.file_type}, from enum llama_ftype in llama.h. */
    private static final Map<Long, String> FILE_TYPES = Map.ofEntries(
            Map.entry(0L, "F32"),
            Map.entry(1L, "F16"),
            Map.entry(2L, "Q4_0"),
            Map.entry(3L, "Q4_1"),
            Map.entry(7L, "Q8_0"),
            Map.entry(8L, "Q5_0"),
            Map.entry(9L, "Q5_1"),
            Map.entry(10L, "Q2_K"),
            Map.entry(11L, "Q3_K_S"),
            Map.entry(12L, "Q3_K_M"),
            Map.entry(13L, "Q3_K_L"),
            Map.entry(14L, "Q4_K_S"),
            Map.entry(15L, "Q4_K_M"),
            Map.entry(16L, "Q5_K_S"),
            Map.entry(17L, "Q5_K_M"),
            Map.entry(18L, "Q6_K"),
            Map.entry(19L, "IQ2_XXS"),
            Map.entry(20L, "IQ2_XS"),
            Map.entry(21L, "Q2_K_S"),
            Map.entry(22L, "IQ3_XS"),
            Map.entry(23L, "IQ3_XXS"),
            Map.entry(24L, "IQ1_S"),
            Map.entry(25L, "IQ4_NL"),
            Map.entry(26L, "IQ3_S"),
            Map.entry(27L, "IQ3_M"),
            Map.entry(28L, "IQ2_S"),
            Map.entry(29L, "IQ2_M"),
            Map.entry(30L, "IQ4_XS"),
            Map.entry(31L, "IQ1_M"),
            Map.entry(32L, "BF16"),
            Map.entry(36L, "TQ1_0"),
            Map.entry(37L, "TQ2_0"),
            Map.entry(38L, "MXFP4"));

    /**
     * Reads the beginnings of a model's files.
     *
     * @param any one of them
     * @throws PintleException if one is missing or is not GGUF
     */
    public static GgufSummary of(Path any) {
        GgufHeads heads = GgufHeads.read(any);
        String architecture =
                heads.values().get("general.architecture") instanceof GgufValue.Text text ? text.value() : "";
        String quantisation = quantisation(heads);
        try {
            String json = Json.text(GgufConfig.of(heads));
            requireTypes(heads);
            if (GgufTokenizer.isIn(heads.values())) {
                GgufTokenizer.requireKnown(heads.path(), heads.values());
            }
            ConfigReader config = ConfigReader.parse(json, heads.path());
            return new GgufSummary(
                    architecture, quantisation, Families.of(config).config(config), null);
        } catch (PintleException e) {
            return new GgufSummary(architecture, quantisation, null, e.problem());
        }
    }

    private static String quantisation(GgufHeads heads) {
        if (heads.values().get("general.file_type") instanceof GgufValue.Int type
                && FILE_TYPES.containsKey(type.value())) {
            return FILE_TYPES.getOrDefault(type.value(), "");
        }
        Map<String, Long> bytes = new TreeMap<>();
        heads.names().forEach(name -> bytes.merge(heads.listed(name).type(), heads.bytes(name), Long::sum));
        return bytes.entrySet().stream()
                .max(Comparator.comparingLong(Map.Entry::getValue))
                .map(Map.Entry::getKey)
                .orElse("");
    }

    private static void requireTypes(GgufHeads heads) {
        for (String name : heads.names()) {
            Gguf.Listed listed = heads.listed(name);
            boolean read = PLAIN.contains(listed.type())
                    || BlockFormat.named(listed.type()).isPresent();
            if (!read && !GgufNames.isPassedOver(name)) {
                throw FileProblems.of("This type of tensor is not supported.", heads.path())
                        .fact("but was", listed.type())
                        .fact("tensor", Excerpt.of(name))
                        .toException();
            }
        }
    }
}
