package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import java.util.function.UnaryOperator;

/** A {@link Sparsity} with its parameters on a device, ready to apply. */
public final class Gate {
    private final UnaryOperator<Tensor> function;
    private final List<Tensor> numbers;

    /** @param numbers the tensors that {@code function} captures, in the current scope */
    Gate(UnaryOperator<Tensor> function, Tensor... numbers) {
        this.function = function;
        this.numbers = List.of(numbers);
    }

    /** Moves the parameters to {@code owner}, so that they live as long as it does. */
    Gate ownedBy(TensorScope owner) {
        numbers.forEach(owner::adopt);
        return this;
    }

    /**
     * @param preActivations `[…, dSae]`
     * @return latent activations `[…, dSae]`, none negative except those of TopK without ReLU
     */
    public Tensor apply(Tensor preActivations) {
        return function.apply(preActivations);
    }
}
