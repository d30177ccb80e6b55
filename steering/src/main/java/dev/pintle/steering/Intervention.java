package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.Locale;
import java.util.Set;

/**
 * Something done to the residual stream while a model runs. A value: it can be kept, compared and reused. Several act one
 * after the other, in the order they are given; those on many layers are a list with one for each.
 */
public sealed interface Intervention extends Hook permits Add, Ablate, Clamp, Rotate, Conditional, Intervention.Open {
    /** An intervention that needs more than a direction, and is defined where that is: on an autoencoder's latents. */
    non-sealed interface Open extends Intervention {}

    /** Where it acts. */
    HookPoint at();

    /** On which tokens. */
    Tokens tokens();

    @Override
    default Set<HookPoint> points() {
        return Set.of(at());
    }

    /**
     * A direction on the model's device, `[width]`.
     *
     * @param at where it will act
     * @throws IllegalArgumentException if the model has no vectors of that width there
     */
    static Tensor placed(Vec direction, HookPoint at, ModelConfig model, Device device, DType dtype) {
        at.requireHolds(direction.size(), model);
        return Tensor.of(direction).to(dtype.precise()).to(device);
    }

    /**
     * How far each activation reaches along a direction, `[batch, tokens, 1]`.
     *
     * @param unit `[dModel]`, of length 1
     */
    static Tensor projection(Tensor activation, Tensor unit) {
        return activation.to(unit.dtype()).times(unit).sum(-1, true);
    }

    /** @throws IllegalArgumentException naming a number that the residual stream's dtype does not hold */
    static void requireHeld(String what, double number, DType dtype) {
        double largest = Math.min(dtype.largest(), DType.FP32.largest()); // directions are FP32
        if (!(Math.abs(number) <= largest)) {
            throw Problem.of("A number of the intervention is beyond what the model's dtype holds.")
                    .fact(what, number)
                    .fact(dtype + " holds", String.format(Locale.ROOT, "at most %.6g", largest))
                    .fact("try", "a smaller one" + (dtype == DType.FP16 ? ", or fp32 or bf16" : ""))
                    .toIllegalArgument();
        }
    }

    /** @throws IllegalArgumentException naming the number that is not finite */
    static void requireFinite(String what, double number) {
        if (!Double.isFinite(number)) {
            throw Problem.of("An intervention needs finite numbers.")
                    .fact(what, number)
                    .toIllegalArgument();
        }
    }
}
