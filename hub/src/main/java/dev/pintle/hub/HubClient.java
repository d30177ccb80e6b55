package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.hub.HubException.Reason;
import dev.pintle.hub.HubHttp.Entry;
import dev.pintle.hub.HubHttp.Listing;
import dev.pintle.hub.HubHttp.Remote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Downloads models from the Hugging Face hub into the cache shared with Hugging Face's own library, and finds them
 * there.
 *
 * <p>Cached files are used without a request whenever that is safe: a commit never changes, so a repository requested by
 * commit, or by name through {@link #cached}, needs no request. Interrupted downloads resume where they stopped, in the
 * same process or a later one.
 *
 * <pre>{@code
 * HubClient hub = HubClient.of(HubSettings.fromEnvironment());
 * Path folder = hub.snapshot(RepoId.parse("org/name"), Selection.forModel(), HubListener.SILENT);
 * }</pre>
 */
public final class HubClient {
    private static final int AT_A_TIME = 2;
    /** The largest file the hub serves over plain HTTP; larger ones need its own protocol. */
    private static final long MAX_FILE_BYTES = 50_000_000_000L;
    /** Space to leave free on the disk. */
    private static final long MARGIN = 64 << 20;

    private final HubSettings settings;
    private final Machine machine;
    private final HubProblems problems;
    private @Nullable HubHttp http;

    private HubClient(HubSettings settings, Machine machine) {
        this.settings = settings;
        this.machine = machine;
        this.problems = new HubProblems(settings);
    }

    /** Creates a client. No connection is opened before the first request. */
    public static HubClient of(HubSettings settings) {
        return new HubClient(settings, Machine.REAL);
    }

    static HubClient of(HubSettings settings, Machine machine) {
        return new HubClient(settings, machine);
    }

    // ---------------------------------------------------------------- offline

    /** The snapshot folder of a repository, if it is cached. Never accesses the network. */
    public Optional<Path> cached(RepoId repo) {
        return folder(repo).snapshotOf(repo.revision());
    }

    /** Everything in the cache, sorted by name. Never accesses the network. */
    public List<CachedRepo> cachedRepos() {
        return RepoFolder.all(settings.cache()).stream()
                .flatMap(repo -> repo.snapshots().stream())
                .toList();
    }

    /** The repository and commit of a snapshot folder. */
    public static Optional<RepoId> repositoryOf(Path folder) {
        return RepoFolder.repositoryOf(folder);
    }

    // ---------------------------------------------------------------- online

    /**
     * What {@link #snapshot} would download.
     *
     * @throws HubException if the hub cannot be asked, or lacks a requested file
     */
    public HubPlan plan(RepoId repo, Selection files) {
        requireOnline(repo);
        return stoppable(() -> plan(repo, files, HubListener.SILENT));
    }

    /**
     * The snapshot folder of a repository, after downloading those of the selected files that are missing. Falls back
     * to the cache if the hub cannot be reached.
     *
     * @throws HubException saying what is wrong and what to do
     */
    public Path snapshot(RepoId repo, Selection files, HubListener listener) {
        Optional<Path> here = cached(repo).filter(files::isHeldBy);
        if (here.isPresent() && (settings.offline() || (repo.isCommit() && files.isExact()))) {
            return here.get();
        }
        requireOnline(repo);
        return stoppable(() -> {
            HubPlan plan;
            try {
                plan = plan(repo, files, listener);
            } catch (HubException e) {
                boolean certain = e.reason() == Reason.REVISION_NOT_FOUND || e.reason() == Reason.FILE_NOT_FOUND;
                if (certain || here.isEmpty()) {
                    throw e;
                }
                listener.note(e.problem().sentence() + " Using the cached copy.");
                return here.get();
            }
            return fetch(plan, listener);
        });
    }

    /** Downloads the files of a plan. */
    public Path fetch(HubPlan plan, HubListener listener) {
        requireOnline(plan.repo());
        return stoppable(() -> {
            RepoFolder folder = folder(plan.repo());
            requireFits(plan);
            listener.planned(plan);
            folder.prepare();
            fetchAll(plan, folder, listener);
            folder.point(plan.repo().revision(), plan.commit());
            return folder.snapshot(plan.commit());
        });
    }

    /**
     * One file of a repository, downloaded if it is not cached.
     *
     * @return empty if the repository has no such file
     */
    public Optional<Path> file(RepoId repo, String path, HubListener listener) {
        RepoFolder folder = folder(repo);
        Optional<String> commit = folder.commitOf(repo.revision());
        Optional<Path> here = commit.map(known -> folder.file(known, path)).filter(Files::isRegularFile);
        boolean lacking =
                commit.filter(known -> folder.isKnownToLack(known, path)).isPresent();
        if ((here.isPresent() || lacking) && (settings.offline() || repo.isCommit())) {
            return here;
        }
        requireOnline(repo);
        return stoppable(() -> {
            Remote remote;
            try {
                remote = http().head(repo, path, listener);
            } catch (HubException e) {
                if (e.reason() == Reason.FILE_NOT_FOUND) {
                    commit.ifPresent(known -> folder.remarkAbsence(known, path));
                    return Optional.empty();
                }
                if (here.isPresent() && e.reason() != Reason.REVISION_NOT_FOUND) {
                    return here;
                }
                throw e;
            }
            RepoId at = repo.at(remote.commit());
            fetch(
                    new HubPlan(
                            repo, remote.commit(), List.of(planned(folder, at, path, remote.bytes(), remote.etag()))),
                    listener);
            return Optional.of(folder.file(remote.commit(), path));
        });
    }

    // ---------------------------------------------------------------- the plan

    private HubPlan plan(RepoId repo, Selection selection, HubListener listener) throws InterruptedException {
        Listing listing = http().list(repo, listener);
        List<String> all = listing.files().stream().map(Entry::path).toList();
        Optional<Problem> obstacle = selection.obstacle(repo, all);
        if (obstacle.isPresent()) {
            throw HubException.of(Reason.FILE_NOT_FOUND, obstacle.get());
        }
        RepoFolder folder = folder(repo);
        RepoId at = repo.at(listing.commit());
        Set<String> chosen = new HashSet<>(selection.of(all));
        List<HubFile> files = new ArrayList<>();
        for (Entry entry : listing.files()) {
            if (chosen.contains(entry.path())) {
                long bytes = entry.bytes();
                String etag = entry.etag();
                if (bytes < 0) {
                    Remote remote = http().head(at, entry.path(), listener);
                    bytes = remote.bytes();
                    etag = remote.etag();
                }
                files.add(planned(folder, at, entry.path(), bytes, etag));
            }
        }
        // small files first: problems with a repository show before its weights are downloaded
        files.sort(Comparator.comparingLong(HubFile::bytes).thenComparing(HubFile::path));
        return new HubPlan(repo, listing.commit(), files);
    }

    private static HubFile planned(RepoFolder folder, RepoId at, String path, long bytes, String etag) {
        return new HubFile(path, bytes, bytes - Math.min(bytes, bytesHere(folder, at, path, bytes, etag)));
    }

    private static long bytesHere(RepoFolder folder, RepoId at, String path, long bytes, String etag) {
        try {
            if (Files.isRegularFile(folder.file(at.revision(), path))) {
                return bytes;
            }
            if (etag.isEmpty()) {
                return 0;
            }
            Path blob = folder.blob(etag);
            if (Files.isRegularFile(blob) && Files.size(blob) == bytes) {
                return bytes;
            }
            Path partial = folder.incomplete(etag);
            return Files.isRegularFile(partial) && Files.size(partial) <= bytes ? Files.size(partial) : 0;
        } catch (IOException e) {
            return 0; // reported when the file is downloaded
        }
    }

    private void requireFits(HubPlan plan) {
        for (HubFile file : plan.files()) {
            if (file.bytes() > MAX_FILE_BYTES) {
                throw HubException.of(
                        Reason.REFUSED,
                        Problem.of("The file is too large for the hub to serve over plain HTTP.")
                                .fact("file", Excerpt.of(file.path()))
                                .fact("size", Sizes.text(file.bytes()))
                                .fact("most", Sizes.text(MAX_FILE_BYTES))
                                .fact(
                                        "try",
                                        "Hugging Face's own library, which uses the same cache: hf download "
                                                + plan.repo().name()));
            }
        }
        long free;
        try {
            free = machine.freeBytes(settings.cache());
        } catch (IOException e) {
            throw RepoFolder.disk("The free space of the cache's disk cannot be determined.", settings.cache(), e);
        }
        long needed = plan.bytesMissing();
        if (needed > 0 && free - MARGIN < needed) {
            throw HubException.of(
                    Reason.DISK,
                    Problem.of("There is not enough disk space for the download.")
                            .fact("cache", settings.cache())
                            .fact("needed", Sizes.text(needed))
                            .fact("free", Sizes.text(free))
                            .fact("try", "free disk space, or set HF_HUB_CACHE to another disk"));
        }
    }

    // ---------------------------------------------------------------- downloading

    private void fetchAll(HubPlan plan, RepoFolder folder, HubListener listener) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(AT_A_TIME, task -> {
            Thread thread = new Thread(task, "pintle-download");
            thread.setDaemon(true);
            return thread;
        });
        try {
            CompletionService<@Nullable Void> tasks = new ExecutorCompletionService<>(pool);
            RepoId at = plan.repo().at(plan.commit());
            for (HubFile file : plan.files()) {
                tasks.submit(() -> {
                    fetch(at, file, folder, listener, pool::isShutdown);
                    return null;
                });
            }
            for (int i = 0; i < plan.files().size(); i++) {
                tasks.take().get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw RepoFolder.disk("The cache cannot be written.", settings.cache(), e);
        } finally {
            pool.shutdownNow();
            awaitEnd(pool);
        }
    }

    /** Waits, even if interrupted, until nothing writes any more, so that another attempt may begin. */
    private static void awaitEnd(ExecutorService pool) {
        boolean interrupted = false;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!pool.isTerminated() && System.nanoTime() < end) {
            try {
                pool.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void fetch(RepoId at, HubFile file, RepoFolder folder, HubListener listener, BooleanSupplier stopped)
            throws IOException, InterruptedException {
        String path = file.path();
        Path there = folder.file(at.revision(), path);
        if (!Files.isRegularFile(there)) {
            Remote remote = http().head(at, path, listener);
            if (remote.bytes() != file.bytes()) {
                // The disk space and size checks were made for the planned sizes.
                throw problems.notAsExpected(
                        "The server's file list and the file itself give different sizes.",
                        path,
                        file.bytes() + " bytes",
                        remote.bytes() + " bytes");
            }
            Path blob = folder.blob(remote.etag());
            try (DownloadLock lock = DownloadLock.acquire(
                    folder.lock(remote.etag()), () -> listener.note("Waiting for another download of " + path + "."))) {
                // without links, the previous lock holder has moved the blob to its destination
                if (!Files.isRegularFile(there)) {
                    boolean missing = !Files.isRegularFile(blob) || Files.size(blob) != remote.bytes();
                    if (missing) {
                        Path partial = folder.incomplete(remote.etag());
                        new BlobDownload(http(), settings, machine, listener, at, path, remote, partial, stopped)
                                .into(blob);
                    }
                    folder.place(remote.etag(), at.revision(), path, settings.symlinks(), missing);
                }
            }
        }
        listener.progress(path, file.bytes(), file.bytes());
        listener.finished(path);
    }

    // ---------------------------------------------------------------- helpers

    private RepoFolder folder(RepoId repo) {
        return new RepoFolder(settings.cache(), repo.name());
    }

    private synchronized HubHttp http() {
        if (http == null) {
            http = new HubHttp(settings, problems, machine);
        }
        return http;
    }

    private void requireOnline(RepoId repo) {
        if (settings.offline()) {
            throw HubException.of(
                    Reason.NOT_CACHED,
                    Problem.of("The repository is not completely cached, and network access is disabled.")
                            .fact("repository", repo)
                            .fact("cache", settings.cache())
                            .fact("try", "the same without HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE"));
        }
    }

    /** An operation that blocks. */
    private interface Waiting<T> {
        T run() throws InterruptedException;
    }

    private static <T> T stoppable(Waiting<T> work) {
        try {
            return work.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw HubException.of(
                    Reason.STOPPED,
                    Problem.of("The download was stopped.").fact("try", "again; it resumes where it stopped"),
                    e);
        }
    }
}
