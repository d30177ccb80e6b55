package dev.pintle.study.base;

import dev.pintle.study.FittedVector;
import dev.pintle.study.LatentCandidate;
import dev.pintle.study.StudyResult;
import java.util.List;
import java.util.OptionalInt;

/**
 * What {@link BaseStudy} found. The original published {@code vectors[0].encoded}: its share of the target as "cosine
 * similarity in latent space" and its relative error as "CAA error norm".
 *
 * @param positive the positive system prompt as it was read, padded where it was the shorter
 * @param neutral the neutral one
 * @param tokens of each prompt
 * @param firstDifference first position at which the prompts' ids differ
 * @param equalTail how many ids at the end are the same
 * @param targetLatent the latent that stands for the concept
 * @param targetLabel its label; empty where there is none
 * @param candidates latents that may stand for the concept, the target first
 * @param decoderBiasNorm length of the decoder's bias, which is what is decoded where no latent is active
 * @param zeroActive how many latents the zero vector activates
 * @param vectors all-positions, as published, then after-last-difference and last-position
 * @param cosines of the vectors, each with each
 */
public record BaseResult(
        String positive,
        String neutral,
        int tokens,
        int firstDifference,
        int equalTail,
        int targetLatent,
        String targetLabel,
        List<LatentCandidate> candidates,
        double decoderBiasNorm,
        int zeroActive,
        List<FittedVector> vectors,
        List<List<Double>> cosines)
        implements StudyResult {
    @Override
    public OptionalInt conceptLatent() {
        return OptionalInt.of(targetLatent);
    }
}
