package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) in the half-split layout of Hugging Face checkpoints:
 * element i turns with element i + d/2. Frequencies and angles are rounded to FP32 as the reference does, since at long
 * positions those roundings are the result.
 */
public final class Rope {
    private final float[] frequencies; // [rotated / 2], radians a position
    private final float[] unscaled; // the same before any scaling

    private Rope(float[] frequencies, float[] unscaled) {
        this.frequencies = frequencies;
        this.unscaled = unscaled;
    }

    /**
     * Reads {@code rope_parameters}, or {@code rope_theta} with {@code rope_scaling}.
     *
     * @param config the model's configuration
     * @param dHead width of a head
     * @param defaultTheta base where the configuration names none
     * @throws dev.pintle.base.PintleException naming a kind of scaling that is not understood
     */
    public static Rope of(ConfigReader config, int dHead, double defaultTheta) {
        JsonNode parameters = config.objectOrNull("rope_parameters");
        double theta = config.numberOr("rope_theta", defaultTheta);
        double partial = config.numberOr("partial_rotary_factor", 1);
        JsonNode scaling = config.objectOrNull("rope_scaling");
        JsonNode inner = parameters == null ? null : parameters.get("rope_theta");
        if (inner != null && inner.isNumber() && config.has("rope_theta") && inner.asDouble() != theta) {
            throw config.unexpected("rope_theta", "what rope_parameters says, " + inner);
        }
        if (parameters != null && scaling != null && !parameters.equals(scaling)) {
            throw config.unexpected("rope_scaling", "the same as rope_parameters, or one of the two");
        }
        if (parameters != null) {
            return of(config, "rope_parameters", parameters, dHead, theta, partial);
        }
        return scaling == null
                ? plain(theta, dHead, partial)
                : of(config, "rope_scaling", scaling, dHead, theta, partial);
    }

    /**
     * Without scaling, on the whole head.
     *
     * @param theta base of the wavelengths
     */
    public static Rope ofBase(double theta, int dHead) {
        return plain(theta, dHead, 1);
    }

    /**
     * Reads one rope object, found under {@code key}.
     *
     * @param defaultTheta base where it names none
     */
    public static Rope of(ConfigReader config, String key, JsonNode rope, int dHead, double defaultTheta) {
        return of(config, key, rope, dHead, defaultTheta, 1);
    }

