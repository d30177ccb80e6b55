package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) in the half-split layout of most Hugging Face checkpoints:
 * element i is rotated with element i + d/2, unless {@linkplain #inPairs() said otherwise}. Frequencies and angles are rounded to FP32 as in the reference
 * implementation, since at large positions the rounding dominates the result.
 */
public final class Rope {
    private final float[] frequencies; // [rotated / 2], radians per position
    private final float[] unscaled; // the same before any scaling
    private final double magnitude; // factor on what is rotated
    private final boolean inPairs;
    private final @Nullable OfLong ofLong;

    /** Rotary positions of sequences that begin with more than so many tokens. */
    private record OfLong(Rope rope, int beyond) {}

    private Rope(float[] frequencies, float[] unscaled, double magnitude, boolean inPairs, @Nullable OfLong ofLong) {
        this.frequencies = frequencies;
        this.unscaled = unscaled;
        this.magnitude = magnitude;
        this.inPairs = inPairs;
        this.ofLong = ofLong;
    }

    private Rope scaled(float[] other, double factor) {
        return new Rope(other, unscaled, factor, inPairs, null);
    }

    /**
     * Rotary positions without scaling.
     *
     * @param theta base of the wavelengths
     * @param share fraction of a head's elements that are rotated, starting with the first
     */
    public static Rope of(double theta, int dHead, double share) {
        int rotated = (int) (dHead * share) / 2 * 2;
        float[] frequencies = new float[rotated / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (float) (2 * i) / rotated;
            frequencies[i] = 1.0f / (float) Math.pow(theta, exponent);
        }
        return new Rope(frequencies, frequencies, 1, false, null);
    }

    /** Every frequency divided by {@code factor} (position interpolation, arXiv:2306.15595). */
    public Rope linear(double factor) {
        float[] scaled = new float[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = frequencies[i] / (float) factor;
        }
        return scaled(scaled, magnitude);
    }

    /**
     * Each frequency divided by a number of its own, as GGUF files give Llama 3.1's scaling.
     *
     * @param divisors as many as there are frequencies
     */
    public Rope divided(float[] divisors) {
        float[] scaled = new float[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = frequencies[i] / divisors[i];
        }
        return scaled(scaled, magnitude);
    }

    /**
     * Llama 3.1's scaling: long wavelengths are stretched by {@code factor}, short ones kept, those in between
     * interpolated.
     */
    public Rope llama3(double factor, double low, double high, double originalMaxPositions) {
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
        return scaled(scaled, magnitude);
    }

    /**
     * YaRN (Peng et al. 2023, arXiv:2309.00071): frequencies that turn often within the original context are kept, those that
     * turn seldom are divided by its factor, those in between are mixed; and all rotated elements are multiplied by
     * a magnitude, which makes scores larger.
     */
    public Rope yarn(Yarn scaling) {
        int half = frequencies.length;
        double low = scaling.bound(scaling.fast, 2 * half);
        double high = scaling.bound(scaling.slow, 2 * half);
        low = Math.max(0, scaling.whole ? Math.floor(low) : low);
        high = Math.min(2 * half - 1, scaling.whole ? Math.ceil(high) : high);
        float width = (float) (high == low ? 0.001 : high - low);
        float[] mixed = new float[half];
        for (int i = 0; i < half; i++) {
            float kept = 1 - Math.min(1, Math.max(0, (i - (float) low) / width));
            float period = (float) Math.pow(scaling.theta, (float) (2 * i) / (2 * half));
            mixed[i] = 1 / ((float) scaling.factor * period) * (1 - kept) + 1 / period * kept;
        }
        return scaled(mixed, scaling.magnitude);
    }

    /**
     * The settings of YaRN.
     *
     * @param theta base of the wavelengths
     * @param factor by which the context becomes longer
     * @param originalMaxPositions the original context
     * @param fast number of turns within the original context from which on a frequency is kept
     * @param slow number of turns up to which a frequency is divided
     * @param whole whether the bounds in between are rounded to whole numbers
     * @param magnitude factor on all rotated elements
     */
    public record Yarn(
            double theta,
            double factor,
            double originalMaxPositions,
            double fast,
            double slow,
            boolean whole,
            double magnitude) {
        /** The index of the frequency that turns so often within the original context. */
        private double bound(double turns, int rotated) {
            return rotated * Math.log(originalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }

        /** The usual factor on rotated elements of a context that became longer by {@code factor}. */
        public static double usualMagnitude(double factor, double weight) {
            return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
        }
    }

    /**
     * LongRoPE (Ding et al. 2024, arXiv:2402.13753): each frequency is divided by a factor of its own, and others are for
     * sequences that begin with more than {@code beyond} tokens. A sequence keeps what it began with, since its keys are
     * rotated already.
     *
     * @param shortFactors `[rotated / 2]`
     * @param longFactors `[rotated / 2]`
     * @param factor on all rotated elements, in short and long sequences
     */
    public Rope longRope(double theta, double[] shortFactors, double[] longFactors, int beyond, double factor) {
        Rope ofShort = scaled(divided(theta, shortFactors), factor);
        Rope other = scaled(divided(theta, longFactors), factor);
        return new Rope(ofShort.frequencies, unscaled, factor, inPairs, new OfLong(other, beyond));
    }

    private float[] divided(double theta, double[] factors) {
        float[] divided = new float[frequencies.length];
        for (int i = 0; i < divided.length; i++) {
            float period = (float) Math.pow(theta, (float) (2 * i) / (2 * divided.length));
            divided[i] = 1 / ((float) factors[i] * period);
        }
        return divided;
    }

    /** What rotates a sequence that begins with so many tokens. */
    Rope ofLength(int tokens) {
        return ofLong != null && tokens > ofLong.beyond ? ofLong.rope : this;
    }

    /** Whether it depends on the length of what a sequence begins with. */
    boolean dependsOnLength() {
        return ofLong != null;
    }

    /** The same with element 2i rotated with element 2i + 1, as in Cohere's and GLM's checkpoints. */
    public Rope inPairs() {
        OfLong other = ofLong == null ? null : new OfLong(ofLong.rope.inPairs(), ofLong.beyond);
        return new Rope(frequencies, unscaled, magnitude, true, other);
    }

    /** Whether neighbouring elements are rotated with each other. */
    public boolean isInPairs() {
        return inPairs;
    }

    /** Whether stored frequencies match these, scaled or not, within the precision of a 16-bit file. */
    public boolean agreesWith(double[] stored) {
        return agrees(stored, frequencies) || agrees(stored, unscaled);
    }

    private static boolean agrees(double[] stored, float[] computed) {
        boolean same = stored.length == computed.length;
        for (int i = 0; same && i < stored.length; i++) {
            same = Math.abs(stored[i] - computed[i]) <= 0.01 * computed[i] + 1e-7; // FP16 has steps of 6e-8 near zero
        }
        return same;
    }

    /** Number of a head's elements that are rotated. */
    public int rotated() {
        return 2 * frequencies.length;
    }

    /** Cosines and sines for positions from 0 on, each `[positions, rotated / 2]` in {@code precise}. */
    Turn table(int positions, DType precise, Device device) {
        int half = frequencies.length;
        double[] cos = new double[positions * half];
        double[] sin = new double[cos.length];
        for (int at = 0; at < cos.length; at++) {
            float angle = (at / half) * frequencies[at % half];
            cos[at] = magnitude * Math.cos(angle);
            sin[at] = magnitude * Math.sin(angle);
        }
        return new Turn(
                Tensor.of(cos, positions, half).to(precise).to(device),
                Tensor.of(sin, positions, half).to(precise).to(device),
                inPairs);
    }

    /**
     * The rotation of a pass.
     *
     * @param cos `[batch or 1, 1, tokens, rotated / 2]`: one row if all rows have the same positions
     * @param sin of the same shape
     * @param inPairs whether neighbouring elements are rotated with each other
     */
    public record Turn(Tensor cos, Tensor sin, boolean inPairs) {
        /**
         * @param x `[batch, heads, tokens, dHead]`
         * @return x with its first 2·half elements rotated, in x's dtype
         */
        public Tensor apply(Tensor x) {
            long half = cos.size(-1);
            long dHead = x.size(-1);
            Tensor turning = x.narrow(-1, 0, 2 * half);
            Tensor pairs = inPairs ? turning.reshape(x.size(0), x.size(1), x.size(2), half, 2) : turning;
            Tensor first = inPairs ? pairs.select(-1, 0) : turning.narrow(-1, 0, half);
            Tensor second = inPairs ? pairs.select(-1, 1) : turning.narrow(-1, half, half);
            Tensor turnedFirst = first.times(cos).minus(second.times(sin));
            Tensor turnedSecond = second.times(cos).plus(first.times(sin));
            Tensor turned = inPairs
                    ? Tensor.stack(List.of(turnedFirst, turnedSecond), 4)
                            .reshape(x.size(0), x.size(1), x.size(2), 2 * half)
                    : Tensor.cat(List.of(turnedFirst, turnedSecond), -1);
            if (2 * half == dHead) {
                return turned.to(x.dtype());
            }
            Tensor rest = x.narrow(-1, 2 * half, dHead - 2 * half).to(cos.dtype());
            return Tensor.cat(List.of(turned, rest), -1).to(x.dtype());
        }
    }
}
