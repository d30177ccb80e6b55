package dev.pintle.steering;

import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/*
 * Contrast prompts share most of their tokens: 582 answer prefixes under one system prompt differ only in the last few,
 * and the two answers of a multiple-choice item share their question. In a causal model, a shared prefix has the same
 * activations everywhere, so it is computed once. The sequences are sorted, which puts those that share a prefix next
 * to each other, and traversed level by level as a trie over token ids: the prefixes of a level run in batches of
 * similar length, their KV cache rows are selected for whatever continues them, and the remainders of the sequences run
 * in batches too.
 *
 * Every pass has a fixed cost equivalent to some number of tokens: reading the weights on a CPU, launching the kernels
 * on a GPU. A level only runs on its own if that is predicted to be faster than running its tokens along with the rest
 * of each sequence, and rows are batched so as to minimise the total cost of passes and padding.
 */
/** Reads activations at chosen positions of many token sequences, computing shared prefixes only once. */
final class SharedPrefixReader {
    /** Fixed cost of a pass, in tokens, on a CPU and on a GPU. */
    static final int SAVING = 48;

    private static final int GPU_SAVING = 512;

    /** Minimum number of tokens that a shared row must save, to pay for copying its keys and values. */
    private static final int ROW_SAVING = 4;

    private static final int BATCH_TOKENS = 4096;
    private static final long CACHE_BYTES = 512L << 20;
    private static final long GPU_CACHE_BYTES = 2L << 30;

