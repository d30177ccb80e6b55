package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;

/**
 * Applies another intervention only to tokens whose activation has a large enough component along a direction:
 * h·u ≥ threshold, u = unit(v). Each token is judged by its own activation, at the intervention's hook point.
 *
 * <p>Conditional activation steering (CAST; Lee et al. 2024, arXiv:2409.05907) judges a whole prompt once, by its
 * cosine; this judges each token, by its component.
 *
 * @param condition `[dModel]`, of any non-zero length
 * @param threshold smallest component that qualifies; negate {@code condition} to test for small components
 * @param then the intervention to apply
 */
public record Conditional(Vec condition, double threshold, Intervention then) implements Intervention {
    /** @throws IllegalArgumentException for the zero vector or a threshold that is not finite */
    public Conditional {
        Ablate.requireDirection(condition);
        if (!Double.isFinite(threshold)) {
            throw Problem.of("A condition needs a finite threshold.")
                    .fact("threshold", threshold)
                    .toIllegalArgument();
        }
    }

    /** For static import: applies an intervention where the component along a vector is large enough. */
    public static Conditional where(SteeringVector condition, double threshold, Intervention then) {
        return new Conditional(condition.direction(), threshold, then);
    }

    @Override
    public HookPoint at() {
        return then.at();
    }

    @Override
    public Tokens tokens() {
        return then.tokens();
    }

    @Override
    public void requireFits(ModelConfig model, DType dtype) {
        then.requireFits(model, dtype);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Tensor unit = Intervention.placed(condition.unit(), at(), model, device, dtype);
        Action inner = then.bind(model, device, dtype);
        return (point, activation, layout) -> {
            Tensor changed = inner.apply(point, activation, layout);
            if (changed == activation) {
                return activation;
            }
            Tensor p = Intervention.projection(activation, unit); // [batch, tokens, 1]
            return p.plus(-threshold).times(-1).greaterThan(0).choose(activation, changed);
        };
    }
}
