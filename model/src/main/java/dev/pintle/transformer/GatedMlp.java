package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.MLP_POST;
import static dev.pintle.transformer.HookPoint.Site.MLP_PRE;

import dev.pintle.tensor.Tensor;
import java.util.List;

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
        List<Tensor> both = gateUp.each(x);
        Tensor gate = pass.hook(MLP_PRE, layer, both.get(0)); // [batch, tokens, dMlp]
        Tensor inside = pass.hook(MLP_POST, layer, activation.of(gate).times(both.get(1)));
        return down.forward(inside); // [batch, tokens, dModel]
    }
}
