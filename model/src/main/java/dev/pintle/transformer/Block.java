package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One decoder block: it reads the residual stream and adds to it. {@link PreNormBlock} is the one to read first; families that
 * are wired otherwise bring their own.
 */
public interface Block {
    /** Number of this block, from 0. */
    int layer();

    /**
     * Takes the residual stream through this block, passing every activation that has a name to {@link Pass#hook}.
     *
     * @param resid `[batch, tokens, dModel]`
     * @return `[batch, tokens, dModel]`, or `[batch, 1, dModel]` where {@link Pass#needed} left only the last token
     */
    Tensor forward(Tensor resid, Pass pass);

    /** The sites that {@link #forward} passes to {@link Pass#hook}; a hook at any other is refused before anything runs. */
    default Set<Site> sites() {
        return Site.OF_BLOCKS;
    }

    /** Its rotary positions, one for each attention that has them. */
    List<Rope> rotations();

    /** This block as its kernels on a GPU know it; empty where they do not know how it is wired. */
    default Optional<FusableBlock> fusable() {
        return Optional.empty();
    }
}
