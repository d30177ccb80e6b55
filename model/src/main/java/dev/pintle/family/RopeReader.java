package dev.pintle.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.transformer.Rope;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the rotary position settings of a configuration. */
public final class RopeReader {
    private static final List<String> YARN = List.of(
            "factor",
            "original_max_position_embeddings",
            "beta_fast",
            "beta_slow",
            "truncate",
            "attention_factor",
            "mscale",
            "mscale_all_dim");

    private static final List<String> LONG =
            List.of("factor", "original_max_position_embeddings", "short_factor", "long_factor", "attention_factor");

    private RopeReader() {}

    /**
     * Reads {@code rope_parameters}, or {@code rope_theta} with {@code rope_scaling}.
     *
     * @param config the model's configuration
     * @param dHead width of a head
     * @param defaultTheta base if the configuration does not state one
     * @throws dev.pintle.base.PintleException naming a kind of scaling that is not supported
     */
    public static Rope read(ConfigReader config, int dHead, double defaultTheta) {
        return read(config, dHead, defaultTheta, 1);
    }

    /**
     * The same for a family that rotates only part of each head.
     *
     * @param defaultPartial fraction of each head that is rotated, if the configuration does not state one
     */
    public static Rope read(ConfigReader config, int dHead, double defaultTheta, double defaultPartial) {
        JsonNode parameters = config.objectOrNull("rope_parameters");
        double theta = config.numberOr("rope_theta", defaultTheta);
        double partial = config.numberOr("partial_rotary_factor", defaultPartial);
        JsonNode scaling = config.objectOrNull("rope_scaling");
        if (parameters != null) {
            requireSame(config, "rope_theta", parameters);
            requireSame(config, "partial_rotary_factor", parameters);
        }
        if (parameters != null && scaling != null && !parameters.equals(scaling)) {
            throw config.unexpected("rope_scaling", "the same as rope_parameters, or only one of the two");
        }
        if (parameters != null) {
            return read(config, "rope_parameters", parameters, dHead, theta, partial);
        }
        return scaling == null
                ? plain(config, "rope_theta", dHead, theta, partial)
                : read(config, "rope_scaling", scaling, dHead, theta, partial);
    }

    /** Rotary positions of layers with a sliding window, and of those without one. */
    record ByWindow(Rope sliding, Rope full) {
        Rope of(@Nullable Integer window) {
            return window == null ? full : sliding;
        }
    }

    /**
     * Rotary positions that differ between layers with and without a sliding window: from the two objects of
     * {@code rope_parameters}, or else the usual keys for layers without one, and no scaling for the others.
     *
     * @param sliding base of layers with a window if the configuration does not state one
     * @param full base of layers without one if the configuration does not state one
     */
    static ByWindow byWindow(ConfigReader config, int dHead, double sliding, double full) {
        JsonNode both = config.objectOrNull("rope_parameters");
        JsonNode ofFull = both == null ? null : both.get("full_attention");
        JsonNode ofSliding = both == null ? null : both.get("sliding_attention");
        if (both != null && (ofFull != null || ofSliding != null)) {
            if (ofFull == null || ofSliding == null || !ofFull.isObject() || !ofSliding.isObject() || both.size() > 2) {
                throw config.unexpected("rope_parameters", "the objects full_attention and sliding_attention");
            }
            requireSame(config, "rope_theta", ofFull);
            return new ByWindow(
                    read(config, "rope_parameters", ofSliding, dHead, sliding),
                    read(config, "rope_parameters", ofFull, dHead, full));
        }
        return new ByWindow(plain(config, "rope_local_base_freq", dHead, sliding, 1), read(config, dHead, full));
    }

    /**
     * Reads one rope object, found under {@code key}.
     *
     * @param defaultTheta base if the object does not state one
     */
    public static Rope read(ConfigReader config, String key, JsonNode rope, int dHead, double defaultTheta) {
        return read(config, key, rope, dHead, defaultTheta, 1);
    }

