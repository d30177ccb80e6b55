package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.MLP_POST;
import static dev.pintle.transformer.HookPoint.Site.MLP_PRE;

import dev.pintle.tensor.Tensor;

/**
 * The MLP without a gate, as in the original transformer: out(activation(in(x))).
 *
 * @param in `[dMlp, dModel]`
 * @param out `[dModel, dMlp]`
 */
public record PlainMlp(int layer, Linear in, Linear out, Activation activation) implements Mlp {
    @Override
    public Tensor forward(Tensor x, Pass pass) {
        Tensor pre = pass.hook(MLP_PRE, layer, in.forward(x)); // [batch, tokens, dMlp]
        return out.forward(pass.hook(MLP_POST, layer, activation.of(pre))); // [batch, tokens, dModel]
    }
}
