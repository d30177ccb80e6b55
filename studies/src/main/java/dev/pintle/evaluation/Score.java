package dev.pintle.evaluation;

/**
 * How much one answer, or one prompt under one setting, shows a concept.
 *
 * @param concept from 0, not at all, to 1; NaN if unknown
 * @param propensity the same on an unbounded scale, the log-odds of the concept, on which slopes are taken; NaN where the
 *     concept is judged from the text alone
 */
public record Score(double concept, double propensity) {
    static Score ofText(double concept) {
        return new Score(concept, Double.NaN);
    }

    static Score ofLogOdds(double logOdds) {
        return new Score(1 / (1 + Math.exp(-logOdds)), logOdds);
    }
}
