package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.List;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) in the half-split layout of Hugging Face checkpoints:
 * element i is rotated with element i + d/2. Frequencies and angles are rounded to FP32 as in the reference
 * implementation, since at large positions the rounding dominates the result.
 */
public final class Rope {
    private final float[] frequencies; // [rotated / 2], radians per position
    private final float[] unscaled; // the same before any scaling

    private Rope(float[] frequencies, float[] unscaled) {
        this.frequencies = frequencies;
        this.unscaled = unscaled;
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
        return new Rope(frequencies, frequencies);
    }

    /** Every frequency divided by {@code factor} (position interpolation, arXiv:2306.15595). */
    public Rope linear(double factor) {
        float[] scaled = new float[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = frequencies[i] / (float) factor;
        }
        return new Rope(scaled, unscaled);
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
        return new Rope(scaled, unscaled);
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
     * @param cos `[batch or 1, 1, tokens, rotated / 2]`: one row if all rows have the same positions
     * @param sin of the same shape
     */
    public record Turn(Tensor cos, Tensor sin) {
        /**
         * @param x `[batch, heads, tokens, dHead]`
         * @return x with its first 2·half elements rotated, in x's dtype
         */
        public Tensor apply(Tensor x) {
            long half = cos.size(-1);
            long dHead = x.size(-1);
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
