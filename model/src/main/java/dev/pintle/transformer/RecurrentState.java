package dev.pintle.transformer;

/** What a {@link GatedDeltaNet} remembers of one sequence, on the Java heap. */
final class RecurrentState {
    /** What the convolution read of the last tokens, `[kernel − 1, channels]`; 0 before the first token. */
    final double[] recent;

    /** The memory of each head, `[nValueHeads, dKey, dValue]`. */
    final double[] memory;

    RecurrentState(int recent, int memory) {
        this(new double[recent], new double[memory]);
    }

    private RecurrentState(double[] recent, double[] memory) {
        this.recent = recent;
        this.memory = memory;
    }

    RecurrentState copy() {
        return new RecurrentState(recent.clone(), memory.clone());
    }
}
