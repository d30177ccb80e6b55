package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowChange;
import java.util.Optional;

/**
 * Clamps the component along a direction: h + (clip(p, low, high) − p) u, p = h·u, u = unit(v). With equal bounds it
 * sets the component; with one infinite bound it is a cap or a floor.
 *
 * @param direction `[dModel]`, of any non-zero length
 * @param at the hook point
 * @param low smallest component allowed; −∞ for no floor
 * @param high largest component allowed; ∞ for no cap
 * @param tokens the tokens it applies to
 */
public record Clamp(Vec direction, HookPoint at, double low, double high, Tokens tokens) implements Intervention {
    /** @throws IllegalArgumentException if no value lies within the bounds */
    public Clamp {
        Ablate.requireDirection(direction);
        if (!(low <= high) || low == Double.POSITIVE_INFINITY || high == Double.NEGATIVE_INFINITY) {
            throw Problem.of("No component lies within these bounds.")
                    .fact("low", low)
                    .fact("high", high)
                    .toIllegalArgument();
        }
    }

    /** For static import: sets the component along a vector. */
    public static Clamp clamp(SteeringVector vector, double component) {
        return new Clamp(vector.direction(), vector.at(), component, component, Tokens.all());
    }

    /** For static import: caps the component along a vector. */
    public static Clamp cap(SteeringVector vector, double high) {
        return new Clamp(vector.direction(), vector.at(), Double.NEGATIVE_INFINITY, high, Tokens.all());
    }

    @Override
    public void requireFits(ModelConfig model, DType dtype) {
        Intervention.requireHeld("low", Double.isInfinite(low) ? 0 : low, dtype);
        Intervention.requireHeld("high", Double.isInfinite(high) ? 0 : high, dtype);
    }

    @Override
    public Optional<RowChange> rowChange() {
        return Optional.of(new RowChange(at, new RowChange.Bounded(direction.unit(), low, high)));
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Tensor unit = Intervention.placed(direction.unit(), at(), model, device, dtype);
        return (point, activation, layout) -> tokens.change(activation, layout, h -> {
            Tensor p = Intervention.projection(h, unit); // [batch, tokens, 1]
            Tensor under = p.times(-1).plus(low).relu(); // max(low − p, 0)
            Tensor over = p.plus(-high).relu();
            Tensor move = Double.isInfinite(low) ? over.times(-1) : Double.isInfinite(high) ? under : under.minus(over);
            return h.to(unit.dtype()).plus(move.times(unit)).to(h.dtype());
        });
    }
}
