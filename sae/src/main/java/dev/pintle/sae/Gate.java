package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import java.util.function.UnaryOperator;

/** A {@link Sparsity} with its numbers on a device, ready to be applied. */
public final class Gate {
    private final UnaryOperator<Tensor> function;
    private final List<Tensor> numbers;

    /** @param numbers the tensors that {@code function} uses, in the current scope */
    Gate(UnaryOperator<Tensor> function, Tensor... numbers) {
        this.function = function;
        this.numbers = List.of(numbers);
    }

    /** This gate, whose numbers now live as long as {@code owner}. */
    Gate ownedBy(TensorScope owner) {
        numbers.forEach(owner::adopt);
        return this;
    }

    /**
     * @param preActivations `[…, dSae]`
     * @return latent activations `[…, dSae]`, none negative
     */
    public Tensor apply(Tensor preActivations) {
        return function.apply(preActivations);
    }
}
