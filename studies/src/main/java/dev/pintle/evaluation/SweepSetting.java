package dev.pintle.evaluation;

import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * One setting of a sweep: a vector at a strength.
 *
 * @param candidate the vector, and which tokens it is added to
 * @param strength at most one unit a sweep
 * @param key tells the candidate apart from others in the sweep's log
 */
public record SweepSetting(Candidate candidate, Strength strength, String key) {
    /**
     * Every candidate at every strength other than 0, candidates in the order given, strengths rising.
     *
     * @throws dev.pintle.base.PintleException if a strength cannot be used with a candidate
     * @throws IllegalArgumentException if the strengths count in two units
     */
    public static List<SweepSetting> all(List<Candidate> candidates, List<Strength> strengths) {
        Sweep.requireOneUnit(strengths);
        List<Strength> rising = strengths.stream()
                .filter(s -> s.value() != 0)
                .distinct()
                .sorted(Comparator.comparingDouble(Strength::value))
                .toList();
        List<SweepSetting> settings = new ArrayList<>();
        for (Candidate candidate : candidates) {
            rising.forEach(strength -> strength.resolve(candidate.vector()));
            String key = key(candidate);
            rising.forEach(strength -> settings.add(new SweepSetting(candidate, strength, key)));
        }
        return settings;
    }

    private static String key(Candidate candidate) {
        Vec direction = candidate.vector().direction();
        String content = direction.toString() + Arrays.hashCode(direction.toArray()) + tokens(candidate);
        return candidate.method() + "#" + Sweep.hash(content).substring(0, 8);
    }

    /** Earlier logs measured texts as if they were prompts, which is wrong where not all tokens are steered. */
    private static String tokens(Candidate candidate) {
        String name = candidate.tokens().name();
        return candidate.tokens() instanceof Tokens.All ? name : name + ", texts as generated";
    }

    /** The strength as a factor on the vector. */
    public double coefficient() {
        return strength.resolve(candidate.vector());
    }

    /** The block (0-based) after which the vector is added. */
    public int layer() {
        return candidate.vector().at().layer();
    }
}
