package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;

/**
 * Directions `[n, dModel]` that a method read at one hook point, before aggregation. Owned by the {@link FitReading}
 * they came from.
 */
public final class Directions {
    private final HookPoint at;
    private final DirectionStream stream;
    private final Origin origin;

    /** @param origin the origin of a vector aggregated from them, as far as it does not depend on the aggregation */
    Directions(HookPoint at, DirectionStream stream, Origin origin) {
        this.at = at;
        this.stream = stream;
        this.origin = origin;
    }

    /** The hook point they were read at. */
    public HookPoint at() {
        return at;
    }

    /** Number of directions read. */
    public long count() {
        return stream.count();
    }

    /**
     * The directions themselves: all of them up to 2,048, beyond that a uniform random sample of that size.
     *
     * @return `[n, dModel]` FP64 on the CPU, in the innermost open scope
     */
    public Tensor rows() {
        return stream.rows().copy();
    }

    /**
     * Aggregates the directions into one steering vector of length 1.
     *
     * @throws dev.pintle.base.PintleException if the directions cancel, or were too many to keep for this aggregation
     */
    public SteeringVector aggregate(Aggregation aggregation) {
        if (!stream.serves(aggregation)) {
            throw Problem.of("There were too many directions to keep, so they were summed for another aggregation.")
                    .fact("directions", stream.count())
                    .fact("kept", DirectionStream.KEPT)
                    .fact("asked for", aggregation.name())
                    .fact("try", "reading with a method that uses this aggregation")
                    .toException();
        }
        DirectionStream.Aggregated aggregated = stream.aggregate(aggregation);
        Vec raw = Vec.of(aggregated.vector());
        if (raw.norm() == 0 || !raw.isFinite()) {
            throw Problem.of("The prompts give no direction: their activations do not differ.")
                    .fact("hook point", at)
                    .fact("method", origin.method().name())
                    .fact("pairs", origin.data().pairs())
                    .fact("try", "prompts that differ in more than padding, or a later layer")
                    .toException();
        }
        return new SteeringVector(
                raw.unit(), at, of(aggregation.name(), aggregated.explained(), stream.stability(aggregation)));
    }

    /**
     * A steering vector that the caller aggregated; normalised to length 1.
     *
     * @param direction `[dModel]`
     * @param how the aggregation in words, for the record
     */
    public SteeringVector vector(Vec direction, String how) {
        if (direction.size() != stream.dModel() || !direction.isFinite() || direction.norm() == 0) {
            throw Problem.of("The values do not form a steering vector of the model.")
                    .fact("model", origin.model())
                    .fact("expected", stream.dModel() + " finite numbers, not all 0")
                    .fact("but was", direction.isFinite() ? direction : direction.size() + " numbers, some not finite")
                    .toIllegalArgument();
        }
        return new SteeringVector(direction.unit(), at, of(how, Double.NaN, Stability.UNKNOWN));
    }

    private Origin of(String aggregation, double explained, Stability stability) {
        Origin.Method method = origin.method();
        Origin.Measures measures = origin.measures();
        return new Origin(
                origin.model(),
                new Origin.Method(method.name(), method.positions(), aggregation, method.settings()),
                origin.data(),
                origin.capture(),
                new Origin.Measures(
                        measures.normBeforeScaling(),
                        measures.meanActivationNorm(),
                        explained,
                        stability,
                        measures.seed()),
                origin.source());
    }
}
