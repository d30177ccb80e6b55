package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Norms of queries and keys, before the rotation.
 *
 * @param queries null for none
 * @param keys null for none
 * @param span what one norm covers
 */
public record HeadNorms(@Nullable Norm queries, @Nullable Norm keys, Span span) {
    /** No norms. */
    public static final HeadNorms NONE = new HeadNorms(null, null, Span.HEAD);

    /** What one norm covers. */
    public enum Span {
        /** One head, `[dHead]`, as in Qwen 3 and Gemma 3. */
        HEAD,
        /** All heads as one vector, `[heads·dHead]`, as in OLMo 2. */
        ALL_HEADS
    }

    /**
     * @param q `[batch, tokens, nHeads, dHead]`
     * @return the same shape
     */
    Tensor ofQueries(Tensor q) {
        return queries == null ? q : normed(q, queries);
    }

    /**
     * @param k `[batch, tokens, nKvHeads, dHead]`
     * @return the same shape
     */
    Tensor ofKeys(Tensor k) {
        return keys == null ? k : normed(k, keys);
    }

    private Tensor normed(Tensor x, Norm norm) {
        return span == Span.HEAD
                ? norm.forward(x)
                : norm.forward(x.reshape(x.size(0), x.size(1), x.size(2) * x.size(3)))
                        .reshape(x.shape().toArray());
    }
}
