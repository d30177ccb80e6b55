package dev.pintle.steering;

import dev.pintle.model.ModelId;

/**
 * What produced a steering vector. A number that is not known is NaN, a text that is not known is empty.
 *
 * @param model the model it belongs to
 * @param method how it was fitted
 * @param data what was read
 * @param capture what the activations were computed with
 * @param measures what was measured in the fit
 * @param source of a vector from another tool's file: the format, and what its layer number meant there
 */
public record Origin(ModelId model, Method method, Data data, Capture capture, Measures measures, String source) {
    /**
     * How a vector was fitted, with everything that the method was set to.
     *
     * @param name of the method, or of the arithmetic
     * @param positions name of the positions that were read
     * @param aggregation name of how directions became one vector, a probe's penalty included
     * @param settings what else the method was told, such as whether each direction got length 1 first
     */
    public record Method(String name, String positions, String aggregation, String settings) {
        /** Of a vector about which only a name is known. */
        public static Method named(String name) {
            return new Method(name, "", "", "");
        }
    }

    /**
     * What was read.
     *
     * @param pairs how many contrast pairs; of unpaired classes, how many texts
     * @param hash SHA-256 over the token ids of all of it
     * @param directions how many directions were aggregated
     */
    public record Data(int pairs, String hash, long directions) {
        /** Of a vector from elsewhere. */
        public static final Data UNKNOWN = new Data(0, "", 0);
    }

    /**
     * What the activations were computed with.
     *
     * @param tokenizer SHA-256 of the model's tokenizer
     * @param template SHA-256 of the model's chat template
     * @param dtype dtype of the residual stream
     * @param device where it was computed
     */
    public record Capture(String tokenizer, String template, String dtype, String device) {
        /** Of a vector from elsewhere. */
        public static final Capture UNKNOWN = new Capture("", "", "", "");
    }

    /**
     * What was measured in the fit.
     *
     * @param normBeforeScaling length of the directions' mean, before the vector was given length 1
     * @param meanActivationNorm mean length of the negative prompts' activations at the hook point, first token left out
     * @param explainedVariance share of the directions' variance along the vector, of aggregations that have one
     * @param stability how far two halves of the pairs agree
     * @param seed of the draws for that
     */
    public record Measures(
            double normBeforeScaling,
            double meanActivationNorm,
            double explainedVariance,
            Stability stability,
            long seed) {
        /** Of a vector from elsewhere. */
        public static final Measures UNKNOWN = new Measures(Double.NaN, Double.NaN, Double.NaN, Stability.UNKNOWN, 0);
    }

    /** Of a vector about which nothing more is known. */
    public static Origin unknown(ModelId model, String method, String source) {
        return new Origin(model, Method.named(method), Data.UNKNOWN, Capture.UNKNOWN, Measures.UNKNOWN, source);
    }

    /** The mean length of activations at the hook point, in which strengths are said. */
    public double meanActivationNorm() {
        return measures.meanActivationNorm;
    }

    /** The same, made from such a vector by arithmetic, which leaves the length of activations as it was. */
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
