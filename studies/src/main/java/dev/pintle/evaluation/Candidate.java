package dev.pintle.evaluation;

import dev.pintle.steering.Add;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;

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

    Add at(Strength strength) {
        return Add.add(vector, strength).on(tokens);
    }
}
