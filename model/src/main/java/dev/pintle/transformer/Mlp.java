package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The gated MLP: down(activation(gate(x)) · up(x)) (Shazeer 2020, arXiv:2002.05202). */
public final class Mlp {
    /** What is applied to the gate. */
    public enum Activation {
        /** x · sigmoid(x). */
        SILU,
        /** The tanh approximation of GELU. */
        GELU_TANH;

        private Tensor of(Tensor x) {
            return this == SILU ? x.silu() : x.geluTanh();
        }
    }

    private final Linear gate;
    private final Linear up;
    private final Linear down;
    private final Activation activation;
    private @Nullable Linear joined; // gate and up as one map, on a GPU

    /**
     * @param gate `[dMlp, dModel]`
     * @param up `[dMlp, dModel]`
     * @param down `[dModel, dMlp]`
     * @param activation applied to the gate
     */
    public Mlp(Linear gate, Linear up, Linear down, Activation activation) {
        this.gate = gate;
        this.up = up;
        this.down = down;
        this.activation = activation;
    }

    /** Joins the maps that read the input where they can be one. */
    public void joinMaps(TensorScope owner) {
        joined = Linear.joined(List.of(gate, up), owner);
    }

    /** Gate and up as one map `[2 dMlp, dModel]`; null where they are two. */
    @Nullable
    public Linear joined() {
        return joined;
    }

    public Linear gate() {
        return gate;
    }

    public Linear up() {
        return up;
    }

    public Linear down() {
        return down;
    }

    public Activation activation() {
        return activation;
    }

    /**
     * @param x `[batch, tokens, dModel]`
     * @return `[batch, tokens, dModel]`
     */
    public Tensor forward(Tensor x) {
        Tensor open = gate.forward(x); // [batch, tokens, dMlp]
        Tensor raised = up.forward(x);
        Tensor gated = activation.of(open).times(raised);
        return down.forward(gated); // [batch, tokens, dModel]
    }
}
