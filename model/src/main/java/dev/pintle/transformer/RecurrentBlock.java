package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.ATTN_OUT;
import static dev.pintle.transformer.HookPoint.Site.MLP_OUT;
import static dev.pintle.transformer.HookPoint.Site.RESID_MID;
import static dev.pintle.transformer.HookPoint.Site.RESID_POST;
import static dev.pintle.transformer.HookPoint.Site.RESID_PRE;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * {@link PreNormBlock} with a {@link GatedDeltaNet} in place of attention. It has no queries, keys, values or pattern over
 * tokens, so no hook points of these.
 */
public record RecurrentBlock(int layer, Norm attnNorm, GatedDeltaNet attention, Norm mlpNorm, Mlp mlp)
        implements Block {
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
        Set<Site> sites = EnumSet.of(RESID_PRE, ATTN_OUT, RESID_MID, MLP_OUT, RESID_POST);
        sites.addAll(mlp.sites());
        return Collections.unmodifiableSet(sites);
    }

    @Override
    public List<Rope> rotations() {
        return List.of();
    }
}
