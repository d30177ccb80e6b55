package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.transformer.HookPoint;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The directions that a fit has read, per hook point. Owns them; close it when done.
 *
 * <pre>{@code
 * try (FitReading read = VectorFit.of(model, method).at(HookPoint.residPost(12)).read()) {
 *     Directions directions = read.at(HookPoint.residPost(12));                      // [n, dModel]
 *     SteeringVector mean = directions.aggregate(Aggregation.mean());                // [dModel]
 *     SteeringVector component = directions.aggregate(Aggregation.parse("pca-centred"));
 * }
 * }</pre>
 */
public final class FitReading implements AutoCloseable {
    private final Map<HookPoint, Directions> directions;
    private final List<DirectionStream> streams;
    private final ExtractionReport report;

    FitReading(Map<HookPoint, Directions> directions, List<DirectionStream> streams, ExtractionReport report) {
        this.directions = Collections.unmodifiableMap(new LinkedHashMap<>(directions));
        this.streams = List.copyOf(streams);
        this.report = report;
    }

    /** The directions per hook point, in the order of the forward pass. */
    public Map<HookPoint, Directions> directions() {
        return directions;
    }

    /**
     * The directions at a hook point.
     *
     * @throws IllegalArgumentException if that hook point was not read
     */
    public Directions at(HookPoint point) {
        Directions here = directions.get(point);
        if (here == null) {
            throw Problem.of("Nothing was read at this hook point.")
                    .fact("asked for", point)
                    .fact("read", directions.keySet())
                    .toIllegalArgument();
        }
        return here;
    }

    /** What reading cost. */
    public ExtractionReport report() {
        return report;
    }

    /**
     * Aggregates one vector per hook point.
     *
     * @throws dev.pintle.base.PintleException if the directions of a hook point cancel
     */
    public FitResult aggregate(Aggregation aggregation) {
        Map<HookPoint, SteeringVector> vectors = new LinkedHashMap<>();
        directions.forEach((at, here) -> vectors.put(at, here.aggregate(aggregation)));
        return new FitResult(vectors, report);
    }

    /** Releases the directions. */
    @Override
    public void close() {
        streams.forEach(DirectionStream::close);
    }
}
