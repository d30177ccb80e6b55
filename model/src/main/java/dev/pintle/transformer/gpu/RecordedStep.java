package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaGraph;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.KvCache;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A decoding step for a batch of rows, recorded once and replayed with one call. */
public final class RecordedStep implements AutoCloseable {
    private final StepMemory memory;
    private final int rows;
    private final CudaGraph graph;
    private final CudaGraph.Mark[] marks;
    private int launched;
    private int read;
    private int[] positions = new int[0]; // of the first token fed, by row

    /**
     * Records the step, which owns the memory from here on.
     *
     * @param kernels launches the step's work
     */
    RecordedStep(StepMemory memory, Device device, Runnable kernels) {
        this.memory = memory;
        this.rows = memory.rows;
        this.graph = CudaGraph.record(device, kernels);
        this.marks = new CudaGraph.Mark[] {new CudaGraph.Mark(device), new CudaGraph.Mark(device)};
    }

    /**
     * Copies the KV cache of prompts that have been run.
     *
     * @param vectors the vectors added, by layer, `[rows, dModel]`
     * @param draws how each row chooses its tokens
     */
    void load(KvCache from, Map<Integer, Tensor> vectors, List<Draw> draws, int layers) {
        try (TensorScope scope = TensorScope.open("take over the prompts")) {
            for (int layer = 0; layer < layers; layer++) {
                KvCache.Entry entry = from.entry(layer);
                memory.keys(layer).narrow(2, 0, from.slots()).copyFrom(entry.keys());
                memory.values(layer).narrow(2, 0, from.slots()).copyFrom(entry.values());
            }
            memory.added().forEach((layer, buffer) -> buffer.copyFrom(Objects.requireNonNull(vectors.get(layer))));
            if (memory.draws != null) {
                memory.draws.load(draws, from.slots());
            }
            int[] start = new int[1 + 2 * rows];
            start[0] = from.slots();
            for (int row = 0; row < rows; row++) {
                int position = from.nextPosition(row);
                start[1 + row] = from.slots() - position; // prompts are left-padded
                start[1 + rows + row] = position;
            }
            memory.state.copyFrom(Tensor.of(start, start.length));
            launched = 0;
            read = 0;
            positions = Arrays.copyOfRange(start, 1 + rows, start.length);
        }
    }

    /** Sets the input tokens of the next step. */
    public void feed(int[] tokens) {
        try (TensorScope scope = TensorScope.open("feed tokens")) {
            memory.ids.copyFrom(Tensor.of(tokens, rows));
        }
    }

    /** Launches a step asynchronously; at most two may be in flight. */
    public void launch() {
        graph.launch();
        marks[launched++ & 1].set();
    }

    /** Waits for the oldest step that was not read yet; returns the token of each row. */
    public Choice[] await() {
        marks[read & 1].await();
        try (TensorScope scope = TensorScope.open("read tokens")) {
            int[] chosen = memory.seenIds.toInts();
            float[] probabilities = memory.seenLogProbs.toFloats();
            Choice[] choices = new Choice[rows];
            for (int row = 0; row < rows; row++) {
                int at = ((positions[row] + read) & 1) * rows + row;
                choices[row] = new Choice(chosen[at], probabilities[at]);
            }
            read++;
            return choices;
        }
    }

    /** Logits of the last step, which must have been awaited, `[rows][dVocab]`. */
    public float[][] logits() {
        float[][] result = new float[rows][];
        try (TensorScope scope = TensorScope.open("read logits")) {
            Arrays.setAll(result, row -> memory.logits.select(0, row).toFloats());
        }
        return result;
    }

    @Override
    public void close() {
        graph.close();
        for (CudaGraph.Mark mark : marks) {
            mark.close();
        }
        memory.close();
    }
}
