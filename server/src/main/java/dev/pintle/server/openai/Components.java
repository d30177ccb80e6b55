package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Each token's components along vectors of length 1: `[n, vectors]`. */
final class Components extends Folding {
    private final Map<HookPoint, List<Along>> along;
    private final Map<HookPoint, Map<Integer, double[]>> components = new HashMap<>();

    /** A direction, and the name of its vector. */
    private record Along(String name, SteeringVector vector, Vec unit) {}

    /** @param vectors by hook point and name */
    Components(Map<HookPoint, Map<String, SteeringVector>> vectors, Tokens tokens) {
        super(vectors.keySet(), tokens);
        this.along = new HashMap<>();
        vectors.forEach((point, named) -> {
            List<Along> directions = new ArrayList<>();
            named.forEach((name, vector) ->
                    directions.add(new Along(name, vector, vector.direction().unit())));
            along.put(point, directions);
        });
    }

    private List<Along> along(HookPoint point) {
        return along.getOrDefault(point, List.of());
    }

    @Override
    void fold(HookPoint point, int position, float[] activation, long[] shape) {
        Vec vector = Vec.of(activation);
        components
                .computeIfAbsent(point, p -> new HashMap<>())
                .put(
                        position,
                        along(point).stream()
                                .mapToDouble(one -> vector.dot(one.unit))
                                .toArray());
    }

    /** The component of a position's activation along one of the vectors; NaN if it was not read. */
    double component(HookPoint point, int position, int vector) {
        double[] found = components.getOrDefault(point, Map.of()).get(position);
        return found == null ? Double.NaN : found[vector];
    }

    @Override
    public Numbers numbers(HookPoint point) {
        int[] positions = positions(point);
        int count = along(point).size();
        float[] values = new float[positions.length * count];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) component(point, positions[i / count], i % count);
        }
        ObjectNode reduced = Json.object();
        ArrayNode told = reduced.putArray("project");
        for (Along one : along(point)) {
            told.addObject()
                    .put("vector", one.name)
                    .put("sha256", one.vector.hash())
                    .put("at", one.vector.at().toString());
        }
        return new Numbers(new long[] {positions.length, count}, values, null, reduced);
    }
}
