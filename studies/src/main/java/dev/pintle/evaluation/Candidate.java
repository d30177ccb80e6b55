package dev.pintle.evaluation;

import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.VectorFit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A vector to try.
 *
 * @param method what the vector is called in tables
 * @param vector added at the hook point where it was fitted
 * @param tokens which tokens it is added to
 */
public record Candidate(String method, SteeringVector vector, Tokens tokens) {
    /** Added to every token. */
    public Candidate(String method, SteeringVector vector) {
        this(method, vector, Tokens.all());
    }

    /** The one that a setting of a sweep was tried with. */
    public static Candidate of(SweepPoint point, List<Candidate> tried) {
        return tried.stream()
                .filter(one ->
                        one.method().equals(point.method()) && one.vector().at().layer() == point.layer())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No vector was tried at " + point.method()));
    }

    /**
     * Vectors that are fitted for a sweep.
     *
     * @param methods by the names that tables show
     * @param layers the layers to try
     */
    public static List<Candidate> fitted(
            LanguageModel model,
            Map<String, SteeringMethod> methods,
            List<Integer> layers,
            Tokens tokens,
            Progress progress) {
        List<Candidate> candidates = new ArrayList<>();
        methods.forEach((name, method) -> VectorFit.of(model, method)
                .listening((stage, done, total) -> progress.at(stage + " for " + name, done, total))
                .atAllLayers()
                .run()
                .vectors()
                .values()
                .stream()
                .filter(vector -> layers.contains(vector.at().layer()))
                .forEach(vector -> candidates.add(new Candidate(name, vector, tokens))));
        return candidates;
    }

    Add at(Strength strength) {
        return Add.add(vector, strength).on(tokens);
    }
}
