package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Adds a multiple of a vector to the residual stream: h + strength · v (activation addition, Turner et al. 2023,
 * arXiv:2308.10248). The product is computed in FP32 and the sum rounded once to the model's dtype.
 *
 * @param direction `[dModel]`
 * @param at the hook point
 * @param strength raw multiplier of the direction
 * @param tokens the tokens it applies to
 */
public record Add(Vec direction, HookPoint at, double strength, Tokens tokens) implements Intervention, Addition {
    /** @throws IllegalArgumentException if the strength or the direction is not finite */
    public Add {
        if (!Double.isFinite(strength) || !direction.isFinite()) {
            throw Problem.of("A steering vector and its strength must be finite.")
                    .fact("strength", strength)
                    .fact("direction", direction)
                    .toIllegalArgument();
        }
    }

    /** Adds to every token. */
    public Add(Vec direction, HookPoint at, double strength) {
        this(direction, at, strength, Tokens.all());
    }

    /** For static import: adds a vector at its hook point, with a raw multiplier. */
    public static Add add(SteeringVector vector, double strength) {
        return new Add(vector.direction(), vector.at(), strength);
    }

    /**
     * Adds a vector at its hook point.
     *
     * @throws dev.pintle.base.PintleException as for {@link Strength#resolve}
     */
    public static Add add(SteeringVector vector, Strength strength) {
        return add(vector, strength.resolve(vector));
    }

    /** Adds vectors of several layers, each at its own hook point, with one raw multiplier. */
    public static List<Add> addAll(Collection<SteeringVector> vectors, double strength) {
        return vectors.stream().map(vector -> add(vector, strength)).toList();
    }

    /** Adds vectors of several layers, each at its own hook point and relative to the activation norm there. */
    public static List<Add> addAll(Collection<SteeringVector> vectors, Strength strength) {
        return vectors.stream().map(vector -> add(vector, strength)).toList();
    }

    /** A copy for other tokens. */
    public Add on(Tokens other) {
        return new Add(direction, at, strength, other);
    }

    @Override
    public Set<HookPoint> points() {
        return Set.of(at);
    }

    @Override
    public Vec added() {
        return direction.times(strength);
    }

    @Override
    public boolean actsOn(int position, int promptLength) {
        return strength != 0 && tokens.include(position, promptLength);
    }

    @Override
    public boolean actsEverywhere() {
        return strength != 0 && tokens instanceof Tokens.All;
    }

    @Override
    public boolean isRepeatable() {
        return true;
    }

    @Override
    public void requireFits(ModelConfig model, DType dtype) {
        Intervention.requireHeld("strength", strength, dtype);
        double most = 0;
        for (float element : direction.toArray()) {
            most = Math.max(most, Math.abs(element * strength));
        }
        Intervention.requireHeld("largest element", most, dtype);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        requireWidth(model);
        if (strength == 0) {
            return (point, activation, layout) -> activation; // adding 0 would turn −0 into 0
        }
        Tensor scaled = Tensor.of(added()).to(device);
        return (point, activation, layout) ->
                tokens.change(activation, layout, h -> h.plus(scaled).to(h.dtype()));
    }
}
