package dev.pintle.steering;

import dev.pintle.base.Digest;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelId;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.Locale;

/**
 * A direction in the residual stream of one model at one hook point.
 *
 * @param direction `[dModel]`, of length 1 as fitted
 * @param at where it was read and is to be applied
 * @param origin what produced it
 */
public record SteeringVector(Vec direction, HookPoint at, Origin origin) {
    /**
     * What produced a vector. A number that is not known is NaN, a text that is not known is empty.
     *
     * @param model the model it belongs to
     * @param tokenizer SHA-256 of the model's tokenizer
     * @param template SHA-256 of the model's chat template
     * @param method name of the method, or of the arithmetic
     * @param positions name of the positions that were read
     * @param aggregation name of how directions became one vector
     * @param settings what else the method was told, such as whether each direction got length 1 first
     * @param pairs how many contrast pairs were read; of unpaired classes, how many texts
     * @param pairsHash SHA-256 over the token ids of all that was read
     * @param directions how many directions were aggregated
     * @param normBeforeScaling length of the directions' mean, before the vector was given length 1
     * @param meanActivationNorm mean length of the negative prompts' activations at the hook point, first token left out
     * @param explainedVariance share of the directions' variance along the vector, of aggregations that have one
     * @param stability how far two halves of the pairs agree
     * @param seed of the draws for that
     * @param dtype dtype that the activations were computed in
     * @param device where
     * @param source of a vector from another tool's file: the format, and what its layer number meant there
     */
    public record Origin(
            ModelId model,
            String tokenizer,
            String template,
            String method,
            String positions,
            String aggregation,
            String settings,
            int pairs,
            String pairsHash,
            long directions,
            double normBeforeScaling,
            double meanActivationNorm,
            double explainedVariance,
            Stability stability,
            long seed,
            String dtype,
            String device,
            String source) {
        /** Of a vector about which nothing more is known. */
        public static Origin unknown(ModelId model, String method, String source) {
            return new Origin(
                    model,
                    "",
                    "",
                    method,
                    "",
                    "",
                    "",
                    0,
                    "",
                    0,
                    Double.NaN,
                    Double.NaN,
                    Double.NaN,
                    Stability.UNKNOWN,
                    0,
                    "",
                    "",
                    source);
        }

        /** The same, made from such a vector by arithmetic. */
        Origin made(String how) {
            return new Origin(
                    model,
                    tokenizer,
                    template,
                    how,
                    positions,
                    aggregation,
                    settings,
                    pairs,
                    pairsHash,
                    directions,
                    Double.NaN,
                    meanActivationNorm,
                    Double.NaN,
                    Stability.UNKNOWN,
                    seed,
                    dtype,
                    device,
                    source);
        }
    }

    /**
     * How far the vectors of two random halves of the pairs agree.
     *
     * @param splitHalfCosine median cosine of the two over random splits
     * @param low lower end of the 95% interval of that cosine, by the jackknife over pairs; NaN where it cannot be told
     * @param high upper end
     */
    public record Stability(double splitHalfCosine, double low, double high) {
        /** Of a vector with too few directions to split. */
        public static final Stability UNKNOWN = new Stability(Double.NaN, Double.NaN, Double.NaN);

        /** An interval without the cosine in it is of another number, as older files have it, and is left out. */
        public Stability {
            if (!(low <= splitHalfCosine && splitHalfCosine <= high)) {
                low = Double.NaN;
                high = Double.NaN;
            }
        }

        /** {@code 0.987 (95%: 0.954 to 0.994)}; the cosine alone where its interval cannot be told. */
        public String text() {
            String cosine = String.format(Locale.ROOT, "%.3f", splitHalfCosine);
            return Double.isNaN(low) ? cosine : cosine + " (95%: " + Ends.text(low, high, 3) + ")";
        }
    }

    /**
     * Fits a vector.
     *
     * @param model read without its hooks' results being changed; hooks of a view apply
     * @param at where to read
     * @throws dev.pintle.base.PintleException if a prompt does not fit the method, before any forward pass
     */
    public static SteeringVector fit(LanguageModel model, HookPoint at, SteeringMethod method) {
        return VectorFit.of(model, method).at(at).run().at(at);
    }

    /**
     * A vector by hand.
     *
     * @throws IllegalArgumentException unless there are dModel finite numbers that are not all 0
     */
    public static SteeringVector ofNumbers(LanguageModel model, HookPoint at, float... numbers) {
        Vec direction = Vec.of(numbers);
        if (numbers.length != model.config().dModel() || !direction.isFinite() || direction.norm() == 0) {
            throw Problem.of("The numbers are not a steering vector of the model.")
                    .fact("model", model.id())
                    .fact("expected", model.config().dModel() + " finite numbers, not all 0")
                    .fact("but was", direction.isFinite() ? direction : numbers.length + " numbers, some not finite")
                    .toIllegalArgument();
        }
        return new SteeringVector(direction, at, Origin.unknown(model.id(), "by-hand", ""));
    }

