package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The programs of all slots on the GPU, and the vectors that they read. */
final class RowChanges {
    private static final int THREADS = 256;
    private static final int FEWEST_VECTORS = 512;

    private final CudaKernel kernel;
    private final int places;
    private final Tensor starts; // [slots, places + 1]
    private final Tensor operations; // [slots, MOST_OPERATIONS WORDS]
    private final Tensor met; // [slots, MOST_CONDITIONS]
    private final Tensor vectors; // [rows, dModel] FP32
    private final Deque<Integer> free = new ArrayDeque<>(); // rows of vectors
    private final Map<Integer, int[]> taken = new HashMap<>(); // by slot
    private final boolean[] changes; // by slot

    /** Allocates buffers owned by {@code owner}. */
    RowChanges(TensorScope owner, ModelConfig c, Device device, DType dtype, int slots) {
        this.kernel = CudaSources.program("rows.cu", dtype, Map.of("WIDTH", c.dModel(), "HEAD", c.dHead()), device)
                .kernel("change_rows");
        this.places = c.nLayers() + 1;
        this.changes = new boolean[slots];
        int most = Math.max(FEWEST_VECTORS, 2 * slots + 4 * c.nLayers());
        this.starts = owner.adopt(Tensor.zeros(DType.INT32, device, slots, places + 1L));
        this.operations = owner.adopt(
                Tensor.zeros(DType.INT32, device, slots, (long) RowProgram.MOST_OPERATIONS * RowProgram.WORDS));
        this.met = owner.adopt(Tensor.zeros(DType.INT32, device, slots, RowProgram.MOST_CONDITIONS));
        this.vectors = owner.adopt(Tensor.zeros(DType.FP32, device, most, c.dModel()));
        for (int row = 0; row < most; row++) {
            free.add(row);
        }
    }

    /** Whether there is room for programs' vectors beside those of other slots. */
    boolean hasRoom(List<RowProgram> programs) {
        return programs.stream().mapToInt(program -> program.vectors().size()).sum() <= free.size();
    }

    void load(int slot, RowProgram program) {
        unload(slot);
        changes[slot] = !program.isEmpty();
        starts.select(0, slot).copyFrom(Tensor.of(program.starts(), places + 1L));
        if (program.isEmpty()) {
            return;
        }
        int[] rows = new int[program.vectors().size()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = free.removeFirst();
            vectors.select(0, rows[i]).copyFrom(Tensor.of(program.vectors().get(i)));
        }
        taken.put(slot, rows);
        int[] words = program.words(rows);
        operations.select(0, slot).narrow(0, 0, words.length).copyFrom(Tensor.of(words, words.length));
    }

    /** Frees what a slot holds. */
    void unload(int slot) {
        changes[slot] = false;
        int[] rows = taken.remove(slot);
        if (rows != null) {
            for (int row : rows) {
                free.addFirst(row);
            }
        }
    }

    /** Whether anything is done to a slot's row. */
    boolean changes(int slot) {
        return changes[slot];
    }

    /**
     * Runs what programs do at a place, and prepares the product that follows.
     *
     * @param squares also written, if the product scales by them; null if it reads normalised rows
     * @param next the norm before the product
     */
    void launch(int place, SlotMemory memory, SlotMemory.Rows rows, @Nullable Tensor squares, RmsNorm next) {
        kernel.launch(
                Grid.of(rows.count()),
                THREADS,
                rows.resid(),
                rows.work().normed(),
                squares,
                memory.slots,
                memory.positions,
                starts,
                operations,
                met,
                vectors,
                next.weight(),
                place,
                places,
                RowProgram.MOST_OPERATIONS,
                RowProgram.MOST_CONDITIONS,
                (float) next.eps());
    }
}
