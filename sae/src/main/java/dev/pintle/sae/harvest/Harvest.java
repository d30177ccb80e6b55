package dev.pintle.sae.harvest;

import dev.pintle.base.PartFiles;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.ProcessLock;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.TrainingTokens;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.TextBatches;
import dev.pintle.sae.corpus.TextWindows;
import dev.pintle.sae.corpus.TextWindows.Window;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.harvest.StoreManifest.Origin;
import dev.pintle.sae.harvest.StoreManifest.Place;
import dev.pintle.sae.harvest.StoreManifest.Point;
import dev.pintle.sae.harvest.StoreManifest.Shard;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.Role;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/*
 * The model runs on the calling thread; another writes, so that neither waits for the other, at most two batches behind. A
 * third completes a shard (hashes it, and waits for the disk) while the rows of the next are written, one shard at a time. Rows
 * are written in the order of the runs, which depends on the texts and the settings alone.
 *
 * A shard ends between two runs of the model. With it, the manifest says where the texts go on: a resumed run rereads what
 * came before only to check that it is unchanged. A process that is killed loses the shard that it was writing; one that is
 * asked to stop ends it early, so shards then hold other rows than without the stop, but together the same rows.
 */
/** Writes a store of activations: what a model computes at hook points on a collection of texts. */
public final class Harvest {
    private static final int BEHIND = 2;

    private final LanguageModel model;
    private final SortedSet<HookPoint> points;
    private final Path folder;
    private final HarvestSettings settings;
    private final Part part;

    /**
     * @param points hook points with an activation for each token, at least one
     * @param folder of the store; created if missing, otherwise resumed
     * @param part of the texts; parts may share a folder, or be copied into one later
     * @throws IllegalArgumentException if a hook point is not of this model or has no activation for each token, or a part is
     *     to end after a number of rows
     */
    public Harvest(LanguageModel model, SortedSet<HookPoint> points, Path folder, HarvestSettings settings, Part part) {
        if (points.isEmpty()) {
            throw new IllegalArgumentException("A harvest needs a hook point.");
        }
        for (HookPoint point : points) {
            if (!model.hookPoints().contains(point)) {
                throw Problem.of("The model has no such hook point.")
                        .fact("model", model.id())
                        .fact("hook point", point)
                        .toIllegalArgument();
            }
            if (point.site().axes().indexOf("tokens") != 1) {
                throw Problem.of("The hook point has no activation for each token.")
                        .fact("hook point", point)
                        .fact("its axes", String.join(" ", point.site().axes()))
                        .toIllegalArgument();
            }
        }
        if (!part.isWhole() && settings.mostTokens() > 0) {
            throw Problem.of("A part of a collection cannot end after a number of tokens.")
                    .fact("part", part)
                    .fact("tokens", settings.mostTokens())
                    .fact("why", "a part does not know how many tokens the others have")
                    .fact("try", "fewer texts")
                    .toIllegalArgument();
        }
        this.model = model;
        this.points = new TreeSet<>(points);
        this.folder = folder;
        this.settings = settings;
        this.part = part;
    }

    /** Receives a harvest's progress, and may stop it. */
    @FunctionalInterface
    public interface Listener {
        /** Ignores progress and never stops. */
        Listener SILENT = (rows, bytes, total) -> true;

        /**
         * Called after each batch.
         *
         * @param rows harvested so far, earlier runs included
         * @param bytes of the texts that were read
         * @param total bytes of the texts
         * @return false to stop; what was harvested is kept
         */
        boolean at(long rows, long bytes, long total);
    }

