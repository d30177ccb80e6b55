package dev.pintle.transformer;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of past tokens, `[batch, nKvHeads, slots, dHead]` per layer, with each slot's absolute position, and
 * what recurrent layers remember in their place. It grows by doubling and owns its memory; close it when the sequences are done.
 */
public final class KvCache implements AutoCloseable {
    private static final int FIRST_CAPACITY = 64;

    private final ModelConfig config;
    private final Device device;
    private final DType dtype;
    private final int firstCapacity;
    private final TensorScope owner = TensorScope.owner("key-value cache");
    private final Map<Integer, Entry> buffers = new HashMap<>(); // [batch or more, nKvHeads, capacity, dHead] by layer
    private final Map<Integer, RecurrentState[]> states = new HashMap<>(); // [batch] by layer
    private final Map<Integer, OnHeap> onHeap = new HashMap<>(); // by layer
    private int[][] positions = new int[0][]; // [batch][slots]
    private int[] begun = new int[0]; // [batch], tokens that each row's sequence begins with
    private int slots;

    /**
     * A second copy of a layer on the Java heap, kept between passes: to copy all of it for every token would take longer
     * than the token.
     *
     * @param heads `[batch · nKvHeads]`
     * @param slots that it holds
     */
    private record OnHeap(HeadCache[] heads, int slots) {}

    /** Keys and values of one layer. */
    public record Entry(Tensor keys, Tensor values) {}

    /** An empty cache; it allocates memory when tokens are added. */
    public KvCache(ModelConfig config, Device device, DType dtype) {
        this(config, device, dtype, FIRST_CAPACITY);
    }

    /** The same with room for a number of tokens before it has to grow. */
    public KvCache(ModelConfig config, Device device, DType dtype, int firstCapacity) {
        this.config = config;
        this.device = device;
        this.dtype = dtype;
        this.firstCapacity = firstCapacity;
    }

    /** Number of entries per row, padding included. */
    public int slots() {
        return slots;
    }

    /** Number of rows; 0 before the first pass. */
    public int batch() {
        return positions.length;
    }

    /** Size in bytes of the keys and values of {@code slots} slots in {@code batch} rows. */
    public static long bytes(ModelConfig config, DType dtype, long batch, long slots) {
        return 2L * config.nLayers() * batch * config.nKvHeads() * slots * config.dHead() * dtype.bytes();
    }

    /** The absolute position after a row's last token. */
    public int nextPosition(int row) {
        return slots == 0 ? 0 : Arrays.stream(positions[row]).max().orElse(-1) + 1;
    }

    /**
     * Number of tokens that a row's sequence begins with: those of the run that filled the cache first.
     *
     * @param otherwise if the cache is still empty
     */
    public int begunWith(int row, int otherwise) {
        return slots == 0 ? otherwise : begun[row];
    }

    int position(int row, int slot) {
        return positions[row][slot];
    }

    /** Records the positions of a pass's tokens; its layers then call {@link #append}. */
    void begin(Layout layout) {
        if (slots == 0) {
            positions = new int[layout.batch()][0];
            begun = IntStream.range(0, layout.batch()).map(layout::begunWith).toArray();
        } else if (layout.batch() != positions.length) {
            throw Problem.of("The KV cache and the pass have different numbers of rows.")
                    .fact("cache", positions.length)
                    .fact("pass", layout.batch())
                    .toIllegalArgument();
        }
        for (int row = 0; row < positions.length; row++) {
            int[] longer = Arrays.copyOf(positions[row], slots + layout.tokens());
            for (int t = 0; t < layout.tokens(); t++) {
                longer[slots + t] = layout.position(row, t);
            }
            positions[row] = longer;
        }
        slots += layout.tokens();
    }

    /**
     * Stores the keys and values of this pass in the last slots.
     *
     * @return the keys and values of all slots, as views
     */
    Entry append(int layer, Tensor keys, Tensor values) {
        int fresh = (int) keys.size(2);
        Entry buffer = room(layer, fresh);
        buffer.keys().narrow(2, slots - fresh, fresh).copyFrom(keys);
        buffer.values().narrow(2, slots - fresh, fresh).copyFrom(values);
        return entry(layer);
    }

