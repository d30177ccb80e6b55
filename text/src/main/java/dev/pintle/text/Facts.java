package dev.pintle.text;

import dev.pintle.base.Problem;

/** Builds problems from alternating names and values. */
final class Facts {
    private Facts() {}

    static Problem problem(String sentence, String... namesAndValues) {
        Problem problem = Problem.of(sentence);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            problem = problem.fact(namesAndValues[i], namesAndValues[i + 1]);
        }
        return problem;
    }
}
