package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.KvCache;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.Run;
import dev.pintle.model.RunOptions;
import dev.pintle.model.TokenBatch;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * Contrast prompts share most of their tokens: 582 begun answers under one system prompt differ in the last few. In a causal
 * model the activations of a shared beginning are the same in all of them, so it is computed once. The sequences are sorted,
 * which makes those that share a beginning neighbours, and walked as a trie over token ids: a beginning that saves enough is
 * run once, its keys and values are branched, and what is left of each sequence runs in batches of nearly one length.
 *
 * A pass costs as much as some tokens, however small it is: on the processor the weights are read, on a GPU the kernels are
 * started. A beginning is worth a pass of its own only if it saves that many tokens, otherwise they run with the rest of each
 * sequence; and sequences of different lengths share a pass if padding costs no more.
 */
/** Reads activations at chosen positions of many token sequences, computing what they share once. */
final class SharedPrefixReader {
    private static final int SAVING = 48;
    private static final int GPU_SAVING = 512;
    private static final int GPU_PADDED = 512;
    private static final int BATCH_TOKENS = 4096;
    private static final long CACHE_BYTES = 512L << 20;

    private final LanguageModel model;
    private final List<HookPoint> points;
    private final RunOptions options;
    private final int saving;
    private final int padded;
    private long computed;
    private long plain;
    private long passes;
    private long sequences;

    SharedPrefixReader(LanguageModel model, List<HookPoint> points) {
        this.model = model;
        this.points = points;
        this.options = RunOptions.reading(points);
        boolean gpu = model.device().kind() == Device.Kind.CUDA;
        this.saving = gpu ? GPU_SAVING : SAVING;
        this.padded = gpu ? GPU_PADDED : 0;
    }

    /**
     * What to read.
     *
     * @param positions ascending
     * @param norms whether the mean length of its activations is wanted
     */
    record Sequence(int[] ids, int[] positions, boolean norms) {}

    /**
     * What was read of one sequence.
     *
     * @param rows `[points][positions][dModel]`
     * @param normSums one a point: sum of the lengths of all activations but the first token's
     */
    record Reading(double[][][] rows, double[] normSums) {}

    ExtractionReport report(double seconds) {
        return new ExtractionReport(sequences, computed, plain, passes, seconds);
    }

    /** What has been counted so far: sequences, tokens computed, tokens of whole prompts, passes. */
    long[] counts() {
        return new long[] {sequences, computed, plain, passes};
    }

    /** Counts on from there. */
    void countOnFrom(long[] counts) {
        sequences = counts[0];
        computed = counts[1];
        plain = counts[2];
        passes = counts[3];
    }

    /** One reading a sequence, in the order given. */
    List<Reading> read(List<Sequence> wanted) {
        List<Item> items = new ArrayList<>();
        for (Sequence sequence : wanted) {
            items.add(new Item(
                    sequence, new double[points.size()][sequence.positions.length][], new double[points.size()]));
            plain += sequence.ids.length;
            sequences++;
        }
        List<Item> sorted = new ArrayList<>(items);
        sorted.sort(Comparator.comparing(item -> item.sequence.ids, Arrays::compare));
        below(sorted, 0, null);
        return items.stream().map(item -> new Reading(item.rows, item.norms)).toList();
    }

    private record Item(Sequence sequence, double[][][] rows, double[] norms) {
        int length() {
            return sequence.ids.length;
        }
    }

    /** Runs what is left of sorted sequences whose first {@code depth} tokens are in the cache. */
    private void below(List<Item> sorted, int depth, @Nullable KvCache cache) {
        List<Item> leaves = new ArrayList<>();
        split(sorted, depth, depth, cache, leaves);
        leaves.sort(Comparator.comparingInt(Item::length));
        int from = 0;
        while (from < leaves.size()) {
            int to = from + 1;
            long own = leaves.get(from).length() - (long) depth;
            while (to < leaves.size() && fits(leaves.get(to), depth, to - from + 1, own)) {
                own += leaves.get(to).length() - (long) depth;
                to++;
            }
            runLeaves(leaves.subList(from, to), depth, cache);
            from = to;
        }
    }

    /**
     * Whether a batch may end with this sequence, the longest so far: padding costs less than another pass, or little.
     *
     * @param own tokens of the sequences before it
     */
    private boolean fits(Item longest, int depth, int rows, long own) {
        int width = longest.length() - depth;
        long all = (long) rows * width;
        long padding = all - own - width;
        return padding <= Math.max(padded, all / 8)
                && all * points.size() <= BATCH_TOKENS
                && KvCache.bytes(model.config(), model.dtype(), rows, longest.length()) <= CACHE_BYTES;
    }

