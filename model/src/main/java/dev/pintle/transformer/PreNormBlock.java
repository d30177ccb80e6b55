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
 * A decoder block as in Llama, Mistral, Qwen, Phi-3 and most others: attention and MLP each read the normalised
 * residual stream and add to it.
 */
public record PreNormBlock(int layer, Norm attnNorm, Attention attention, Norm mlpNorm, Mlp mlp) implements Block {
    @Override
    public Tensor forward(Tensor resid, Pass pass) { // [batch, tokens, dModel]
        resid = pass.hook(RESID_PRE, layer, resid);
        Tensor attnOut = pass.hook(ATTN_OUT, layer, attention.forward(attnNorm.forward(resid), pass));
        resid = pass.hook(RESID_MID, layer, pass.needed(layer, resid).plus(attnOut));
        Tensor mlpOut = pass.hook(MLP_OUT, layer, mlp.forward(mlpNorm.forward(resid), pass));
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
