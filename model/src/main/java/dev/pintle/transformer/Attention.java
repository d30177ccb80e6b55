package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.ATTN_K;
import static dev.pintle.transformer.HookPoint.Site.ATTN_PATTERN;
import static dev.pintle.transformer.HookPoint.Site.ATTN_Q;
import static dev.pintle.transformer.HookPoint.Site.ATTN_V;
import static dev.pintle.transformer.HookPoint.Site.ATTN_Z;

import dev.pintle.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention, in which several query heads may share a key and value head (GQA).
 *
 * @param qkv maps to queries `[nHeads·dHead, dModel]`, keys and values `[nKvHeads·dHead, dModel]`
 * @param out `[dModel, nHeads·dHead]`
 * @param norms of queries and keys, before the rotation
 * @param rope rotary positions, or null for none
 * @param window number of tokens a query attends to, including its own; null for all before it
 * @param sinks attention to nothing, or null for none
 * @param gate `[nHeads·dHead, dModel]`, whose sigmoid is multiplied with the mixed values; null for none
 */
public record Attention(
        int layer,
        ModelConfig config,
        Joined qkv,
        Linear out,
        HeadNorms norms,
        @Nullable Rope rope,
        @Nullable Integer window,
        @Nullable Sinks sinks,
        @Nullable Linear gate) {
    /** Attention without sinks and gate. */
    public Attention(
            int layer,
            ModelConfig config,
            Joined qkv,
            Linear out,
            HeadNorms norms,
            @Nullable Rope rope,
            @Nullable Integer window) {
        this(layer, config, qkv, out, norms, rope, window, null, null);
    }

    /** A copy with sinks. */
    public Attention with(Sinks other) {
        return new Attention(layer, config, qkv, out, norms, rope, window, other, gate);
    }

    /** A copy with a gate. */
    public Attention gated(Linear by) {
        return new Attention(layer, config, qkv, out, norms, rope, window, sinks, by);
    }

    /**
     * @param x `[batch, tokens, dModel]`
     * @return what is added to the residual stream, `[batch, tokens, dModel]`, or `[batch, 1, dModel]` if only the last
     *     token is needed
     */
    public Tensor forward(Tensor x, Pass pass) {
        List<Tensor> mapped = qkv.each(x); // [batch, tokens, heads·dHead] each
        Tensor q = pass.hook(ATTN_Q, layer, heads(mapped.get(0), config.nHeads())); // [batch, tokens, nHeads, dHead]
        Tensor k =
                pass.hook(ATTN_K, layer, heads(mapped.get(1), config.nKvHeads())); // [batch, tokens, nKvHeads, dHead]
        Tensor v = pass.hook(ATTN_V, layer, heads(mapped.get(2), config.nKvHeads()));
        Tensor mixed = mixed(
                turned(norms.ofQueries(q).transpose(1, 2), pass), // [batch, nHeads, tokens, dHead]
                turned(norms.ofKeys(k).transpose(1, 2), pass), // [batch, nKvHeads, tokens, dHead]
                v.transpose(1, 2),
                pass);
        Tensor opened = opened(mixed.transpose(1, 2), x, pass);
        Tensor z = pass.hook(ATTN_Z, layer, opened); // [batch, tokens, nHeads, dHead]
        return out.forward(z.reshape(z.size(0), z.size(1), (long) config.nHeads() * config.dHead()));
    }

    private Tensor opened(Tensor mixed, Tensor x, Pass pass) {
        return gate == null
                ? mixed
                : mixed.times(gate.forward(pass.needed(layer, x))
                        .sigmoid()
                        .reshape(mixed.shape().toArray()));
    }

    private Tensor mixed(Tensor q, Tensor k, Tensor v, Pass pass) {
        KvRows rows = pass.rows();
        if (rows != null) {
            return rows.attend(this, q, k, v);
        }
        KvCache.Entry seen = pass.remember(layer, k, v); // [batch, nKvHeads, slots, dHead]
        return mix(pass.needsOnlyLast(layer) ? last(q) : q, seen, pass);
    }

    /**
     * Mixes values by attention weights.
     *
     * @param q `[batch, nHeads, tokens, dHead]`, or of the last token alone if only that is needed
     * @return of the same shape
     */
    public Tensor mix(Tensor q, KvCache.Entry seen, Pass pass) {
        boolean onlyLast = pass.needsOnlyLast(layer);
        if (config.attentionSoftCap() != null || sinks != null || pass.isSeen(ATTN_PATTERN, layer)) {
            return byPattern(q, seen, pass, lastIf(onlyLast, pass.hidden(window)));
        }
        return q.attend(
                seen.keys(),
                seen.values(),
                lastIf(onlyLast, pass.mask(window)),
                !onlyLast && pass.isCausal(window),
                config.attentionScale());
    }

    /** Whether it is what the fused kernels and the loops on the heap compute. */
    boolean isPlain() {
        return sinks == null && gate == null && (rope == null || !(rope.isInPairs() || rope.dependsOnLength()));
    }

    /** Its rotary positions, if it has any. */
    List<Rope> rotations() {
        return rope == null ? List.of() : List.of(rope);
    }

    private Tensor heads(Tensor mapped, int heads) {
        return mapped.reshape(mapped.size(0), mapped.size(1), heads, config.dHead());
    }

    private Tensor turned(Tensor x, Pass pass) {
        return rope == null ? x : pass.turn(rope).apply(x);
    }

    /** The last token of `[…, …, tokens, …]`, with its axis kept. */
    public static Tensor last(Tensor byToken) {
        return byToken.narrow(2, byToken.size(2) - 1, 1);
    }

    private static @Nullable Tensor lastIf(boolean onlyLast, @Nullable Tensor mask) {
        return onlyLast && mask != null ? last(mask) : mask;
    }

    /**
     * The same with an explicit attention pattern: softmax(scores)·v, where scores may be soft-capped,
     * cap·tanh(score / cap) (Gemma 2), and hooks may read or replace the pattern.
     */
    private Tensor byPattern(Tensor q, KvCache.Entry seen, Pass pass, @Nullable Tensor hidden) {
        int shared = config.nHeads() / config.nKvHeads();
        long batch = q.size(0);
        long tokens = q.size(2);
        long slots = seen.keys().size(2);
        Tensor grouped = q.reshape(batch, config.nKvHeads(), shared * tokens, config.dHead());
        Tensor scores = grouped.matmul(seen.keys().transpose(2, 3))
                .to(q.dtype().precise())
                .times(config.attentionScale()); // [batch, nKvHeads, shared·tokens, slots]
        Double cap = config.attentionSoftCap();
        Tensor capped = (cap == null ? scores : scores.times(1 / cap).tanh().times(cap))
                .reshape(batch, config.nHeads(), tokens, slots);
        Tensor shown = hidden == null ? capped : capped.maskedFill(hidden, Double.NEGATIVE_INFINITY);
        Tensor pattern = (sinks == null ? shown.softmax() : sinks.softmax(shown)).to(q.dtype());
        return pass.hook(ATTN_PATTERN, layer, pattern) // [batch, nHeads, tokens, slots]
                .reshape(batch, config.nKvHeads(), shared * tokens, slots)
                .matmul(seen.values())
                .reshape(batch, config.nHeads(), tokens, config.dHead());
    }
}
