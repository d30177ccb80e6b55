package dev.pintle.model;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A step for more rows, whose time is more and more that of multiplying: products by libtorch, one kernel between two. */
final class ManyRowsStep extends StepKernels {
    private static final int THREADS = 256;
    private static final int EIGHT = 8; // elements a thread takes at once

    private final CudaKernel embed;
    private final CudaKernel addBiases;
    private final CudaKernel addNormed;
    private final CudaKernel gated;
    private final Tensor product; // [rows, dModel]
    private final Tensor gate; // [rows, dMlp]
    private final Tensor up; // [rows, dMlp]

    /**
     * @param program of decode.cu
     * @param between of ops.cu
     */
    ManyRowsStep(
            Transformer transformer, ModelConfig config, StepMemory memory, CudaProgram program, CudaProgram between) {
        super(transformer, config, memory, program);
        this.embed = between.kernel("embed_normed");
        this.addBiases = between.kernel("add_biases");
        this.addNormed = between.kernel("add_normed");
        this.gated = between.kernel("gated");
        this.product = memory.zeros(memory.dtype(), rows, config.dModel());
        this.gate = memory.zeros(memory.dtype(), rows, config.dMlp());
        this.up = memory.zeros(memory.dtype(), rows, config.dMlp());
    }

    @Override
    void embed() {
        RmsNorm norm = normBefore(0);
        embed.launch(
                Grid.of(rows),
                THREADS,
                memory.resid,
                memory.normed,
                transformer.embedding(),
                norm.weight(),
                memory.ids,
                config.dModel(),
                (float) norm.eps());
    }

    @Override
    void unembed() {
        memory.normed.linearInto(transformer.unembedding().weight(), memory.logits);
    }

    @Override
    void block(Block block) {
        Attention.Parts parts = block.attention().parts();
        Linear joined = block.attention().joined();
        if (joined != null) {
            memory.normed.linearInto(joined.weight(), memory.mapped);
        } else {
            memory.normed.linearInto(parts.query().weight(), memory.mapped.narrow(1, 0, queries));
            memory.normed.linearInto(parts.key().weight(), memory.mapped.narrow(1, queries, shared));
            memory.normed.linearInto(parts.value().weight(), memory.mapped.narrow(1, queries + shared, shared));
        }
        if (parts.query().bias() != null
                || parts.key().bias() != null
                || parts.value().bias() != null) {
            addBiases.launch(
                    Grid.of(rows),
                    THREADS,
                    memory.mapped,
                    parts.query().bias(),
                    parts.key().bias(),
                    parts.value().bias(),
                    queries,
                    shared,
                    shared);
        }
        attention(block);
        memory.mixed.linearInto(parts.out().weight(), product);
        add(parts.out(), null, (RmsNorm) block.preMlp());
        Mlp mlp = block.mlp();
        memory.normed.linearInto(mlp.gate().weight(), gate);
        memory.normed.linearInto(mlp.up().weight(), up);
        gated.launch(
                new Grid((config.dMlp() / EIGHT + THREADS - 1) / THREADS, rows, 1),
                THREADS,
                memory.hidden,
                gate,
                up,
                mlp.gate().bias(),
                mlp.up().bias(),
                config.dMlp());
        memory.hidden.linearInto(mlp.down().weight(), product);
        add(mlp.down(), memory.added().get(block.layer()), normBefore(block.layer() + 1));
    }

    /** Adds the product to the residual stream, then what a row is steered by, and normalises for the next product. */
    private void add(Linear map, @Nullable Tensor steer, RmsNorm next) {
        addNormed.launch(
                Grid.of(rows),
                THREADS,
                memory.resid,
                memory.normed,
                product,
                map.bias(),
                steer,
                next.weight(),
                config.dModel(),
                (float) next.eps());
    }
}