    /** Width. */
    public int dModel() {
        return direction.size();
    }

    /** SHA-256 of the direction's numbers, FP32 and big-endian; the same whatever file the vector is read from. */
    public String hash() {
        return new Digest().add(direction.toArray()).hex();
    }

    // ---------------------------------------------------------------- arithmetic

    /**
     * Sum.
     *
     * @throws IllegalArgumentException unless both stand at one hook point of one model
     */
    public SteeringVector plus(SteeringVector other) {
        return combined(other, direction.plus(requireSamePlace(other).direction), "plus");
    }

    /**
     * Difference.
     *
     * @throws IllegalArgumentException unless both stand at one hook point of one model
     */
    public SteeringVector minus(SteeringVector other) {
        return combined(other, direction.minus(requireSamePlace(other).direction), "minus");
    }

    /** Multiple. */
    public SteeringVector times(double factor) {
        return new SteeringVector(direction.times(factor), at, origin.made("(" + origin.method + ") times " + factor));
    }

    /** The opposite vector. */
    public SteeringVector negated() {
        return new SteeringVector(direction.times(-1), at, origin.made("minus (" + origin.method + ")"));
    }

    /** The same direction with length 1. */
    public SteeringVector unit() {
        return new SteeringVector(direction.unit(), at, origin);
    }

    /**
     * The part of this vector along another.
     *
     * @throws IllegalArgumentException unless both stand at one place
     */
    public SteeringVector projectedOnto(SteeringVector other) {
        Vec along = requireSamePlace(other).direction.unit();
        return combined(other, along.times(direction.dot(along)), "projected onto");
    }

    /** What is left of this vector without its part along another. */
    public SteeringVector without(SteeringVector other) {
        return combined(other, direction.minus(projectedOnto(other).direction), "without");
    }

    /**
     * Cosine of the angle between two vectors.
     *
     * @throws IllegalArgumentException unless both stand at one place
     */
    public double cosine(SteeringVector other) {
        return direction.cosine(requireSamePlace(other).direction);
    }

    /**
     * Another direction at the same place of the same model, made from this one.
     *
     * @param other `[dModel]`
     * @param how in words, for the record
     */
    public SteeringVector derived(Vec other, String how) {
        return new SteeringVector(other, at, origin.made(how));
    }

    private SteeringVector combined(SteeringVector other, Vec result, String word) {
        return new SteeringVector(
                result, at, origin.made("(" + origin.method + ") " + word + " (" + other.origin.method + ")"));
    }

    private SteeringVector requireSamePlace(SteeringVector other) {
        boolean sameModel = origin.model.revision().equals(other.origin.model.revision());
        if (!at.equals(other.at) || !sameModel || dModel() != other.dModel()) {
            throw Problem.of("The vectors do not stand at one place of one model.")
                    .fact("one", at + " of " + origin.model + ", " + dModel() + " wide")
                    .fact("other", other.at + " of " + other.origin.model + ", " + other.dModel() + " wide")
                    .toIllegalArgument();
        }
        return other;
    }

    // ---------------------------------------------------------------- use

    /**
     * This vector, if it fits a model.
     *
     * @param force whether to let pass a vector of another model; a vector of another width never fits
     * @throws dev.pintle.base.PintleException with both names
     */
    public SteeringVector requireFits(LanguageModel model, boolean force) {
        String what = at + " of " + origin.model;
        if (dModel() != model.config().dModel() || at.layer() >= model.config().nLayers()) {
            throw Problem.of("The vector does not fit the model.")
                    .fact("vector", what + ", " + dModel() + " wide")
                    .fact(
                            "model",
                            model.id() + ", dModel = " + model.config().dModel() + ", "
                                    + model.config().nLayers() + " layers")
                    .toException();
        }
        boolean known = !origin.model.revision().isEmpty();
        boolean same = known
                ? origin.model.revision().equals(model.id().revision())
                : origin.model.name().isEmpty() || named(model);
        if (!force && !same) {
            throw Problem.of("The vector was fitted on another model.")
                    .fact("vector", what)
                    .fact("model", model.id())
                    .fact("try", "fitting it on this model, or --force to use it all the same")
                    .toException();
        }
        return this;
    }

    /** Whether a file's hint names the model or its family. */
    private boolean named(LanguageModel model) {
        String hint = origin.model.name();
        return hint.equals(model.config().family()) || model.id().name().endsWith(hint);
    }
}
