package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
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
    final StepMemory memory;
    final List<FusableBlock> blocks;
    final int rows;
    final int queries;
    final int shared;
    private final CudaKernel attend;
    private final CudaKernel choose;
    private final CudaKernel softCap;
    private final Map<Rope, Rope.Turn> turns = new IdentityHashMap<>(); // built here, since recording cannot allocate

    StepKernels(Transformer transformer, ModelConfig config, StepMemory memory) {
        this.transformer = transformer;
        this.config = config;
        this.memory = memory;
        this.rows = memory.rows;
        this.queries = config.nHeads() * config.dHead();
        this.shared = config.nKvHeads() * config.dHead();
        Map<String, Integer> macros = Map.of("HEAD", config.dHead(), "GROUP", config.nHeads() / config.nKvHeads());
        CudaProgram program = CudaSources.program("step.cu", memory.dtype(), macros, memory.device());
        this.attend = program.kernel("attend");
        this.choose = program.kernel("choose");
        this.softCap = program.kernel("soft_cap");
        this.blocks = Fusing.blocks(transformer);
        for (FusableBlock block : blocks) {
            turns.computeIfAbsent(rope(block.attention()), memory::table);
        }
    }

    /** Embeds the tokens and prepares the first block's input. */
    abstract void embed();

    /** Runs a block and prepares the next one's input. */
    abstract void block(FusableBlock block);

    /** Computes the logits of all rows. */
    abstract void unembed();

    @Override
    public void run() {
        embed();
        blocks.forEach(this::block);
        unembed();
        Double cap = config.logitSoftCap();
        if (cap != null) {
            int logits = Math.toIntExact(memory.logits.shape().elements());
            softCap.launch(
                    Grid.of((logits + CAPPING_THREADS - 1) / CAPPING_THREADS),
                    CAPPING_THREADS,
                    memory.logits,
                    logits,
                    cap.floatValue());
        }
        Draws draws = memory.draws;
        if (draws != null) {
            draws.launch(memory.logits, memory.state);
        }
        choose.launch(
                Grid.of(rows),
                CHOOSING_THREADS,
                memory.logits,
                draws == null ? null : draws.drawn(),
                memory.ids,
                memory.seenIds,
                memory.seenLogProbs,
                memory.state,
                config.dVocab(),
                rows);
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
                new Grid(memory.pieces(), config.nKvHeads(), rows),
                ATTENTION_THREADS,
                memory.mixed,
                memory.work.mapped(),
                memory.keys(block.layer()),
                memory.values(block.layer()),
                table.cos(),
                table.sin(),
                queryNorm == null ? null : queryNorm.weight(),
                keyNorm == null ? null : keyNorm.weight(),
                memory.state,
                memory.partial,
                memory.arrived,
                config.nHeads(),
                config.nKvHeads(),
                memory.capacity,
                window == null ? 0 : window,
                (float) config.attentionScale(),
                queryNorm == null ? 0f : (float) queryNorm.eps(),
                cap == null ? 0f : cap.floatValue());
    }
}
