package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/*
 * Rows that join and leave while others decode have different lengths. libtorch's attention would need padding, and its
 * sums would depend on it. Here each row attends to its own keys.
 */
/**
 * Keys and values on the Java heap, in FP32, of rows that decode together on a CPU, each with its own length. Rows are in
 * the order of the batch.
 */
public final class KvRows {
    private static final int FIRST_CAPACITY = 64;
    private static final double SHARE_OF_HEAP = 0.5;

    private final ModelConfig config;
    private final List<Row> rows = new ArrayList<>();

    /** One row. */
    private final class Row {
        private int length; // tokens of completed steps
        private final HeadCache[][] heads = new HeadCache[config.nLayers()][config.nKvHeads()];
        private final @Nullable RecurrentState[] states = new RecurrentState[config.nLayers()];

        Row(int capacity) {
            for (HeadCache[] layer : heads) {
                Arrays.setAll(layer, h -> new HeadCache(config.dHead(), capacity));
            }
        }
    }

    /** No rows yet. */
    public KvRows(ModelConfig config) {
        this.config = config;
    }

    /** Whether rows of a model can be kept this way. */
    public static boolean suits(Device device, DType dtype) {
        return device.equals(Device.CPU) && dtype != DType.FP64;
    }

    /** Number of rows. */
    public int size() {
        return rows.size();
    }

    /** Number of tokens of a row, which is also the position of its next one. */
    public int length(int row) {
        return rows.get(row).length;
    }

    /** Size in bytes of a row with so many tokens. */
    public static long bytes(ModelConfig config, int tokens) {
        return KvCache.bytes(config, DType.FP32, 1, tokens);
    }

    /** Bytes that all rows together may take. */
    public static long room() {
        return (long) (SHARE_OF_HEAP * Runtime.getRuntime().maxMemory());
    }

    /**
     * Appends rows that continue prompts.
     *
     * @param prompts a cache without padding, which is copied
     * @param which rows of the cache, in the order in which they are appended
     */
    public void add(KvCache prompts, int... which) {
        int slots = prompts.slots();
        List<Row> added = new ArrayList<>();
        for (int ignored : which) {
            added.add(new Row(slots + FIRST_CAPACITY));
        }
        try (TensorScope scope = TensorScope.open("take over prompts")) {
            for (int layer = 0; layer < config.nLayers(); layer++) {
                for (int i = 0; i < which.length; i++) {
                    RecurrentState state = prompts.state(layer, which[i]);
                    added.get(i).states[layer] = state == null ? null : state.copy();
                }
                if (!prompts.hasKeys(layer)) {
                    continue;
                }
                KvCache.Entry entry = prompts.entry(layer); // [batch, nKvHeads, slots, dHead]
                float[] keys = entry.keys().toFloats();
                float[] values = entry.values().toFloats();
                for (int i = 0; i < which.length; i++) {
                    for (int h = 0; h < config.nKvHeads(); h++) {
                        HeadCache head = added.get(i).heads[layer][h];
                        for (int slot = 0; slot < slots; slot++) {
                            int at = ((which[i] * config.nKvHeads() + h) * slots + slot) * config.dHead();
                            head.put(slot, keys, values, at);
                        }
                    }
                }
            }
        }
        added.forEach(row -> row.length = slots);
        rows.addAll(added);
    }

    /**
     * Appends a row that begins with parts of others.
     *
     * @param parts in the order of the sequence
     * @param tokens number of their tokens that the row begins with
     * @param capacity number of tokens before its memory has to grow
     */
    public void add(List<KvPart> parts, int tokens, int capacity) {
        Row row = new Row(Math.max(capacity, tokens) + 1);
        for (KvPart part : parts) {
            int count = Math.min(part.tokens(), tokens - row.length);
            for (int layer = 0; layer < config.nLayers(); layer++) {
                for (int h = 0; h < config.nKvHeads(); h++) {
                    row.heads[layer][h].put(row.length, part.head(layer, h), count);
                }
            }
            row.length += count;
        }
        rows.add(row);
    }

