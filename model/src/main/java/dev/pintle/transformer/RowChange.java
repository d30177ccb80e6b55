package dev.pintle.transformer;

import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.List;

/**
 * What a hook does to a single activation x `[dModel]`, if that depends on nothing but x: the form in which a GPU does it
 * within a recorded step, for each row its own. All of it is computed in FP32, and the result rounded once to the model's
 * dtype.
 *
 * @param at where x is changed
 * @param conditions all of them must hold
 * @param formula what x becomes
 */
public record RowChange(HookPoint at, List<Condition> conditions, Formula formula) {
    /** Takes over a copy of the conditions. */
    public RowChange {
        conditions = List.copyOf(conditions);
    }

    /** An unconditional change. */
    public RowChange(HookPoint at, Formula formula) {
        this(at, List.of(), formula);
    }

    /** A copy with one more condition. */
    public RowChange onlyIf(Condition condition) {
        List<Condition> all = new ArrayList<>(List.of(condition));
        all.addAll(conditions);
        return new RowChange(at, all, formula);
    }

    /**
     * x·u ≥ threshold, for the activation of the same token at a hook point.
     *
     * @param judged that of the change, or an earlier one
     * @param unit u, `[dModel]`
     */
    public record Condition(HookPoint judged, Vec unit, double threshold) {}

    /** What x becomes. */
    public sealed interface Formula {
        /** The result for x, `[dModel]`, computed in FP64: what kernels are held against. */
        Vec of(Vec x);
    }

    /** x + v. */
    public record Plus(Vec vector) implements Formula {
        @Override
        public Vec of(Vec x) {
            return x.plus(vector);
        }
    }

    /** x − share · (x·u) u. */
    public record Without(Vec unit, double share) implements Formula {
        @Override
        public Vec of(Vec x) {
            return x.plus(unit.times(-share * x.dot(unit)));
        }
    }

    /** x + (clip(x·u, low, high) − x·u) u. */
    public record Bounded(Vec unit, double low, double high) implements Formula {
        @Override
        public Vec of(Vec x) {
            double p = x.dot(unit);
            return x.plus(unit.times(clip(p, low, high) - p));
        }
    }

    /** (x + v) ‖x‖ / ‖x + v‖. */
    public record Turned(Vec vector) implements Formula {
        @Override
        public Vec of(Vec x) {
            Vec sum = x.plus(vector);
            return sum.times(x.norm() / sum.norm());
        }
    }

    /** x + Σ (f' − f) decoder, over latents that all read the unchanged x. */
    public record Edited(List<Latent> latents) implements Formula {
        /** Takes over a copy. */
        public Edited {
            latents = List.copyOf(latents);
        }

        @Override
        public Vec of(Vec x) {
            Vec sum = x;
            for (Latent latent : latents) {
                double f = latent.gate.of(x.dot(latent.encoder) + latent.bias);
                double changed = clip(f * latent.factor + latent.amount, latent.low, latent.high);
                sum = sum.plus(latent.decoder.times(changed - f));
            }
            return sum;
        }
    }

    private static double clip(double x, double low, double high) {
        return Math.min(Math.max(x, low), high);
    }

    /**
     * A latent of an autoencoder: z = x·encoder + bias, f = gate(z), f' = clip(f · factor + amount, low, high).
     *
     * @param encoder `[dModel]`
     * @param low −∞ for none
     * @param high ∞ for none
     * @param decoder `[dModel]`
     */
    public record Latent(
            Vec encoder, double bias, Gate gate, double factor, double amount, double low, double high, Vec decoder) {}

    /** What makes a latent's activation f of its pre-activation z. */
    public sealed interface Gate {
        /** f. */
        double of(double z);
    }

    /** max(z, 0) if that is above the threshold, else 0; ReLU with a threshold of 0. */
    public record Above(double threshold) implements Gate {
        @Override
        public double of(double z) {
            double positive = Math.max(z, 0);
            return positive > threshold ? positive : 0;
        }
    }

    /** max(z · scale + bias, 0) if z &gt; 0, else 0. */
    public record Scaled(double scale, double bias) implements Gate {
        @Override
        public double of(double z) {
            return z > 0 ? Math.max(z * scale + bias, 0) : 0;
        }
    }
}
