package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TiledWeight;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Tiled;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A step bound by arithmetic, for families that {@link OwnProductsStep} does not support, or of quantised weights, with one kernel
 * between each two products. Those of dense weights are libtorch's, and a row's bits may depend on the number of rows.
 */
final class LibraryStep extends StepKernels {
    private final FusedOps ops;
    private final FusedBlock fused;

    LibraryStep(Transformer transformer, ModelConfig config, SlotMemory memory, StepKind kind) {
        super(transformer, config, memory, kind);
        this.ops = FusedOps.of(memory.device(), memory.dtype());
        this.fused = new FusedBlock(ops, products(memory, kind));
    }

    private static FusedBlock.Products products(SlotMemory memory, StepKind kind) {
        if (kind.products() == StepKind.Products.OWN || kind.rows() <= TiledWeight.FEW_ROWS) {
            return TiledWeight::fewInto;
        }
        Tensor piece = memory.piece(); // allocated here, since recording cannot
        return (weight, x, bias, to) -> weight.linearInto(x, bias, to, piece);
    }

    /** Whether all products of a model are with quantised weights, which give a row the same bits however many there are. */
    static boolean isExact(Transformer transformer) {
        return transformer.unembedding() instanceof Tiled
                && Fusing.blocks(transformer).stream()
                        .allMatch(block -> Stream.of(
                                        block.attention().qkv().stacks(),
                                        List.of(
                                                block.attention().out(),
                                                block.mlp().down()),
                                        block.mlp().gateUp().stacks())
                                .flatMap(List::stream)
                                .allMatch(Tiled.class::isInstance));
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
        fused.apply(transformer.unembedding(), rows.work().normed(), rows.logits());
    }

    @Override
    void block(FusableBlock block) {
        fused.project(block, rows.work());
        attention(block);
        fused.finish(block, rows.resid(), rows.mixed(), rows.work(), rows.resid(), normBefore(block.layer() + 1));
    }
}
