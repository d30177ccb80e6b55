package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.transformer.HookPoint;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The result of a fit.
 *
 * @param vectors one per hook point, in the order of the forward pass
 * @param report what it cost
 */
public record FitResult(Map<HookPoint, SteeringVector> vectors, ExtractionReport report) {
    /** Copies the map. */
    public FitResult {
        vectors = Collections.unmodifiableMap(new LinkedHashMap<>(vectors));
    }

    /**
     * The vector of a hook point.
     *
     * @throws IllegalArgumentException if none was fitted there
     */
    public SteeringVector at(HookPoint point) {
        SteeringVector vector = vectors.get(point);
        if (vector == null) {
            throw Problem.of("No vector was fitted at this hook point.")
                    .fact("asked for", point)
                    .fact("fitted", vectors.keySet())
                    .toIllegalArgument();
        }
        return vector;
    }
}
