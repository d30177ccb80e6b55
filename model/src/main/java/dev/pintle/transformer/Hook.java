package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.Set;

/**
 * Something that reads or replaces activations as they pass a hook point. A hook is a value: it holds no native memory
 * and may serve several models and threads at once.
 */
public interface Hook {
    /** The places it wants to be called at. */
    Set<HookPoint> points();

    /**
     * Says before anything runs that it cannot act on a model.
     *
     * @param dtype of the residual stream
     * @throws IllegalArgumentException naming what does not fit
     */
    default void requireFits(ModelConfig model, DType dtype) {}

    /**
     * Prepares for one run; tensors made here live as long as the run.
     *
     * @param model shape of the model
     * @param device where the activations will be
     * @param dtype their dtype
     * @throws IllegalArgumentException if the hook does not fit the model
     */
    Action bind(ModelConfig model, Device device, DType dtype);

    /** A hook made ready for one run. */
    @FunctionalInterface
    interface Action {
        /**
         * Called at each of the hook's points, once a pass.
         *
         * @param point where this is
         * @param activation of the shape that {@link HookPoint.Site#axes} says, most often `[batch, tokens, dModel]`
         * @param layout which row and absolute position each entry belongs to
         * @return what the pass goes on with: {@code activation} itself, or a tensor of its shape and dtype
         */
        Tensor apply(HookPoint point, Tensor activation, Layout layout);
    }
}
