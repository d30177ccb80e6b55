package dev.pintle.study.allpositions;

import dev.pintle.study.FittedVector;
import dev.pintle.study.LatentSpread;
import dev.pintle.study.SteeredText;
import dev.pintle.study.StudyResult;
import java.util.List;

/**
 * What {@link AllPositionCaa} found.
 *
 * @param allPositions the all-position vector
 * @param prefix the last-position vector of the prefix pairs, as published
 * @param matched the last-position vector of pairs that read the same user turn as the all-position pair
 * @param afterLastDifference the vector of the positions after the prompts' last difference
 * @param cosine of the all-position and the prefix vector in the residual stream
 * @param latentCosine of their encodings, as published; NaN where either has no latent
 * @param scaledLatentCosine of their encodings at the mean activation norm
 * @param relativeDifferences (all − prefix) / prefix of latents that both activate, as published, largest magnitude first
 * @param undefined how many latents that relative difference divides by zero: active in one of the two only
 * @param differences all − prefix at the mean activation norm, over all latents of either
 * @param texts answers steered by each, and the unsteered one
 */
public record AllPositionCaaResult(
        FittedVector allPositions,
        FittedVector prefix,
        FittedVector matched,
        FittedVector afterLastDifference,
        double cosine,
        double latentCosine,
        double scaledLatentCosine,
        LatentSpread relativeDifferences,
        int undefined,
        LatentSpread differences,
        List<SteeredText> texts)
        implements StudyResult {}
