package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.MLP_POST;
import static dev.pintle.transformer.HookPoint.Site.MLP_PRE;

import dev.pintle.tensor.Tensor;

/**
 * The gated MLP: down(activation(gate(x)) · up(x)) (Shazeer 2020, arXiv:2002.05202).
 *
 * @param gateUp gate and up, `[dMlp, dModel]` each
 * @param down `[dModel, dMlp]`
 * @param activation applied to the gate
 */
public record GatedMlp(int layer, Joined gateUp, Linear down, Activation activation) implements Mlp {
    @Override
    public Tensor forward(Tensor x, Pass pass) {
        Linear gate = gateUp.parts().get(0);
        Linear up = gateUp.parts().get(1);
        Tensor pre = pass.hook(MLP_PRE, layer, gate.forward(x)); // [batch, tokens, dMlp]
        Tensor inside = pass.hook(MLP_POST, layer, activation.of(pre).times(up.forward(x)));
        return down.forward(inside); // [batch, tokens, dModel]
    }
}
