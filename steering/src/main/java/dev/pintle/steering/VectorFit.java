package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Fits steering vectors at one or many hook points in one pass over the prompts. Prompts are read in chunks whose
 * activations are then released, so memory does not limit the number of pairs.
 *
 * <pre>{@code
 * FitResult all = VectorFit.of(model, method).at(HookPoint.residPost(3), HookPoint.residPost(4)).run();
 * }</pre>
 */
public final class VectorFit {
    /** Memory for the activations of one chunk, in bytes. */
    static final long CHUNK_BYTES = 48L << 20;

    private static final Duration SAVED_EVERY = Duration.ofSeconds(1);

    private final LanguageModel model;
    private final SteeringMethod method;
    private final List<HookPoint> points;
    private final Progress progress;
    private final long seed;
    private final Resuming resuming;

    /**
     * How a fit saves its progress.
     *
     * @param file the file to save to; null for none
     * @param every minimum time between writes
     * @param chunkBytes memory for the activations of one chunk; the file is written between chunks
     */
    record Resuming(@Nullable Path file, Duration every, long chunkBytes) {
        static final Resuming NONE = new Resuming(null, SAVED_EVERY, CHUNK_BYTES);
    }

    private VectorFit(
            LanguageModel model,
            SteeringMethod method,
            Collection<HookPoint> points,
            Progress progress,
            long seed,
            Resuming resuming) {
        this.model = model;
        this.method = method;
        this.points = List.copyOf(new TreeSet<>(points));
        this.progress = progress;
        this.seed = seed;
        this.resuming = resuming;
    }

    /** A fit without hook points yet. */
    public static VectorFit of(LanguageModel model, SteeringMethod method) {
        return new VectorFit(model, method, List.of(), Progress.SILENT, 42, Resuming.NONE);
    }

    /**
     * A copy at these hook points.
     *
     * @throws IllegalArgumentException if a hook point does not have one vector `[dModel]` per token
     */
    public VectorFit at(HookPoint... where) {
        return at(Arrays.asList(where));
    }

    /**
     * A copy at these hook points.
     *
     * @throws IllegalArgumentException if a hook point does not have one vector `[dModel]` per token
     */
    public VectorFit at(Collection<HookPoint> where) {
        where.forEach(point -> point.requireHolds(model.config().dModel(), model.config()));
        return new VectorFit(model, method, where, progress, seed, resuming);
    }

    /** A copy at the output of every block. */
    public VectorFit atAllLayers() {
        return at(IntStream.range(0, model.config().nLayers())
                .mapToObj(HookPoint::residPost)
                .toList());
    }

    /** A copy that reports its progress. */
    public VectorFit listening(Progress listener) {
        return new VectorFit(model, method, points, listener, seed, resuming);
    }

    /** A copy with another random seed for the uncertainty estimate. */
    public VectorFit seeded(long other) {
        return new VectorFit(model, method, points, progress, other, resuming);
    }

    /**
     * A copy that saves its progress to a file: if the file exists, the fit resumes from it and gives the same vector
     * as an uninterrupted one; when done, it deletes the file. Not available for {@link DiffMean}.
     */
    public VectorFit resumable(Path file) {
        return resumable(new Resuming(file, SAVED_EVERY, CHUNK_BYTES));
    }

    VectorFit resumable(Resuming how) {
        return new VectorFit(model, method, points, progress, seed, how);
    }

    /**
     * Reads the prompts and fits with the method's aggregation.
     *
     * @throws dev.pintle.base.PintleException if a prompt does not fit the method, before any forward pass
     */
    public FitResult run() {
        FitState state = new FitState(resuming.file(), resuming.every());
        try (FitReading read = read(state)) {
            FitResult result = read.aggregate(method.aggregation());
            state.delete();
            return result;
        }
    }

    /**
     * Reads the prompts without aggregating, to inspect the directions or aggregate them in several ways.
     *
     * @throws dev.pintle.base.PintleException if a prompt does not fit the method, before any forward pass
     */
    public FitReading read() {
        FitState state = new FitState(resuming.file(), resuming.every());
        FitReading read = read(state);
        state.delete();
        return read;
    }

    private FitReading read(FitState state) {
        if (points.isEmpty()) {
            throw new IllegalArgumentException("A fit needs a hook point.\n  try: at(HookPoint.residPost(12))");
        }
        requireLayers();
        FitRead read = method instanceof DiffMean classes
                ? new ClassFit(model, notResumable(classes), points, progress).read(seed)
                : new PairFit(model, method, points).read(seed, state, resuming.chunkBytes(), progress);
        ModelHashes hashes = ModelHashes.of(model);
        Map<HookPoint, Directions> directions = new LinkedHashMap<>();
        for (int point = 0; point < points.size(); point++) {
            HookPoint at = points.get(point);
            directions.put(at, new Directions(at, read.streams().get(point), read.origin(point, method, hashes, seed)));
        }
        return new FitReading(directions, read.streams(), read.totals().report());
    }

    private DiffMean notResumable(DiffMean classes) {
        if (resuming.file() != null) {
            throw Problem.of("A fit of class means cannot be resumed, because it reads its prompts twice.")
                    .fact("method", method.name())
                    .fact("try", "last-position, or no file to resume from")
                    .toIllegalArgument();
        }
        return classes;
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
}
