package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Launches a decoding step kernel by kernel; shared by the variants for few and for many rows. */
abstract class StepKernels implements Runnable {
    private static final int ATTENTION_THREADS = 128;
    private static final int CHOOSING_THREADS = 1024;
    private static final int CAPPING_THREADS = 256;

    final Transformer transformer;
    final ModelConfig config;
    final SlotMemory memory;
    final SlotMemory.Rows rows;
    final List<FusableBlock> blocks;
    final int queries;
    final int shared;
    private final boolean changing;
    private final int blocksPerRow;
    private final int leastPages;
    private final CudaKernel attend;
    private final CudaKernel choose;
    private final CudaKernel softCap;
    private final Map<Rope, Rope.Turn> turns = new IdentityHashMap<>(); // built here, since recording cannot allocate

    StepKernels(Transformer transformer, ModelConfig config, SlotMemory memory, StepKind kind) {
        this.transformer = transformer;
        this.config = config;
        this.memory = memory;
        this.rows = memory.rows(kind.rows());
        this.changing = kind.changing();
        this.blocksPerRow = kind.blocks();
        boolean whole = kind.blocks() == 1 && kind.products() == StepKind.Products.LIBRARY;
        this.leastPages =
                whole ? memory.mostPages : SlotMemory.LEAST_PAGES; // bits may depend on the number of rows anyway
        this.queries = config.nHeads() * config.dHead();
        this.shared = config.nKvHeads() * config.dHead();
        int group = config.nHeads() / config.nKvHeads();
        int stages = stages(memory.device(), config.dHead(), group, kind.blocks() == 1);
        Map<String, Integer> macros = Map.of("HEAD", config.dHead(), "GROUP", group, "STAGES", stages);
        CudaProgram program = CudaSources.program("step.cu", memory.dtype(), macros, memory.device());
        this.attend = program.kernel("attend", stages * stageBytes(config.dHead()));
        this.choose = program.kernel("choose");
        this.softCap = program.kernel("soft_cap");
        this.blocks = Fusing.blocks(transformer);
        for (FusableBlock block : blocks) {
            turns.computeIfAbsent(rope(block.attention()), memory::table);
        }
    }

    /**
     * Tiles of keys and values that a warp of attention has room for; a row's bits do not depend on it.
     *
     * @param many whether there are many blocks: more of them run concurrently if each has fewer stages, which is faster
     */
    private static int stages(Device device, int dHead, int group, boolean many) {
        int beside = 16 * group * dHead + 4 * (group + 8) * dHead + 4 * 1024; // sums, queries and the rest
        int most = (CudaProgram.sharedBytes(device) - beside) / stageBytes(dHead);
        return Math.max(1, Math.min(most, many ? 2 : 3));
    }

    private static int stageBytes(int dHead) {
        return 2 * Slots.PAGE * dHead * Short.BYTES;
    }

    /** Embeds the tokens and prepares the first block's input. */
    abstract void embed();

    /** Runs a block and prepares the next one's input. */
    abstract void block(FusableBlock block);

    /** Computes the logits of all rows. */
    abstract void unembed();

    /** The squares that products scale by, if they do. */
    abstract @Nullable Tensor squares();

    @Override
    public void run() {
        embed();
        change(0);
        for (FusableBlock block : blocks) {
            block(block);
            change(block.layer() + 1);
        }
        unembed();
        Double cap = config.logitSoftCap();
        if (cap != null) {
            int logits = Math.toIntExact(rows.logits().shape().elements());
            softCap.launch(
                    Grid.of((logits + CAPPING_THREADS - 1) / CAPPING_THREADS),
                    CAPPING_THREADS,
                    rows.logits(),
                    logits,
                    cap.floatValue());
        }
        memory.draws.launch(memory, rows.logits());
        choose.launch(
                Grid.of(rows.count()),
                CHOOSING_THREADS,
                rows.logits(),
                memory.draws.drawn(),
                memory.slots,
                memory.leads,
                memory.ids,
                memory.seenIds,
                memory.seenLogProbs,
                memory.positions,
                config.dVocab(),
                memory.most);
    }

    /** Does what hooks do between blocks. */
    private void change(int place) {
        if (changing) {
            memory.changes.launch(place, memory, rows, squares(), normBefore(place));
        }
    }

    /** The rotary positions of attention, which every fusable block has. */
    static Rope rope(Attention attention) {
        return Objects.requireNonNull(attention.rope());
    }

    /** The norm that reads the residual stream before a block, or after the last. */
    RmsNorm normBefore(int layer) {
        return (RmsNorm) (layer < config.nLayers() ? blocks.get(layer).attnNorm() : transformer.finalNorm());
    }

    /** Computes the heads' outputs from queries, keys and values of the new tokens, and stores the keys and values. */
    void attention(FusableBlock block) {
        HeadNorms norms = block.attention().norms();
        Rope.Turn table = Objects.requireNonNull(turns.get(rope(block.attention())));
        Integer window = block.attention().window();
        Double cap = config.attentionSoftCap();
        @Nullable RmsNorm queryNorm = norms.queries() instanceof RmsNorm norm ? norm : null;
        @Nullable RmsNorm keyNorm = norms.keys() instanceof RmsNorm norm ? norm : null;
        attend.launch(
                new Grid(blocksPerRow, config.nKvHeads(), rows.count()),
                ATTENTION_THREADS,
                rows.mixed(),
                rows.work().mapped(),
                memory.keys(block.layer()),
                memory.values(block.layer()),
                table.cos(),
                table.sin(),
                queryNorm == null ? null : queryNorm.weight(),
                keyNorm == null ? null : keyNorm.weight(),
                memory.slots,
                memory.positions,
                memory.tables,
                memory.partial,
                memory.arrived,
                config.nHeads(),
                config.nKvHeads(),
                memory.mostPages,
                SlotMemory.MOST_PIECES,
                leastPages,
                window == null ? 0 : window,
                (float) config.attentionScale(),
                queryNorm == null ? 0f : (float) queryNorm.eps(),
                cap == null ? 0f : cap.floatValue());
    }
}