    /**
     * Buffers `[batch, nKvHeads, capacity, dHead]` whose last used slots are for the keys and values of this pass.
     *
     * @param fresh number of tokens in this pass
     */
    public Entry room(int layer, int fresh) {
        if (!buffers.containsKey(layer) && slots > fresh) {
            throw stoppedBefore(layer);
        }
        Entry buffer = rowsOf(buffers.computeIfAbsent(layer, l -> allocate(batch(), Math.max(slots, firstCapacity))));
        if (buffer.keys().size(2) < slots) {
            Entry larger = allocate(batch(), Math.max(slots, 2 * buffer.keys().size(2)));
            larger.keys().narrow(2, 0, slots - fresh).copyFrom(buffer.keys().narrow(2, 0, slots - fresh));
            larger.values().narrow(2, 0, slots - fresh).copyFrom(buffer.values().narrow(2, 0, slots - fresh));
            Entry old = buffers.put(layer, larger);
            if (old != null) {
                old.keys().close();
                old.values().close();
            }
            buffer = larger;
        }
        return buffer;
    }

    private IllegalArgumentException stoppedBefore(int layer) {
        return Problem.of("The KV cache was filled by a run that stopped before this layer.")
                .fact("layer", layer)
                .fact("cache holds", buffers.size() + states.size() + " layers")
                .fact("try", "filling the cache with a run that computes logits, or stopping at the same layer again")
                .toIllegalArgument();
    }

    /**
     * What a recurrent layer remembers of each row, which the pass changes.
     *
     * @param fresh number of tokens in this pass
     * @param first makes what a row begins with
     */
    RecurrentState[] states(int layer, int fresh, Supplier<RecurrentState> first) {
        if (!states.containsKey(layer) && slots > fresh) {
            throw stoppedBefore(layer);
        }
        return states.computeIfAbsent(
                layer, l -> Stream.generate(first).limit(batch()).toArray(RecurrentState[]::new));
    }

    /** What a recurrent layer remembers of a row; null if the layer has keys and values instead. */
    @Nullable
    RecurrentState state(int layer, int row) {
        RecurrentState[] ofLayer = states.get(layer);
        return ofLayer == null ? null : ofLayer[row];
    }

    /** Whether a layer has keys and values. */
    boolean hasKeys(int layer) {
        return buffers.containsKey(layer);
    }

    /** Keys and values of a layer, as views `[batch, nKvHeads, slots, dHead]`. */
    public Entry entry(int layer) {
        Entry buffer = rowsOf(Objects.requireNonNull(buffers.get(layer)));
        return new Entry(buffer.keys().narrow(2, 0, slots), buffer.values().narrow(2, 0, slots));
    }

    /** The rows still in use of an allocated buffer. */
    private Entry rowsOf(Entry buffer) {
        return buffer.keys().size(0) == batch()
                ? buffer
                : new Entry(buffer.keys().narrow(0, 0, batch()), buffer.values().narrow(0, 0, batch()));
    }

    /**
     * The heads that were kept of a layer.
     *
     * @param fresh number of tokens in this pass
     * @return `[batch · nKvHeads]`; null unless they hold exactly what came before this pass
     */
    public HeadCache @Nullable [] heads(int layer, int fresh) {
        OnHeap kept = onHeap.get(layer);
        return kept != null && kept.slots == slots - fresh ? kept.heads : null;
    }

    /** Keeps heads of a layer that hold all slots. */
    public void keep(int layer, HeadCache[] heads) {
        onHeap.put(layer, new OnHeap(heads, slots));
    }

    /** Removes a row; the last row takes its place. */
    public void remove(int row) {
        onHeap.clear();
        int last = batch() - 1;
        if (row != last) {
            try (TensorScope scope = TensorScope.open("remove a row")) {
                for (Entry buffer : buffers.values()) {
                    move(buffer.keys(), last, row);
                    move(buffer.values(), last, row);
                }
            }
            positions[row] = positions[last];
            begun[row] = begun[last];
            states.values().forEach(ofLayer -> ofLayer[row] = ofLayer[last]);
        }
        positions = Arrays.copyOf(positions, last);
        begun = Arrays.copyOf(begun, last);
        states.replaceAll((layer, ofLayer) -> Arrays.copyOf(ofLayer, last));
    }

    private void move(Tensor buffer, int from, int to) {
        Tensor used = buffer.narrow(2, 0, slots);
        used.narrow(0, to, 1).copyFrom(used.narrow(0, from, 1));
    }

