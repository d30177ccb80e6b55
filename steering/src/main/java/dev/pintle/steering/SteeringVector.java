package dev.pintle.steering;

import dev.pintle.base.Digest;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;

/**
 * A direction in the residual stream of one model at one hook point.
 *
 * @param direction `[dModel]`, of length 1 as fitted
 * @param at the hook point where it was read and is to be applied
 * @param origin what produced it
 */
public record SteeringVector(Vec direction, HookPoint at, Origin origin) {
    /**
     * Fits a vector.
     *
     * @param model the model to read; the hooks of a view apply
     * @param at the hook point to read
     * @throws dev.pintle.base.PintleException if a prompt does not fit the method, before any forward pass
     */
    public static SteeringVector fit(LanguageModel model, HookPoint at, SteeringMethod method) {
        return VectorFit.of(model, method).at(at).run().at(at);
    }

    /**
     * A vector from numbers.
     *
     * @throws IllegalArgumentException unless there are dModel finite numbers, not all 0
     */
    public static SteeringVector ofNumbers(LanguageModel model, HookPoint at, float... numbers) {
        Vec direction = Vec.of(numbers);
        if (numbers.length != model.config().dModel() || !direction.isFinite() || direction.norm() == 0) {
            throw Problem.of("The values do not form a steering vector of the model.")
                    .fact("model", model.id())
                    .fact("expected", model.config().dModel() + " finite numbers, not all 0")
                    .fact("but was", direction.isFinite() ? direction : numbers.length + " numbers, some not finite")
                    .toIllegalArgument();
        }
        return new SteeringVector(direction, at, Origin.unknown(model.id(), "by-hand", ""));
    }

    /** The same direction at a different hook point. Its strengths stay relative to the activation norm where it was read. */
    public SteeringVector at(HookPoint point) {
        return new SteeringVector(direction, point, origin);
    }

    /** Width of the direction. */
    public int dModel() {
        return direction.size();
    }

    /** SHA-256 of the direction's values, FP32 and big-endian; the same whatever file the vector was read from. */
    public String hash() {
        return new Digest().add(direction.toArray()).hex();
    }

    // ---------------------------------------------------------------- arithmetic

    /**
     * Sum.
     *
     * @throws IllegalArgumentException unless both belong to the same hook point and model
     */
    public SteeringVector plus(SteeringVector other) {
        return combined(other, direction.plus(requireSamePlace(other).direction), "plus");
    }

    /**
     * Difference.
     *
     * @throws IllegalArgumentException unless both belong to the same hook point and model
     */
    public SteeringVector minus(SteeringVector other) {
        return combined(other, direction.minus(requireSamePlace(other).direction), "minus");
    }

    /** Multiple. */
    public SteeringVector times(double factor) {
        return new SteeringVector(
                direction.times(factor), at, origin.made("(" + origin.method().name() + ") times " + factor));
    }

    /** The opposite vector. */
    public SteeringVector negated() {
        return new SteeringVector(
                direction.times(-1), at, origin.made("minus (" + origin.method().name() + ")"));
    }

    /** The same direction normalised to length 1. */
    public SteeringVector unit() {
        return new SteeringVector(direction.unit(), at, origin);
    }

    /**
     * The component of this vector along another.
     *
     * @throws IllegalArgumentException unless both belong to the same hook point and model
     */
    public SteeringVector projectedOnto(SteeringVector other) {
        Vec along = requireSamePlace(other).direction.unit();
        return combined(other, along.times(direction.dot(along)), "projected onto");
    }

    /** This vector without its component along another. */
    public SteeringVector without(SteeringVector other) {
        return combined(other, direction.minus(projectedOnto(other).direction), "without");
    }

    /**
     * Cosine of the angle between two vectors.
     *
     * @throws IllegalArgumentException unless both belong to the same hook point and model
     */
    public double cosine(SteeringVector other) {
        return direction.cosine(requireSamePlace(other).direction);
    }

    /**
     * A different direction at the same hook point of the same model, derived from this vector.
     *
     * @param other `[dModel]`
     * @param how how it was derived, in words, for the record
     */
    public SteeringVector derived(Vec other, String how) {
        return new SteeringVector(other, at, origin.made(how));
    }

    private SteeringVector combined(SteeringVector other, Vec result, String word) {
        return new SteeringVector(
                result,
                at,
                origin.made("(" + origin.method().name() + ") " + word + " ("
                        + other.origin.method().name() + ")"));
    }

    private SteeringVector requireSamePlace(SteeringVector other) {
        boolean sameModel = origin.model().isSameModel(other.origin.model());
        if (!at.equals(other.at) || !sameModel || dModel() != other.dModel()) {
            throw Problem.of("The vectors come from different hook points or models.")
                    .fact("one", at + " of " + origin.model() + ", " + dModel() + " wide")
                    .fact("other", other.at + " of " + other.origin.model() + ", " + other.dModel() + " wide")
                    .toIllegalArgument();
        }
        return other;
    }

    // ---------------------------------------------------------------- use

    /**
     * Returns this vector if it fits a model. One that was fitted on other weights of the model, such as a quantised copy,
     * does, and whoever loaded the model is told.
     *
     * @param force whether to accept a vector from a different model; a different width is never accepted
     * @throws dev.pintle.base.PintleException naming both if it does not fit
     */
    public SteeringVector requireFits(LanguageModel model, boolean force) {
        String what = at + " of " + origin.model();
        if (!at.site().hasWidthOfModel()
                || dModel() != model.config().dModel()
                || at.layer() >= model.config().nLayers()) {
            throw Problem.of("The vector does not fit the model.")
                    .fact("vector", what + ", " + dModel() + " wide")
                    .fact(
                            "model",
                            model.id() + ", dModel = " + model.config().dModel() + ", "
                                    + model.config().nLayers() + " layers")
                    .toException();
        }
        boolean known = !origin.model().revision().isEmpty();
        boolean same = known
                ? origin.model().isSameModel(model.id())
                : origin.model().name().isEmpty() || named(model);
        if (known && origin.model().isCopyOf(model.id())) {
            model.tell(Problem.of("A vector was fitted on other weights of this model, as their names say.")
                    .fact("vector", what)
                    .fact("model", model.id())
                    .fact("try", "pintle compare-models, to see how much the weights differ"));
        } else if (!force && !same) {
            throw Problem.of("The vector was fitted on a different model.")
                    .fact("vector", what)
                    .fact("model", model.id())
                    .fact("try", "fitting it on this model, or --force to use it anyway")
                    .toException();
        }
        return this;
    }

    /** Whether a model hint from a file names this model or its family. */
    private boolean named(LanguageModel model) {
        String hint = origin.model().name();
        return hint.equals(model.config().family()) || model.id().name().endsWith(hint);
    }
}
