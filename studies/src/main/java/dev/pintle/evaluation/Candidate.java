package dev.pintle.evaluation;

import dev.pintle.steering.Add;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;

/**
 * A vector to try.
 *
 * @param method what the vector is called in tables
 * @param vector where it was fitted is where it is added
 * @param tokens which tokens it is added to
 */
public record Candidate(String method, SteeringVector vector, Tokens tokens) {
    /** Added to every token. */
    public Candidate(String method, SteeringVector vector) {
        this(method, vector, Tokens.all());
    }

    /** What strengths count in: the mean activation norm where the vector knows it, else 1. */
    public double unit() {
        double norm = vector.origin().meanActivationNorm();
        return Double.isFinite(norm) && norm > 0 ? norm : 1;
    }

    Add at(double strength) {
        return Add.add(vector, strength * unit()).on(tokens);
    }
}
