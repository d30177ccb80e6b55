package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.RowChange;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is done to the activation f of one latent, after the autoencoder's nonlinearity. The changed activation is used
 * as it is: no threshold is applied, and it may be negative.
 */
public sealed interface LatentChange {
    /** Its index. */
    int latent();

    /**
     * f + amount.
     *
     * @param amount in units of the latent's activation
     */
    record Plus(int latent, double amount) implements LatentChange {
        /** @throws IllegalArgumentException unless the amount is finite */
        public Plus {
            requireFinite("amount", amount);
        }

        @Override
        public String toString() {
            return latent + (amount < 0 ? "=" : "=+") + amount;
        }
    }

    /**
     * f · factor; 0 ablates the latent.
     *
     * @param factor of any sign
     */
    record Times(int latent, double factor) implements LatentChange {
        /** @throws IllegalArgumentException unless the factor is finite */
        public Times {
            requireFinite("factor", factor);
        }

        @Override
        public String toString() {
            return latent + "=scale:" + factor;
        }
    }

    /**
     * f clamped to {@code low}..{@code high}; if both are equal, exactly that value.
     *
     * @param low −∞ for none
     * @param high ∞ for none
     */
    record Within(int latent, double low, double high) implements LatentChange {
        /** @throws IllegalArgumentException if no value lies within the bounds */
        public Within {
            if (!(low <= high) || low == Double.POSITIVE_INFINITY || high == Double.NEGATIVE_INFINITY) {
                throw Problem.of("No activation lies within these bounds.")
                        .fact("low", low)
                        .fact("high", high)
                        .toIllegalArgument();
            }
        }

        @Override
        public String toString() {
            return latent + "=clamp:" + (low == high ? low : low + ".." + high);
        }
    }

    /** For static import: adds to a latent. */
    /**
     * The change of one row's latent.
     *
     * @param encoder `[dModel]`, of the activation itself
     * @param decoder `[dModel]`
     */
    default RowChange.Latent of(Vec encoder, double bias, RowChange.Gate gate, Vec decoder) {
        return new RowChange.Latent(
                encoder,
                bias,
                gate,
                this instanceof Times times ? times.factor() : 1,
                this instanceof Plus plus ? plus.amount() : 0,
                this instanceof Within within ? within.low() : Double.NEGATIVE_INFINITY,
                this instanceof Within within ? within.high() : Double.POSITIVE_INFINITY,
                decoder);
    }

    static LatentChange add(int latent, double amount) {
        return new Plus(latent, amount);
    }

    /** For static import: multiplies a latent. */
    static LatentChange scale(int latent, double factor) {
        return new Times(latent, factor);
    }

    /** For static import: sets a latent to 0. */
    static LatentChange ablate(int latent) {
        return new Times(latent, 0);
    }

    /** For static import: sets a latent to a value. */
    static LatentChange clamp(int latent, double value) {
        return new Within(latent, value, value);
    }

    /** For static import: clamps a latent to bounds, either of which may be infinite. */
    static LatentChange clamp(int latent, double low, double high) {
        return new Within(latent, low, high);
    }

    /**
     * Parses {@code 933=+8}, {@code 933=-2.5}, {@code 933=clamp:5}, {@code 933=clamp:0..5}, {@code 933=scale:2} or
     * {@code 933=ablate}.
     *
     * @throws IllegalArgumentException listing these forms
     */
    static LatentChange parse(String text) {
        String number = "([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d{1,2})?)";
        Matcher matcher = Pattern.compile("(\\d{1,9})=(?:([+-].+)|scale:(.+)|clamp:(.+?)(?:\\.\\.(.+))?|(ablate))")
                .matcher(text.strip());
        if (matcher.matches()) {
            int latent = Integer.parseInt(matcher.group(1));
            String first = matcher.group(2) != null
                    ? matcher.group(2)
                    : matcher.group(3) != null ? matcher.group(3) : matcher.group(4);
            if (first == null) {
                return ablate(latent);
            }
            String last = matcher.group(5) == null ? first : matcher.group(5);
            if (first.matches(number) && last.matches(number)) {
                double value = Double.parseDouble(first);
                return matcher.group(2) != null
                        ? add(latent, value)
                        : matcher.group(3) != null
                                ? scale(latent, value)
                                : clamp(latent, value, Double.parseDouble(last));
            }
        }
        throw Problem.of("This is not a valid change of a latent.")
                .fact(
                        "expected",
                        "LATENT=+8, LATENT=-8, LATENT=clamp:5, LATENT=clamp:0..5, LATENT=scale:2, LATENT=ablate")
                .fact("but was", text)
                .toIllegalArgument();
    }

    /** @throws IllegalArgumentException if there are no changes, or a latent is changed twice or does not exist */
    static void require(List<LatentChange> changes, SparseAutoencoder sae) {
        if (changes.isEmpty()) {
            throw Problem.of("An edit must change at least one latent.").toIllegalArgument();
        }
        changes.forEach(change -> sae.requireLatent(change.latent()));
        List<Integer> twice = changes.stream()
                .map(LatentChange::latent)
                .filter(latent -> changes.stream()
                                .filter(other -> other.latent() == latent)
                                .count()
                        > 1)
                .distinct()
                .toList();
        if (!twice.isEmpty()) {
            throw Problem.of("A latent is changed twice, so it is not clear which change is meant.")
                    .fact("latent", twice.get(0))
                    .fact(
                            "changes",
                            changes.stream()
                                    .filter(change -> change.latent() == twice.get(0))
                                    .toList())
                    .toIllegalArgument();
        }
    }

    private static void requireFinite(String what, double number) {
        if (!Float.isFinite((float) number)) {
            throw Problem.of("A latent can only be changed by a finite number.")
                    .fact(what, number)
                    .toIllegalArgument();
        }
    }

    /**
     * Changes as tensors on a device, applied together: clip(f · factor + amount, low, high).
     *
     * @param latents `[m]` INT64
     * @param factor `[m]` FP32, as are the others
     */
    record Placed(Tensor latents, Tensor factor, Tensor amount, Tensor low, Tensor high) {
        /** Allocated in the current scope. */
        static Placed on(Device device, List<LatentChange> changes) {
            int m = changes.size();
            long[] latents = new long[m];
            float[] factor = new float[m];
            float[] amount = new float[m];
            float[] low = new float[m];
            float[] high = new float[m];
            for (int i = 0; i < m; i++) {
                LatentChange change = changes.get(i);
                latents[i] = change.latent();
                factor[i] = change instanceof Times times ? (float) times.factor() : 1;
                amount[i] = change instanceof Plus plus ? (float) plus.amount() : 0;
                low[i] = change instanceof Within within ? (float) within.low() : Float.NEGATIVE_INFINITY;
                high[i] = change instanceof Within within ? (float) within.high() : Float.POSITIVE_INFINITY;
            }
            return new Placed(
                    Tensor.of(latents, m).to(device),
                    Tensor.of(factor, m).to(device),
                    Tensor.of(amount, m).to(device),
                    Tensor.of(low, m).to(device),
                    Tensor.of(high, m).to(device));
        }

        /** @param f `[n, m]`, activations of the changed latents; the result has the same shape */
        Tensor changed(Tensor f) {
            Tensor moved = f.times(factor).plus(amount);
            Tensor raised = low.greaterThan(moved).choose(low, moved);
            return raised.greaterThan(high).choose(high, raised);
        }
    }
}
