package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.ATTN_OUT;
import static dev.pintle.transformer.HookPoint.Site.MLP_OUT;
import static dev.pintle.transformer.HookPoint.Site.RESID_MID;
import static dev.pintle.transformer.HookPoint.Site.RESID_POST;
import static dev.pintle.transformer.HookPoint.Site.RESID_PRE;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.List;
import java.util.Set;

/**
 * A decoder block whose attention and MLP read the residual stream unnormalised, and whose outputs are normalised, as
 * in OLMo 2.
 */
public record PostNormBlock(int layer, Attention attention, Norm attnPost, Mlp mlp, Norm mlpPost) implements Block {
    @Override
    public Tensor forward(Tensor resid, Pass pass) { // [batch, tokens, dModel]
        resid = pass.hook(RESID_PRE, layer, resid);
        Tensor attnOut = pass.hook(ATTN_OUT, layer, attnPost.forward(attention.forward(resid, pass)));
        resid = pass.hook(RESID_MID, layer, pass.needed(layer, resid).plus(attnOut));
        Tensor mlpOut = pass.hook(MLP_OUT, layer, mlpPost.forward(mlp.forward(resid, pass)));
        return pass.hook(RESID_POST, layer, resid.plus(mlpOut));
    }

    @Override
    public Set<Site> sites() {
        return Sites.of(mlp);
    }

    @Override
    public List<Rope> rotations() {
        return attention.rotations();
    }
}
