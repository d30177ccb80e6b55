package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Dense;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.RmsNorm;
import org.jspecify.annotations.Nullable;

/**
 * One decoder block as four products with one kernel between two of them, for prompts and for recorded steps alike. What turns
 * queries, keys and values into what the heads mix is the caller's.
 */
final class FusedBlock {
    private final FusedOps ops;

    FusedBlock(FusedOps ops) {
        this.ops = ops;
    }

    /**
     * Queries, keys and values of the tokens whose norm is in the workspace, into its {@code mapped}.
     *
     * @param w workspace of all tokens
     */
    void project(FusableBlock block, Workspace w) {
        whole(block.attention().qkv()).forwardInto(w.normed(), w.mapped());
    }

    /**
     * What follows attention.
     *
     * @param resid what the block read, `[rows, dModel]`; may be {@code w.mid()}
     * @param mixed what the heads mixed, `[rows, nHeads·dHead]`
     * @param w workspace of these rows; its {@code normed} is left with the norm of the result
     * @param steer FP32 that is added last, or null
     * @param to gets the residual stream after the block; may be {@code w.mid()}
     * @param next the norm that reads the result; null where none does
     */
    void finish(
            FusableBlock block,
            Tensor resid,
            Tensor mixed,
            Workspace w,
            @Nullable Tensor steer,
            Tensor to,
            @Nullable RmsNorm next) {
        dense(block.attention().out()).forwardInto(mixed, w.product());
        ops.addNormed(resid, w.product(), block.attnPost(), null, w.mid(), w.normed(), block.mlpNorm());
        whole(block.mlp().gateUp()).forwardInto(w.normed(), w.gateUp());
        ops.gated(w.gateUp(), block.mlp().activation(), w.hidden());
        dense(block.mlp().down()).forwardInto(w.hidden(), w.product());
        ops.addNormed(w.mid(), w.product(), block.mlpPost(), steer, to, next == null ? null : w.normed(), next);
    }

    /** @throws IllegalStateException where the maps do not lie together, which {@link Fusing} rules out */
    static Dense whole(Joined maps) {
        return maps.whole().orElseThrow(() -> new IllegalStateException("The maps do not lie together."));
    }

    /** A map as kernels read it: weights on a GPU are never packed. */
    static Dense dense(Linear map) {
        return (Dense) map;
    }
}
