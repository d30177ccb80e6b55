package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One decoder block: it reads the residual stream and adds to it. Read {@link PreNormBlock} first; families with a
 * different wiring bring their own.
 */
public interface Block {
    /** The 0-based number of this block. */
    int layer();

    /**
     * Runs the residual stream through this block, passing every named activation to {@link Pass#hook}.
     *
     * @param resid `[batch, tokens, dModel]`
     * @return `[batch, tokens, dModel]`, or `[batch, 1, dModel]` if {@link Pass#needed} kept only the last token
     */
    Tensor forward(Tensor resid, Pass pass);

    /**
     * The sites that {@link #forward} passes to {@link Pass#hook}; hooks at any other are refused before anything runs.
     */
    default Set<Site> sites() {
        return Site.OF_DENSE_BLOCKS;
    }

    /** Its rotary positions, one per attention that has them. */
    List<Rope> rotations();

    /** This block as the fused GPU kernels see it; empty if they do not support its wiring. */
    default Optional<FusableBlock> fusable() {
        return Optional.empty();
    }
}
