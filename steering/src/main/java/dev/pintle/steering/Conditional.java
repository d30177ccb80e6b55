package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowChange;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Applies another intervention only to tokens whose activation has a large enough component along a direction:
 * h·u ≥ threshold, u = unit(v). Each token is judged by its own activation, at the intervention's hook point or at an
 * earlier one.
 *
 * <p>Conditional activation steering (CAST; Lee et al. 2024, arXiv:2409.05907) judges a whole prompt once, by its
 * cosine; this judges each token, by its component.
 *
 * @param condition `[dModel]`, of any non-zero length
 * @param judged the hook point whose activation is judged: that of the intervention, or an earlier one
 * @param threshold smallest component that qualifies; negate {@code condition} to test for small components
 * @param then the intervention to apply
 */
public record Conditional(Vec condition, HookPoint judged, double threshold, Intervention then)
        implements Intervention {
    /**
     * @throws IllegalArgumentException for the zero vector, a threshold that is not finite, or a hook point after the
     *     intervention's
     */
    public Conditional {
        Ablate.requireDirection(condition);
        if (judged.compareTo(then.at()) > 0) {
            throw Problem.of("A token cannot be judged by what is computed after it is steered.")
                    .fact("judged at", judged)
                    .fact("steered at", then.at())
                    .fact("try", "a hook point up to " + then.at())
                    .toIllegalArgument();
        }
        if (!Double.isFinite(threshold)) {
            throw Problem.of("A condition needs a finite threshold.")
                    .fact("threshold", threshold)
                    .toIllegalArgument();
        }
    }

    /** Judges each token where it is steered. */
    public Conditional(Vec condition, double threshold, Intervention then) {
        this(condition, then.at(), threshold, then);
    }

    /** For static import: applies an intervention where the component along a vector is large enough. */
    public static Conditional where(SteeringVector condition, double threshold, Intervention then) {
        return new Conditional(condition.direction(), threshold, then);
    }

    @Override
    public Set<HookPoint> points() {
        return judged.equals(at()) ? Set.of(judged) : Set.of(judged, at());
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
    public boolean actsOn(int position, int promptLength) {
        return then.actsOn(position, promptLength);
    }

    @Override
    public boolean isRepeatable() {
        return then.isRepeatable();
    }

    @Override
    public void requireFits(ModelConfig model, DType dtype) {
        then.requireFits(model, dtype);
    }

    @Override
    public Optional<RowChange> rowChange() {
        RowChange.Condition where = new RowChange.Condition(judged, condition.unit(), threshold);
        return then.rowChange().map(change -> change.onlyIf(where));
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Tensor unit = Intervention.placed(condition.unit(), judged, model, device, dtype);
        Action inner = then.bind(model, device, dtype);
        float[][] seen = new float[1][]; // components of the current pass, if judged at an earlier hook point
        return (point, activation, layout) -> {
            if (!point.equals(at())) {
                seen[0] = Intervention.projection(activation, unit).toFloats();
                return activation;
            }
            Tensor changed = inner.apply(point, activation, layout);
            if (changed == activation) {
                return activation;
            }
            Tensor p = judged.equals(at())
                    ? Intervention.projection(activation, unit) // [batch, tokens, 1]
                    : Tensor.of(Objects.requireNonNull(seen[0]), layout.batch(), layout.tokens(), 1)
                            .to(activation.device());
            return p.plus(-threshold).times(-1).greaterThan(0).choose(activation, changed);
        };
    }
}
