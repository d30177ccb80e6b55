package dev.pintle.transformer.gpu;

import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;

/**
 * A step for more rows, increasingly bound by arithmetic, or for families that {@link FewRowsStep} does not support:
 * matrix products by libtorch, with one kernel between each two.
 */
final class ManyRowsStep extends StepKernels {
    private final FusedOps ops;
    private final FusedBlock fused;

    ManyRowsStep(Transformer transformer, ModelConfig config, StepMemory memory) {
        super(transformer, config, memory);
        this.ops = FusedOps.of(memory.device(), memory.dtype());
        this.fused = new FusedBlock(ops);
    }

    @Override
    void embed() {
        ops.embedNormed(
                transformer.embedding().tokens(),
                transformer.embedding().scale(),
                memory.ids,
                memory.resid,
                memory.work.normed(),
                normBefore(0));
    }

    @Override
    void unembed() {
        FusedBlock.dense(transformer.unembedding()).forwardInto(memory.work.normed(), memory.logits);
    }

    @Override
    void block(FusableBlock block) {
        fused.project(block, memory.work);
        attention(block);
        fused.finish(
                block,
                memory.resid,
                memory.mixed,
                memory.work,
                memory.added().get(block.layer()),
                memory.resid,
                normBefore(block.layer() + 1));
    }
}
