package dev.pintle.study.quality;

import dev.pintle.evaluation.Interval;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.study.StudyResult;
import java.util.List;

/**
 * What {@link QualityStudy} found.
 *
 * @param concept how the concept is recognised
 * @param points every setting with means over the questions and their 95% intervals
 * @param steerability how the questions respond, one by one
 * @param equalCost the methods where they move the model equally far
 * @param proposal what to steer with, in sentences; empty where nothing works
 * @param sweep every answer
 */
public record QualityResult(
        String concept,
        List<Point> points,
        List<SweepResult.Steerability> steerability,
        List<SweepResult.EqualCost> equalCost,
        List<String> proposal,
        SweepResult sweep)
        implements StudyResult {
    /**
     * One method at one strength.
     *
     * @param concept mean, looping answers counted as 0
     * @param loops share of answers
     * @param repetition share of repeated three-word runs
     * @param perplexity under the unsteered model, geometric mean
     * @param divergence KL from the unsteered model, nats per token
     */
    public record Point(
            String method,
            int layer,
            double strength,
            double coefficient,
            Interval concept,
            Interval loops,
            Interval repetition,
            Interval perplexity,
            Interval divergence) {
        /** The means of a point of the sweep. */
        public static Point of(SweepPoint point) {
            return new Point(
                    point.method().isEmpty() ? "unsteered" : point.method(),
                    point.layer(),
                    point.strength(),
                    point.coefficient(),
                    point.fluentConcept(),
                    point.loops(),
                    point.repetition(),
                    point.perplexity(),
                    point.divergence());
        }
    }
}
