package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.transformer.HookPoint;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a fit gave.
 *
 * @param vectors one a hook point, in the order of the forward pass
 * @param report what it cost
 */
public record FitResult(Map<HookPoint, SteeringVector> vectors, ExtractionReport report) {
    /** Keeps a copy. */
    public FitResult {
        vectors = Collections.unmodifiableMap(new LinkedHashMap<>(vectors));
    }

    /**
     * The vector of a hook point.
     *
     * @throws IllegalArgumentException if it was not read
     */
    public SteeringVector at(HookPoint point) {
        SteeringVector vector = vectors.get(point);
        if (vector == null) {
            throw Problem.of("No vector was fitted there.")
                    .fact("asked for", point)
                    .fact("fitted", vectors.keySet())
                    .toIllegalArgument();
        }
        return vector;
    }
}
