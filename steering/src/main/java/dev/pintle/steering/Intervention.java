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
 * Something done to the residual stream while a model runs. It is a value: it can be stored, compared and reused.
 * Several interventions apply in the given order; interventions on several layers are a list with one per layer.
 */
public sealed interface Intervention extends Hook permits Add, Ablate, Clamp, Rotate, Conditional, Intervention.Open {
    /**
     * An intervention that needs more than a direction and is defined in another module, such as one on an
     * autoencoder's latents.
     */
    non-sealed interface Open extends Intervention {
        /** False: matrix products may have other roundings in a pass of other tokens. */
        @Override
        default boolean isRepeatable() {
            return false;
        }
    }

    /** The hook point it acts at. */
    HookPoint at();

    /** The tokens it applies to. */
    Tokens tokens();

    @Override
    default Set<HookPoint> points() {
        return Set.of(at());
    }

    @Override
    default boolean actsOn(int position, int promptLength) {
        return tokens().include(position, promptLength);
    }

    @Override
    default boolean isRepeatable() {
        return true;
    }

    /**
     * A direction on the model's device, `[width]`.
     *
     * @param at the hook point it will act at
     * @throws IllegalArgumentException if the model has no vectors of that width at that hook point
     */
    static Tensor placed(Vec direction, HookPoint at, ModelConfig model, Device device, DType dtype) {
        at.requireHolds(direction.size(), model);
        return Tensor.of(direction).to(dtype.precise()).to(device);
    }

    /**
     * The component of each activation along a direction, `[batch, tokens, 1]`.
     *
     * @param unit `[dModel]`, of length 1
     */
    static Tensor projection(Tensor activation, Tensor unit) {
        return activation.to(unit.dtype()).times(unit).sum(-1, true);
    }

    /** @throws IllegalArgumentException naming a number that the residual stream's dtype cannot represent */
    static void requireHeld(String what, double number, DType dtype) {
        double largest = Math.min(dtype.largest(), DType.FP32.largest()); // directions are FP32
        if (!(Math.abs(number) <= largest)) {
            throw Problem.of("A number of the intervention is out of range for the model's dtype.")
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
