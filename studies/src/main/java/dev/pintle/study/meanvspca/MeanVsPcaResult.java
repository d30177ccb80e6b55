package dev.pintle.study.meanvspca;

import dev.pintle.steering.VectorComparison;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.SteeredText;
import dev.pintle.study.StudyResult;
import java.util.List;

/**
 * What {@link MeanVsPca} found.
 *
 * @param explained share of the differences' variance along the first centred component, as published
 * @param comparison of the "PCA" vector and the mean
 * @param mean elements of the mean vector, of length 1
 * @param pca elements of the "PCA" vector
 * @param meanEncoded the mean vector's latents
 * @param pcaEncoded the "PCA" vector's latents
 * @param deltas the latents of either, by |mean| + |PCA|
 * @param texts answers steered by the mean and by "PCA"
 * @param sameText whether those two answers are the same token for token
 * @param components what a component itself gives, of this pair's differences and of the prefix pairs'
 */
public record MeanVsPcaResult(
        double explained,
        VectorComparison comparison,
        float[] mean,
        float[] pca,
        EncodedVector meanEncoded,
        EncodedVector pcaEncoded,
        List<Delta> deltas,
        List<SteeredText> texts,
        boolean sameText,
        List<Component> components)
        implements StudyResult {
    /**
     * One latent in both.
     *
     * @param percent 100 · |mean − pca| / mean; NaN where the mean has none
     * @param label empty where there is none
     */
    public record Delta(int latent, double pca, double mean, double percent, String label) {}

    /**
     * A vector from a component of the differences.
     *
     * @param data which differences
     * @param aggregation which component
     * @param explained share of variance along it
     * @param cosineWithMean with the mean of the same differences
     * @param text the answer it steers to
     */
    public record Component(
            String data, String aggregation, double explained, double cosineWithMean, SteeredText text) {}
}
