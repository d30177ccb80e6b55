package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Dense;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.RmsNorm;
import org.jspecify.annotations.Nullable;

/**
 * One decoder block as four matrix products with one kernel between each two, for prompts as well as recorded steps.
 * Attention itself is up to the caller.
 */
final class FusedBlock {
    private final FusedOps ops;

    FusedBlock(FusedOps ops) {
        this.ops = ops;
    }

    /**
     * Projects the workspace's {@code normed} tokens to queries, keys and values, into its {@code mapped}.
     *
     * @param w workspace for all tokens
     */
    void project(FusableBlock block, Workspace w) {
        whole(block.attention().qkv()).forwardInto(w.normed(), w.mapped());
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
        dense(block.attention().out()).forwardInto(mixed, w.product());
        ops.addNormed(resid, w.product(), block.attnPost(), w.mid(), w.normed(), block.mlpNorm());
        whole(block.mlp().gateUp()).forwardInto(w.normed(), w.gateUp());
        ops.gated(w.gateUp(), block.mlp().activation(), w.hidden());
        dense(block.mlp().down()).forwardInto(w.hidden(), w.product());
        ops.addNormed(w.mid(), w.product(), block.mlpPost(), to, next == null ? null : w.normed(), next);
    }

    /** @throws IllegalStateException if the maps are not contiguous, which {@link Fusing} rules out */
    static Dense whole(Joined maps) {
        return maps.whole().orElseThrow(() -> new IllegalStateException("The maps are not contiguous."));
    }

    /** A map as kernels read it: weights on a GPU are never packed. */
    static Dense dense(Linear map) {
        return (Dense) map;
    }
}
