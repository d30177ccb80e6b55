package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.RopeTables;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The buffers that a recorded decoding step reads and writes; they never move, since the recording contains their
 * addresses.
 */
final class StepMemory implements AutoCloseable {
    private static final int SLOTS_AT_ONCE = 64; // per thread block of attention, as in the kernel
    private static final int MOST_PIECES = 64; // as in the kernel
    private static final int BLOCKS_PER_PROCESSOR = 3; // running concurrently

    final int rows;
    final int capacity;
    final Tensor ids; // [rows]
    final Tensor state; // [1 + 2 rows]: slot, first slots, positions
    final Tensor logits; // [rows, dVocab] FP32
    final Tensor seenIds; // [2, rows], pinned host memory
    final Tensor seenLogProbs; // [2, rows], pinned host memory
    final Tensor resid; // [rows, dModel]
    final Workspace work; // its residual stream between attention and MLP is resid
    final Tensor mixed; // [rows, nHeads dHead]
    final Tensor partial; // partial results of attention, FP32
    final Tensor arrived; // [rows, nKvHeads]: number of finished pieces
    final @Nullable Draws draws; // null if every row is greedy
    private final TensorScope owner = TensorScope.owner("decoding step");
    private final List<Tensor> keys = new ArrayList<>(); // [rows, nKvHeads, capacity, dHead] per layer
    private final List<Tensor> values = new ArrayList<>();
    private final Map<Integer, Tensor> added = new HashMap<>(); // [rows, dModel] FP32 by layer
    private final RopeTables tables;
    private final int nKvHeads;
    private final Device device;
    private final DType dtype;

    /**
     * @param tables must outlive this
     * @param steered layers after which vectors are added
     * @param drawing whether any row samples its tokens
     */
    StepMemory(
            RopeTables tables,
            ModelConfig c,
            Device device,
            DType dtype,
            int rows,
            int capacity,
            Iterable<Integer> steered,
            boolean drawing) {
        this.tables = tables;
        this.rows = rows;
        this.capacity = capacity;
        this.nKvHeads = c.nKvHeads();
        this.device = device;
        this.dtype = dtype;
        long queries = (long) c.nHeads() * c.dHead();
        try (TensorScope scope = TensorScope.open("prepare decoding")) {
            ids = zeros(DType.INT32, rows);
            state = zeros(DType.INT32, 1 + 2L * rows);
            logits = zeros(DType.FP32, rows, c.dVocab());
            seenIds = owner.adopt(Tensor.pinned(DType.INT32, 2, rows));
            seenLogProbs = owner.adopt(Tensor.pinned(DType.FP32, 2, rows));
            resid = zeros(dtype, rows, c.dModel());
            work = Workspace.inPlace(c, width -> zeros(dtype, rows, width), resid);
            mixed = zeros(dtype, rows, queries);
            partial = zeros(DType.FP32, (long) rows * c.nHeads() * pieces() * (c.dHead() + 2L));
            arrived = zeros(DType.INT32, (long) rows * c.nKvHeads());
            for (int layer = 0; layer < c.nLayers(); layer++) {
                keys.add(zeros(dtype, rows, c.nKvHeads(), capacity, c.dHead()));
                values.add(zeros(dtype, rows, c.nKvHeads(), capacity, c.dHead()));
            }
            for (int layer : steered) {
                added.put(layer, zeros(DType.FP32, rows, c.dModel()));
            }
            draws = drawing ? new Draws(owner, device, rows, capacity, c.dVocab()) : null;
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    /** Allocates zeros on the GPU that live as long as this. */
    Tensor zeros(DType type, long... shape) {
        return owner.adopt(Tensor.zeros(type, device, shape));
    }

    DType dtype() {
        return dtype;
    }

    Device device() {
        return device;
    }

    /**
     * The number of thread blocks that attention may split a row's slots into: as many as it takes to occupy the GPU.
     */
    int pieces() {
        long wanted = (long) BLOCKS_PER_PROCESSOR * CudaProgram.processors(device) / ((long) rows * nKvHeads);
        return (int) Math.max(1, Math.min(wanted, Math.min(MOST_PIECES, capacity / SLOTS_AT_ONCE)));
    }

    Tensor keys(int layer) {
        return keys.get(layer);
    }

    Tensor values(int layer) {
        return values.get(layer);
    }

    /** Cosines and sines of every position. */
    Rope.Turn table(Rope rope) {
        return tables.table(rope, capacity);
    }

    /** The vectors added to the residual stream, by layer, `[rows, dModel]` FP32. */
    Map<Integer, Tensor> added() {
        return added;
    }

    @Override
    public void close() {
        owner.close();
    }
}
