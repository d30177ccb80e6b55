package dev.pintle.transformer.gpu;

import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How a row's tokens are chosen within a recorded step.
 *
 * @param filters null if the row always takes its most probable token
 * @param uniform random numbers between 0 and 1, one per token
 * @param seen ids of the prompt and of the answer so far, each once
 */
public record Draw(@Nullable Filters filters, DoubleSupplier uniform, int[] seen) {
    /** Always the most probable token. */
    public static final Draw MOST_PROBABLE = new Draw(null, () -> 0, new int[0]);

    /**
     * The filters applied before sampling, in this order: repetition penalty, temperature, top-k, top-p, min-p.
     *
     * @param temperature above 0
     * @param topK 0 for all
     * @param topP 1 for all
     * @param minP 0 for all
     * @param repetitionPenalty 1 for none
     */
    public record Filters(double temperature, int topK, double topP, double minP, double repetitionPenalty) {}
}