    /**
     * Reads what has not been read yet.
     *
     * @return the manifest as it is now
     * @throws PintleException if the folder holds something else, another run is writing it, the texts have changed, or the
     *     disk is full; complete shards stay
     */
    public StoreManifest run(Texts texts, Listener listener) {
        settings.requireRoom(points, model.config()); // before there is a folder
        Path manifestFile = folder.resolve(StoreManifest.fileName(part));
        try {
            Files.createDirectories(folder);
            Path lockFile = folder.resolve("." + StoreManifest.fileName(part) + ".lock");
            try (ProcessLock lock = ProcessLock.take(lockFile)
                    .orElseThrow(() -> Problem.of("Another run is writing the same store.")
                            .fact("folder", folder.toAbsolutePath())
                            .fact("part", part)
                            .fact("try", "waiting for it to finish, another folder, or another part")
                            .toException())) {
                PartFiles.sweep(folder);
                StoreManifest begun = begin(manifestFile, texts);
                try (Pass pass = new Pass(begun, manifestFile)) {
                    return pass.read(texts, listener);
                }
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private PintleException unwritable(IOException e) {
        return Problem.of("The store cannot be written.")
                .fact("folder", folder.toAbsolutePath())
                .fact("cause", e)
                .fact("try", "the same command, once there is room: complete shards are kept")
                .toException(e);
    }

    private StoreManifest begin(Path manifestFile, Texts texts) {
        Origin origin = origin();
        for (Map.Entry<Path, StoreManifest> other : StoreManifest.in(folder).entrySet()) {
            StoreManifest found = other.getValue();
            origin.difference(found.origin()).forEach((what, values) -> {
                throw Problem.of("The folder holds a store of something else.")
                        .fact("manifest", other.getKey().toAbsolutePath())
                        .fact("what", what)
                        .fact("expected", values.get(0))
                        .fact("but was", values.get(1))
                        .fact("try", "another folder")
                        .toException();
            });
            if (Part.parse(found.part()).of() != part.of()) {
                throw Problem.of("The folder holds a store with other parts.")
                        .fact("manifest", other.getKey().toAbsolutePath())
                        .fact("expected", "parts of " + part.of())
                        .fact("but was", "part " + found.part())
                        .fact("try", "another folder")
                        .toException();
            }
        }
        if (Files.exists(manifestFile)) {
            return StoreManifest.read(manifestFile);
        }
        StoreManifest fresh =
                new StoreManifest(StoreManifest.FORMAT, origin, texts.name(), part.toString(), 0, "", false, List.of());
        fresh.write(manifestFile);
        return fresh;
    }

    private Origin origin() {
        return new Origin(
                model.id().name(),
                model.id().revision(),
                model.dtype().toString(),
                model.device().kind().toString(),
                shapes(),
                settings.dtype().toString(),
                settings.window(),
                settings.tokensAtOnce(),
                settings.startWithBos(),
                settings.specialTokens(),
                settings.roles().stream().sorted().map(Role::label).toList());
    }

    /** The shape of a token's activation at each hook point, from running the model on one token. */
    private List<Point> shapes() {
        try (TensorScope scope = TensorScope.open("harvest")) {
            Run run = model.run(TokenBatch.of(new int[] {0}), RunOptions.reading(points));
            List<Point> shapes = new ArrayList<>();
            for (HookPoint point : points) {
                Tensor row = run.row(point, 0); // [1, …]
                shapes.add(new Point(
                        point.toString(),
                        LongStream.range(1, row.shape().rank())
                                .map(axis -> row.size((int) axis))
                                .boxed()
                                .toList()));
            }
            return shapes;
        }
    }

    private TextWindows windows() {
        OptionalInt start = settings.startWithBos()
                ? new TrainingTokens(true, 0, "").missingStart(new int[0], model.tokenizer())
                : OptionalInt.empty();
        return new TextWindows(
                model.text(),
                Math.min(settings.window(), model.config().maxPositions()),
                settings.roles(),
                settings.specialTokens(),
                start);
    }

    /** One pass over the texts, going on where the last one stopped. */
    private final class Pass implements AutoCloseable {
        private final ExecutorService writing = thread("pintle-harvest-writer");
        private final ExecutorService completing = thread("pintle-harvest-completer");
        private final Deque<Future<?>> pending = new ArrayDeque<>();
        private Future<?> completion = CompletableFuture.completedFuture(null); // used by the writing thread alone
        private final Path manifestFile;
        private final long capacity;
        private volatile StoreManifest manifest;
        private @Nullable ShardWriter shard; // used by the writing thread alone
        private int shardsBegun;
        private long rows;
        private long rowsInShard;

        Pass(StoreManifest begun, Path manifestFile) {
            this.manifest = begun;
            this.manifestFile = manifestFile;
            this.rows = begun.rows();
            this.shardsBegun = begun.shards().size();
            this.capacity = settings.shardBytes() / begun.origin().rowBytes();
            settings.requireRoom(begun.origin().rowBytes());
        }

        private static ExecutorService thread(String name) {
            return Executors.newSingleThreadExecutor(work -> {
                Thread thread = new Thread(work, name);
                thread.setDaemon(true);
                return thread;
            });
        }

        StoreManifest read(Texts texts, Listener listener) throws IOException {
            try (TextBatches batches = new TextBatches(texts, windows(), part, settings.tokensAtOnce())) {
                Place place = manifest.next();
                batches.skip(place.documents());
                if (batches.documents() != place.documents() || !batches.chain().equals(place.chain())) {
                    throw Problem.of("The texts are not those that the store was begun with.")
                            .fact("store", manifestFile.toAbsolutePath())
                            .fact("texts", texts.name())
                            .fact("expected", place.documents() + " texts as before, possibly followed by more")
                            .fact("try", "another folder")
                            .toException();
                }
                long total = texts.bytes();
                int skip = place.runs();
                boolean more = listener.at(rows, Math.min(total - 1, batches.bytes()), total);
                while (more && batches.hasNext() && !enough()) {
                    Place start = new Place(batches.documents(), 0, batches.chain());
                    List<List<Window>> runs = batches.next();
                    int run = skip;
                    while (run < runs.size() && more && !enough()) {
                        harvest(runs.get(run), new Place(start.documents(), run, start.chain()));
                        run++;
                        more = listener.at(rows, Math.min(total - 1, batches.bytes()), total);
                    }
                    skip = 0;
                    place = run < runs.size()
                            ? new Place(start.documents(), run, start.chain())
                            : new Place(batches.documents(), 0, batches.chain());
                    if (runs.isEmpty()) { // of another part
                        more = listener.at(rows, Math.min(total - 1, batches.bytes()), total);
                    }
                }
                boolean ended = enough() || (place.runs() == 0 && !batches.hasNext());
                Place next = place;
                write(() -> {
                    finishShard(next);
                    get(completion);
                    return null;
                });
                await(0);
                manifest = with(manifest, manifest.shards(), ended, next);
                manifest.write(manifestFile);
                if (ended) {
                    listener.at(rows, total, total);
                }
                return manifest;
            }
        }

        private boolean enough() {
            return settings.mostTokens() > 0 && rows >= settings.mostTokens();
        }

        /** Runs the model on some windows, and has their rows written. */
        private void harvest(List<Window> run, Place here) throws IOException {
            int count = run.stream().mapToInt(Window::count).sum();
            if (count == 0) {
                return;
            }
            ShardWriter.Rows found = rows(run, count);
            boolean full = rowsInShard + count > capacity;
            rowsInShard = full ? count : rowsInShard + count;
            rows += count;
            write(() -> {
                if (full) {
                    finishShard(here);
                }
                ShardWriter open = shard;
                if (open == null) {
                    open = new ShardWriter(
                            manifest.origin(), folder.resolve(StoreManifest.shardName(part, shardsBegun++)), capacity);
                    shard = open;
                }
                open.append(found);
                return null;
            });
            await(BEHIND);
        }

        /*
         * All windows are converted at once, with their padding, since one by one would take longer than the conversion
         * itself. The writing thread picks the tokens that count.
         */
        private ShardWriter.Rows rows(List<Window> run, int count) {
            TokenBatch batch = TokenBatch.of(run.stream().map(Window::ids).toList());
            int[] picked = new int[count];
            long[] documents = new long[count];
            int[] positions = new int[count];
            int[] tokenIds = new int[count];
            int row = 0;
            for (int w = 0; w < run.size(); w++) {
                Window window = run.get(w);
                int first = w * batch.tokens() + batch.padding(w);
                for (int t = 0; t < window.ids().length; t++) {
                    if (window.counted()[t]) {
                        picked[row] = first + t;
                        documents[row] = window.document();
                        positions[row] = window.position(t);
                        tokenIds[row++] = window.ids()[t];
                    }
                }
            }
            List<byte[]> activations = new ArrayList<>();
            try (TensorScope scope = TensorScope.open("harvest")) {
                Run result = model.run(batch, RunOptions.reading(points));
                for (HookPoint point : points) {
                    activations.add(result.at(point).to(settings.dtype()).toBytes()); // [windows, tokens, …]
                }
            }
            return new ShardWriter.Rows(activations, picked, documents, positions, tokenIds);
        }

        /** Has the open shard completed, once the one before is. */
        private void finishShard(Place next) throws IOException {
            ShardWriter open = shard;
            if (open == null) {
                return;
            }
            get(completion);
            shard = null;
            completion = completing.submit(() -> {
                try (open) {
                    List<Shard> shards = new ArrayList<>(manifest.shards());
                    shards.add(open.finish(next));
                    manifest = with(manifest, shards, false, next);
                    manifest.write(manifestFile);
                }
                return null;
            });
        }

        private StoreManifest with(StoreManifest before, List<Shard> shards, boolean finished, Place next) {
            return new StoreManifest(
                    before.format(),
                    before.origin(),
                    before.texts(),
                    before.part(),
                    next.documents(),
                    next.chain(),
                    finished,
                    shards);
        }

        private void write(Callable<?> work) {
            pending.add(writing.submit(work));
        }

        /** Waits until at most this many pieces of work are left. */
        private void await(int left) throws IOException {
            while (pending.size() > left) {
                get(pending.remove());
            }
        }

        private static void get(Future<?> work) throws IOException {
            try {
                work.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof IOException cause) {
                    throw cause;
                }
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw new IOException(e.getCause());
            }
        }

        @Override
        public void close() throws IOException {
            try {
                write(() -> {
                    if (shard != null) {
                        shard.close();
                    }
                    get(completion);
                    return null;
                });
                await(0);
            } finally {
                writing.shutdownNow();
                completing.shutdownNow();
            }
        }
    }
}
