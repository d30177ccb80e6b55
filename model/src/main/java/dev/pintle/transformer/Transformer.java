package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import java.util.List;

/**
 * The parts of a decoder-only transformer.
 *
 * @param embedding `[dVocab, dModel]`
 * @param blocks the decoder blocks in order
 * @param finalNorm norm of the last residual stream
 * @param unembedding `[dVocab, dModel]`; the embedding itself where tied
 */
public record Transformer(Tensor embedding, List<Block> blocks, Norm finalNorm, Linear unembedding) {
    /**
     * @param ids `[batch, tokens]`
     * @return the residual stream that the first block reads, `[batch, tokens, dModel]`
     */
    public Tensor embed(Tensor ids, ModelConfig config, Pass pass) {
        Tensor rows = embedding.rows(ids);
        Tensor scaled = config.embeddingScale() == 1 ? rows : rows.times(config.embeddingScale(rows.dtype()));
        return pass.hook(HookPoint.Site.EMBED, -1, scaled);
    }

    /**
     * @param resid `[…, dModel]` after the last block
     * @return logits `[…, dVocab]` in FP32 (FP64 in an FP64 model)
     */
    public Tensor logits(Tensor resid, ModelConfig config) {
        Tensor logits =
                unembedding.forward(finalNorm.forward(resid)).to(resid.dtype().precise());
        Double cap = config.logitSoftCap();
        return cap == null ? logits : logits.times(1 / cap).tanh().times(cap);
    }
}
