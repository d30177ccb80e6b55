package dev.pintle.model;

import dev.pintle.tensor.Tensor;
import java.util.function.UnaryOperator;

/** The gated MLP: down(activation(gate(x)) · up(x)) (Shazeer 2020, arXiv:2002.05202). */
public final class Mlp {
    private final Linear gate;
    private final Linear up;
    private final Linear down;
    private final UnaryOperator<Tensor> activation;

    /**
     * @param gate `[dMlp, dModel]`
     * @param up `[dMlp, dModel]`
     * @param down `[dModel, dMlp]`
     * @param activation applied to the gate
     */
    public Mlp(Linear gate, Linear up, Linear down, UnaryOperator<Tensor> activation) {
        this.gate = gate;
        this.up = up;
        this.down = down;
        this.activation = activation;
    }

    /**
     * @param x `[batch, tokens, dModel]`
     * @return `[batch, tokens, dModel]`
     */
    public Tensor forward(Tensor x) {
        Tensor gated = activation.apply(gate.forward(x)).times(up.forward(x)); // [batch, tokens, dMlp]
        return down.forward(gated); // [batch, tokens, dModel]
    }
}
