package dev.pintle.steering;

import dev.pintle.base.Digest;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Comparisons.Comparison;
import dev.pintle.steering.SharedPrefixReader.Reading;
import dev.pintle.steering.SharedPrefixReader.Sequence;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Fits steering vectors at one or many hook points from one reading of the prompts. Prompts are read a few thousand
 * activations at a time and forgotten, so that the number of pairs is not bounded by memory.
 *
 * <pre>{@code
 * FitResult all = VectorFit.of(model, method).at(HookPoint.residPost(3), HookPoint.residPost(4)).run();
 * }</pre>
 */
public final class VectorFit {
    /** Heap for activations that wait for their partner. */
    private static final long CHUNK_BYTES = 48L << 20;

    /** Tokens that no prompt before them shares, in one chunk: a few seconds of a CPU or a GPU with a large model. */
    private static final long CHUNK_TOKENS = 8192;

    private static final long GPU_CHUNK_TOKENS = 65536;

    private static final Duration SAVED_EVERY = Duration.ofSeconds(1);

    private final LanguageModel model;
    private final SteeringMethod method;
    private final List<HookPoint> points;
    private final FitProgress progress;
    private final long seed;
    private final Resuming resuming;

    /**
     * How a fit is kept while it goes on.
     *
     * @param file where, or null for nowhere
     * @param every how often
     * @param chunkBytes heap for activations that wait for their partner; the file is written between chunks
     */
    record Resuming(@Nullable Path file, Duration every, long chunkBytes) {
        static final Resuming NONE = new Resuming(null, SAVED_EVERY, CHUNK_BYTES);
    }

    private VectorFit(
            LanguageModel model,
            SteeringMethod method,
            Collection<HookPoint> points,
            FitProgress progress,
            long seed,
            Resuming resuming) {
        this.model = model;
        this.method = method;
        this.points = List.copyOf(new TreeSet<>(points));
        this.progress = progress;
        this.seed = seed;
        this.resuming = resuming;
    }

    /** A fit that has no hook point yet. */
    public static VectorFit of(LanguageModel model, SteeringMethod method) {
        return new VectorFit(model, method, List.of(), FitProgress.SILENT, 42, Resuming.NONE);
    }

    /** The same at these hook points. */
    public VectorFit at(HookPoint... where) {
        return at(Arrays.asList(where));
    }

    /** The same at these hook points. */
    public VectorFit at(Collection<HookPoint> where) {
        return new VectorFit(model, method, where, progress, seed, resuming);
    }

    /** The same after every block. */
    public VectorFit atAllLayers() {
        return at(IntStream.range(0, model.config().nLayers())
                .mapToObj(HookPoint::residPost)
                .toList());
    }

    /** The same, telling how far it has come. */
    public VectorFit listening(FitProgress listener) {
        return new VectorFit(model, method, points, listener, seed, resuming);
    }

    /** The same with another seed for the draws of the uncertainty. */
    public VectorFit seeded(long other) {
        return new VectorFit(model, method, points, progress, other, resuming);
    }

    /**
     * The same, kept in a file while it goes on: where the file is there the fit goes on from it, to the same vector, and
     * when it is done the file is deleted. Not for {@link DiffMean}.
     */
    public VectorFit resumable(Path file) {
        return resumable(new Resuming(file, SAVED_EVERY, CHUNK_BYTES));
    }

    VectorFit resumable(Resuming how) {
        return new VectorFit(model, method, points, progress, seed, how);
    }

