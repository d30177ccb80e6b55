package dev.pintle.study.steeringlatents;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.pintle.sae.ReconstructionErrors;
import dev.pintle.study.LatentSpread;
import dev.pintle.study.Statistics;
import dev.pintle.study.SteeredText;
import dev.pintle.study.StudyResult;
import dev.pintle.tensor.Vec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What {@link SteeringLatents} found.
 *
 * @param coefficient factor on the steering vector
 * @param errors reconstruction errors of the question's tokens, unsteered and steered
 * @param segments the same by role
 * @param difference what steering changes in the latents, mean over the question's tokens, scaled to length 1
 * @param raised the largest of those that rise
 * @param vectorLatents the vector's own encoding, scaled to length 1
 * @param cosineWithVectorLatents of the two; NaN where the vector activates no latent
 * @param relativeDifferences (a − b) / a where both are not 0 and differ by more than 0.01, as published
 * @param texts answers steered by the vector and by the latents of the difference
 * @param latentsUsed how many latents that was
 * @param along cosines along a text with the vector, its reconstruction and its error
 * @param errorDirection the error, v − dec(enc(v)), scaled to length 1 and encoded
 * @param errorDirectionLeft length of what is left of it after decoding
 */
public record SteeringLatentsResult(
        double coefficient,
        TokenErrors errors,
        Map<String, Segment> segments,
        LatentSpread difference,
        List<LatentSpread.LatentValue> raised,
        LatentSpread vectorLatents,
        double cosineWithVectorLatents,
        LatentSpread relativeDifferences,
        List<SteeredText> texts,
        int latentsUsed,
        Along along,
        LatentSpread errorDirection,
        double errorDirectionLeft)
        implements StudyResult {
    /**
     * Errors token by token.
     *
     * @param ids of the question with the header of an answer
     * @param tokens as decoded
     * @param roles of the tokens; empty where the chat template hides which tokens are whose
     * @param relativeError ‖x − x̂‖ / ‖x‖
     * @param steeredRelativeError the same of the steered activation
     * @param errorCosine of the two errors
     * @param runningMeanRatio mean of steered / unsteered over this token and all before it, as published
     * @param ratio steered / unsteered of this token
     */
    public record TokenErrors(
            int[] ids,
            List<String> tokens,
            List<String> roles,
            float[] relativeError,
            float[] steeredRelativeError,
            float[] errorCosine,
            float[] runningMeanRatio,
            double[] ratio) {}

    /** Means over the tokens of one role. */
    public record Segment(
            int tokens, double relativeError, double steeredRelativeError, double ratio, double errorCosine) {
        static Segment of(ReconstructionErrors.Segment mean) {
            return new Segment(mean.tokens(), mean.relative(), mean.steeredRelative(), mean.ratio(), mean.cosine());
        }
    }

    /**
     * A text and how nearly its activations, unsteered, point along the vector v, its reconstruction r and its error e = v − r.
     *
     * @param ids of question and answer
     * @param tokens as decoded
     * @param answerFrom where the answer begins
     * @param vector cos(x, v)
     * @param reconstruction cos(x, r)
     * @param error cos(x, e)
     * @param means of cos(x, v)
     * @param sum how cos(x, r) + cos(x, e) follows cos(x, v)
     * @param peak the token with the largest cos(x, v)
     */
    public record Along(
            int[] ids,
            List<String> tokens,
            int answerFrom,
            float[] vector,
            float[] reconstruction,
            float[] error,
            @JsonUnwrapped Means means,
            @JsonUnwrapped SumOfCosines sum,
            int peak) {}

    /**
     * Means of cos(x, v), first token left out.
     *
     * @param before the answer
     * @param inAnswer in the answer
     */
    public record Means(
            @JsonProperty("mean_before") double before,
            @JsonProperty("mean_in_answer") double inAnswer) {
        /** @param split number of cosines before the answer */
        static Means of(double[] cosines, int split) {
            return new Means(
                    Statistics.mean(Arrays.copyOf(cosines, split)),
                    Statistics.mean(Arrays.copyOfRange(cosines, split, cosines.length)));
        }
    }

    /**
     * How the sum of the cosines with r and e follows the cosine with v, first token left out.
     *
     * @param reconstructionErrorCorrelation of cos(x, r) and cos(x, e)
     * @param vectorSumCorrelation of cos(x, v) and cos(x, r) + cos(x, e)
     * @param slope of that sum over cos(x, v), least squares
     * @param predictedSlope 2 / (‖r‖ + ‖e‖) · ‖v‖, which arithmetic gives where r and e are of about one length
     */
    public record SumOfCosines(
            double reconstructionErrorCorrelation, double vectorSumCorrelation, double slope, double predictedSlope) {
        /**
         * @param ofVector cos(x, v)
         * @param ofParts cos(x, r) and cos(x, e)
         */
        static SumOfCosines of(double[] ofVector, double[][] ofParts, Vec v, Vec r) {
            double[] sum = new double[ofVector.length];
            Arrays.setAll(sum, i -> ofParts[0][i] + ofParts[1][i]);
            Statistics.Line line = Statistics.line(ofVector, sum);
            return new SumOfCosines(
                    Statistics.line(ofParts[0], ofParts[1]).correlation(),
                    line.correlation(),
                    line.slope(),
                    2 * v.norm() / (r.norm() + v.minus(r).norm()));
        }
    }
}
