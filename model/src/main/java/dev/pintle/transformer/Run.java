package dev.pintle.transformer;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The result of a run. Its tensors belong to the scope that was open when the run started. */
public final class Run {
    private final TokenBatch batch;
    private final Map<HookPoint, Tensor> captured;
    private final @Nullable Tensor logits;

    /**
     * @param captured activations by hook point, padding included
     * @param logits null if none were computed
     */
    public Run(TokenBatch batch, Map<HookPoint, Tensor> captured, @Nullable Tensor logits) {
        this.batch = batch;
        this.captured = captured;
        this.logits = logits;
    }

    /**
     * Activations at a hook point, padding included: `[batch, tokens, dModel]`, or the axes given by
     * {@link HookPoint.Site#axes}.
     *
     * @throws IllegalArgumentException if that hook point was not captured
     */
    public Tensor at(HookPoint point) {
        Tensor tensor = captured.get(point);
        if (tensor == null) {
            throw Problem.of("The run did not capture this hook point.")
                    .fact("asked for", point)
                    .fact("read", captured.keySet())
                    .toIllegalArgument();
        }
        return tensor;
    }

    /**
     * Activations of one row without its padding: `[length, dModel]`, or the axes given by {@link HookPoint.Site#axes}
     * without the batch. If the run continued a cache, an attention pattern keeps the slots of the cache, padding
     * included.
     */
    public Tensor row(HookPoint point, int row) {
        Tensor padded = at(point).select(0, row);
        int tokens = point.site().axes().indexOf("tokens") - 1;
        Tensor own = padded.narrow(tokens, batch.padding(row), batch.length(row));
        boolean keysArePadded = point.site() == HookPoint.Site.ATTN_PATTERN && own.size(-1) == batch.tokens();
        return keysArePadded ? own.narrow(-1, batch.padding(row), batch.length(row)) : own;
    }

    /**
     * Logits `[batch, dVocab]` of the last entries, or `[batch, tokens, dVocab]` of all, in FP32 (FP64 in an FP64
     * model).
     */
    public Tensor logits() {
        Tensor computed = logits;
        if (computed == null) {
            throw new IllegalArgumentException("The run did not compute logits.");
        }
        return computed;
    }
}
