package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.Optional;
import java.util.Set;

/**
 * Reads or replaces activations at hook points. A hook is a value: it holds no native memory, and can be used by
 * several models and threads at once.
 */
public interface Hook {
    /** The hook points it is called at. */
    Set<HookPoint> points();

    /**
     * Checks, before anything runs, that it can act on a model.
     *
     * @param dtype of the residual stream
     * @throws IllegalArgumentException naming what does not fit
     */
    default void requireFits(ModelConfig model, DType dtype) {}

    /**
     * Whether it may read or change a token's activations.
     *
     * @param position absolute position of the token
     * @param promptLength length of the row's prompt, in tokens
     */
    default boolean actsOn(int position, int promptLength) {
        return true;
    }

    /**
     * Whether the keys and values of tokens on which it acts may be used again instead of calling it again: it does nothing
     * but change activations, to the same bits whatever other tokens are in the pass and however long the prompt is, and a
     * hook that equals it does the same.
     */
    default boolean isRepeatable() {
        return false;
    }

    /**
     * What it does to each activation that it {@linkplain #actsOn acts on}, if that depends on nothing but the activation;
     * empty if it does, or if the hook has other effects.
     */
    default Optional<RowChange> rowChange() {
        return Optional.empty();
    }

    /**
     * Prepares the hook for one run; tensors allocated here live as long as the run.
     *
     * @param model configuration of the model
     * @param device device of the activations
     * @param dtype dtype of the activations
     * @throws IllegalArgumentException if the hook does not fit the model
     */
    Action bind(ModelConfig model, Device device, DType dtype);

    /** A hook prepared for one run. */
    @FunctionalInterface
    interface Action {
        /**
         * Called once per pass at each of the hook's points.
         *
         * @param point the current hook point
         * @param activation with the axes given by {@link HookPoint.Site#axes}, usually `[batch, tokens, dModel]`
         * @param layout which row and absolute position each entry belongs to
         * @return the activation that the pass continues with: {@code activation} itself, or a tensor of the same shape
         *     and dtype
         */
        Tensor apply(HookPoint point, Tensor activation, Layout layout);
    }
}
