package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Dense;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.Map;

/**
 * A step with custom kernels for the matrix products, with norms fused into them: for few rows bound by reading the weights,
 * for many with tiles in shared memory. A row's numbers do not depend on the other rows: the sums of its products have the
 * same order however many there are.
 */
final class OwnProductsStep extends StepKernels {
    private static final int WARPS = 16; // per thread block of the kernels for few rows
    private static final int EMBEDDING_THREADS = 256; // as in the kernel
    private static final int EIGHT = 8; // rows of a tensor core's tile
    private static final int MOST_FEW = 96; // rows; measured: with more, the kernels for many rows are faster
    private static final int WEIGHT_ROWS = 16; // of a tile of the kernels for few rows
    private static final int BLOCK = 64; // elements of the inner axis that kernels load at a time
    private static final int SUMS_BYTES = 10 * 1024; // of a tile of tensor cores, beside the rings, at most

    private final CudaKernel embed;
    private final CudaKernel qkv;
    private final CudaKernel writeBack;
    private final CudaKernel writeBackFetching;
    private final CudaKernel gateUp;
    private final CudaKernel unembed;
    private final Tile tile;

    /**
     * What a thread block computes.
     *
     * @param weightRows of a matrix
     * @param rows of the step
     * @param blocks that divide the tiles of all weight rows among them, at most
     */
    private record Tile(int weightRows, int rows, int threads, int blocks) {}

    /**
     * The rings that warps fill with weights ahead, in shared memory.
     *
     * @param stages of a ring
     * @param blocks that run concurrently on a processor
     */
    private record Rings(int stages, int blocks) {
        private static final int FEWEST_STAGES = 2;

        /** Fills a processor's shared memory: measured, two blocks are faster with 8 rows, and one with more. */
        static Rings fitting(Device device, int tiles) {
            for (Rings rings : tiles == 1
                    ? new Rings[] {new Rings(3, 2), new Rings(2, 2)}
                    : new Rings[] {new Rings(4, 1), new Rings(3, 1)}) {
                int block = rings.bytes() + CudaProgram.RESERVED_SHARED + SUMS_BYTES * tiles;
                if (rings.blocks * block <= CudaProgram.processorSharedBytes(device)
                        && block <= CudaProgram.sharedBytes(device)) {
                    return rings;
                }
            }
            return new Rings(FEWEST_STAGES, 1);
        }

        int bytes() {
            return WARPS * stages * WEIGHT_ROWS * BLOCK * Short.BYTES;
        }
    }

    OwnProductsStep(Transformer transformer, ModelConfig config, SlotMemory memory, StepKind kind) {
        super(transformer, config, memory, kind);
        int rows = kind.rows();
        int tiles = rows <= EIGHT ? 1 : rows <= 2 * EIGHT ? 2 : 4; // of tensor cores
        Rings rings = Rings.fitting(memory.device(), tiles);
        Map<String, Integer> macros =
                Map.of("WARPS", WARPS, "NT", tiles, "STAGES", rings.stages, "BLOCKS_PER_SM", rings.blocks);
        CudaProgram few = CudaSources.program("few_rows.cu", memory.dtype(), macros, memory.device());
        this.embed = few.kernel("embed");
        boolean many =
                rows > MOST_FEW && config.dModel() % BLOCK == 0 && config.dMlp() % BLOCK == 0 && queries % BLOCK == 0;
        if (many) {
            CudaProgram program = CudaSources.program("many_rows.cu", memory.dtype(), Map.of(), memory.device());
            this.tile = new Tile(128, 128, 256, Integer.MAX_VALUE); // as in the source, like its shared memory
            int shared =
                    3 * (tile.weightRows + tile.rows) * BLOCK * memory.dtype().bytes();
            this.qkv = program.kernel("qkv", shared);
            this.writeBack = program.kernel("write_back", shared);
            this.writeBackFetching = writeBack;
            this.gateUp = program.kernel("gate_up", shared);
            this.unembed = program.kernel("unembed", shared);
        } else {
            int blocks = rings.blocks * CudaProgram.processors(memory.device());
            this.tile = new Tile(WEIGHT_ROWS, tiles * EIGHT, 32 * WARPS, blocks);
            this.qkv = few.kernel("qkv", rings.bytes());
            this.writeBack = few.kernel("write_back", rings.bytes());
            this.writeBackFetching = few.kernel("write_back_fetching", rings.bytes());
            this.gateUp = few.kernel("gate_up", rings.bytes());
            this.unembed = few.kernel("unembed", rings.bytes());
        }
    }

