package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Samples tokens on the GPU within a recorded step, just like the sampler on the CPU and with the same random numbers,
 * which are uploaded some hundred tokens ahead.
 */
final class Draws {
    private static final int THREADS = 1024;
    private static final int SETTINGS = 5;
    private static final int AHEAD = 512; // random numbers uploaded at once; there is room for twice as many
    private static final int LIST_BYTES = 8 * 1024; // as in the source
    private static final int SHARED_BYTES = 40 * 1024; // of a block, at most, beside list and scores
    private static final int FEW_ROWS = 8; // measured: with more, fewer blocks per row are faster

    private final Variant few;
    private final Variant many;
    private final int dVocab;
    private final int words; // bit masks of 32 tokens each
    private final Tensor drawn; // [rows]
    private final Tensor settings; // [slots, 5]: temperature (0: greedy), top-k, top-p, min-p, repetition penalty
    private final Tensor uniform; // [slots, 2 AHEAD] FP64, between 0 and 1
    private final Tensor seen; // [slots, words]
    private final Source[] sources; // by slot; null if its row is greedy

    /**
     * A kernel for a number of rows; all draw the same tokens.
     *
     * @param shares thread blocks per row, a cluster
     * @param cached whether the scores fit into shared memory
     */
    private record Variant(CudaKernel kernel, int shares, boolean cached) {
        static Variant of(Device device, int shares, int dVocab) {
            int share = (dVocab + shares - 1) / shares;
            boolean cached = SHARED_BYTES + LIST_BYTES + share * Float.BYTES <= CudaProgram.sharedBytes(device);
            CudaKernel kernel = CudaSources.program("draw.cu", Map.of("SHARES", shares), device)
                    .kernel("draw", LIST_BYTES + (cached ? share * Float.BYTES : 0));
            return new Variant(kernel, shares, cached);
        }
    }

    /**
     * Where a slot's random numbers come from.
     *
     * @param until the position after the last for which there are some
     */
    private record Source(DoubleSupplier numbers, int until) {}

    /** Allocates zeroed buffers owned by {@code owner}. */
    Draws(TensorScope owner, Device device, int slots, int dVocab) {
        boolean clusters = CudaProgram.hasClusters(device);
        this.few = Variant.of(device, clusters ? 8 : 1, dVocab);
        this.many = Variant.of(device, clusters ? 4 : 1, dVocab);
        this.dVocab = dVocab;
        this.words = (dVocab + Integer.SIZE - 1) / Integer.SIZE;
        this.sources = new Source[slots];
        this.drawn = owner.adopt(Tensor.zeros(DType.INT32, device, slots));
        this.settings = owner.adopt(Tensor.zeros(DType.FP32, device, slots, SETTINGS));
        this.uniform = owner.adopt(Tensor.zeros(DType.FP64, device, slots, 2 * AHEAD));
        this.seen = owner.adopt(Tensor.zeros(DType.INT32, device, slots, words));
    }

    Tensor drawn() {
        return drawn;
    }

    /** @param position of the token that the first draw follows */
    void load(int slot, Draw draw, int position) {
        Draw.@Nullable Filters filters = draw.filters();
        float[] own = filters == null
                ? new float[SETTINGS]
                : new float[] {
                    (float) filters.temperature(),
                    filters.topK(),
                    (float) filters.topP(),
                    (float) filters.minP(),
                    (float) filters.repetitionPenalty()
                };
        settings.select(0, slot).enqueueCopy(Tensor.of(own, SETTINGS));
        sources[slot] = null;
        if (filters != null) {
            int[] bits = new int[words];
            for (int id : draw.seen()) {
                bits[id / Integer.SIZE] |= 1 << id % Integer.SIZE;
            }
            seen.select(0, slot).enqueueCopy(Tensor.of(bits, words)); // keeps the low half of each INT64
            int begun = position / AHEAD * AHEAD;
            sources[slot] = new Source(draw.uniform(), begun);
            fill(slot, position);
        }
    }

    /** Makes sure that there is a random number for the token after a position. */
    void prepare(int slot, int position) {
        Source source = sources[slot];
        if (source != null && position >= source.until) {
            fill(slot, position);
        }
    }

    /** Uploads numbers from a position to the next multiple of {@link #AHEAD}. */
    private void fill(int slot, int position) {
        Source source = sources[slot];
        int until = position / AHEAD * AHEAD + AHEAD;
        double[] numbers = new double[until - position];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = source.numbers.getAsDouble();
        }
        uniform.select(0, slot)
                .narrow(0, position % (2 * AHEAD), numbers.length)
                .enqueueCopy(Tensor.of(numbers, numbers.length));
        sources[slot] = new Source(source.numbers, until);
    }

    /** @param logits `[rows, dVocab]` FP32 */
    void launch(SlotMemory memory, Tensor logits) {
        Variant variant = logits.size(0) <= FEW_ROWS ? few : many;
        variant.kernel.launch(
                Grid.of(logits.size(0) * variant.shares),
                THREADS,
                drawn,
                logits,
                settings,
                uniform,
                seen,
                memory.slots,
                memory.positions,
                dVocab,
                words,
                2 * AHEAD,
                variant.cached ? 1 : 0);
    }
}
