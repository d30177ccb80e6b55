package dev.pintle.steering;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;

/**
 * Adds a multiple of a vector and gives each activation its own length back: h' = (h + s·v) ‖h‖ / ‖h + s·v‖. What changes is
 * the direction alone, so that strong steering does not also make the residual stream longer than the model has seen.
 *
 * @param direction `[dModel]`
 * @param at where
 * @param strength factor on the direction as it is
 * @param tokens on which tokens
 */
public record Rotate(Vec direction, HookPoint at, double strength, Tokens tokens) implements Intervention {
    /** @throws IllegalArgumentException if the strength is not a finite number */
    public Rotate {
        Intervention.requireFinite("strength", strength);
        Ablate.requireDirection(direction);
    }

    /** For static import: turns every activation toward a vector where it was fitted. */
    public static Rotate rotate(SteeringVector vector, double strength) {
        return new Rotate(vector.direction(), vector.at(), strength, Tokens.all());
    }

    @Override
    public void requireFits(ModelConfig model, DType dtype) {
        Intervention.requireHeld("strength", strength, dtype);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Tensor scaled = Intervention.placed(direction.times(strength), at(), model, device, dtype);
        if (strength == 0) {
            return (point, activation, layout) -> activation;
        }
        return (point, activation, layout) -> tokens.change(activation, layout, h -> {
            Tensor before = h.to(scaled.dtype());
            Tensor sum = before.plus(scaled);
            Tensor length = before.norm(-1, true); // [batch, tokens, 1]
            return sum.times(length.dividedBy(sum.norm(-1, true).plus(1e-30))).to(h.dtype());
        });
    }
}
