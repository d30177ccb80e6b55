package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import java.util.List;

/**
 * An expert that is a gated MLP: down(activation(gate(x)) · up(x)).
 *
 * @param gateUp gate and up, `[dExpert, dModel]` each
 * @param down `[dModel, dExpert]`
 * @param activation applied to the gate
 */
public record GatedExpert(Joined gateUp, Linear down, Activation activation) implements Expert {
    @Override
    public Tensor forward(Tensor x) {
        List<Tensor> both = gateUp.each(x); // [..., dExpert] each
        return down.forward(activation.of(both.get(0)).times(both.get(1)));
    }
}