    /**
     * Reads the prompts and fits.
     *
     * @throws dev.pintle.base.PintleException if a prompt does not fit the method, before any forward pass
     */
    public FitResult run() {
        if (points.isEmpty()) {
            throw new IllegalArgumentException("A fit needs a hook point.\n  try: at(HookPoint.residPost(12))");
        }
        requireLayers();
        if (method instanceof DiffMean diffMean) {
            if (resuming.file != null) {
                throw Problem.of("A fit of class means cannot be interrupted and go on: it reads its prompts twice.")
                        .fact("method", method.name())
                        .fact("try", "last-position, or no file to resume from")
                        .toIllegalArgument();
            }
            return diffMean(diffMean);
        }
        boolean averaged = method instanceof GeneratedTokens
                || (method instanceof SteeringMethod.Paired paired
                        && paired.positions().averaged());
        boolean unitFirst = method instanceof SteeringMethod.Paired paired && paired.normalisesDirections();
        List<Comparison> comparisons = Comparisons.of(model, method);
        Digest hash = new Digest();
        Digest places = new Digest();
        comparisons.forEach(c -> {
            hash.add(c.positive()).add(c.negative());
            places.add(c.positiveAt()).add(c.negativeAt());
        });
        List<Directions> directions = points.stream()
                .map(p -> new Directions(model.config().dModel(), method.aggregation(), seed))
                .toList();
        double[] norms = new double[points.size()];
        long[] normed = new long[1];
        SharedPrefixReader reader = new SharedPrefixReader(model, points);
        long started = System.nanoTime();
        String pairsHash = hash.hex();
        FitState state = new FitState(resuming.file, resuming.every);
        FitState.Done done = state.restore(key(pairsHash, places.hex()), directions);
        int from = 0;
        if (done != null) {
            from = done.comparisons();
            System.arraycopy(done.norms(), 0, norms, 0, norms.length);
            normed[0] = done.normed();
            reader.countOnFrom(done.read());
            started -= done.read()[4] * 1_000_000;
        }
        while (from < comparisons.size()) {
            int to = chunkEnd(comparisons, from);
            List<Sequence> sequences = new ArrayList<>();
            for (Comparison c : comparisons.subList(from, to)) {
                sequences.add(new Sequence(c.positive(), c.positiveAt(), false));
                sequences.add(new Sequence(c.negative(), c.negativeAt(), true));
                normed[0] += c.negative().length - 1L;
            }
            List<Reading> readings = reader.read(sequences);
            for (int i = from; i < to; i++) {
                Reading positive = readings.get(2 * (i - from));
                Reading negative = readings.get(2 * (i - from) + 1);
                for (int point = 0; point < points.size(); point++) {
                    norms[point] += negative.normSums()[point];
                    double[][] a = averaged ? mean(positive.rows()[point]) : positive.rows()[point];
                    double[][] b = averaged ? mean(negative.rows()[point]) : negative.rows()[point];
                    for (int row = 0; row < a.length; row++) {
                        double[] d = halfDifference(a[row], b[row]);
                        long unit = comparisons.size() > 1 ? i : row;
                        directions.get(point).add(unit, unitFirst ? Directions.unit(d) : d);
                    }
                }
            }
            from = to;
            long[] read = Arrays.copyOf(reader.counts(), 5);
            read[4] = (System.nanoTime() - started) / 1_000_000;
            state.save(directions, new FitState.Done(from, norms, normed[0], read));
            progress.at(2L * from, 2L * comparisons.size());
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        FitResult result = result(directions, comparisons.size(), pairsHash, norms, normed[0], reader.report(seconds));
        state.delete();
        return result;
    }

    /** What a fit is of: all that its vectors depend on. */
    private String key(String pairsHash, String placesHash) {
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
                        placesHash))
                .hex();
    }

    private void requireLayers() {
        for (HookPoint point : points) {
            if (point.layer() >= model.config().nLayers()) {
                throw Problem.of("The model has no such layer.")
                        .fact("hook point", point)
                        .fact("layers", "0 to " + (model.config().nLayers() - 1))
                        .toIllegalArgument();
            }
        }
    }

    /**
     * Where the comparisons end that are read at once: as many as the heap holds, and not so many that a fit which is
     * interrupted loses much.
     */
    private int chunkEnd(List<Comparison> comparisons, int from) {
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
            if (to > from && (bytes > resuming.chunkBytes || fresh > most)) {
                break;
            }
            to++;
        }
        return to;
    }

    /** Tokens of a sequence that another one does not begin with. */
    private static int unshared(int[] ids, int[] other) {
        int mismatch = Arrays.mismatch(ids, other);
        return mismatch < 0 ? 0 : ids.length - mismatch;
    }

    private static double[][] mean(double[][] rows) {
        double[] mean = new double[rows[0].length];
        for (double[] row : rows) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += row[i] / rows.length;
            }
        }
        return new double[][] {mean};
    }

    private static double[] halfDifference(double[] positive, double[] negative) {
        double[] d = new double[positive.length];
        Arrays.setAll(d, i -> (positive[i] - negative[i]) / 2);
        return d;
    }

    // ---------------------------------------------------------------- unpaired classes

    private FitResult diffMean(DiffMean classes) {
        List<Sequence> sequences = new ArrayList<>();
        Digest hash = new Digest();
        for (boolean positive : new boolean[] {true, false}) {
            List<Prompt> texts = positive ? classes.positive() : classes.negative();
            for (int i = 0; i < texts.size(); i++) {
                Sequence sequence = sequence(texts.get(i), classes.positions(), positive, i);
                sequences.add(sequence);
                hash.add(sequence.ids());
            }
        }
        requireApart(sequences, classes.positive().size());
        int positives = classes.positive().size();
        long normed = sequences.subList(positives, sequences.size()).stream()
                .mapToLong(s -> s.ids().length - 1L)
                .sum();
        boolean averaged = classes.positions().averaged();
        double[][][] sums = new double[2][points.size()][model.config().dModel()];
        long[] counts = new long[2];
        double[] norms = new double[points.size()];
        SharedPrefixReader reader = new SharedPrefixReader(model, points);
        long started = System.nanoTime();
        overChunks(sequences, reader, (index, reading) -> {
            int side = index < positives ? 0 : 1;
            counts[side] += averaged ? 1 : reading.rows()[0].length;
            for (int point = 0; point < points.size(); point++) {
                norms[point] += reading.normSums()[point];
                for (double[] row : averaged ? mean(reading.rows()[point]) : reading.rows()[point]) {
                    addTo(sums[side][point], row);
                }
            }
        });
        // the directions are seen from the midpoint of the class means, which only a first reading tells
        List<Directions> directions = new ArrayList<>();
        double[][] means = new double[points.size()][];
        double[][] midpoints = new double[points.size()][];
        for (int point = 0; point < points.size(); point++) {
            directions.add(new Directions(model.config().dModel(), classes.aggregation(), seed));
            double[] up = scaled(sums[0][point], 1.0 / counts[0]);
            double[] down = scaled(sums[1][point], 1.0 / counts[1]);
            means[point] = halfDifference(up, down);
            midpoints[point] = halfDifference(up, scaled(down, -1));
        }
        overChunks(sequences, reader, (index, reading) -> {
            boolean positive = index < positives;
            // classes of different sizes weigh the same
            double weight = (counts[0] + counts[1]) / 2.0 / (positive ? counts[0] : counts[1]);
            for (int point = 0; point < points.size(); point++) {
                for (double[] row : averaged ? mean(reading.rows()[point]) : reading.rows()[point]) {
                    double[] d = halfDifference(row, midpoints[point]);
                    directions.get(point).add(index, scaled(d, (positive ? 2 : -2) * weight));
                }
            }
        });
        double seconds = (System.nanoTime() - started) / 1e9;
        return result(directions, sequences.size(), hash.hex(), norms, normed, reader.report(seconds));
    }

    private Sequence sequence(Prompt prompt, Positions positions, boolean positive, int index) {
        try {
            TokenizedPrompt tokens = prompt.tokenized(model.text());
            Comparisons.requireLength(model, tokens.length());
            return new Sequence(tokens.ids(), positions.in(tokens), !positive);
        } catch (PintleException e) {
            throw new PintleException(e.problem().fact("text", shown(positive, index)), e);
        }
    }

    private static String shown(boolean positive, int index) {
        return (positive ? "positive " : "negative ") + (index + 1);
    }

    /** A text that both classes read alike says nothing about their difference. */
    private void requireApart(List<Sequence> sequences, int positives) {
        Map<String, Integer> read = new HashMap<>();
        for (int i = 0; i < sequences.size(); i++) {
            Sequence sequence = sequences.get(i);
            int[] at = sequence.positions();
            int[] past = Arrays.copyOf(sequence.ids(), at[at.length - 1] + 1);
            String key = new Digest().add(past).add(at).hex();
            if (i < positives) {
                read.putIfAbsent(key, i);
            } else if (read.containsKey(key)) {
                throw Problem.of("Both classes have a text that is the same up to where it is read.")
                        .fact("text", shown(true, read.get(key)) + " and " + shown(false, i - positives))
                        .fact("positions", method.positionsName())
                        .fact("it reads", model.tokenizer().decode(past, false))
                        .fact("try", "leaving it out of one of them, or positions after what differs")
                        .toException();
            }
        }
    }

    private interface Receiver {
        void accept(int index, Reading reading);
    }

    private void overChunks(List<Sequence> sequences, SharedPrefixReader reader, Receiver receiver) {
        long rowBytes = 8L * model.config().dModel() * points.size();
        int from = 0;
        while (from < sequences.size()) {
            long bytes = 0;
            int to = from;
            while (to < sequences.size() && (to == from || bytes <= CHUNK_BYTES)) {
                bytes += sequences.get(to).positions().length * rowBytes;
                to++;
            }
            List<Reading> readings = reader.read(sequences.subList(from, to));
            for (int i = from; i < to; i++) {
                receiver.accept(i, readings.get(i - from));
            }
            from = to;
            progress.at(from, sequences.size());
        }
    }

    private static void addTo(double[] sum, double[] row) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += row[i];
        }
    }

    private static double[] scaled(double[] row, double factor) {
        double[] product = row.clone();
        Arrays.setAll(product, i -> factor * product[i]);
        return product;
    }

    // ---------------------------------------------------------------- the vectors

    private FitResult result(
            List<Directions> directions,
            int pairs,
            String pairsHash,
            double[] norms,
            long normed,
            ExtractionReport report) {
        Map<HookPoint, SteeringVector> vectors = new LinkedHashMap<>();
        ModelHashes hashes = ModelHashes.of(model);
        for (int point = 0; point < points.size(); point++) {
            Directions here = directions.get(point);
            Directions.Aggregated aggregated = here.aggregate(method.aggregation());
            Vec raw = Vec.of(aggregated.vector());
            if (raw.norm() == 0 || !raw.isFinite()) {
                throw Problem.of("The prompts leave no direction: their activations do not differ.")
                        .fact("hook point", points.get(point))
                        .fact("method", method.name())
                        .fact("pairs", pairs)
                        .fact("try", "prompts that differ in more than padding, or a later layer")
                        .toException();
            }
            vectors.put(
                    points.get(point),
                    new SteeringVector(
                            raw.unit(),
                            points.get(point),
                            new SteeringVector.Origin(
                                    model.id(),
                                    hashes.tokenizer(),
                                    hashes.template(),
                                    method.name(),
                                    method.positionsName(),
                                    method.aggregation().name(),
                                    method.settings(),
                                    pairs,
                                    pairsHash,
                                    here.count(),
                                    Vec.of(here.mean()).norm(),
                                    normed == 0 ? 0 : norms[point] / normed,
                                    aggregated.explained(),
                                    here.stability(method.aggregation(), seed),
                                    seed,
                                    model.dtype().toString(),
                                    model.device().toString(),
                                    "")));
        }
        return new FitResult(vectors, report);
    }
}
