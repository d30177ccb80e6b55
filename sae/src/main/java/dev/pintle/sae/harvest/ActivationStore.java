package dev.pintle.sae.harvest;

import dev.pintle.base.ForeignFile;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.harvest.StoreManifest.Origin;
import dev.pintle.sae.harvest.StoreManifest.Point;
import dev.pintle.sae.harvest.StoreManifest.Shard;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A store of activations that a {@link Harvest} wrote. Its manifests say what it holds: one, or one for each part, which need
 * only lie in the same folder.
 */
public final class ActivationStore {
    private final Path folder;
    private final List<StoreManifest> manifests;

    private ActivationStore(Path folder, List<StoreManifest> manifests) {
        this.folder = folder;
        this.manifests = manifests;
    }

    /**
     * Opens a store; only the manifests are read.
     *
     * @throws PintleException if there is none, or its parts do not belong together
     */
    public static ActivationStore open(Path folder) {
        Map<Path, StoreManifest> found = StoreManifest.in(folder);
        if (found.isEmpty()) {
            throw Problem.of("There is no store of activations.")
                    .fact("folder", folder.toAbsolutePath())
                    .fact("expected", "manifest.json, or manifest-1-of-N.json and so on")
                    .fact("try", "pintle harvest --out FOLDER")
                    .toException();
        }
        Path firstFile = found.keySet().iterator().next();
        StoreManifest first = found.values().iterator().next();
        found.forEach((file, manifest) -> {
            Map<String, List<String>> difference = first.origin().difference(manifest.origin());
            boolean parts =
                    Part.parse(manifest.part()).of() == Part.parse(first.part()).of();
            boolean texts = !manifest.finished()
                    || !first.finished()
                    || manifest.chain().equals(first.chain());
            if (!difference.isEmpty() || !parts || !texts) {
                String what = !difference.isEmpty()
                        ? difference.keySet().iterator().next()
                        : parts ? "the texts that were read" : "the number of parts";
                throw Problem.of("The manifests are not parts of one store.")
                        .fact("one", firstFile.toAbsolutePath())
                        .fact("another", file.toAbsolutePath())
                        .fact("different", what)
                        .toException();
            }
        });
        return new ActivationStore(folder, List.copyOf(found.values()));
    }

    /** The folder it is in. */
    public Path folder() {
        return folder;
    }

    /** What the rows are. */
    public Origin origin() {
        return manifests.get(0).origin();
    }

    /** The manifests, one for each part that is there. */
    public List<StoreManifest> manifests() {
        return manifests;
    }

    /** Numbers of the parts that are missing or not finished; empty if the store is complete. */
    public SortedSet<Integer> missingParts() {
        int of = Part.parse(manifests.get(0).part()).of();
        SortedSet<Integer> missing =
                IntStream.rangeClosed(1, of).boxed().collect(Collectors.toCollection(TreeSet::new));
        for (StoreManifest manifest : manifests) {
            if (manifest.finished()) {
                missing.remove(Part.parse(manifest.part()).number());
            }
        }
        return missing;
    }

    /** Number of rows. */
    public long rows() {
        return manifests.stream().mapToLong(StoreManifest::rows).sum();
    }

    /** Size of the shards in bytes. */
    public long bytes() {
        return manifests.stream().mapToLong(StoreManifest::bytes).sum();
    }

    /** The shards of all parts. */
    public List<Shard> shards() {
        return manifests.stream()
                .flatMap(manifest -> manifest.shards().stream())
                .toList();
    }

    /**
     * Checks every shard: its size, and with {@code content} the SHA-256 of its bytes.
     *
     * @return what is wrong, one sentence a shard; empty if all is well
     */
    public List<String> problems(boolean content, Progress progress) {
        List<String> problems = new ArrayList<>();
        List<Shard> shards = shards();
        for (int i = 0; i < shards.size(); i++) {
            progress.at("checking shards", i, shards.size());
            Shard shard = shards.get(i);
            Path file = folder.resolve(shard.file());
            if (!Files.isRegularFile(file)) {
                problems.add(shard.file() + " is missing.");
                continue;
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                if (channel.size() != shard.bytes()) {
                    problems.add(shard.file() + " has " + channel.size() + " bytes instead of " + shard.bytes() + ".");
                } else if (content && !ShardWriter.sha256(channel).equals(shard.sha256())) {
                    problems.add(shard.file() + " has other content than was written.");
                }
            } catch (IOException e) {
                problems.add(shard.file() + " cannot be read: " + ForeignFile.why(e) + ".");
            }
        }
        progress.at("checking shards", shards.size(), shards.size());
        return problems;
    }

    /** All rows at a hook point, in the order in which they were written, part by part; memory is a few hundred kB. */
    public RowReader inOrder(HookPoint at) {
        return RowReader.inOrder(folder, origin(), point(at), shards());
    }

    /**
     * All rows at a hook point, each once, in a random order that depends on the seed and the buffer alone. Blocks of about
     * 128 kB, in random order, pass through a buffer from which rows are drawn at random.
     *
     * @param bufferBytes size of the buffer, with the rows' documents, positions and tokens; the heap needs little more. The
     *     larger, the more thoroughly rows of a text are spread
     * @throws IllegalArgumentException if the buffer holds less than two blocks, or is larger than an array may be
     */
    public RowReader shuffled(HookPoint at, long seed, long bufferBytes) {
        return RowReader.shuffled(folder, origin(), point(at), shards(), seed, bufferBytes);
    }

    private int point(HookPoint at) {
        List<Point> points = origin().points();
        for (int i = 0; i < points.size(); i++) {
            if (points.get(i).name().equals(at.toString())) {
                return i;
            }
        }
        throw Problem.of("The store has no such hook point.")
                .fact("store", folder.toAbsolutePath())
                .fact("expected", points.stream().map(Point::name).collect(Collectors.joining(", ")))
                .fact("but was", at)
                .toIllegalArgument();
    }
}