    private final LanguageModel model;
    private final List<HookPoint> points;
    private final RunOptions options;
    private final int saving;
    private final long cacheBytes;
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
        this.cacheBytes = gpu ? GPU_CACHE_BYTES : CACHE_BYTES;
    }

    /**
     * What to read.
     *
     * @param positions ascending
     * @param norms whether to sum the norms of its activations
     */
    record Sequence(int[] ids, int[] positions, boolean norms) {}

    /**
     * The activations read, in the order of the sequences.
     *
     * @param rows one per hook point: `[positions of all sequences, dModel]` FP64 on the CPU, grouped by sequence
     * @param starts the row of each sequence's first position, followed by the total number of rows
     * @param normSums `[sequences][points]`: summed norms of all activations except the first token's
     */
    record Readings(List<Tensor> rows, int[] starts, double[][] normSums) {
        /** The rows `[positions, dModel]` of one sequence, a view. */
        Tensor rows(int sequence, int point) {
            return rows.get(point).narrow(0, starts[sequence], starts[sequence + 1] - (long) starts[sequence]);
        }
    }

    ExtractionReport report(double seconds) {
        return new ExtractionReport(sequences, computed, plain, passes, seconds);
    }

    /** The counts so far: sequences, tokens computed, tokens of prompts in full, passes. */
    long[] counts() {
        return new long[] {sequences, computed, plain, passes};
    }

    /** Continues from these counts. */
    void countOnFrom(long[] counts) {
        sequences = counts[0];
        computed = counts[1];
        plain = counts[2];
        passes = counts[3];
    }

    /** Reads sequences; the rows belong to the innermost open scope. */
    Readings read(List<Sequence> wanted) {
        int[] starts = new int[wanted.size() + 1];
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < wanted.size(); i++) {
            Sequence sequence = wanted.get(i);
            items.add(new Item(sequence, starts[i], new double[points.size()]));
            starts[i + 1] = starts[i] + sequence.positions.length;
            plain += sequence.ids.length;
            sequences++;
        }
        List<Item> sorted = new ArrayList<>(items);
        sorted.sort(Comparator.comparing(item -> item.sequence.ids, Arrays::compare));
        Found found = new Found(points.size(), starts[wanted.size()]);
        level(List.of(new Branch(0, 0, sorted)), null, found);
        return new Readings(
                found.inOrder(), starts, items.stream().map(Item::norms).toArray(double[][]::new));
    }

    /** The rows that the passes returned, in the order of the passes. */
    private static final class Found {
        private final List<List<Tensor>> pieces = new ArrayList<>();
        private final long[] rowOf; // for each requested position, the row it was returned in
        private long delivered;

        Found(int points, int wanted) {
            for (int point = 0; point < points; point++) {
                pieces.add(new ArrayList<>());
            }
            rowOf = new long[wanted];
        }

        List<Tensor> inOrder() {
            try (TensorScope scope = TensorScope.open("order what was read")) {
                Tensor order = Tensor.of(rowOf, rowOf.length);
                return pieces.stream()
                        .map(point -> scope.keep(Tensor.cat(point, 0).indexSelect(0, order)))
                        .toList();
            }
        }
    }

    /** @param start row of its first position among those of all sequences */
    private record Item(Sequence sequence, int start, double[] norms) {
        int length() {
            return sequence.ids.length;
        }
    }

    /**
     * Sequences that continue from a cache row.
     *
     * @param depth number of their tokens in the row
     * @param items sorted
     */
    private record Branch(int row, int depth, List<Item> items) {}

    /**
     * Tokens that run as one row: those from {@code depth} to {@code end}, shared by all its sequences.
     *
     * @param row the cache row that it continues
     */
    private record Piece(int row, int depth, int end, List<Item> items) {
        int width() {
            return end - depth;
        }

        int[] ids() {
            return Arrays.copyOfRange(items.get(0).sequence.ids, depth, end);
        }

        long saved() {
            return (long) width() * (items.size() - 1);
        }
    }

    /** Runs the rest of the sequences that continue from cache rows; {@code cache} is null at their first token. */
    private void level(List<Branch> branches, @Nullable KvCache cache, Found found) {
        List<Piece> ends = new ArrayList<>();
        List<Piece> shared = new ArrayList<>();
        branches.forEach(branch -> split(branch.items, branch, branch.depth, true, ends, shared));
        if (!shared.isEmpty()) {
            List<Piece> whole = new ArrayList<>();
            branches.forEach(branch -> split(branch.items, branch, branch.depth, false, whole, shared));
            List<Piece> rest = shared.stream().flatMap(SharedPrefixReader::rest).toList();
            if (cost(whole, cache) <= cost(ends, cache) + cost(shared, cache) + cost(rest, cache)) {
                shared.clear();
                ends.clear();
                ends.addAll(whole);
            }
        }
        for (List<Piece> batch : batches(ends, cache)) {
            if (cache == null) {
                run(batch, null, found);
                continue;
            }
            try (KvCache rows = selected(batch, cache)) {
                run(batch, rows, found);
            }
        }
        for (List<Piece> batch : batches(shared, cache)) {
            try (KvCache rows = cache == null ? model.newCache() : selected(batch, cache)) {
                run(batch, rows, found);
                List<Branch> next = new ArrayList<>();
                for (int row = 0; row < batch.size(); row++) {
                    Piece piece = batch.get(row);
                    next.add(new Branch(row, piece.end, piece.items));
                }
                level(next, rows, found);
            }
        }
    }

    private static KvCache selected(List<Piece> batch, KvCache cache) {
        return cache.select(batch.stream().mapToInt(Piece::row).toArray());
    }

    /**
     * Finds the next tokens that sequences share, and the sequences that share none with others.
     *
     * @param look number of tokens known to be the same in all of {@code sorted}
     * @param sharing whether to look for shared tokens
     */
    private static void split(
            List<Item> sorted, Branch branch, int look, boolean sharing, List<Piece> ends, List<Piece> shared) {
        int from = 0;
        while (from < sorted.size()) {
            Item first = sorted.get(from);
            if (first.length() == look) { // the sequence ends here
                if (look > branch.depth) {
                    ends.add(new Piece(branch.row, branch.depth, look, List.of(first)));
                }
                from++;
                continue;
            }
            int to = from + 1;
            while (to < sorted.size() && sorted.get(to).sequence.ids[look] == first.sequence.ids[look]) {
                to++;
            }
            List<Item> part = sorted.subList(from, to);
            Piece piece = new Piece(branch.row, branch.depth, common(first, part.get(part.size() - 1)), part);
            if (part.size() == 1) {
                ends.add(new Piece(branch.row, branch.depth, first.length(), part));
            } else if (sharing && piece.saved() >= ROW_SAVING) {
                shared.add(piece);
            } else {
                split(part, branch, piece.end, sharing, ends, shared);
            }
            from = to;
        }
    }

    private static int common(Item first, Item last) {
        int mismatch = Arrays.mismatch(first.sequence.ids, last.sequence.ids);
        return mismatch < 0 ? first.length() : mismatch;
    }

    /** The rest of each sequence after shared tokens, assuming nothing more is shared. */
    private static Stream<Piece> rest(Piece piece) {
        return piece.items.stream()
                .filter(item -> item.length() > piece.end)
                .map(item -> new Piece(piece.row, piece.end, item.length(), List.of(item)));
    }

    /** The cost of running rows, in tokens. */
    private long cost(List<Piece> pieces, @Nullable KvCache cache) {
        return batches(pieces, cache).stream()
                .mapToLong(batch -> saving
                        + (long) batch.size() * batch.get(batch.size() - 1).width())
                .sum();
    }

    /**
     * Partitions rows into passes of minimum total cost, each as wide as its widest row. With rows sorted by width,
     * passes are contiguous, so dynamic programming finds the cheapest cuts.
     */
    private List<List<Piece>> batches(List<Piece> pieces, @Nullable KvCache cache) {
        List<Piece> byWidth = new ArrayList<>(pieces);
        byWidth.sort(Comparator.comparingInt(Piece::width));
        int held = cache == null ? 0 : cache.slots();
        long[] cost = new long[byWidth.size() + 1];
        int[] begin = new int[byWidth.size() + 1];
        for (int end = 1; end < cost.length; end++) {
            int width = byWidth.get(end - 1).width();
            cost[end] = Long.MAX_VALUE;
            for (int from = end - 1; from >= 0 && (from == end - 1 || fits(width, held, end - from)); from--) {
                long whole = cost[from] + saving + (long) (end - from) * width;
                if (whole < cost[end]) {
                    cost[end] = whole;
                    begin[end] = from;
                }
            }
        }
        List<List<Piece>> batches = new ArrayList<>();
        for (int end = byWidth.size(); end > 0; end = begin[end]) {
            batches.add(byWidth.subList(begin[end], end));
        }
        return batches;
    }

    /** @param held number of cache slots before the pass */
    private boolean fits(int width, int held, int rows) {
        return (long) rows * width * points.size() <= BATCH_TOKENS
                && KvCache.bytes(model.config(), model.dtype(), rows, (long) held + width) <= cacheBytes;
    }

    /**
     * @param cache the cache that the pieces continue from; null if they start their sequences and nothing continues
     *     them
     */
    private void run(List<Piece> pieces, @Nullable KvCache cache, Found found) {
        TokenBatch batch = TokenBatch.of(pieces.stream().map(Piece::ids).toList());
        computed += (long) batch.batch() * batch.tokens();
        passes++;
        try (TensorScope scope = TensorScope.open("read " + batch.batch() + " sequences")) {
            Run run = model.run(batch, cache == null ? options : options.continuing(cache));
            long[] places = places(batch, pieces, found); // indices into [batch · tokens]
            for (int point = 0; point < points.size(); point++) {
                Tensor activation = run.at(points.get(point)); // [batch, tokens, dModel]
                if (places.length > 0) {
                    Tensor where = Tensor.of(places, places.length).to(activation.device());
                    Tensor rows = activation
                            .reshape((long) batch.batch() * batch.tokens(), activation.size(2))
                            .indexSelect(0, where) // [places, dModel]
                            .to(DType.FP64)
                            .to(Device.CPU);
                    found.pieces.get(point).add(scope.keep(rows));
                }
                norms(activation, batch, pieces, point);
            }
        }
    }

    /** The distinct positions of a pass that are requested, ascending; records which row each of them becomes. */
    private static long[] places(TokenBatch batch, List<Piece> pieces, Found found) {
        List<Long> indices = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        for (int row = 0; row < batch.batch(); row++) {
            int depth = pieces.get(row).depth;
            int end = depth + batch.length(row);
            for (Item item : pieces.get(row).items) {
                int[] positions = item.sequence.positions;
                for (int i = 0; i < positions.length; i++) {
                    if (positions[i] >= depth && positions[i] < end) {
                        indices.add((long) row * batch.tokens() + batch.padding(row) + positions[i] - depth);
                        targets.add(item.start + i);
                    }
                }
            }
        }
        long[] distinct =
                indices.stream().mapToLong(Long::longValue).distinct().sorted().toArray();
        for (int i = 0; i < targets.size(); i++) {
            found.rowOf[targets.get(i)] = found.delivered + Arrays.binarySearch(distinct, indices.get(i));
        }
        found.delivered += distinct.length;
        return distinct;
    }

    private static void norms(Tensor activation, TokenBatch batch, List<Piece> pieces, int point) {
        if (pieces.stream().flatMap(piece -> piece.items.stream()).noneMatch(item -> item.sequence.norms)) {
            return;
        }
        double[] norms = activation.to(DType.FP64).norm(-1, false).toDoubles(); // [batch · tokens]
        for (int row = 0; row < batch.batch(); row++) {
            double sum = 0;
            for (int t = Math.max(0, 1 - pieces.get(row).depth); t < batch.length(row); t++) {
                sum += norms[row * batch.tokens() + batch.padding(row) + t];
            }
            for (Item item : pieces.get(row).items) {
                item.norms[point] += sum;
            }
        }
    }
}
