package dev.pintle.model;

import static dev.pintle.model.HookPoint.Site.ATTN_OUT;
import static dev.pintle.model.HookPoint.Site.MLP_OUT;
import static dev.pintle.model.HookPoint.Site.RESID_MID;
import static dev.pintle.model.HookPoint.Site.RESID_POST;
import static dev.pintle.model.HookPoint.Site.RESID_PRE;

import dev.pintle.tensor.Tensor;

/**
 * One decoder block: attention and MLP each read the residual stream and add to it.
 *
 * <p>Families differ in where they normalise: Llama before attention and MLP, OLMo 2 after, Gemma 2 and 3 both.
 *
 * @param layer number of this block, from 0
 */
public record Block(int layer, Norm preAttn, Attention attention, Norm postAttn, Norm preMlp, Mlp mlp, Norm postMlp) {

    /**
     * @param resid `[batch, tokens, dModel]`
     * @return the residual stream after this block, of the same shape
     */
    Tensor forward(Tensor resid, Pass pass) {
        resid = pass.hook(RESID_PRE, layer, resid);
        Tensor attnOut = postAttn.forward(attention.forward(preAttn.forward(resid), pass));
        resid = pass.hook(RESID_MID, layer, resid.plus(pass.hook(ATTN_OUT, layer, attnOut)));
        Tensor mlpOut = postMlp.forward(mlp.forward(preMlp.forward(resid)));
        return pass.hook(RESID_POST, layer, resid.plus(pass.hook(MLP_OUT, layer, mlpOut)));
    }
}
