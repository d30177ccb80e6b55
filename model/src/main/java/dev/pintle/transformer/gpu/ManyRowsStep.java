package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A step for more rows, whose time is more and more that of multiplying, or for families of which {@link FewRowsStep} knows
 * too little: products by libtorch, one kernel between two.
 */
final class ManyRowsStep extends StepKernels {
    private final FusedOps ops;
    private final Tensor product; // [rows, dModel]
    private final Tensor gateUp; // [rows, 2 dMlp]

    ManyRowsStep(Transformer transformer, ModelConfig config, StepMemory memory) {
        super(transformer, config, memory);
        this.ops = FusedOps.of(memory.device(), memory.dtype());
        this.product = memory.zeros(memory.dtype(), rows, config.dModel());
        this.gateUp = memory.zeros(memory.dtype(), rows, 2L * config.dMlp());
    }

    @Override
    void embed() {
        ops.embedNormed(
                transformer.embedding(),
                config.embeddingScale(memory.dtype()),
                memory.ids,
                memory.resid,
                memory.normed,
                normBefore(0));
    }

    @Override
    void unembed() {
        transformer.unembedding().forwardInto(memory.normed, memory.logits);
    }

    @Override
    void block(Block block) {
        Objects.requireNonNull(block.attention().joined()).forwardInto(memory.normed, memory.mapped);
        attention(block);
        block.attention().parts().out().forwardInto(memory.mixed, product);
        add(block.postAttn(), null, (RmsNorm) block.preMlp());
        Mlp mlp = block.mlp();
        Objects.requireNonNull(mlp.joined()).forwardInto(memory.normed, gateUp);
        ops.gated(gateUp, mlp.activation(), memory.hidden);
        mlp.down().forwardInto(memory.hidden, product);
        add(block.postMlp(), memory.added().get(block.layer()), normBefore(block.layer() + 1));
    }

    /** Adds the product to the residual stream, then what a row is steered by, and normalises for the next product. */
    private void add(Norm post, @Nullable Tensor steer, RmsNorm next) {
        ops.addNormed(memory.resid, product, post, steer, memory.resid, memory.normed, next);
    }
}
