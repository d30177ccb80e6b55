package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Causal self-attention with rotary positions, in which several query heads may share a key and value head. */
public final class Attention {
    private final int layer;
    private final ModelConfig config;
    private final Parts parts;
    private final Rope rope;
    private final @Nullable Integer window;
    private @Nullable Linear joined; // queries, keys and values as one map, on a GPU

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

    public Parts parts() {
        return parts;
    }

    /** Joins the maps to queries, keys and values where they can be one. */
    public void joinMaps(TensorScope owner) {
        joined = Linear.joined(List.of(parts.query, parts.key, parts.value), owner);
    }

    /** Queries, keys and values as one map `[(nHeads + 2 nKvHeads) dHead, dModel]`; null where they are three. */
    @Nullable
    public Linear joined() {
        return joined;
    }

    public Rope rope() {
        return rope;
    }

    @Nullable
    public Integer window() {
        return window;
    }

    /**
     * @param x `[batch, tokens, dModel]`
     * @param onlyLast whether only the last token asks; keys and values are remembered for all
     * @return `[batch, tokens or 1, dModel]`
     */
    Tensor forward(Tensor x, Pass pass, boolean onlyLast) {
        long batch = x.size(0);
        long tokens = onlyLast ? 1 : x.size(1);
        Rope.Turn turn = pass.turn(rope);
        Mapped mapped = mapped(x);
        Tensor q = turn.apply(heads(mapped.query, parts.queryNorm, config.nHeads())); // [batch, nHeads, tokens, dHead]
        Tensor k = turn.apply(heads(mapped.key, parts.keyNorm, config.nKvHeads())); // [batch, nKvHeads, tokens, dHead]
        Tensor v = heads(mapped.value, Norm.NONE, config.nKvHeads());
        KvCache.Entry seen = pass.remember(layer, k, v); // [batch, nKvHeads, slots, dHead]
        Tensor mixed = mix(onlyLast ? last(q) : q, seen, pass, onlyLast);
        return parts.out.forward(mixed.transpose(1, 2).reshape(batch, tokens, (long) config.nHeads() * config.dHead()));
    }

    /**
     * Values mixed by how well queries fit keys.
     *
     * @param q `[batch, nHeads, tokens, dHead]`, of the last token alone where {@code onlyLast}
     * @return of the same shape
     */
    public Tensor mix(Tensor q, KvCache.Entry seen, Pass pass, boolean onlyLast) {
        return config.attentionSoftCap() == null
                ? q.attend(
                        seen.keys(),
                        seen.values(),
                        lastIf(onlyLast, pass.mask(window)),
                        !onlyLast && pass.isCausal(window),
                        config.attentionScale())
                : softCapped(q, seen, lastIf(onlyLast, pass.hidden(window)), config.attentionSoftCap());
    }

    /** What stands for the last token in `[…, …, tokens, …]`. */
    public static Tensor last(Tensor byToken) {
        return byToken.narrow(2, byToken.size(2) - 1, 1);
    }

    /** The same of a mask, if there is one and only the last token asks. */
    private static @Nullable Tensor lastIf(boolean onlyLast, @Nullable Tensor mask) {
        return onlyLast && mask != null ? last(mask) : mask;
    }

    /** Queries, keys and values, each `[batch, tokens, heads·dHead]`. */
    private record Mapped(Tensor query, Tensor key, Tensor value) {}

    private Mapped mapped(Tensor x) {
        if (joined == null) {
            return new Mapped(parts.query.forward(x), parts.key.forward(x), parts.value.forward(x));
        }
        Tensor all = joined.forward(x);
        long queries = (long) config.nHeads() * config.dHead();
        long shared = (long) config.nKvHeads() * config.dHead();
        return new Mapped(
                all.narrow(2, 0, queries), all.narrow(2, queries, shared), all.narrow(2, queries + shared, shared));
    }

    private Tensor heads(Tensor mapped, Norm norm, int heads) {
        Tensor whole = parts.normPerHead ? mapped : norm.forward(mapped);
        Tensor split = whole.reshape(mapped.size(0), mapped.size(1), heads, config.dHead());
        return (parts.normPerHead ? norm.forward(split) : split).transpose(1, 2);
    }

    /** Scores pass through cap·tanh(score / cap) before the softmax (Gemma 2). */
    private Tensor softCapped(Tensor q, KvCache.Entry seen, @Nullable Tensor hidden, double cap) {
        int shared = config.nHeads() / config.nKvHeads();
        long batch = q.size(0);
        long tokens = q.size(2);
        long slots = seen.keys().size(2);
        Tensor grouped = q.reshape(batch, config.nKvHeads(), shared * tokens, config.dHead());
        Tensor scores = grouped.matmul(seen.keys().transpose(2, 3))
                .to(q.dtype().precise())
                .times(config.attentionScale()); // [batch, nKvHeads, shared·tokens, slots]
        Tensor capped = scores.times(1 / cap).tanh().times(cap).reshape(batch, config.nHeads(), tokens, slots);
        Tensor weights = (hidden == null ? capped : capped.maskedFill(hidden, Double.NEGATIVE_INFINITY))
                .softmax()
                .to(q.dtype());
        return weights.reshape(batch, config.nKvHeads(), shared * tokens, slots)
                .matmul(seen.values())
                .reshape(batch, config.nHeads(), tokens, config.dHead());
    }
}