    /** Whether the kernels support this model: dense weights, only norms before attention and MLP, SiLU, no embedding scale. */
    static boolean suits(Transformer transformer) {
        return transformer.embedding().scale() == 1
                && transformer.unembedding() instanceof Dense
                && Fusing.blocks(transformer).stream()
                        .allMatch(block -> block.attnPost() == null
                                && block.mlpPost() == null
                                && block.attention().qkv().whole().isPresent()
                                && block.attention().out() instanceof Dense
                                && block.mlp().gateUp().whole().isPresent()
                                && block.mlp().down() instanceof Dense
                                && block.mlp().activation() == Activation.SILU);
    }

    @Override
    Tensor squares() {
        return rows.squares();
    }

    @Override
    void embed() {
        embed.launch(
                Grid.of(rows.count()),
                EMBEDDING_THREADS,
                rows.resid(),
                rows.work().normed(),
                rows.squares(),
                transformer.embedding().matrix(),
                normBefore(0).weight(),
                memory.slots,
                memory.ids,
                rows.count(),
                config.dModel());
    }

    @Override
    void unembed() {
        unembed.launch(
                grid(config.dVocab()),
                tile.threads,
                rows.logits(),
                FusedBlock.dense(transformer.unembedding()).weight(),
                rows.work().normed(),
                rows.squares(),
                rows.count(),
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
                grid(queries + 2 * shared),
                tile.threads,
                rows.work().mapped(),
                query.weight(),
                key.weight(),
                value.weight(),
                query.bias(),
                key.bias(),
                value.bias(),
                queries,
                shared,
                shared,
                rows.work().normed(),
                rows.squares(),
                rows.count(),
                config.dModel(),
                (float) normBefore(block.layer()).eps());
        attention(block);
        RmsNorm preMlp = block.mlpNorm();
        writeBack(writeBackFetching, FusedBlock.dense(block.attention().out()), rows.mixed(), queries, preMlp);
        Dense gate = part(block.mlp().gateUp(), 0);
        Dense up = part(block.mlp().gateUp(), 1);
        gateUp.launch(
                grid(2 * config.dMlp()),
                tile.threads,
                rows.work().hidden(),
                gate.weight(),
                up.weight(),
                gate.bias(),
                up.bias(),
                rows.work().normed(),
                rows.squares(),
                rows.count(),
                config.dModel(),
                config.dMlp(),
                (float) preMlp.eps());
        writeBack(
                writeBack,
                FusedBlock.dense(block.mlp().down()),
                rows.work().hidden(),
                config.dMlp(),
                normBefore(block.layer() + 1));
    }

    private Grid grid(int weightRows) {
        int tiles = (weightRows + tile.weightRows - 1) / tile.weightRows;
        return new Grid(Math.min(tiles, tile.blocks), (rows.count() + tile.rows - 1) / tile.rows, 1);
    }

    private static Dense part(Joined maps, int index) {
        return FusedBlock.dense(maps.parts().get(index));
    }

    /** Adds a product to the residual stream. */
    private void writeBack(CudaKernel kernel, Dense map, Tensor x, int width, RmsNorm next) {
        kernel.launch(
                grid(config.dModel()),
                tile.threads,
                rows.resid(),
                rows.work().normed(),
                rows.squares(),
                map.weight(),
                map.bias(),
                x,
                next.weight(),
                rows.count(),
                width,
                config.dModel());
    }
}