    /** @param look tokens known to be the same in all of {@code sorted} */
    private void split(List<Item> sorted, int depth, int look, @Nullable KvCache cache, List<Item> leaves) {
        int from = 0;
        while (from < sorted.size()) {
            Item first = sorted.get(from);
            if (first.length() == look) { // nothing is left of it to tell it apart
                if (look > depth) {
                    leaves.add(first);
                }
                from++;
                continue;
            }
            int to = from + 1;
            while (to < sorted.size() && sorted.get(to).sequence.ids[look] == first.sequence.ids[look]) {
                to++;
            }
            List<Item> part = sorted.subList(from, to);
            int shared = shared(first, part.get(part.size() - 1));
            if (part.size() == 1) {
                leaves.add(first);
            } else if ((long) (shared - depth) * (part.size() - 1) >= saving) {
                runShared(part, depth, shared, cache);
            } else {
                split(part, depth, shared, cache, leaves);
            }
            from = to;
        }
    }

    private static int shared(Item first, Item last) {
        int mismatch = Arrays.mismatch(first.sequence.ids, last.sequence.ids);
        return mismatch < 0 ? first.length() : mismatch;
    }

    private void runShared(List<Item> part, int depth, int shared, @Nullable KvCache parent) {
        boolean more = part.get(part.size() - 1).length() > shared;
        try (KvCache cache = parent == null ? model.newCache() : parent.branch(1)) {
            int[] ids = Arrays.copyOfRange(part.get(0).sequence.ids, depth, shared);
            run(List.of(ids), List.of(part), depth, cache);
            if (more) {
                below(part, shared, cache);
            }
        }
    }

    private void runLeaves(List<Item> leaves, int depth, @Nullable KvCache parent) {
        List<int[]> tails = new ArrayList<>();
        List<List<Item>> owners = new ArrayList<>();
        for (Item leaf : leaves) {
            tails.add(Arrays.copyOfRange(leaf.sequence.ids, depth, leaf.length()));
            owners.add(List.of(leaf));
        }
        if (parent == null) {
            run(tails, owners, depth, null);
            return;
        }
        try (KvCache cache = parent.branch(leaves.size())) {
            run(tails, owners, depth, cache);
        }
    }

    /** @param owners the sequences that each row is part of */
    private void run(List<int[]> rows, List<List<Item>> owners, int depth, @Nullable KvCache cache) {
        TokenBatch batch = TokenBatch.of(rows);
        computed += (long) batch.batch() * batch.tokens();
        passes++;
        try (TensorScope scope = TensorScope.open("read " + batch.batch() + " sequences")) {
            Run run = model.run(batch, cache == null ? options : options.continuing(cache));
            for (int point = 0; point < points.size(); point++) {
                Tensor activation = run.at(points.get(point)); // [batch, tokens, dModel]
                deliver(activation, batch, owners, depth, point);
                norms(activation, batch, owners, depth, point);
            }
        }
    }

    private static void deliver(Tensor activation, TokenBatch batch, List<List<Item>> owners, int depth, int point) {
        List<Long> indices = new ArrayList<>();
        List<double[][]> targets = new ArrayList<>();
        List<Integer> slots = new ArrayList<>();
        for (int row = 0; row < batch.batch(); row++) {
            int end = depth + batch.length(row);
            for (Item item : owners.get(row)) {
                int[] positions = item.sequence.positions;
                for (int slot = 0; slot < positions.length; slot++) {
                    if (positions[slot] >= depth && positions[slot] < end) {
                        indices.add((long) row * batch.tokens() + batch.padding(row) + positions[slot] - depth);
                        targets.add(item.rows[point]);
                        slots.add(slot);
                    }
                }
            }
        }
        if (indices.isEmpty()) {
            return;
        }
        long[] distinct =
                indices.stream().mapToLong(Long::longValue).distinct().sorted().toArray();
        int width = activation.shape().intSize(2);
        double[] flat = activation
                .reshape((long) batch.batch() * batch.tokens(), width)
                .indexSelect(0, Tensor.of(distinct, distinct.length).to(activation.device())) // [distinct, dModel]
                .to(DType.FP64)
                .toDoubles();
        double[][] found = new double[distinct.length][];
        for (int i = 0; i < found.length; i++) {
            found[i] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
        }
        for (int i = 0; i < targets.size(); i++) {
            targets.get(i)[slots.get(i)] = found[Arrays.binarySearch(distinct, indices.get(i))];
        }
    }

    private static void norms(Tensor activation, TokenBatch batch, List<List<Item>> owners, int depth, int point) {
        if (owners.stream().flatMap(List::stream).noneMatch(item -> item.sequence.norms)) {
            return;
        }
        double[] norms = activation.to(DType.FP64).norm(-1, false).toDoubles(); // [batch · tokens]
        for (int row = 0; row < batch.batch(); row++) {
            double sum = 0;
            for (int t = Math.max(0, 1 - depth); t < batch.length(row); t++) {
                sum += norms[row * batch.tokens() + batch.padding(row) + t];
            }
            for (Item item : owners.get(row)) {
                item.norms[point] += sum;
            }
        }
    }
}