    /** Moves all rows of another to the end of this. */
    public void addAll(KvRows other) {
        rows.addAll(other.rows);
        other.rows.clear();
    }

    /** The tokens of a row from one position to another, exclusive. */
    public KvPart part(int row, int from, int to) {
        HeadCache.Part[][] heads = new HeadCache.Part[config.nLayers()][config.nKvHeads()];
        for (int layer = 0; layer < heads.length; layer++) {
            HeadCache[] its = rows.get(row).heads[layer];
            Arrays.setAll(heads[layer], h -> its[h].part(from, to));
        }
        return new KvPart(heads, to - from);
    }

    /** Removes a row; the last row takes its place. */
    public void remove(int row) {
        Row last = rows.remove(rows.size() - 1);
        if (row < rows.size()) {
            rows.set(row, last);
        }
    }

    /**
     * Counts the tokens of a pass that has gone through all layers.
     *
     * @param tokens of each row
     */
    public void advance(int tokens) {
        rows.forEach(row -> row.length += tokens);
    }

    /**
     * What a recurrent layer remembers of each row, which the pass changes.
     *
     * @param first makes what a row begins with
     */
    RecurrentState[] states(int layer, Supplier<RecurrentState> first) {
        RecurrentState[] states = new RecurrentState[rows.size()];
        for (int row = 0; row < states.length; row++) {
            RecurrentState known = rows.get(row).states[layer];
            states[row] = known == null ? first.get() : known;
            rows.get(row).states[layer] = states[row];
        }
        return states;
    }

    /**
     * Stores the keys and values that a layer computed for the next tokens of each row.
     *
     * @param keys `[rows, tokens, nKvHeads, dHead]`
     * @param values of the same shape
     * @return the heads of the layer, `[rows · nKvHeads]`, to attend to
     */
    public HeadCache[] put(int layer, int tokens, float[] keys, float[] values) {
        int nKvHeads = config.nKvHeads();
        HeadCache[] heads = new HeadCache[rows.size() * nKvHeads];
        Workers.share(heads.length, keys.length, at -> {
            Row row = rows.get(at / nKvHeads);
            heads[at] = row.heads[layer][at % nKvHeads];
            for (int t = 0; t < tokens; t++) {
                int from = ((at / nKvHeads * tokens + t) * nKvHeads + at % nKvHeads) * config.dHead();
                heads[at].put(row.length + t, keys, values, from);
            }
        });
        return heads;
    }

    /**
     * Stores the keys and values of one token per row, and attends to those of all of the row's tokens so far.
     *
     * @param q queries `[rows, nHeads, 1, dHead]`
     * @param k keys `[rows, nKvHeads, 1, dHead]`
     * @param v values `[rows, nKvHeads, 1, dHead]`
     * @return `[rows, nHeads, 1, dHead]` in q's dtype
     */
    Tensor attend(Attention attention, Tensor q, Tensor k, Tensor v) {
        float[] queries = q.toFloats();
        float[] keys = k.toFloats();
        float[] values = v.toFloats();
        float[] mixed = new float[queries.length];
        int longest = rows.stream().mapToInt(row -> row.length + 1).max().orElse(0);
        Workers.share(
                rows.size(),
                4.0 * queries.length * longest,
                row -> attend(attention, row, queries, keys, values, mixed));
        return Tensor.of(mixed, q.shape().toArray()).to(q.dtype());
    }

    /** The same for one row, whose heads are at its place in arrays of these shapes; {@code mixed} receives the result. */
    public void attend(Attention attention, int row, float[] queries, float[] keys, float[] values, float[] mixed) {
        int nKvHeads = config.nKvHeads();
        int shared = config.nHeads() / nKvHeads;
        int position = rows.get(row).length;
        for (int kv = 0; kv < nKvHeads; kv++) {
            HeadCache head = rows.get(row).heads[attention.layer()][kv];
            int at = row * nKvHeads + kv;
            head.put(position, keys, values, at * config.dHead());
            for (int h = 0; h < shared; h++) {
                head.attend(attention, kv * shared + h, position, queries, (at * shared + h) * config.dHead(), mixed);
            }
        }
    }
}
