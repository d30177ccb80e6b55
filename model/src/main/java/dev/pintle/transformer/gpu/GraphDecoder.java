package dev.pintle.transformer.gpu;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Memory;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RopeTables;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/*
 * Decoding on a GPU with one CUDA graph launch per token.
 *
 * A step of an 8B model consists of 160 kernels; launched one by one, they leave the GPU idle most of the time. Here
 * the whole step, including the choice of the token, is recorded once for a number of rows, a KV cache capacity and a
 * set of steered layers, and then replayed with one call. Whatever changes between steps is read from memory: token
 * ids, positions, and one vector per row and steered layer.
 */
/**
 * Decodes up to 256 sequences at once on a GPU, for Llama-like families whose hooks only add to the residual stream.
 */
public final class GraphDecoder implements AutoCloseable {
    /** Maximum number of rows of a recorded step. */
    public static final int MOST_ROWS = 256;

    private static final int SMALLEST_CAPACITY = 256;
    private static final int KEPT = 4;
    private static final int KEPT_SHARE = 6; // 1/6 of the GPU's memory, for the KV caches of all recordings

    private final Transformer transformer;
    private final ModelConfig config;
    private final Device device;
    private final DType dtype;
    private final RopeTables tables;
    private final StepPool<Key, RecordedStep> steps;

    /** What a recording is specialised for. */
    private record Key(int rows, int capacity, List<Integer> steered, boolean drawing) {}

    /** @param tables must outlive this decoder */
    public GraphDecoder(Transformer transformer, ModelConfig config, Device device, DType dtype, RopeTables tables) {
        this.transformer = transformer;
        this.config = config;
        this.device = device;
        this.dtype = dtype;
        this.tables = tables;
        this.steps =
                new StepPool<>(KEPT, () -> Engine.gpuMemory(device).total() / KEPT_SHARE, this::bytes, this::record);
    }

    /**
     * Whether the environment variable allows recording steps.
     *
     * @throws dev.pintle.base.PintleException for an invalid value
     */
    static boolean recordsSteps(@Nullable String value) {
        return switch (value == null ? "" : value.strip().toLowerCase(Locale.ROOT)) {
            case "", "on", "1", "true" -> true;
            case "off", "0", "false" -> false;
            default ->
                throw Problem.of("PINTLE_CUDA_GRAPHS must be on or off.")
                        .fact("expected", "on or off")
                        .fact("but was", Excerpt.of(value))
                        .toException();
        };
    }

    /**
     * Takes over sequences whose prompts have been run; empty if no recording is free and there is no room for another.
     * The step belongs to the caller, even while listeners run, until {@link #giveBack}.
     *
     * @param cache KV cache of the prompts
     * @param added by layer, the vectors added to the residual stream after it, `[rows, dModel]` in FP32
     * @param draws how each row chooses its tokens
     * @param newTokens maximum number of tokens to decode
     */
    public Optional<RecordedStep> take(KvCache cache, Map<Integer, Tensor> added, List<Draw> draws, int newTokens) {
        Key key = new Key(
                cache.batch(),
                capacity(cache.slots() + newTokens + 1),
                List.copyOf(new TreeMap<>(added).keySet()),
                draws.stream().anyMatch(draw -> draw.filters() != null));
        Optional<RecordedStep> step = steps.take(key);
        try {
            step.ifPresent(taken -> taken.load(cache, added, draws, config.nLayers()));
            return step;
        } catch (RuntimeException e) {
            step.ifPresent(steps::giveBack);
            throw e;
        }
    }

    /** Returns a step to the pool. */
    public void giveBack(RecordedStep step) {
        steps.giveBack(step);
    }

    /**
     * The capacity for a number of tokens: rounded up to one of a few sizes, so that recordings can be reused, by at
     * most a quarter.
     */
    static int capacity(int needed) {
        int grain = Math.max(SMALLEST_CAPACITY, Integer.highestOneBit(needed) / 4);
        return (needed + grain - 1) / grain * grain;
    }

    private long bytes(Key key) {
        return KvCache.bytes(config, dtype, key.rows, key.capacity);
    }

    private RecordedStep record(Key key) {
        Memory.requireRoomForDecoding(
                config, dtype, device, key.rows, key.capacity, () -> Engine.availableMemory(device));
        StepMemory memory =
                new StepMemory(tables, config, device, dtype, key.rows, key.capacity, key.steered, key.drawing);
        try (TensorScope scope = TensorScope.open("record a decoding step")) {
            Runnable kernels = key.rows <= FewRowsStep.MOST_ROWS && FewRowsStep.suits(transformer)
                    ? new FewRowsStep(transformer, config, memory)
                    : new ManyRowsStep(transformer, config, memory);
            return new RecordedStep(memory, device, kernels);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    @Override
    public void close() {
        steps.close();
    }
}
