package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelId;
import dev.pintle.tensor.Vec;

/**
 * A direction in the residual stream of one model at one hook point.
 *
 * @param direction `[dModel]`, of length 1 as fitted
 * @param at where it was read and is to be applied
 * @param origin what produced it
 */
public record SteeringVector(Vec direction, HookPoint at, Origin origin) {
    /**
     * What produced a vector.
     *
     * @param model the model it belongs to
     * @param method name of the method, or of the arithmetic
     * @param pairs how many contrast pairs were read
     * @param directions how many directions were averaged
     * @param normBeforeScaling length of their mean, before the vector was given length 1
     * @param meanActivationNorm mean length of the negative prompts' activations at the hook point, first token left out
     * @param dtype dtype that the activations were computed in
     * @param device where
     */
    public record Origin(
            ModelId model,
            String method,
            int pairs,
            int directions,
            double normBeforeScaling,
            double meanActivationNorm,
            String dtype,
            String device) {}

    /**
     * Fits a vector.
     *
     * @param model read without its hooks' results being changed; hooks of a view apply
     * @param at where to read
     * @throws dev.pintle.problem.PintleException if a prompt does not fit the method, before any forward pass
     */
    public static SteeringVector fit(LanguageModel model, HookPoint at, SteeringMethod method) {
        return new VectorFit(model, at, method).run();
    }

    /** Width. */
    public int dModel() {
        return direction.size();
    }
}
