package dev.pintle.steering;

import dev.pintle.model.ModelId;

/**
 * What produced a steering vector. Unknown numbers are NaN, unknown strings are empty.
 *
 * @param model the model it belongs to
 * @param method how it was fitted
 * @param data what was read
 * @param capture what the activations were computed with
 * @param measures what was measured during the fit
 * @param source for a vector from another tool's file: the format, and what its layer number meant there
 */
public record Origin(ModelId model, Method method, Data data, Capture capture, Measures measures, String source) {
    /**
     * How a vector was fitted, with all settings of the method.
     *
     * @param name the method, or the arithmetic that produced the vector
     * @param positions name of the positions read
     * @param aggregation name of the aggregation, including a probe's penalty
     * @param settings other settings, such as whether each direction was normalised first
     */
    public record Method(String name, String positions, String aggregation, String settings) {
        /** For a vector of which only a name is known. */
        public static Method named(String name) {
            return new Method(name, "", "", "");
        }
    }

    /**
     * What was read.
     *
     * @param pairs number of contrast pairs; for unpaired classes, number of texts
     * @param hash SHA-256 over all token ids read
     * @param directions number of directions aggregated
     */
    public record Data(int pairs, String hash, long directions) {
        /** For a vector from elsewhere. */
        public static final Data UNKNOWN = new Data(0, "", 0);
    }

    /**
     * What the activations were computed with.
     *
     * @param tokenizer SHA-256 of the model's tokenizer
     * @param template SHA-256 of the model's chat template
     * @param dtype dtype of the residual stream
     * @param device the device they were computed on
     */
    public record Capture(String tokenizer, String template, String dtype, String device) {
        /** For a vector from elsewhere. */
        public static final Capture UNKNOWN = new Capture("", "", "", "");
    }

    /**
     * What was measured during the fit.
     *
     * @param normBeforeScaling norm of the mean direction, before the vector was normalised to length 1
     * @param meanActivationNorm mean norm of the negative prompts' activations at the hook point, first token excluded
     * @param explainedVariance fraction of the directions' variance along the vector, if the aggregation defines it
     * @param stability how well two halves of the pairs agree
     * @param seed random seed for that
     */
    public record Measures(
            double normBeforeScaling,
            double meanActivationNorm,
            double explainedVariance,
            Stability stability,
            long seed) {
        /** For a vector from elsewhere. */
        public static final Measures UNKNOWN = new Measures(Double.NaN, Double.NaN, Double.NaN, Stability.UNKNOWN, 0);
    }

    /** For a vector about which nothing more is known. */
    public static Origin unknown(ModelId model, String method, String source) {
        return new Origin(model, Method.named(method), Data.UNKNOWN, Capture.UNKNOWN, Measures.UNKNOWN, source);
    }

    /** The mean activation norm at the hook point, the unit of strengths. */
    public double meanActivationNorm() {
        return measures.meanActivationNorm;
    }

    /** A copy with a mean activation norm at the hook point, for a vector whose source does not record it. */
    public Origin withMeanActivationNorm(double norm) {
        return new Origin(
                model,
                method,
                data,
                capture,
                new Measures(
                        measures.normBeforeScaling,
                        norm,
                        measures.explainedVariance,
                        measures.stability,
                        measures.seed),
                source);
    }

    /** The origin of a vector derived from this one by arithmetic; the activation norm stays valid. */
    Origin made(String how) {
        return new Origin(
                model,
                new Method(how, method.positions, method.aggregation, method.settings),
                data,
                capture,
                new Measures(Double.NaN, measures.meanActivationNorm, Double.NaN, Stability.UNKNOWN, measures.seed),
                source);
    }
}
