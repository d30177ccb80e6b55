package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Samples tokens on the GPU within a recorded step, just like the sampler on the CPU and with the same random numbers,
 * which are uploaded in advance for all tokens to come.
 */
final class Draws {
    private static final int THREADS = 1024;
    private static final int SETTINGS = 5;
    private static final Map<Device, CudaKernel> KERNELS = new ConcurrentHashMap<>();

    private final CudaKernel kernel;
    private final int rows;
    private final int capacity;
    private final int dVocab;
    private final int words; // bit masks of 32 tokens each
    private final Tensor drawn; // [rows]
    private final Tensor settings; // [rows, 5]: temperature (0: greedy), top-k, top-p, min-p, repetition penalty
    private final Tensor uniform; // [rows, capacity] FP64, between 0 and 1
    private final Tensor seen; // [rows, words]

    /** Allocates zeroed buffers owned by {@code owner}. */
    Draws(TensorScope owner, Device device, int rows, int capacity, int dVocab) {
        this.kernel = KERNELS.computeIfAbsent(
                device, d -> CudaSources.program("draw.cu", d).kernel("draw"));
        this.rows = rows;
        this.capacity = capacity;
        this.dVocab = dVocab;
        this.words = (dVocab + Integer.SIZE - 1) / Integer.SIZE;
        this.drawn = owner.adopt(Tensor.zeros(DType.INT32, device, rows));
        this.settings = owner.adopt(Tensor.zeros(DType.FP32, device, rows, SETTINGS));
        this.uniform = owner.adopt(Tensor.zeros(DType.FP64, device, rows, capacity));
        this.seen = owner.adopt(Tensor.zeros(DType.INT32, device, rows, words));
    }

    Tensor drawn() {
        return drawn;
    }

    /** @param firstSlot slot of the token that the first draw follows */
    void load(List<Draw> draws, int firstSlot) {
        float[] numbers = new float[rows * SETTINGS];
        double[] random = new double[rows * capacity];
        int[] bits = new int[rows * words];
        for (int row = 0; row < rows; row++) {
            Draw draw = draws.get(row);
            Draw.Filters filters = draw.filters();
            if (filters != null) {
                float[] own = {
                    (float) filters.temperature(),
                    filters.topK(),
                    (float) filters.topP(),
                    (float) filters.minP(),
                    (float) filters.repetitionPenalty()
                };
                System.arraycopy(own, 0, numbers, row * SETTINGS, SETTINGS);
                for (int slot = firstSlot; slot < capacity; slot++) {
                    random[row * capacity + slot] = draw.uniform().getAsDouble();
                }
                for (int id : draw.seen()) {
                    bits[row * words + id / Integer.SIZE] |= 1 << id % Integer.SIZE;
                }
            }
        }
        settings.copyFrom(Tensor.of(numbers, rows, SETTINGS));
        uniform.copyFrom(Tensor.of(random, rows, capacity));
        seen.copyFrom(Tensor.of(bits, rows, words)); // keeps the low half of each INT64
    }

    /** @param logits `[rows, dVocab]` FP32 */
    void launch(Tensor logits, Tensor state) {
        kernel.launch(Grid.of(rows), THREADS, drawn, logits, settings, uniform, seen, state, dVocab, words, capacity);
    }
}