    private static Rope of(
            ConfigReader config, String key, JsonNode rope, int dHead, double defaultTheta, double defaultPartial) {
        String type = rope.path("rope_type").asText(rope.path("type").asText("default"));
        double theta = number(config, key, rope, "rope_theta", defaultTheta);
        double partial = number(config, key, rope, "partial_rotary_factor", defaultPartial);
        Rope plain = plain(theta, dHead, partial);
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
            default ->
                throw config.problem(key, "rope_type default, linear or llama3")
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

    /** What can be done about a kind of scaling that is not computed. */
    private static String withoutScaling(String key, String type) {
        String ignore = "--ignore-config " + key + ", or LoadOptions.ignoringConfig(\"" + key + "\")";
        return switch (type) {
            case "dynamic" ->
                ignore + ": without this scaling the model computes the same up to the length it was trained for";
            case "yarn" ->
                ignore + ", if the scaling was added to a model that was trained without it, as Qwen's cards describe;"
                        + " its texts must then stay within the length it was trained for";
            case "longrope", "su" -> "another model: this one was trained with the scaling, also for short texts";
            default -> ignore + ", if the model was trained without the scaling";
        };
    }

    private static double number(ConfigReader config, String key, JsonNode rope, String name, double otherwise) {
        JsonNode node = rope.path(name);
        double value = node.isMissingNode() || node.isNull() ? otherwise : node.isNumber() ? node.asDouble() : -1;
        if (!(value > 0) || Double.isInfinite(value)) {
            throw config.unexpected(key, "a positive number for " + name);
        }
        return value;
    }

    private static Rope plain(double theta, int dHead, double partial) {
        int rotated = (int) (dHead * partial) / 2 * 2;
        float[] frequencies = new float[rotated / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (float) (2 * i) / rotated;
            frequencies[i] = 1.0f / (float) Math.pow(theta, exponent);
        }
        return new Rope(frequencies, frequencies);
    }

    /** Every frequency divided by {@code factor} (position interpolation, arXiv:2306.15595). */
    private Rope linear(double factor) {
        float[] scaled = new float[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = frequencies[i] / (float) factor;
        }
        return new Rope(scaled, unscaled);
    }

    /** Llama 3.1's rule: long wavelengths are stretched by {@code factor}, short ones kept, those between interpolated. */
    private Rope llama3(double factor, double low, double high, double originalMaxPositions) {
        float[] scaled = new float[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            float f = frequencies[i];
            float wavelength = (float) (2 * Math.PI) / f;
            if (wavelength < originalMaxPositions / high) {
                scaled[i] = f;
            } else if (wavelength > originalMaxPositions / low) {
                scaled[i] = f / (float) factor;
            } else {
                float s = (float) ((originalMaxPositions / wavelength - low) / (high - low));
                scaled[i] = (1 - s) * f / (float) factor + s * f;
            }
        }
        return new Rope(scaled, unscaled);
    }

    /** Whether these are the frequencies, scaled or not, as they come out of a file that may hold 16 bits of each. */
    boolean agreesWith(double[] stored) {
        return agrees(stored, frequencies) || agrees(stored, unscaled);
    }

    private static boolean agrees(double[] stored, float[] computed) {
        boolean same = stored.length == computed.length;
        for (int i = 0; same && i < stored.length; i++) {
            same = Math.abs(stored[i] - computed[i]) <= 0.01 * computed[i] + 1e-7; // FP16 has steps of 6e-8 near zero
        }
        return same;
    }

    /** How many of a head's elements turn. */
    int rotated() {
        return 2 * frequencies.length;
    }

    /** Cosines and sines of the positions from 0 on, each `[positions, rotated / 2]` in the precise dtype. */
    Turn table(int positions, DType precise, Device device) {
        int half = frequencies.length;
        double[] cos = new double[positions * half];
        double[] sin = new double[cos.length];
        for (int at = 0; at < cos.length; at++) {
            float angle = (at / half) * frequencies[at % half];
            cos[at] = Math.cos(angle);
            sin[at] = Math.sin(angle);
        }
        return new Turn(
                Tensor.of(cos, positions, half).to(precise).to(device),
                Tensor.of(sin, positions, half).to(precise).to(device));
    }

    /**
     * The rotation of a pass.
     *
     * @param cos `[batch or 1, 1, tokens, rotated / 2]`: one row where all rows stand at the same positions
     * @param sin of the same shape
     */
    record Turn(Tensor cos, Tensor sin) {
        /**
         * @param x `[batch, heads, tokens, dHead]`
         * @return x with its first 2·half elements turned, in x's dtype
         */
        Tensor apply(Tensor x) {
            long half = cos.size(-1);
            long dHead = x.size(-1);
            Optional<FusedOps> fused = 2 * half == dHead ? FusedOps.on(x) : Optional.empty();
            if (fused.isPresent()) {
                return fused.get().rope(x, this);
            }
            Tensor first = x.narrow(-1, 0, half);
            Tensor second = x.narrow(-1, half, half);
            Tensor turnedFirst = first.times(cos).minus(second.times(sin));
            Tensor turnedSecond = second.times(cos).plus(first.times(sin));
            if (2 * half == dHead) {
                return Tensor.cat(List.of(turnedFirst, turnedSecond), -1).to(x.dtype());
            }
            Tensor rest = x.narrow(-1, 2 * half, dHead - 2 * half).to(cos.dtype());
            return Tensor.cat(List.of(turnedFirst, turnedSecond, rest), -1).to(x.dtype());
        }
    }
}
