package dev.pintle.transformer;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a block that the fused kernels support: RMS norms before attention and a gated MLP, and optionally after
 * them.
 *
 * @param attnPost norm of attention's output, or null
 * @param mlpPost norm of the MLP's output, or null
 */
public record FusableBlock(
        int layer,
        RmsNorm attnNorm,
        Attention attention,
        @Nullable RmsNorm attnPost,
        RmsNorm mlpNorm,
        GatedMlp mlp,
        @Nullable RmsNorm mlpPost) {

    static Optional<FusableBlock> of(PreNormBlock b) {
        return b.attention().isPlain()
                        && b.attnNorm() instanceof RmsNorm attnNorm
                        && b.mlpNorm() instanceof RmsNorm mlpNorm
                        && b.mlp() instanceof GatedMlp mlp
                ? Optional.of(new FusableBlock(b.layer(), attnNorm, b.attention(), null, mlpNorm, mlp, null))
                : Optional.empty();
    }

    static Optional<FusableBlock> of(SandwichBlock b) {
        return b.attention().isPlain()
                        && b.attnNorm() instanceof RmsNorm attnNorm
                        && b.attnPost() instanceof RmsNorm attnPost
                        && b.mlpNorm() instanceof RmsNorm mlpNorm
                        && b.mlp() instanceof GatedMlp mlp
                        && b.mlpPost() instanceof RmsNorm mlpPost
                ? Optional.of(new FusableBlock(b.layer(), attnNorm, b.attention(), attnPost, mlpNorm, mlp, mlpPost))
                : Optional.empty();
    }
}
