package dev.pintle.evaluation;

import dev.pintle.steering.Strength;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * All answers at one setting.
 *
 * @param method which vector
 * @param layer block after which it was added
 * @param strength in {@link #unit}s; 0 is unsteered
 * @param coefficient the same as a factor on the vector
 * @param samples one per question
 */
public record SweepPoint(String method, int layer, double strength, double coefficient, List<Sample> samples) {
    /**
     * One answer.
     *
     * @param concept from 0 to 1; NaN if unknown
     * @param propensity log-odds of the concept; NaN where it is judged from text
     * @param perplexity of the answer under the unsteered model; NaN for an empty one
     * @param repetition share of three-word runs that occurred in it before
     * @param loops whether it loops
     * @param divergence KL from the unsteered model, nats per token, over the unsteered model's own answer; NaN where numbers
     *     overflowed
     * @param broken why the answer was cut short, where numbers overflowed; otherwise empty
     */
    public record Sample(
            String question,
            String text,
            double concept,
            double propensity,
            double perplexity,
            double repetition,
            boolean loops,
            double divergence,
            String broken) {
        /** Logs of earlier versions have no {@code broken}. */
        @SuppressWarnings("NullAway") // what a file lacks is null
        public Sample {
            broken = broken == null ? "" : broken;
        }

        /** An answer that did not break off. */
        public Sample(
                String question,
                String text,
                double concept,
                double propensity,
                double perplexity,
                double repetition,
                boolean loops,
                double divergence) {
            this(question, text, concept, propensity, perplexity, repetition, loops, divergence, "");
        }

        /** The concept where the answer neither loops nor was cut short, otherwise 0. */
        public double fluentConcept() {
            return loops || !broken.isEmpty() ? 0 : concept;
        }
    }

    /** What the strength counts in. */
    public Strength.Unit unit() {
        // a norm of exactly 1 would read as a factor of the same size, which is the same
        return strength != 0 && strength == coefficient ? Strength.Unit.FACTOR : Strength.Unit.NORMS;
    }

    /** Mean concept. */
    public Interval concept() {
        return Interval.ofScores(of(Sample::concept));
    }

    /** Mean concept, looping answers counted as 0. */
    public Interval fluentConcept() {
        return Interval.ofScores(of(Sample::fluentConcept));
    }

    /** The same without its interval. */
    public double meanFluentConcept() {
        return Interval.mean(of(Sample::fluentConcept));
    }

    /** Share of answers that loop. */
    public Interval loops() {
        return Interval.ofScores(of(sample -> sample.loops() ? 1 : 0));
    }

    /** Answers cut short because numbers overflowed. */
    public List<Sample> broken() {
        return samples.stream().filter(sample -> !sample.broken().isEmpty()).toList();
    }

    /** Mean repetition. */
    public Interval repetition() {
        return Interval.ofScores(of(Sample::repetition));
    }

    /** Mean KL from the unsteered model, nats per token; of the unsteered model itself that is 0, whatever is asked. */
    public Interval divergence() {
        return strength == 0 ? Interval.exactly(0, samples.size()) : Interval.ofMean(of(Sample::divergence));
    }

    /** The same without its interval. */
    public double meanDivergence() {
        return Interval.mean(of(Sample::divergence));
    }

    /** Geometric mean of the perplexities. */
    public Interval perplexity() {
        Interval logs = Interval.ofMean(of(sample -> Math.log(sample.perplexity())));
        return new Interval(Math.exp(logs.mean()), Math.exp(logs.low()), Math.exp(logs.high()), logs.samples());
    }

    private double[] of(ToDoubleFunction<Sample> measure) {
        return samples.stream().mapToDouble(measure).toArray();
    }
}
