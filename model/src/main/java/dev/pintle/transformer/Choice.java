package dev.pintle.transformer;

/**
 * A token that was chosen.
 *
 * @param id the token
 * @param logProbability logarithm of its probability before any filter; NaN where a logit is not finite
 */
public record Choice(int id, double logProbability) {}
