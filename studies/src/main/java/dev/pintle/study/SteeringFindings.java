package dev.pintle.study;

import dev.pintle.steering.SteeringVector;
import java.util.List;

/**
 * What a {@link SteeringStudy} found.
 *
 * @param settings what was studied
 * @param manifest what it was run on
 * @param vectors one a method
 * @param answers every generated text
 * @param sweep how style, repetition and fluency change with strength
 * @param parts what each vector is made of
 * @param twice what is left after decoding twice
 * @param decoderBiasNorm length of the decoder's bias, the reconstruction of a vector that activates nothing
 */
public record SteeringFindings(
        SteeringStudy.Settings settings,
        RunManifest manifest,
        List<Fitted> vectors,
        List<Answer> answers,
        List<SweepPoint> sweep,
        List<Parts> parts,
        List<DoubleDecode> twice,
        double decoderBiasNorm) {

    /**
     * A fitted vector.
     *
     * @param cosines with every vector of the study, in order
     */
    public record Fitted(SteeringVector vector, List<Double> cosines) {}

    /**
     * One generated text.
     *
     * @param strength in multiples of the mean activation norm
     * @param coefficient the same as a factor on the unit vector
     * @param shows whether it shows the style and does not loop
     * @param loops whether it repeats itself
     * @param perplexity under the unsteered model; NaN for an empty text
     */
    public record Answer(
            String method,
            double strength,
            double coefficient,
            String question,
            String text,
            boolean shows,
            boolean loops,
            double perplexity) {}

    /**
     * All answers of one method at one strength.
     *
     * @param shows share that shows the style and does not loop
     * @param loops share that loops
     * @param medianPerplexity under the unsteered model
     */
    public record SweepPoint(String method, double strength, double shows, double loops, double medianPerplexity) {}

    /**
     * A vector's latents.
     *
     * @param plain of the unit vector, as published
     * @param scaled at the mean activation norm
     */
    public record Parts(String method, Encoded plain, Encoded scaled) {}

    /**
     * A vector in an autoencoder's terms.
     *
     * @param factor what the unit vector was multiplied by first
     * @param active latents of the vector
     * @param zeroActive latents of the zero vector
     * @param top the largest
     * @param relativeError ‖v − v̂‖ / ‖v‖
     * @param relativeErrorWithoutBias the same without the decoder's bias
     * @param biasShare how much of v̂ is the decoder's bias
     * @param cosine of v and v̂
     */
    public record Encoded(
            double factor,
            int active,
            int zeroActive,
            List<LabelledTerm> top,
            double relativeError,
            double relativeErrorWithoutBias,
            double biasShare,
            double cosine) {}

    /** A latent with its label. */
    public record LabelledTerm(int latent, double activation, String label) {}

    /**
     * Encoding what was decoded.
     *
     * @param firstError relative error of the first reconstruction
     * @param secondError relative error of the second against the first
     * @param totalError relative error of the second against the vector
     * @param firstActive latents of the vector
     * @param secondActive latents of the first reconstruction
     * @param changed latents active in one of the two only
     */
    public record DoubleDecode(
            String method,
            double firstError,
            double secondError,
            double totalError,
            int firstActive,
            int secondActive,
            int changed) {}
}
