package dev.pintle.model;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Causal self-attention with rotary positions, in which several query heads may share a key and value head. */
public final class Attention {
    private final int layer;
    private final ModelConfig config;
    private final Parts parts;
    private final Rope rope;
    private final @Nullable Integer window;

    /**
     * What a block's attention is made of.
     *
     * @param query `[nHeads·dHead, dModel]`
     * @param key `[nKvHeads·dHead, dModel]`
     * @param value `[nKvHeads·dHead, dModel]`
     * @param out `[dModel, nHeads·dHead]`
     * @param queryNorm applied to queries before they turn
     * @param keyNorm applied to keys before they turn
     * @param normPerHead whether those norms see one head at a time, or all heads as one vector
     */
    public record Parts(
            Linear query, Linear key, Linear value, Linear out, Norm queryNorm, Norm keyNorm, boolean normPerHead) {
        /** Without norms on queries and keys. */
        public static Parts plain(Linear query, Linear key, Linear value, Linear out) {
            return new Parts(query, key, value, out, Norm.NONE, Norm.NONE, true);
        }
    }

    /** @param window how many tokens, its own included, a query sees; null for all before it */
    public Attention(int layer, ModelConfig config, Parts parts, Rope rope, @Nullable Integer window) {
        this.layer = layer;
        this.config = config;
        this.parts = parts;
        this.rope = rope;
        this.window = window;
    }

    Parts parts() {
        return parts;
    }

    Rope rope() {
        return rope;
    }

    @Nullable
    Integer window() {
        return window;
    }

    /**
     * @param x `[batch, tokens, dModel]`
     * @return `[batch, tokens, dModel]`
     */
    Tensor forward(Tensor x, Pass pass) {
        long batch = x.size(0);
        long tokens = x.size(1);
        Rope.Turn turn = pass.turn(rope);
        Tensor q =
                turn.apply(heads(parts.query, parts.queryNorm, x, config.nHeads())); // [batch, nHeads, tokens, dHead]
        Tensor k =
                turn.apply(heads(parts.key, parts.keyNorm, x, config.nKvHeads())); // [batch, nKvHeads, tokens, dHead]
        Tensor v = heads(parts.value, Norm.NONE, x, config.nKvHeads());
        KvCache.Entry seen = pass.remember(layer, k, v); // [batch, nKvHeads, slots, dHead]
        Tensor mixed = config.attentionSoftCap() == null
                ? q.attend(
                        seen.keys(), seen.values(), pass.mask(window), pass.isCausal(window), config.attentionScale())
                : softCapped(q, seen, pass, config.attentionSoftCap());
        return parts.out.forward(mixed.transpose(1, 2).reshape(batch, tokens, (long) config.nHeads() * config.dHead()));
    }

    private Tensor heads(Linear map, Norm norm, Tensor x, int heads) {
        Tensor mapped = map.forward(x); // [batch, tokens, heads·dHead]
        Tensor whole = parts.normPerHead ? mapped : norm.forward(mapped);
        Tensor split = whole.reshape(x.size(0), x.size(1), heads, config.dHead());
        return (parts.normPerHead ? norm.forward(split) : split).transpose(1, 2);
    }

    /** Scores pass through cap·tanh(score / cap) before the softmax (Gemma 2). */
    private Tensor softCapped(Tensor q, KvCache.Entry seen, Pass pass, double cap) {
        int shared = config.nHeads() / config.nKvHeads();
        long batch = q.size(0);
        long tokens = q.size(2);
        long slots = seen.keys().size(2);
        Tensor grouped = q.reshape(batch, config.nKvHeads(), shared * tokens, config.dHead());
        Tensor scores = grouped.matmul(seen.keys().transpose(2, 3))
                .to(Weights.precise(q.dtype()))
                .times(config.attentionScale()); // [batch, nKvHeads, shared·tokens, slots]
        Tensor capped = scores.times(1 / cap).tanh().times(cap).reshape(batch, config.nHeads(), tokens, slots);
        Tensor hidden = pass.hidden(window);
        Tensor weights = (hidden == null ? capped : capped.maskedFill(hidden, Double.NEGATIVE_INFINITY))
                .softmax()
                .to(q.dtype());
        return weights.reshape(batch, config.nKvHeads(), shared * tokens, slots)
                .matmul(seen.values())
                .reshape(batch, config.nHeads(), tokens, config.dHead());
    }
}
