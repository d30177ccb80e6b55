package dev.pintle.steering;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowChange;
import java.util.Optional;

/**
 * Adds a multiple of a vector and restores each activation's norm: h' = (h + s·v) ‖h‖ / ‖h + s·v‖. Only the direction
 * changes, so even strong steering does not push the residual stream to norms that the model has never seen.
 *
 * @param direction `[dModel]`
 * @param at the hook point
 * @param strength raw multiplier of the direction
 * @param tokens the tokens it applies to
 */
public record Rotate(Vec direction, HookPoint at, double strength, Tokens tokens) implements Intervention {
    /** @throws IllegalArgumentException if the strength is not finite, or the direction is not finite or zero */
    public Rotate {
        Intervention.requireFinite("strength", strength);
        Ablate.requireDirection(direction);
    }

    /** For static import: rotates every activation toward a vector, at its hook point. */
    public static Rotate rotate(SteeringVector vector, double strength) {
        return new Rotate(vector.direction(), vector.at(), strength, Tokens.all());
    }

    @Override
    public void requireFits(ModelConfig model, DType dtype) {
        Intervention.requireHeld("strength", strength, dtype);
    }

    @Override
    public boolean actsOn(int position, int promptLength) {
        return strength != 0 && tokens.include(position, promptLength);
    }

    @Override
    public Optional<RowChange> rowChange() {
        return Optional.of(new RowChange(at, new RowChange.Turned(direction.times(strength))));
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
