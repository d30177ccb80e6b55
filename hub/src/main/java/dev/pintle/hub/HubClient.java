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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Fetches models from the Hugging Face hub into the cache that Hugging Face's own library uses, and finds them there.
 *
 * <p>What is in the cache is used without a look at the network wherever that can be right: a commit never changes, so a
 * repository asked for at a commit, or by its name alone through {@link #cached}, costs no request. Interrupted downloads
 * go on where they stopped, in this process or the next.
 *
 * <pre>{@code
 * HubClient hub = HubClient.of(HubSettings.fromEnvironment());
 * Path folder = hub.snapshot(RepoId.parse("org/name"), Selection.forModel(), HubListener.SILENT);
 * }</pre>
 */
public final class HubClient {
    private static final int AT_A_TIME = 2;
    /** What the hub serves over plain HTTP; beyond it wants its own protocol. */
    private static final long LARGEST = 50_000_000_000L;
    /** Left free on the disk. */
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

    /** A client. It opens nothing before the first request. */
    public static HubClient of(HubSettings settings) {
        return new HubClient(settings, Machine.REAL);
    }

    static HubClient of(HubSettings settings, Machine machine) {
        return new HubClient(settings, machine);
    }

    // ---------------------------------------------------------------- without the network

    /** The snapshot folder of a repository, if it is in the cache. Asks nothing of the network. */
    public Optional<Path> cached(RepoId repo) {
        return folder(repo).snapshotOf(repo.revision());
    }

    /** Everything in the cache, by name. Asks nothing of the network. */
    public List<CachedRepo> cachedRepos() {
        return RepoFolder.all(settings.cache()).stream()
                .flatMap(repo -> repo.snapshots().stream())
                .toList();
    }

    /** The repository, at its commit, whose snapshot {@code folder} is. */
    public static Optional<RepoId> repositoryOf(Path folder) {
        return RepoFolder.repositoryOf(folder);
    }

    // ---------------------------------------------------------------- with it

    /**
     * What {@link #snapshot} would fetch.
     *
     * @throws HubException if the hub cannot say, or lacks a file that was asked for
     */
    public HubPlan plan(RepoId repo, Selection files) {
        requireOnline(repo);
        return stoppable(() -> plan(repo, files, HubListener.SILENT));
    }

    /**
     * The snapshot folder of a repository with the chosen files in it, which are fetched as far as they are not there. If
     * the hub cannot be asked, what is in the cache has to do.
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
                listener.note(e.problem().sentence() + " The copy in the cache is used.");
                return here.get();
            }
            return fetch(plan, listener);
        });
    }

    /** Fetches what a plan names. */
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
     * One file of a repository, fetched if it is not in the cache.
     *
     * @return nothing if the repository has no such file
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
        List<String> missing = selection.missingFrom(all);
        if (!missing.isEmpty()) {
            throw lacking(repo, missing, all);
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
        // the small ones first: what is wrong with a repository shows before its weights have been fetched
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
            return 0; // it will be found out when it is fetched
        }
    }

    private static HubException lacking(RepoId repo, List<String> missing, List<String> all) {
        Problem problem =
                Problem.of("The repository lacks files that were asked for.").fact("repository", repo);
        for (String pattern : missing) {
            problem = problem.fact("missing", pattern);
        }
        int shown = Math.min(all.size(), 30);
        problem = problem.fact(
                "it has",
                all.subList(0, shown).stream().map(Excerpt::of).collect(Collectors.joining("\n"))
                        + (shown < all.size() ? "\n… and more" : ""));
        return HubException.of(
                Reason.FILE_NOT_FOUND, problem.fact("try", "pintle pull " + repo + " FILES, to fetch some of these"));
    }

    private void requireFits(HubPlan plan) {
        for (HubFile file : plan.files()) {
            if (file.bytes() > LARGEST) {
                throw HubException.of(
                        Reason.REFUSED,
                        Problem.of("The file is too large for the hub to serve over plain HTTP.")
                                .fact("file", Excerpt.of(file.path()))
                                .fact("size", Sizes.text(file.bytes()))
                                .fact("most", Sizes.text(LARGEST))
                                .fact(
                                        "try",
                                        "Hugging Face's own library, into the same cache: hf download "
                                                + plan.repo().name()));
            }
        }
        long free;
        try {
            free = machine.freeBytes(settings.cache());
        } catch (IOException e) {
            throw RepoFolder.disk("The cache's disk cannot be asked for its free space.", settings.cache(), e);
        }
        long needed = plan.bytesMissing();
        if (needed > 0 && free - MARGIN < needed) {
            throw HubException.of(
                    Reason.DISK,
                    Problem.of("The disk has too little room for the download.")
                            .fact("cache", settings.cache())
                            .fact("needed", Sizes.text(needed))
                            .fact("free", Sizes.text(free))
                            .fact("try", "making room, or another disk in HF_HUB_CACHE"));
        }
    }

    // ---------------------------------------------------------------- the fetching

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

    /** Waits, interrupted or not, until nobody writes any more; then the next attempt may begin. */
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
                // What was planned for is what room was made for, and what was found small enough.
                throw problems.notAsExpected(
                        "The server's list and the file itself name different sizes.",
                        path,
                        file.bytes() + " bytes",
                        remote.bytes() + " bytes");
            }
            Path blob = folder.blob(remote.etag());
            try (DownloadLock lock = DownloadLock.acquire(
                    folder.lock(remote.etag()), () -> listener.note("Waiting for another download of " + path + "."))) {
                // without links, whoever had the lock before has moved the blob to where it is wanted
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
                    Problem.of("The repository's files are not all in the cache, and the network is switched off.")
                            .fact("repository", repo)
                            .fact("cache", settings.cache())
                            .fact("try", "the same without HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE"));
        }
    }

    /** Something that waits. */
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
                    Problem.of("The download was stopped.").fact("try", "it again; it goes on from where it stopped"),
                    e);
        }
    }
}
