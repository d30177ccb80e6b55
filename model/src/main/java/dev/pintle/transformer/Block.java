package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.ATTN_OUT;
import static dev.pintle.transformer.HookPoint.Site.MLP_OUT;
import static dev.pintle.transformer.HookPoint.Site.RESID_MID;
import static dev.pintle.transformer.HookPoint.Site.RESID_POST;
import static dev.pintle.transformer.HookPoint.Site.RESID_PRE;

import dev.pintle.tensor.Tensor;
import java.util.stream.Stream;

/**
 * One decoder block: attention and MLP each read the residual stream and add to it.
 *
 * <p>Families differ in where they normalise: Llama before attention and MLP, OLMo 2 after, Gemma 2 and 3 both.
 *
 * @param layer number of this block, from 0
 */
public record Block(int layer, Norm preAttn, Attention attention, Norm postAttn, Norm preMlp, Mlp mlp, Norm postMlp) {

    /** Whether any hook wants to see what arises between the residual stream before and after this block. */
    public boolean isSeenInside(Pass pass) {
        return Stream.of(ATTN_OUT, RESID_MID, MLP_OUT).anyMatch(site -> pass.isSeen(site, layer));
    }

    /** Whether any hook wants to see what follows this block's attention. */
    public boolean isSeenAfterAttention(Pass pass) {
        return isSeenInside(pass) || pass.isSeen(RESID_POST, layer);
    }

    /**
     * @param resid `[batch, tokens, dModel]`
     * @param onlyLast whether what follows attention is computed for the last token of each row only; its keys and values are
     *     computed for all
     * @return the residual stream after this block, `[batch, tokens or 1, dModel]`
     */
    public Tensor forward(Tensor resid, Pass pass, boolean onlyLast) {
        resid = pass.hook(RESID_PRE, layer, resid);
        Tensor attnOut = postAttn.forward(attention.forward(preAttn.forward(resid), pass, onlyLast));
        resid = onlyLast ? resid.narrow(1, resid.size(1) - 1, 1) : resid;
        resid = pass.hook(RESID_MID, layer, resid.plus(pass.hook(ATTN_OUT, layer, attnOut)));
        Tensor mlpOut = postMlp.forward(mlp.forward(preMlp.forward(resid)));
        return pass.hook(RESID_POST, layer, resid.plus(pass.hook(MLP_OUT, layer, mlpOut)));
    }
}
