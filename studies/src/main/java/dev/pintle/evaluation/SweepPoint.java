package dev.pintle.evaluation;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.pintle.steering.Strength;
import java.util.Arrays;
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
     * @param score how much it shows the concept
     * @param fluency whether it is a text at all
     * @param divergence KL from the unsteered model, nats per token, over the unsteered model's own answer; NaN where numbers
     *     overflowed
     * @param broken why the answer was cut short, where numbers overflowed; otherwise empty
     */
    public record Sample(
            String question,
            String text,
            @JsonUnwrapped Score score,
            @JsonUnwrapped Fluency fluency,
            double divergence,
            String broken) {
        /** Logs of earlier versions have no {@code broken}. */
        @SuppressWarnings("NullAway") // what a file lacks is null
        public Sample {
            broken = broken == null ? "" : broken;
        }

        /** The concept where the answer neither loops nor was cut short, otherwise 0. */
        public double fluentConcept() {
            return fluency.loops() || !broken.isEmpty() ? 0 : score.concept();
        }
    }

    /**
     * Whether an answer is a text at all.
     *
     * @param perplexity under the unsteered model; NaN for an empty answer
     * @param repetition share of three-word runs that occurred in it before
     * @param loops whether it loops
     */
    public record Fluency(double perplexity, double repetition, boolean loops) {
        /** @param logProbabilities of the answer's tokens under the unsteered model */
        static Fluency of(String text, double[] logProbabilities) {
            return new Fluency(
                    Math.exp(-Arrays.stream(logProbabilities).average().orElse(Double.NaN)),
                    Repetition.of(text),
                    Loops.in(text));
        }
    }

    /** What the strength counts in. */
    public Strength.Unit unit() {
        // a norm of exactly 1 would read as a factor of the same size, which is the same
        return strength != 0 && strength == coefficient ? Strength.Unit.FACTOR : Strength.Unit.NORMS;
    }

    /** Mean concept. */
    public Interval concept() {
        return Interval.ofScores(of(sample -> sample.score().concept()));
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
        return Interval.ofScores(of(sample -> sample.fluency().loops() ? 1 : 0));
    }

    /** Answers cut short because numbers overflowed. */
    public List<Sample> broken() {
        return samples.stream().filter(sample -> !sample.broken().isEmpty()).toList();
    }

    /** Mean repetition. */
    public Interval repetition() {
        return Interval.ofScores(of(sample -> sample.fluency().repetition()));
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
        Interval logs = Interval.ofMean(of(sample -> Math.log(sample.fluency().perplexity())));
        return new Interval(Math.exp(logs.mean()), Math.exp(logs.low()), Math.exp(logs.high()), logs.samples());
    }

    private double[] of(ToDoubleFunction<Sample> measure) {
        return samples.stream().mapToDouble(measure).toArray();
    }
}
