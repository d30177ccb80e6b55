package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;
import org.jspecify.annotations.Nullable;

/**
 * A step bound by arithmetic, or for families that {@link OwnProductsStep} does not support: matrix products by libtorch, with
 * one kernel between each two. A row's bits may depend on the number of rows.
 */
final class LibraryStep extends StepKernels {
    private final FusedOps ops;
    private final FusedBlock fused;

    LibraryStep(Transformer transformer, ModelConfig config, SlotMemory memory, StepKind kind) {
        super(transformer, config, memory, kind);
        this.ops = FusedOps.of(memory.device(), memory.dtype());
        this.fused = new FusedBlock(ops);
    }

    @Override
    @Nullable
    Tensor squares() {
        return null;
    }

    @Override
    void embed() {
        ops.embedNormed(
                transformer.embedding().matrix(),
                transformer.embedding().scale(),
                memory.slots,
                memory.ids,
                rows.resid(),
                rows.work().normed(),
                normBefore(0));
    }

    @Override
    void unembed() {
        FusedBlock.dense(transformer.unembedding()).forwardInto(rows.work().normed(), rows.logits());
    }

    @Override
    void block(FusableBlock block) {
        fused.project(block, rows.work());
        attention(block);
        fused.finish(block, rows.resid(), rows.mixed(), rows.work(), rows.resid(), normBefore(block.layer() + 1));
    }
}
