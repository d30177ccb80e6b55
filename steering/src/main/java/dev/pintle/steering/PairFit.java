package dev.pintle.steering;

import dev.pintle.base.Digest;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Comparisons.Comparison;
import dev.pintle.steering.SharedPrefixReader.Readings;
import dev.pintle.steering.SharedPrefixReader.Sequence;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Reads the directions of a method that compares pairs: half the difference of two prompts, at each position read. */
final class PairFit {
    /** Unshared tokens per chunk: a few seconds of work for a CPU or a GPU with a large model. */
    private static final long CHUNK_TOKENS = 8192;

    private static final long GPU_CHUNK_TOKENS = 65536;

    private final LanguageModel model;
    private final SteeringMethod method;
    private final List<HookPoint> points;
    private final List<Comparison> comparisons;
    private final boolean averaged;
    private final Contrast.Lengths lengths;

    PairFit(LanguageModel model, SteeringMethod method, List<HookPoint> points) {
        this.model = model;
        this.method = method;
        this.points = points;
        this.averaged =
                !(method instanceof Contrast contrast) || contrast.positions().averaged();
        this.lengths = method instanceof Contrast contrast ? contrast.lengths() : Contrast.Lengths.AS_READ;
        this.comparisons = Comparisons.of(model, method);
    }

    /** SHA-256 over all token ids. */
    String hash() {
        Digest hash = new Digest();
        comparisons.forEach(c -> hash.add(c.positive()).add(c.negative()));
        return hash.hex();
    }

    /** A hash of everything that the directions depend on. */
    private String key(String pairsHash, long seed) {
        Digest places = new Digest();
        comparisons.forEach(c -> places.add(c.positiveAt()).add(c.negativeAt()));
        return new Digest()
                .add(String.join(
                        "\n",
                        model.id().toString(),
                        model.dtype().toString(),
                        model.device().toString(),
                        method.name(),
                        method.positionsName(),
                        method.aggregation().name(),
                        method.settings(),
                        String.valueOf(seed),
                        points.toString(),
                        pairsHash,
                        places.hex()))
                .hex();
    }

    /** Reads all pairs chunk by chunk, resuming where the saved state left off. */
    FitRead read(long seed, FitState state, long chunkBytes, Progress progress) {
        long rows = comparisons.stream()
                .mapToLong(c -> averaged ? 1 : c.positiveAt().length)
                .sum();
        String pairsHash = hash();
        SharedPrefixReader reader = new SharedPrefixReader(model, points);
        FitRead read = FitRead.begin(model, points, rows, method.aggregation(), seed);
        try {
            long started = System.nanoTime();
            FitState.Done done = state.restore(key(pairsHash, seed), read.streams());
            int from = 0;
            long normed = 0;
            if (done != null) {
                from = done.comparisons();
                System.arraycopy(done.norms(), 0, read.norms(), 0, points.size());
                normed = done.normed();
                reader.countOnFrom(done.read());
                started -= done.read()[4] * 1_000_000;
            }
            while (from < comparisons.size()) {
                int to = chunkEnd(from, chunkBytes);
                normed += readChunk(from, to, reader, read);
                from = to;
                long[] counts = Arrays.copyOf(reader.counts(), 5);
                counts[4] = (System.nanoTime() - started) / 1_000_000;
                state.save(read.streams(), new FitState.Done(from, read.norms(), normed, counts));
                progress.at("reading prompts", 2L * from, 2L * comparisons.size());
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            return read.done(comparisons.size(), pairsHash, normed, reader.report(seconds));
        } catch (RuntimeException e) {
            read.close();
            throw e;
        }
    }

    /** @return number of negative-prompt activations in the norm sums */
    private long readChunk(int from, int to, SharedPrefixReader reader, FitRead read) {
        List<Sequence> sequences = new ArrayList<>();
        long normed = 0;
        for (Comparison c : comparisons.subList(from, to)) {
            sequences.add(new Sequence(c.positive(), c.positiveAt(), false));
            sequences.add(new Sequence(c.negative(), c.negativeAt(), true));
            normed += c.negative().length - 1L;
        }
        long[] units = comparisons.size() == 1
                ? LongStream.range(0, averaged ? 1 : comparisons.get(0).positiveAt().length)
                        .toArray()
                : IntStream.range(from, to)
                        .mapToLong(i -> i)
                        .flatMap(i -> LongStream.generate(() -> i)
                                .limit(averaged ? 1 : comparisons.get((int) i).positiveAt().length))
                        .toArray();
        try (TensorScope scope = TensorScope.open("read pairs")) {
            Readings readings = reader.read(sequences);
            for (int point = 0; point < points.size(); point++) {
                for (int i = 1; i < sequences.size(); i += 2) {
                    read.norms()[point] += readings.normSums()[i][point];
                }
                try (TensorScope inner = TensorScope.open("directions of a chunk")) {
                    Tensor positive = side(readings, point, 0); // [directions, dModel]
                    Tensor negative = side(readings, point, 1);
                    Tensor d = positive.minus(negative).times(0.5);
                    read.streams().get(point).add(units, lengths == Contrast.Lengths.UNIT ? unit(d) : d);
                }
            }
        }
        return normed;
    }

    /**
     * The rows of the positive prompts (side 0) or the negative ones (side 1); one mean per prompt if they are
     * averaged.
     */
    private Tensor side(Readings readings, int point, int side) {
        int pairs = (readings.starts().length - 1) / 2;
        if (averaged) {
            return Tensor.stack(
                    IntStream.range(0, pairs)
                            .mapToObj(pair ->
                                    readings.rows(2 * pair + side, point).mean(0, false))
                            .toList(),
                    0);
        }
        int[] starts = readings.starts();
        long[] rows = IntStream.range(0, pairs)
                .flatMap(pair -> IntStream.range(starts[2 * pair + side], starts[2 * pair + side + 1]))
                .asLongStream()
                .toArray();
        return readings.rows().get(point).indexSelect(0, Tensor.of(rows, rows.length));
    }

    /** Normalises directions to length 1; zero stays zero. */
    static Tensor unit(Tensor directions) {
        Tensor norms = directions.norm(1, true); // [n, 1]
        return directions.dividedBy(norms.maskedFill(norms.greaterThan(0).not(), 1));
    }

    /**
     * The end of the next chunk: as many comparisons as memory allows, but not so many that an interruption loses much.
     */
    private int chunkEnd(int from, long chunkBytes) {
        long rowBytes = 8L * model.config().dModel() * points.size();
        long most = model.device().kind() == Device.Kind.CUDA ? GPU_CHUNK_TOKENS : CHUNK_TOKENS;
        long bytes = 0;
        long fresh = 0;
        int[] last = {};
        int to = from;
        while (to < comparisons.size()) {
            Comparison next = comparisons.get(to);
            bytes += next.rows() * rowBytes;
            fresh += unshared(next.positive(), last) + unshared(next.negative(), next.positive());
            last = next.negative();
            if (to > from && (bytes > chunkBytes || fresh > most)) {
                break;
            }
            to++;
        }
        return to;
    }

    /** Number of tokens after the prefix that a sequence shares with another. */
    private static int unshared(int[] ids, int[] other) {
        int mismatch = Arrays.mismatch(ids, other);
        return mismatch < 0 ? 0 : ids.length - mismatch;
    }
}
