package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.PartFiles;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/*
 * The cache of Hugging Face's library, shared with it:
 *
 *   CACHEDIR.TAG
 *   models--org--name/
 *     blobs/{etag}                     the bytes; {etag}.incomplete while they arrive
 *     snapshots/{commit}/{path}        relative symbolic link to the blob, or the bytes themselves
 *     refs/{branch or tag}             the commit it meant at the last download
 *     .no_exist/{commit}/{path}        empty: the commit is known to lack this file
 *   .locks/models--org--name/{etag}.lock
 *
 * Whatever is in blobs, snapshots or refs is whole: everything is written under another name and moved.
 */
/** The folder of one repository in the cache. */
final class RepoFolder {
    private static final String PREFIX = "models--";
    private static final String CACHEDIR_TAG = """
            Signature: 8a477f597d28d172789f06886806bc55
            # This file is a cache directory tag: backup programs may leave this folder out.
            # For information about cache directory tags, see https://bford.info/cachedir/
            """;

    private final Path cache;
    private final Path root;
    private final String name;

    RepoFolder(Path cache, String name) {
        this.cache = cache.toAbsolutePath().normalize();
        this.name = name;
        this.root = this.cache.resolve(PREFIX + name.replace("/", "--"));
    }

    /** The repositories in a cache, sorted by name. */
    static List<RepoFolder> all(Path cache) {
        if (!Files.isDirectory(cache)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(cache)) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(folder -> folder.startsWith(PREFIX))
                    .sorted()
                    .map(folder -> folder.substring(PREFIX.length()).replace("--", "/"))
                    .filter(name -> RepoId.tryParse(name).isPresent())
                    .map(name -> new RepoFolder(cache, name))
                    .toList();
        } catch (IOException e) {
            throw disk("The cache cannot be read.", cache, e);
        }
    }

    /** The repository and commit of a snapshot, if {@code folder} is one. */
    static Optional<RepoId> repositoryOf(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        int parts = absolute.getNameCount();
        if (parts < 3
                || !RepoId.isCommit(absolute.getName(parts - 1).toString())
                || !absolute.getName(parts - 2).toString().equals("snapshots")
                || !absolute.getName(parts - 3).toString().startsWith(PREFIX)) {
            return Optional.empty();
        }
        String repo = absolute.getName(parts - 3).toString().substring(PREFIX.length());
        return RepoId.tryParse(
                repo.replace("--", "/") + "@" + absolute.getName(parts - 1).toString());
    }

    // ---------------------------------------------------------------- paths

    Path blob(String etag) {
        return SafeNames.resolve(root.resolve("blobs"), etag);
    }

    Path incomplete(String etag) {
        return SafeNames.resolve(root.resolve("blobs"), etag + ".incomplete");
    }

    Path lock(String etag) {
        return SafeNames.resolve(cache.resolve(".locks").resolve(String.valueOf(root.getFileName())), etag + ".lock");
    }

    Path snapshot(String commit) {
        return SafeNames.resolve(root.resolve("snapshots"), commit);
    }

    Path file(String commit, String path) {
        return SafeNames.resolve(snapshot(commit), path);
    }

    private Path ref(String revision) {
        return SafeNames.resolve(root.resolve("refs"), revision);
    }

    private Path absence(String commit, String path) {
        return SafeNames.resolve(SafeNames.resolve(root.resolve(".no_exist"), commit), path);
    }

    // ---------------------------------------------------------------- reading

    /** The commit a revision pointed to at the last download. */
    Optional<String> commitOf(String revision) {
        if (RepoId.isCommit(revision)) {
            return Optional.of(revision);
        }
        try {
            Path ref = ref(revision);
            return Files.isRegularFile(ref)
                    ? Optional.of(ForeignFile.text(ref, 1_000).strip()).filter(RepoId::isCommit)
                    : Optional.empty();
        } catch (IOException e) {
            throw disk("The cache cannot be read.", ref(revision), e);
        }
    }

    /** The snapshot folder of a revision, if it exists. */
    Optional<Path> snapshotOf(String revision) {
        return commitOf(revision).map(this::snapshot).filter(Files::isDirectory);
    }

    boolean isKnownToLack(String commit, String path) {
        return Files.exists(absence(commit, path));
    }

    /** All snapshots, newest first. */
    List<CachedRepo> snapshots() {
        Path folder = root.resolve("snapshots");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> commits = Files.list(folder)) {
            List<Path> newestFirst = new ArrayList<>(commits.filter(Files::isDirectory)
                    .filter(commit -> RepoId.isCommit(String.valueOf(commit.getFileName())))
                    .toList());
            newestFirst.sort(
                    (a, b) -> Long.compare(b.toFile().lastModified(), a.toFile().lastModified()));
            List<CachedRepo> repos = new ArrayList<>();
            for (Path snapshot : newestFirst) {
                repos.add(describe(snapshot));
            }
            return repos;
        } catch (IOException | UncheckedIOException e) {
            throw disk("The cache cannot be read.", folder, e);
        }
    }

    private CachedRepo describe(Path snapshot) throws IOException {
        String commit = String.valueOf(snapshot.getFileName());
        long bytes = 0;
        for (String file : ModelFiles.below(snapshot)) {
            bytes += Files.size(snapshot.resolve(file));
        }
        boolean model =
                Files.exists(snapshot.resolve("config.json")) || Files.exists(snapshot.resolve(ModelFiles.INDEX));
        boolean complete = !model || ModelFiles.missingFrom(snapshot).isEmpty();
        return new CachedRepo(name, commit, revisionsOf(commit), snapshot, bytes, complete);
    }

    private List<String> revisionsOf(String commit) throws IOException {
        Path refs = root.resolve("refs");
        if (!Files.isDirectory(refs)) {
            return List.of();
        }
        List<String> revisions = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(refs)) {
            for (Path ref : walk.filter(Files::isRegularFile).sorted().toList()) {
                if (pointsAt(ref, commit)) {
                    revisions.add(refs.relativize(ref).toString().replace('\\', '/'));
                }
            }
        }
        return revisions;
    }

    private static boolean pointsAt(Path ref, String commit) {
        try {
            return ForeignFile.text(ref, 1_000).strip().equals(commit);
        } catch (IOException e) {
            return false; // damaged
        }
    }

    // ---------------------------------------------------------------- writing

    /** Creates the folders. */
    void prepare() {
        try {
            Files.createDirectories(root.resolve("blobs"));
            PartFiles.sweep(root);
            Path tag = cache.resolve("CACHEDIR.TAG");
            if (!Files.exists(tag)) {
                writeWhole(tag, CACHEDIR_TAG);
            }
        } catch (IOException e) {
            throw disk("The cache cannot be written.", root, e);
        }
    }

    /** Records which commit a revision points to. */
    void point(String revision, String commit) {
        if (RepoId.isCommit(revision) || commitOf(revision).equals(Optional.of(commit))) {
            return;
        }
        try {
            writeWhole(ref(revision), commit);
        } catch (IOException e) {
            throw disk("The cache cannot be written.", ref(revision), e);
        }
    }

    /** Records that a commit has no such file. */
    void remarkAbsence(String commit, String path) {
        try {
            writeWhole(absence(commit, path), "");
        } catch (IOException e) {
            throw disk("The cache cannot be written.", absence(commit, path), e);
        }
    }

    /**
     * Adds a blob to a snapshot: as a relative link or, without links, by moving it if it was just downloaded and
     * copying it otherwise, as Hugging Face's library does.
     */
    void place(String etag, String commit, String path, boolean symlinks, boolean justArrived) {
        Path file = file(commit, path);
        Path blob = blob(etag);
        Path beside = PartFiles.in(parent(file));
        try {
            Path folder = Files.createDirectories(parent(file));
            if (symlinks) {
                try {
                    Files.createSymbolicLink(beside, folder.relativize(blob));
                    move(beside, file);
                    return;
                } catch (UnsupportedOperationException | IOException e) {
                    Files.deleteIfExists(beside); // this file system or user does not support links
                }
            }
            if (justArrived) {
                move(blob, file);
            } else {
                Files.copy(blob, beside, StandardCopyOption.REPLACE_EXISTING);
                move(beside, file);
            }
        } catch (IOException e) {
            throw disk("The cache cannot be written.", file, e);
        } finally {
            deleteQuietly(beside);
        }
    }

    private static void writeWhole(Path file, String text) throws IOException {
        Files.createDirectories(parent(file));
        Path beside = PartFiles.in(parent(file));
        try {
            Files.writeString(beside, text);
            move(beside, file);
        } finally {
            deleteQuietly(beside);
        }
    }

    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static Path parent(Path file) {
        Path parent = file.getParent();
        return parent == null ? file : parent;
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // a stray temporary file is harmless
        }
    }

    static HubException disk(String sentence, Path where, Exception cause) {
        return HubException.of(
                HubException.Reason.DISK,
                Problem.of(sentence)
                        .fact("path", where)
                        .fact(
                                "cause",
                                cause instanceof IOException e ? ForeignFile.why(e) : Excerpt.of(cause.getMessage()))
                        .fact("try", "a writable folder, set by HF_HUB_CACHE"),
                cause);
    }
}
