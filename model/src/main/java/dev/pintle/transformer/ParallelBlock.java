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
import org.jspecify.annotations.Nullable;

/**
 * A decoder block whose attention and MLP read the same residual stream, as in GPT-NeoX (arXiv:2204.06745). There is no
 * residual stream between them, so it has no {@code hook_resid_mid}.
 *
 * @param mlpNorm null if the MLP reads what attention reads, as in Phi and Cohere
 */
public record ParallelBlock(
        int layer,
        Norm attnNorm,
        Attention attention,
        @Nullable Norm mlpNorm,
        Mlp mlp) implements Block {
    @Override
    public Tensor forward(Tensor resid, Pass pass) { // [batch, tokens, dModel]
        resid = pass.hook(RESID_PRE, layer, resid);
        Tensor normed = attnNorm.forward(resid);
        Tensor attnOut = pass.hook(ATTN_OUT, layer, attention.forward(normed, pass));
        resid = pass.needed(layer, resid);
        Tensor read = mlpNorm == null ? pass.needed(layer, normed) : mlpNorm.forward(resid);
        Tensor mlpOut = pass.hook(MLP_OUT, layer, mlp.forward(read, pass));
        return pass.hook(RESID_POST, layer, resid.plus(attnOut).plus(mlpOut));
    }

    @Override
    public Set<Site> sites() {
        return Sites.of(mlp, RESID_MID);
    }

    @Override
    public List<Rope> rotations() {
        return attention.rotations();
    }
}
