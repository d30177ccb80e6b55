package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a decoder-only transformer.
 *
 * @param embedding from token ids to the residual stream
 * @param blocks the decoder blocks in order
 * @param finalNorm norm of the final residual stream
 * @param unembedding `[dVocab, dModel]`
 * @param logitBias `[dVocab]` in FP32 (FP64 in an FP64 model), or null for none
 */
public record Transformer(
        Embedding embedding,
        List<Block> blocks,
        Norm finalNorm,
        Linear unembedding,
        @Nullable Tensor logitBias) {
    /** A transformer whose logits have no bias. */
    public Transformer(Embedding embedding, List<Block> blocks, Norm finalNorm, Linear unembedding) {
        this(embedding, blocks, finalNorm, unembedding, null);
    }

    /**
     * @param ids `[batch, tokens]`
     * @return the residual stream that the first block reads, `[batch, tokens, dModel]`
     */
    public Tensor embed(Tensor ids, Pass pass) {
        return pass.hook(Site.EMBED, embedding.forward(ids, pass));
    }

    /**
     * @param resid `[batch, tokens, dModel]` after the last block
     * @return the input of the unembedding, of the same shape
     */
    public Tensor normalized(Tensor resid, Pass pass) {
        return pass.hook(Site.NORMALIZED, finalNorm.forward(resid));
    }

    /**
     * @param normalized `[…, dModel]`
     * @return logits `[…, dVocab]` in FP32 (FP64 in an FP64 model)
     */
    public Tensor logits(Tensor normalized, ModelConfig config) {
        Tensor product = unembedding.forward(normalized).to(normalized.dtype().precise());
        Tensor logits = logitBias == null ? product : product.plus(logitBias);
        Tensor scaled = config.logitScale() == 1 ? logits : logits.times(config.logitScale());
        Double cap = config.logitSoftCap();
        return cap == null ? scaled : scaled.times(1 / cap).tanh().times(cap);
    }
}
