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
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The programs of all slots on the GPU, the vectors that they use, and what they read of their rows. */
final class RowChanges {
    private static final int THREADS = 256;
    private static final int FEWEST_VECTORS = 512;
    private static final int MOST_READS = 512; // of all slots

    private final CudaKernel kernel;
    private final int places;
    private final Tensor starts; // [slots, places + 1]
    private final Tensor operations; // [slots, MOST_OPERATIONS WORDS]
    private final Tensor met; // [slots, MOST_CONDITIONS]
    private final Tensor vectors; // [rows, dModel] FP32
    private final Deque<Integer> free = new ArrayDeque<>(); // rows of vectors
    private final Tensor reads; // [2, MOST_READS, dModel], pinned host memory
    private final Deque<Integer> freeReads = new ArrayDeque<>(); // entries of reads
    private final Map<Integer, Taken> taken = new HashMap<>(); // by slot
    private final boolean[] changes; // by slot

    /** The rows of vectors and the entries of reads that a slot has. */
    private record Taken(int[] vectors, int[] reads) {}

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
        this.reads = owner.adopt(Tensor.pinned(dtype, 2, MOST_READS, c.dModel()));
        for (int row = 0; row < most; row++) {
            free.add(row);
        }
        for (int entry = 0; entry < MOST_READS; entry++) {
            freeReads.add(entry);
        }
    }

    /** Whether there is room for programs' vectors, and for what they read, beside those of other slots. */
    boolean hasRoom(List<RowProgram> programs) {
        int wanted =
                programs.stream().mapToInt(program -> program.vectors().size()).sum();
        int read = programs.stream().mapToInt(program -> program.reads().size()).sum();
        return wanted <= free.size() && read <= freeReads.size();
    }

    void load(int slot, RowProgram program) {
        unload(slot);
        changes[slot] = !program.isEmpty();
        starts.select(0, slot).enqueueCopy(Tensor.of(program.starts(), places + 1L));
        if (program.isEmpty()) {
            return;
        }
        int[] rows = new int[program.vectors().size()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = free.removeFirst();
            vectors.select(0, rows[i]).enqueueCopy(Tensor.of(program.vectors().get(i)));
        }
        int[] entries = new int[program.reads().size()];
        Arrays.setAll(entries, i -> freeReads.removeFirst());
        taken.put(slot, new Taken(rows, entries));
        int[] words = program.words(rows, entries);
        operations.select(0, slot).narrow(0, 0, words.length).enqueueCopy(Tensor.of(words, words.length));
    }

    /** Frees what a slot holds. */
    void unload(int slot) {
        changes[slot] = false;
        Taken left = taken.remove(slot);
        if (left != null) {
            Arrays.stream(left.vectors).forEach(free::addFirst);
            Arrays.stream(left.reads).forEach(freeReads::addLast); // a step in flight may still write to them
        }
    }

    /**
     * What was read of a slot's row, `[1, 1, dModel]`, until its next but one step.
     *
     * @param position of the token that the step was fed
     * @param index of the program's reads
     */
    Tensor read(int slot, int position, int index) {
        int entry = Objects.requireNonNull(taken.get(slot)).reads[index];
        return reads.select(0, position & 1).narrow(0, entry, 1).unsqueeze(0);
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
                reads,
                place,
                places,
                RowProgram.MOST_OPERATIONS,
                RowProgram.MOST_CONDITIONS,
                MOST_READS,
                (float) next.eps());
    }
}
