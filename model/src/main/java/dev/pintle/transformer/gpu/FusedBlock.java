package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TiledWeight;
import dev.pintle.transformer.Dense;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Tiled;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One decoder block as four matrix products with one kernel between each two, for prompts as well as recorded steps.
 * Attention itself is up to the caller.
 */
final class FusedBlock {
    private final FusedOps ops;
    private final Products products;

    /** Computes products of activations with dense or quantised weights. */
    interface Products {
        /** With libtorch or our own kernels, whichever is faster; allocates. */
        Products FASTEST = (weight, x, bias, to) -> weight.linearInto(x, bias, to, null);

        /** As {@link TiledWeight#linearInto}. */
        void of(TiledWeight weight, Tensor x, @Nullable Tensor bias, Tensor to);
    }

    FusedBlock(FusedOps ops, Products products) {
        this.ops = ops;
        this.products = products;
    }

    /**
     * Projects the workspace's {@code normed} tokens to queries, keys and values, into its {@code mapped}.
     *
     * @param w workspace for all tokens
     */
    void project(FusableBlock block, Workspace w) {
        apply(block.attention().qkv(), w.normed(), w.mapped());
    }

    /**
     * Computes everything after attention.
     *
     * @param resid the block's input, `[rows, dModel]`; may be {@code w.mid()}
     * @param mixed the heads' outputs, `[rows, nHeads·dHead]`
     * @param w workspace for these rows; its {@code normed} then contains the normalised result
     * @param to receives the residual stream after the block; may be {@code w.mid()}
     * @param next the norm that reads the result; null for none
     */
    void finish(FusableBlock block, Tensor resid, Tensor mixed, Workspace w, Tensor to, @Nullable RmsNorm next) {
        apply(block.attention().out(), mixed, w.product());
        ops.addNormed(resid, w.product(), block.attnPost(), w.mid(), w.normed(), block.mlpNorm());
        apply(block.mlp().gateUp(), w.normed(), w.gateUp());
        ops.gated(w.gateUp(), block.mlp().activation(), w.hidden());
        apply(block.mlp().down(), w.hidden(), w.product());
        ops.addNormed(w.mid(), w.product(), block.mlpPost(), to, next == null ? null : w.normed(), next);
    }

    private void apply(Joined maps, Tensor x, Tensor to) {
        List<Linear> stacks = maps.stacks();
        if (stacks.size() == 1) {
            apply(stacks.get(0), x, to);
            return;
        }
        long from = 0;
        for (Linear map : stacks) {
            long width = Joined.width(map);
            apply(map, x, to.narrow(1, from, width));
            from += width;
        }
    }

    /**
     * Writes a product into existing memory.
     *
     * @param map {@link Dense} or {@link Tiled}
     * @param x `[rows, in]`
     * @param to `[rows, out]`
     */
    void apply(Linear map, Tensor x, Tensor to) {
        if (map instanceof Tiled tiled) {
            products.of(tiled.weight(), x, tiled.bias(), to);
        } else {
            dense(map).forwardInto(x, to);
        }
    }

    /** A map that is not quantised: weights on a GPU are never packed. */
    static Dense dense(Linear map) {
        return (Dense) map;
    }
}
