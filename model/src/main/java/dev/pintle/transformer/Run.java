package dev.pintle.transformer;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one run gave back. Its tensors belong to the scope that was open when the run began. */
public final class Run {
    private final TokenBatch batch;
    private final Map<HookPoint, Tensor> captured;
    private final @Nullable Tensor logits;

    public Run(TokenBatch batch, Map<HookPoint, Tensor> captured, @Nullable Tensor logits) {
        this.batch = batch;
        this.captured = captured;
        this.logits = logits;
    }

    /**
     * Activations at a place, padding included: `[batch, tokens, dModel]`, or what {@link HookPoint.Site#axes} says.
     *
     * @throws IllegalArgumentException if it was not read
     */
    public Tensor at(HookPoint point) {
        Tensor tensor = captured.get(point);
        if (tensor == null) {
            throw Problem.of("The run did not read this place.")
                    .fact("asked for", point)
                    .fact("read", captured.keySet())
                    .toIllegalArgument();
        }
        return tensor;
    }

    /**
     * Activations of one row without its padding: `[length, dModel]`, or what {@link HookPoint.Site#axes} says without the batch.
     * A pattern of a run that continued a cache keeps the slots of the cache, padding included.
     */
    public Tensor row(HookPoint point, int row) {
        Tensor padded = at(point).select(0, row);
        int tokens = point.site().axes().indexOf("tokens") - 1;
        Tensor own = padded.narrow(tokens, batch.padding(row), batch.length(row));
        boolean keysArePadded = point.site() == HookPoint.Site.ATTN_PATTERN && own.size(-1) == batch.tokens();
        return keysArePadded ? own.narrow(-1, batch.padding(row), batch.length(row)) : own;
    }

    /** Logits `[batch, dVocab]` of the last entries, or `[batch, tokens, dVocab]` of all, in FP32. */
    public Tensor logits() {
        Tensor computed = logits;
        if (computed == null) {
            throw new IllegalArgumentException("The run was not asked for logits.");
        }
        return computed;
    }
}
