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
    public sealed interface Formula {}

    /** x + v. */
    public record Plus(Vec vector) implements Formula {}

    /** x − share · (x·u) u. */
    public record Without(Vec unit, double share) implements Formula {}

    /** x + (clip(x·u, low, high) − x·u) u. */
    public record Bounded(Vec unit, double low, double high) implements Formula {}

    /** (x + v) ‖x‖ / ‖x + v‖. */
    public record Turned(Vec vector) implements Formula {}

    /** x + Σ (f' − f) decoder, over latents that all read the unchanged x. */
    public record Edited(List<Latent> latents) implements Formula {
        /** Takes over a copy. */
        public Edited {
            latents = List.copyOf(latents);
        }
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
    public sealed interface Gate {}

    /** z if max(z, 0) &gt; threshold, else 0; ReLU with a threshold of 0. */
    public record Above(double threshold) implements Gate {}

    /** max(z · scale + bias, 0) if z &gt; 0, else 0. */
    public record Scaled(double scale, double bias) implements Gate {}
}
