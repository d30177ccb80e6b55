package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Dense;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A step for up to 16 rows, bound by reading the weights: custom kernels for the matrix products, with norms fused into
 * them.
 */
final class FewRowsStep extends StepKernels {
    static final int MOST_ROWS = 16; // measured: beyond that, libtorch's products are as fast
    private static final int WARP = 32;
    private static final int WARPS = 16; // per thread block
    private static final int THREADS = WARP * WARPS;
    private static final int EMBEDDING_THREADS = 256; // as in the kernel

    private final CudaKernel embed;
    private final CudaKernel qkv;
    private final CudaKernel writeBack;
    private final CudaKernel writeBackFetching;
    private final CudaKernel gateUp;
    private final CudaKernel unembed;
    private final Tensor squares; // [dModel / 16, rows]: squares of the residual stream, summed in groups of 16

    FewRowsStep(Transformer transformer, ModelConfig config, StepMemory memory) {
        super(transformer, config, memory);
        Map<String, Integer> macros = Map.of("WARPS", WARPS, "NT", rows <= 8 ? 1 : 2);
        CudaProgram program = CudaSources.program("few_rows.cu", memory.dtype(), macros, memory.device());
        this.embed = program.kernel("embed");
        this.qkv = program.kernel("qkv");
        this.writeBack = program.kernel("write_back");
        this.writeBackFetching = program.kernel("write_back_fetching");
        this.gateUp = program.kernel("gate_up");
        this.unembed = program.kernel("unembed");
        this.squares = memory.zeros(DType.FP32, config.dModel() / 16, rows);
    }

    /** Whether the kernels support this model: only norms before attention and MLP, SiLU, and no embedding scale. */
    static boolean suits(Transformer transformer) {
        return transformer.embedding().scale() == 1
                && Fusing.blocks(transformer).stream()
                        .allMatch(block -> block.attnPost() == null
                                && block.mlpPost() == null
                                && block.mlp().activation() == Activation.SILU);
    }

    @Override
    void embed() {
        embed.launch(
                Grid.of(rows),
                EMBEDDING_THREADS,
                memory.resid,
                memory.work.normed(),
                squares,
                transformer.embedding().tokens(),
                normBefore(0).weight(),
                memory.ids,
                rows,
                config.dModel());
    }

    @Override
    void unembed() {
        unembed.launch(
                Grid.of(config.dVocab() / 16),
                THREADS,
                memory.logits,
                FusedBlock.dense(transformer.unembedding()).weight(),
                memory.work.normed(),
                squares,
                rows,
                config.dModel(),
                config.dVocab(),
                (float) normBefore(config.nLayers()).eps());
    }

    @Override
    void block(FusableBlock block) {
        Dense query = part(block.attention().qkv(), 0);
        Dense key = part(block.attention().qkv(), 1);
        Dense value = part(block.attention().qkv(), 2);
        qkv.launch(
                Grid.of((queries + 2L * shared) / 16),
                THREADS,
                memory.work.mapped(),
                query.weight(),
                key.weight(),
                value.weight(),
                query.bias(),
                key.bias(),
                value.bias(),
                queries,
                shared,
                shared,
                memory.work.normed(),
                squares,
                rows,
                config.dModel(),
                (float) normBefore(block.layer()).eps());
        attention(block);
        RmsNorm preMlp = block.mlpNorm();
        writeBack(writeBackFetching, FusedBlock.dense(block.attention().out()), memory.mixed, queries, null, preMlp);
        Dense gate = part(block.mlp().gateUp(), 0);
        Dense up = part(block.mlp().gateUp(), 1);
        gateUp.launch(
                Grid.of(config.dMlp() / 8),
                THREADS,
                memory.work.hidden(),
                gate.weight(),
                up.weight(),
                gate.bias(),
                up.bias(),
                memory.work.normed(),
                squares,
                rows,
                config.dModel(),
                config.dMlp(),
                (float) preMlp.eps());
        Tensor steer = memory.added().get(block.layer());
        writeBack(
                writeBack,
                FusedBlock.dense(block.mlp().down()),
                memory.work.hidden(),
                config.dMlp(),
                steer,
                normBefore(block.layer() + 1));
    }

    private static Dense part(Joined maps, int index) {
        return FusedBlock.dense(maps.parts().get(index));
    }

    /** Adds a product to the residual stream, then the row's steering vector. */
    private void writeBack(CudaKernel kernel, Dense map, Tensor x, int width, @Nullable Tensor steer, RmsNorm next) {
        kernel.launch(
                Grid.of(config.dModel() / 16),
                THREADS,
                memory.resid,
                memory.work.normed(),
                squares,
                map.weight(),
                map.bias(),
                x,
                steer,
                next.weight(),
                rows,
                width,
                config.dModel());
    }
}
