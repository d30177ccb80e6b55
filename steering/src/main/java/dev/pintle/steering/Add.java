package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.ModelConfig;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import java.util.Set;

/**
 * Adds a multiple of a vector to the residual stream at every position: h + strength · v (activation addition, Turner et
 * al. 2023, arXiv:2308.10248). The product is formed in FP32 and the sum rounded once to the model's dtype.
 *
 * @param direction `[dModel]`
 * @param at where
 * @param strength factor on the direction as it is
 */
public record Add(Vec direction, HookPoint at, double strength) implements Intervention {
    /** @throws IllegalArgumentException if the strength is not a finite number */
    public Add {
        if (!Double.isFinite(strength) || !direction.isFinite()) {
            throw Problem.of("A vector can be added at a finite strength only.")
                    .fact("strength", strength)
                    .fact("direction", direction)
                    .toIllegalArgument();
        }
    }

    /** For static import: adds a vector where it was fitted. */
    public static Add add(SteeringVector vector, double strength) {
        return new Add(vector.direction(), vector.at(), strength);
    }

    @Override
    public Set<HookPoint> points() {
        return Set.of(at);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        if (direction.size() != model.dModel()) {
            throw Problem.of("The vector does not fit the model.")
                    .fact("vector", direction.size() + " wide")
                    .fact("model", "dModel = " + model.dModel())
                    .toIllegalArgument();
        }
        Tensor scaled = Tensor.of(direction.times(strength)).to(device);
        return (point, activation, layout) -> activation.plus(scaled).to(activation.dtype());
    }
}
