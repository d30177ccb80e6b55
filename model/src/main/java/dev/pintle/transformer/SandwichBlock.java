package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.ATTN_OUT;
import static dev.pintle.transformer.HookPoint.Site.MLP_OUT;
import static dev.pintle.transformer.HookPoint.Site.RESID_MID;
import static dev.pintle.transformer.HookPoint.Site.RESID_POST;
import static dev.pintle.transformer.HookPoint.Site.RESID_PRE;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A decoder block that also normalises the outputs of attention and MLP, as in Gemma 2 and 3, or scales them, as in
 * Granite.
 *
 * @param attnPost applied to attention's output
 * @param mlpPost applied to the MLP's output
 */
public record SandwichBlock(
        int layer, Norm attnNorm, Attention attention, Norm attnPost, Norm mlpNorm, Mlp mlp, Norm mlpPost)
        implements Block {
    @Override
    public Tensor forward(Tensor resid, Pass pass) { // [batch, tokens, dModel]
        resid = pass.hook(RESID_PRE, layer, resid);
        Tensor attended = attention.forward(attnNorm.forward(resid), pass);
        Tensor attnOut = pass.hook(ATTN_OUT, layer, attnPost.forward(attended));
        resid = pass.hook(RESID_MID, layer, pass.needed(layer, resid).plus(attnOut));
        Tensor mlpOut = pass.hook(MLP_OUT, layer, mlpPost.forward(mlp.forward(mlpNorm.forward(resid), pass)));
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

    @Override
    public Optional<FusableBlock> fusable() {
        return FusableBlock.of(this);
    }
}
