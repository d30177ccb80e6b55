package dev.pintle.server.openai;

import dev.pintle.base.FieldException;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.transformer.HookPoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Finds what a capture's reduction names, and checks that it goes with the capture's hook points. */
final class Reducing {
    private final ServedModel served;
    private final String path;

    /** @param path of the capture */
    Reducing(ServedModel served, String path) {
        this.served = served;
        this.path = path + ".reduce";
    }

    /** @throws FieldException naming the part that can't be done */
    Kept kept(@Nullable Reduce reduce, Set<HookPoint> points, Tokens tokens) {
        if (reduce == null) {
            return new Kept.Whole(points, tokens);
        }
        if (reduce instanceof Reduce.Project project) {
            return components(project.vectors(), points, tokens);
        }
        if (reduce instanceof Reduce.Latents latents) {
            return latents(latents, points, tokens);
        }
        return new Means(points, tokens);
    }

    private static <T> T at(String path, Supplier<T> part) {
        try {
            return part.get();
        } catch (PintleException e) {
            throw new FieldException(path, e.problem(), e);
        } catch (IllegalArgumentException e) {
            throw new FieldException(path, Problem.of(String.valueOf(e.getMessage())), e);
        }
    }

    private Kept components(List<String> names, Set<HookPoint> points, Tokens tokens) {
        Map<HookPoint, Map<String, SteeringVector>> vectors = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            String where = path + ".project[" + i + "]";
            List<SteeringVector> found = at(where, () -> served.sources().vectors(name));
            for (HookPoint point : points) {
                SteeringVector vector = at(where, () -> along(found, name, point));
                if (vectors.computeIfAbsent(point, p -> new LinkedHashMap<>()).put(name, vector) != null) {
                    throw new FieldException(
                            where, Problem.of("The vector is named twice.").fact("vector", name));
                }
            }
        }
        return new Components(vectors, tokens);
    }

    /** The vector that was read at a hook point; one that stands alone also goes with others. */
    private SteeringVector along(List<SteeringVector> found, String name, HookPoint point) {
        SteeringVector vector =
                found.stream().filter(one -> one.at().equals(point)).findFirst().orElse(found.get(0));
        if (found.size() > 1 && !vector.at().equals(point)) {
            throw Problem.of("The vector has no part at the hook point.")
                    .fact("vector", name)
                    .fact("has", found.stream().map(SteeringVector::at).toList())
                    .fact("but was", point)
                    .toException();
        }
        vector.requireFits(served.model(), false);
        point.requireHolds(vector.dModel(), served.model().config());
        vector.direction().unit();
        return vector;
    }

    private Kept latents(Reduce.Latents asked, Set<HookPoint> points, Tokens tokens) {
        String where = path + ".latents.sae";
        SparseAutoencoder sae = at(
                where, () -> served.sources().autoencoder(asked.autoencoder()).requireFits(served.model(), false));
        HookPoint place = at(where, sae::place);
        if (!points.equals(Set.of(place))) {
            throw new FieldException(
                    where,
                    Problem.of("The capture and the autoencoder read different places.")
                            .fact("capture", points)
                            .fact("autoencoder", place)
                            .fact("try", "\"point\": \"" + place + "\""));
        }
        return TopLatents.of(place, tokens, sae, asked, served.reads());
    }
}
