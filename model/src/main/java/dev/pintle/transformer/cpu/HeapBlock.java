package dev.pintle.transformer.cpu;

import dev.pintle.tensor.HeapWeight;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.HeapDense;
import dev.pintle.transformer.Linear;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of a block, with everything on the heap. */
record HeapBlock(
        FusableBlock parts,
        HeapNorm attnNorm,
        List<HeapWeight> qkv,
        @Nullable HeapNorm ofQueries,
        @Nullable HeapNorm ofKeys,
        HeapWeight out,
        @Nullable HeapNorm attnPost,
        HeapNorm mlpNorm,
        HeapWeight gate,
        HeapWeight up,
        HeapWeight down,
        @Nullable HeapNorm mlpPost) {
    /** Copies the weights of a block that {@link HeapBlocks} can compute. */
    static HeapBlock of(FusableBlock block) {
        HeadNorms norms = block.attention().norms();
        return new HeapBlock(
                block,
                HeapNorm.of(block.attnNorm()),
                block.attention().qkv().parts().stream().map(HeapBlock::weight).toList(),
                HeapNorm.orNull(norms.queries()),
                HeapNorm.orNull(norms.keys()),
                weight(block.attention().out()),
                HeapNorm.orNull(block.attnPost()),
                HeapNorm.of(block.mlpNorm()),
                weight(block.mlp().gateUp().parts().get(0)),
                weight(block.mlp().gateUp().parts().get(1)),
                weight(block.mlp().down()),
                HeapNorm.orNull(block.mlpPost()));
    }

    private static HeapWeight weight(Linear map) {
        return ((HeapDense) map).weight();
    }
}
