package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.TiledWeight;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.RopeTables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The buffers that recorded decoding steps read and write; they never move, since recordings contain their addresses. What
 * belongs to a sequence is kept by slot, so that sequences can join and leave while others stay where they are; `slots` says
 * which of them a step's rows are.
 */
final class SlotMemory implements AutoCloseable {
    /** Pieces that attention divides a row's tokens into, at most, so that few rows occupy the GPU. */
    static final int MOST_PIECES = 32;

    /** Pages of such a piece, at least; measured. */
    static final int LEAST_PAGES = 2;

    private static final int BLOCKS_PER_PROCESSOR = 3; // of attention, running concurrently

    final int most; // slots, and rows of a step
    final int mostPages; // of a slot
    final Tensor slots; // [most]: the slot of each row, or -1
    final Tensor ids; // [most]: the next token of each slot
    final Tensor positions; // [most]: its position
    final Tensor leads; // [most]: the slot that is fed the same tokens, -1 if none is, -2 if this one follows
    final Tensor tables; // [most, mostPages]: pages of each slot
    final Tensor seenIds; // [2, most], pinned host memory
    final Tensor seenLogProbs; // [2, most], pinned host memory
    final Draws draws;
    final RowChanges changes;
    private final Tensor logits; // [most, dVocab] FP32
    private final Tensor resid; // [most, dModel]
    private final Workspace work; // its residual stream between attention and MLP is resid
    private final Tensor mixed; // [most, nHeads dHead]
    private final Tensor squares; // [dModel / 16 most]
    final Tensor partial; // partial results of attention, FP32, of as many rows as may be divided among blocks
    final Tensor arrived; // [most, nKvHeads]: number of finished pieces
    private final TensorScope owner = TensorScope.owner("decoding slots");
    private final List<Tensor> keys = new ArrayList<>(); // [pages, nKvHeads, PAGE, dHead] per layer
    private final List<Tensor> values = new ArrayList<>();
    private final RopeTables ropes;
    private @Nullable Tensor piece;
    private final Device device;
    private final DType dtype;

    /**
     * @param ropes must outlive this
     * @param most slots
     * @param pages of all slots together
     */
    SlotMemory(RopeTables ropes, ModelConfig c, Device device, DType dtype, int most, int pages) {
        this.ropes = ropes;
        this.most = most;
        this.mostPages = Math.min(pages, Slots.pages(c.maxPositions()));
        this.device = device;
        this.dtype = dtype;
        long queries = (long) c.nHeads() * c.dHead();
        try (TensorScope scope = TensorScope.open("prepare decoding")) {
            slots = none(most);
            ids = zeros(DType.INT32, most);
            positions = zeros(DType.INT32, most);
            leads = none(most);
            tables = none(most * mostPages);
            seenIds = owner.adopt(Tensor.pinned(DType.INT32, 2, most));
            seenLogProbs = owner.adopt(Tensor.pinned(DType.FP32, 2, most));
            logits = zeros(DType.FP32, most, c.dVocab());
            resid = zeros(dtype, most, c.dModel());
            work = Workspace.inPlace(c, width -> zeros(dtype, most, width), resid);
            mixed = zeros(dtype, most, queries);
            squares = zeros(DType.FP32, c.dModel() / 16L * most);
            int divided =
                    Math.min(most, BLOCKS_PER_PROCESSOR * CudaProgram.processors(device) / (2 * c.nKvHeads()) + 1);
            partial = zeros(DType.FP32, divided * c.nHeads() * MOST_PIECES * (c.dHead() + 2L));
            arrived = zeros(DType.INT32, (long) most * c.nKvHeads());
            for (int layer = 0; layer < c.nLayers(); layer++) {
                keys.add(zeros(dtype, pages, c.nKvHeads(), Slots.PAGE, c.dHead()));
                values.add(zeros(dtype, pages, c.nKvHeads(), Slots.PAGE, c.dHead()));
            }
            draws = new Draws(owner, device, most, c.dVocab());
            changes = new RowChanges(owner, c, device, dtype, most);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    private Tensor zeros(DType type, long... shape) {
        return owner.adopt(Tensor.zeros(type, device, shape));
    }

    private Tensor none(int count) {
        int[] none = new int[count];
        Arrays.fill(none, -1);
        Tensor on = zeros(DType.INT32, count);
        on.copyFrom(Tensor.of(none, count));
        return on;
    }

    /** What a step of so many rows works with: the first rows of everything. */
    Rows rows(int count) {
        Workspace some = new Workspace(
                first(work.mapped(), count),
                first(work.product(), count),
                first(resid, count),
                first(work.normed(), count),
                first(work.gateUp(), count),
                first(work.hidden(), count));
        return new Rows(count, first(logits, count), first(resid, count), some, first(mixed, count), squares);
    }

    private Tensor first(Tensor buffer, int count) {
        return owner.adopt(buffer.narrow(0, 0, count));
    }

    /**
     * The working memory of a step.
     *
     * @param count rows
     * @param logits `[rows, dVocab]` FP32
     * @param resid `[rows, dModel]`
     * @param mixed `[rows, nHeads·dHead]`
     * @param squares `[dModel / 16, rows]`: squares of the residual stream, summed in groups of 16
     */
    record Rows(int count, Tensor logits, Tensor resid, Workspace work, Tensor mixed, Tensor squares) {}

    DType dtype() {
        return dtype;
    }

    Device device() {
        return device;
    }

    /** Thread blocks among which attention divides a row's tokens: as many as it takes to occupy the GPU. */
    int blocksPerRow(int rows, int nKvHeads) {
        int wanted = BLOCKS_PER_PROCESSOR * CudaProgram.processors(device) / (rows * nKvHeads);
        return Math.max(1, Math.min(MOST_PIECES, wanted));
    }

    Tensor keys(int layer) {
        return keys.get(layer);
    }

    Tensor values(int layer) {
        return values.get(layer);
    }

    /** Memory for a decoded piece of a quantised weight, allocated when it is first asked for. */
    Tensor piece() {
        if (piece == null) {
            piece = zeros(dtype, TiledWeight.PIECE);
        }
        return piece;
    }

    /** Logits of a row of the last step, `[dVocab]`. */
    Tensor logits() {
        return logits;
    }

    /** Cosines and sines of every position. */
    Rope.Turn table(Rope rope) {
        return ropes.table(rope, mostPages * Slots.PAGE);
    }

    @Override
    public void close() {
        owner.close();
    }
}
