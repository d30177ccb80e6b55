package dev.pintle.study.othersaes;

import dev.pintle.study.StudyResult;
import java.util.List;
import java.util.Map;

/**
 * What {@link OtherSaes} found.
 *
 * @param readings the studies' own autoencoder first; then the others; then the own one at its neighbouring layers, where it was
 *     not trained, as a control
 */
public record OtherSaesResult(List<Reading> readings) implements StudyResult {
    /**
     * An autoencoder on a vector and on whole prompts.
     *
     * @param name of the autoencoder
     * @param format of its files
     * @param hookPoint where it read
     * @param control whether that is a place where it was not trained
     * @param dSae how many latents it has
     * @param vectorActive latents of the all-position vector of length 1, fitted there
     * @param vectorError its relative error, as published
     * @param vectorErrorWithoutBias the same without the decoder's bias
     * @param vectorErrorScaled the same at the mean activation norm
     * @param positive the positive system prompt's tokens
     * @param neutral the neutral system prompt's tokens
     */
    public record Reading(
            String name,
            String format,
            String hookPoint,
            boolean control,
            int dSae,
            int vectorActive,
            double vectorError,
            double vectorErrorWithoutBias,
            double vectorErrorScaled,
            PromptReading positive,
            PromptReading neutral) {}

    /**
     * A whole prompt.
     *
     * @param tokens how many
     * @param meanError mean ‖x − x̂‖ / ‖x‖ over all tokens, as published
     * @param meanErrorWithoutFirst the same without the first token
     * @param meanActive mean number of active latents
     * @param bySegment mean error by role; empty where the chat template hides which tokens are whose
     */
    public record PromptReading(
            int tokens,
            double meanError,
            double meanErrorWithoutFirst,
            double meanActive,
            Map<String, Double> bySegment) {}
}