    private Entry allocate(long batch, long capacity) {
        long[] shape = {batch, config.nKvHeads(), capacity, config.dHead()};
        try (TensorScope scope = TensorScope.open("grow key-value cache")) {
            return new Entry(
                    owner.adopt(Tensor.empty(dtype, device, shape)), owner.adopt(Tensor.empty(dtype, device, shape)));
        }
    }

    /**
     * A cache of {@code rows} rows that all continue this one-row cache, which is not changed.
     *
     * @throws IllegalArgumentException if this cache does not have exactly one row
     */
    public KvCache branch(int rows) {
        if (batch() != 1) {
            throw Problem.of("Only a KV cache with one row can be branched.")
                    .fact("rows", batch())
                    .toIllegalArgument();
        }
        return select(new int[rows]);
    }

    /**
     * A cache whose rows continue rows of this one, which is not changed.
     *
     * @param rows rows of this cache, in any order, repetitions allowed
     * @throws IllegalArgumentException if there is no such row
     */
    public KvCache select(int... rows) {
        for (int row : rows) {
            if (row < 0 || row >= batch()) {
                throw Problem.of("The KV cache has no such row.")
                        .fact("asked for", row)
                        .fact("rows", batch())
                        .toIllegalArgument();
            }
        }
        KvCache selected = new KvCache(config, device, dtype);
        selected.slots = slots;
        selected.positions =
                Arrays.stream(rows).mapToObj(row -> positions[row].clone()).toArray(int[][]::new);
        selected.begun = Arrays.stream(rows).map(row -> begun[row]).toArray();
        boolean one = batch() == 1; // copied by broadcasting, without an intermediate gathered copy
        try (TensorScope scope = TensorScope.open("select rows of the key-value cache")) {
            Tensor index = Tensor.of(Arrays.stream(rows).asLongStream().toArray(), rows.length)
                    .to(device);
            buffers.forEach((layer, entry) -> {
                Tensor keys = entry.keys().narrow(2, 0, slots);
                Tensor values = entry.values().narrow(2, 0, slots);
                Entry copy = selected.allocate(rows.length, slots + FIRST_CAPACITY);
                copy.keys().narrow(2, 0, slots).copyFrom(one ? keys : keys.indexSelect(0, index));
                copy.values().narrow(2, 0, slots).copyFrom(one ? values : values.indexSelect(0, index));
                selected.buffers.put(layer, copy);
            });
        }
        states.forEach((layer, ofLayer) -> selected.states.put(
                layer, Arrays.stream(rows).mapToObj(row -> ofLayer[row].copy()).toArray(RecurrentState[]::new)));
        return selected;
    }

    /**
     * Makes room in an empty cache for the first tokens of one row, whose keys and values the caller then writes to what
     * {@link #entry} returns.
     */
    public void restore(int tokens) {
        if (batch() != 0) {
            throw new IllegalStateException("Only an empty KV cache can be restored.");
        }
        slots = tokens;
        positions = new int[][] {IntStream.range(0, tokens).toArray()};
        begun = new int[] {tokens};
        for (int layer = 0; layer < config.nLayers(); layer++) {
            buffers.put(layer, allocate(1, Math.max(tokens, firstCapacity)));
        }
    }

    /**
     * Discards all but the first {@code kept} slots.
     *
     * @throws IllegalArgumentException if there are fewer, or if recurrent layers would have to forget some tokens but not all
     */
    public void truncate(int kept) {
        if (kept < 0 || kept > slots) {
            throw Problem.of("A KV cache can only be truncated to fewer slots than it has.")
                    .fact("slots", slots)
                    .fact("asked for", kept)
                    .toIllegalArgument();
        }
        if (!states.isEmpty() && kept < slots && kept > 0) {
            throw Problem.of("A recurrent layer cannot go back to an earlier token.")
                    .fact("slots", slots)
                    .fact("asked for", kept)
                    .fact("try", "a branch of the cache, made where it has to go on")
                    .toIllegalArgument();
        }
        if (kept == 0) {
            states.clear();
        }
        for (int row = 0; row < positions.length; row++) {
            positions[row] = Arrays.copyOf(positions[row], kept);
        }
        slots = kept;
        onHeap.clear();
    }

    /** Releases the memory. */
    @Override
    public void close() {
        onHeap.clear();
        owner.close();
    }
}