    static Rope read(
            ConfigReader config, String key, JsonNode rope, int dHead, double defaultTheta, double defaultPartial) {
        String type = rope.path("rope_type").asText(rope.path("type").asText("default"));
        double theta = number(config, key, rope, "rope_theta", defaultTheta);
        double partial = number(config, key, rope, "partial_rotary_factor", defaultPartial);
        Rope plain = plain(config, key, dHead, theta, partial);
        Set<String> known = new TreeSet<>(List.of("rope_type", "type", "rope_theta", "partial_rotary_factor"));
        Rope scaled = switch (type) {
            case "default" -> plain;
            case "linear" -> {
                known.add("factor");
                yield plain.linear(number(config, key, rope, "factor", Double.NaN));
            }
            case "llama3" -> {
                List<String> keys =
                        List.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings");
                known.addAll(keys);
                yield plain.llama3(
                        number(config, key, rope, keys.get(0), Double.NaN),
                        number(config, key, rope, keys.get(1), Double.NaN),
                        number(config, key, rope, keys.get(2), Double.NaN),
                        number(config, key, rope, keys.get(3), Double.NaN));
            }
            case "divided" -> {
                known.add("divisors");
                yield plain.divided(divisors(config, key, rope.path("divisors"), plain.rotated() / 2));
            }
            case "yarn" -> {
                known.addAll(YARN);
                yield plain.yarn(yarn(config, key, rope, theta));
            }
            case "longrope", "su" -> {
                known.addAll(LONG);
                yield longRope(config, key, rope, plain, theta);
            }
            default ->
                throw config.problem(key, "rope_type default, linear, llama3, yarn or longrope")
                        .fact("try", withoutScaling(key, type))
                        .toException();
        };
        rope.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                throw config.unexpected(key, "only the keys " + String.join(", ", known));
            }
        });
        return scaled;
    }

    private static Rope longRope(ConfigReader config, String key, JsonNode rope, Rope plain, double theta) {
        double longest = config.numberOr("max_position_embeddings", Double.NaN);
        double original = number(
                config,
                key,
                rope,
                "original_max_position_embeddings",
                config.numberOr("original_max_position_embeddings", longest));
        double factor = number(config, key, rope, "factor", longest / original);
        double usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return plain.longRope(
                theta,
                factors(config, key, rope, "short_factor", plain.rotated() / 2),
                factors(config, key, rope, "long_factor", plain.rotated() / 2),
                (int) Math.min(Integer.MAX_VALUE, original),
                number(config, key, rope, "attention_factor", usual));
    }

    private static double[] factors(ConfigReader config, String key, JsonNode rope, String name, int count) {
        JsonNode list = rope.path(name);
        double[] factors = new double[count];
        boolean fits = list.isArray() && list.size() == count;
        for (int i = 0; fits && i < count; i++) {
            factors[i] = list.get(i).isNumber() ? list.get(i).asDouble() : -1;
            fits = factors[i] > 0 && Double.isFinite(factors[i]);
        }
        if (!fits) {
            throw config.unexpected(key, count + " positive numbers for " + name);
        }
        return factors;
    }

    /** Refuses a number that is stated twice and differs. */
    static void requireSame(ConfigReader config, String key, JsonNode rope) {
        JsonNode inner = rope.path(key);
        if (config.has(key) && inner.isNumber() && inner.asDouble() != config.number(key)) {
            throw config.unexpected(key, "the value in rope_parameters, " + inner);
        }
    }

    /** @param key what to name if the base cannot be used */
    private static Rope plain(ConfigReader config, String key, int dHead, double theta, double partial) {
        if (!(theta > 0)) {
            throw config.unexpected(key, "a positive number");
        }
        if (!(partial <= 1) || dHead * partial < 2) {
            throw config.problem("partial_rotary_factor", "a share of a head: at most 1, and at least two elements")
                    .fact("head", dHead + " elements")
                    .toException();
        }
        return Rope.of(theta, dHead, partial);
    }

    /** As transformers reads it: what is absent follows from the factor and the lengths. */
    private static Rope.Yarn yarn(ConfigReader config, String key, JsonNode rope, double theta) {
        double original = number(
                config,
                key,
                rope,
                "original_max_position_embeddings",
                config.numberOr(
                        "original_max_position_embeddings", config.numberOr("max_position_embeddings", Double.NaN)));
        double factor = number(config, key, rope, "factor", Double.NaN);
        boolean byScales = rope.hasNonNull("mscale") && rope.hasNonNull("mscale_all_dim");
        double usual = byScales
                ? Rope.Yarn.usualMagnitude(factor, number(config, key, rope, "mscale", 1))
                        / Rope.Yarn.usualMagnitude(factor, number(config, key, rope, "mscale_all_dim", 1))
                : Rope.Yarn.usualMagnitude(factor, 1);
        JsonNode truncate = rope.path("truncate");
        if (!truncate.isMissingNode() && !truncate.isBoolean()) {
            throw config.unexpected(key, "true or false for truncate");
        }
        return new Rope.Yarn(
                theta,
                factor,
                original,
                number(config, key, rope, "beta_fast", 32),
                number(config, key, rope, "beta_slow", 1),
                truncate.asBoolean(true),
                number(config, key, rope, "attention_factor", usual));
    }

    /** What to try for a kind of scaling that is not supported. */
    private static String withoutScaling(String key, String type) {
        String ignore = "--ignore-config " + key + ", or LoadOptions.ignoringConfig(\"" + key + "\")";
        return switch (type) {
            case "dynamic" -> ignore + ": up to the training length, the model computes the same without this scaling";
            default -> ignore + ", if the model was trained without the scaling";
        };
    }

    private static float[] divisors(ConfigReader config, String key, JsonNode list, int count) {
        float[] divisors = new float[count];
        for (int i = 0; i < count; i++) {
            divisors[i] = (float) list.path(i).asDouble(Double.NaN);
            if (!(divisors[i] > 0) || Float.isInfinite(divisors[i]) || list.size() != count) {
                throw config.unexpected(key, count + " positive divisors, one for each frequency");
            }
        }
        return divisors;
    }

    private static double number(ConfigReader config, String key, JsonNode rope, String name, double otherwise) {
        JsonNode node = rope.path(name);
        double value = node.isMissingNode() || node.isNull() ? otherwise : node.isNumber() ? node.asDouble() : -1;
        if (!(value > 0) || Double.isInfinite(value)) {
            throw config.unexpected(key, "a positive number for " + name);
        }
        return value;
    }
}
