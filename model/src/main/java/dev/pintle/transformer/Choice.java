package dev.pintle.transformer;

/**
 * A token that was chosen.
 *
 * @param id the token
 * @param logProbability its log-probability before any filter; NaN if any logit is not finite
 */
public record Choice(int id, double logProbability) {}
