package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import java.util.List;

/**
 * One more logit per head in the softmax of its scores, whose share is dropped: attention to nothing, as in gpt-oss
 * (arXiv:2508.10925) and after StreamingLLM (arXiv:2309.17453).
 */
public final class Sinks {
    private final Tensor logits; // [nHeads] in FP32 (FP64 in an FP64 model)
    private final float[] onHeap;

    /** @param logits `[nHeads]` in FP32 (FP64 in an FP64 model) */
    public Sinks(Tensor logits) {
        this.logits = logits;
        this.onHeap = logits.toFloats();
    }

    float of(int head) {
        return onHeap[head];
    }

    /**
     * @param scores `[batch, nHeads, tokens, slots]` in the logits' dtype
     * @return the softmax without the sink's share, of the same shape
     */
    Tensor softmax(Tensor scores) {
        long slots = scores.size(-1);
        Tensor sink = logits.reshape(1, logits.size(0), 1, 1).expand(scores.size(0), scores.size(1), scores.size(2), 1);
        return Tensor.cat(List.of(scores, sink), -1).softmax().narrow(-1, 0, slots);
    }
}
