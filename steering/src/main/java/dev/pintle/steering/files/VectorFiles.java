package dev.pintle.steering.files;

import dev.pintle.base.FileEnding;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Steering vectors in files.
 *
 * <p>Pintle's own format is a self-describing safetensors file: one tensor {@code direction.L} FP32 `[dModel]` per
 * layer, with L the 0-based block, and everything in {@link Origin} as metadata. Formats for other tools are chosen by
 * the file's extension or by the tool:
 *
 * <ul>
 *   <li>{@code .gguf}: a control vector for llama.cpp, repeng and EasySteer, which also carries our metadata, under
 *       {@code steer.*}
 *   <li>{@code .pt}, {@code .pth}: for lm-evaluation-harness, one module per layer
 *   <li>{@code .npy}: the values of one vector, without metadata
 * </ul>
 *
 * <p>{@link #readAll} reads these and files of other tools; what a layer number meant there is recorded in
 * {@link Origin#source}.
 */
public final class VectorFiles {
    /** All formats. New ones are listed here and nowhere else. */
    private static final List<VectorFormat> FORMATS = List.of(
            new OwnVectors(),
            new ControlVectors(),
            new TorchVectors(),
            new NumpyVectors(),
            new NumpyArchives(),
            new SvecVectors());

    private VectorFiles() {}

    /** The format for a file extension. */
    static Optional<VectorFormat> format(String ending) {
        return FORMATS.stream()
                .filter(format -> format.endings().contains(ending))
                .findFirst();
    }

    private static String endings(List<VectorFormat> formats) {
        return formats.stream()
                .flatMap(format -> format.endings().stream())
                .map(ending -> "." + ending)
                .collect(Collectors.joining(", "));
    }

    // ---------------------------------------------------------------- writing

    /**
     * What was written to a file.
     *
     * @param vectors the vectors written, in the order of the forward pass
     * @param leftOut one sentence per vector that the format cannot hold, with its hook point and the reason
     */
    public record Written(List<SteeringVector> vectors, List<String> leftOut) {
        /** Copies the lists. */
        public Written {
            vectors = List.copyOf(vectors);
            leftOut = List.copyOf(leftOut);
        }
    }

    /** Writes a vector atomically, in the format of the file's extension. */
    public static void write(SteeringVector vector, Path file) {
        write(List.of(vector), file);
    }

    /**
     * Writes the vectors of several layers atomically, in the format of the file's extension.
     *
     * @return what was written, and what the format cannot hold
     * @throws PintleException if the format can hold none of them, or cannot hold them together
     */
    public static Written write(List<SteeringVector> vectors, Path file) {
        return write(vectors, file, target(file));
    }

    /**
     * The tool that files with this extension are usually for.
     *
     * @throws PintleException if no format with this extension can be written
     */
    public static VectorTarget target(Path file) {
        return VectorTarget.ofEnding(FileEnding.of(file))
                .orElseThrow(() -> Problem.of("Vectors cannot be written to files with this extension.")
                        .fact("file", file.toAbsolutePath())
                        .fact(
                                "choose",
                                endings(FORMATS.stream()
                                        .filter(VectorFormat::isWritten)
                                        .toList()))
                        .toException());
    }

    /**
     * Checks that a file can hold vectors, before they are computed.
     *
     * @param at their hook points; empty if not known
     * @throws PintleException as {@link #write(List, Path)} would
     */
    public static void requireWritable(List<HookPoint> at, Path file) {
        VectorTarget target = target(file);
        if (!at.isEmpty()
                && at.stream().noneMatch(point -> target.refuses(point).isEmpty())) {
            throw nothingLeft(at, file, target);
        }
        if (target.format().holdsOne() && at.size() > 1) {
            throw holdsOne(at, file);
        }
    }

    private static PintleException nothingLeft(List<HookPoint> at, Path file, VectorTarget target) {
        return Problem.of(target.refuses(at.get(0)) + ", so a file for it would have no effect.")
                .fact("file", file.toAbsolutePath())
                .fact(at.size() == 1 ? "vector" : "vectors", names(at))
                .fact("try", "blocks from 1 on, or .safetensors")
                .toException();
    }

    private static PintleException holdsOne(Collection<HookPoint> at, Path file) {
        return Problem.of("The format can only hold one vector.")
                .fact("file", file.toAbsolutePath())
                .fact("but was", names(at))
                .fact("try", "one file per layer, with --layer, or .safetensors or .gguf")
                .toException();
    }

    private static String names(Collection<HookPoint> at) {
        return at.stream().map(HookPoint::toString).collect(Collectors.joining(", "));
    }

    /**
     * Writes vectors for a tool, atomically.
     *
     * @return what was written, and what the tool cannot use
     * @throws PintleException if the tool can use none of them, cannot use them together, or reads files with a
     *     different extension
     */
    public static Written write(List<SteeringVector> vectors, Path file, VectorTarget target) {
        if (target != VectorTarget.ofEnding(FileEnding.of(file)).orElse(null)
                && !FileEnding.of(file).equals(target.ending())) {
            throw Problem.of("The tool expects a file with a different extension.")
                    .fact("tool", target.label())
                    .fact("expected", "a name that ends in ." + target.ending())
                    .fact("but was", file)
                    .toException();
        }
        SortedMap<HookPoint, SteeringVector> kept = requireOneKind(vectors, file);
        List<String> leftOut = new ArrayList<>();
        List<HookPoint> all = List.copyOf(kept.keySet());
        for (HookPoint at : all) {
            if (!target.refuses(at).isEmpty()) {
                kept.remove(at);
                leftOut.add(at + " is omitted: " + target.refuses(at));
            }
        }
        if (kept.isEmpty()) {
            throw nothingLeft(all, file, target);
        }
        if (target.format().holdsOne() && kept.size() > 1) {
            throw holdsOne(kept.keySet(), file);
        }
        try (TensorScope scope = TensorScope.open("write vectors")) {
            target.format().write(kept, file);
        }
        return new Written(List.copyOf(kept.values()), leftOut);
    }

    private static SortedMap<HookPoint, SteeringVector> requireOneKind(List<SteeringVector> vectors, Path file) {
        if (vectors.isEmpty()) {
            throw new IllegalArgumentException("There is no vector to write.\n  file: " + file.toAbsolutePath());
        }
        SteeringVector first = vectors.get(0);
        SortedMap<HookPoint, SteeringVector> byPlace = new TreeMap<>();
        for (SteeringVector vector : vectors) {
            boolean alike = vector.dModel() == first.dModel()
                    && vector.origin().model().equals(first.origin().model());
            if (!alike || byPlace.put(vector.at(), vector) != null) {
                throw Problem.of("A file can only hold vectors of one model, each at a different hook point.")
                        .fact("one", first.at() + " of " + first.origin().model())
                        .fact("another", vector.at() + " of " + vector.origin().model())
                        .toException();
            }
        }
        return byPlace;
    }

    // ---------------------------------------------------------------- reading

    /**
     * Reads a file's only vector.
     *
     * @throws PintleException naming what is missing or does not fit
     */
    public static SteeringVector read(Path file) {
        return read(file, VectorHints.none());
    }

    /** Reads one vector: the file's only one, or the one at the layer in the hints. */
    public static SteeringVector read(Path file, VectorHints hints) {
        List<SteeringVector> all = readAll(file, hints);
        if (all.size() > 1) {
            throw Problem.of("The file contains vectors of several layers.")
                    .fact("file", file.toAbsolutePath())
                    .fact(
                            "layers",
                            all.stream()
                                    .map(vector -> String.valueOf(vector.at().layer()))
                                    .collect(Collectors.joining(", ")))
                    .fact(
                            "try",
                            "specifying the layer: --layer "
                                    + all.get(all.size() / 2).at().layer())
                    .toException();
        }
        return all.get(0);
    }

    /**
     * Reads the vectors of a file in the format of its extension: .safetensors, .gguf, .pt, .pth, .npy, .npz, .svec or
     * .json.
     *
     * @return in order of layer; only those at the layer in the hints, if there is one
     * @throws PintleException naming what is missing or does not fit
     */
    public static List<SteeringVector> readAll(Path file, VectorHints hints) {
        GitLfs.requireContent(file);
        List<SteeringVector> vectors;
        try (TensorScope scope = TensorScope.open("read vectors")) {
            vectors = format(FileEnding.of(file))
                    .orElseThrow(() -> Problem.of("Files with this extension do not contain steering vectors.")
                            .fact("file", file.toAbsolutePath())
                            .fact("expected", endings(FORMATS))
                            .toException())
                    .read(file, hints);
        } catch (IllegalArgumentException e) {
            throw unusable(file, "a steering vector", String.valueOf(e.getMessage()));
        }
        for (SteeringVector vector : vectors) {
            if (!vector.direction().isFinite()) {
                throw unusable(file, "finite numbers", "NaN or infinity at " + vector.at());
            }
        }
        return atLayer(vectors, hints, file);
    }

    private static List<SteeringVector> atLayer(List<SteeringVector> vectors, VectorHints hints, Path file) {
        List<SteeringVector> sorted = new ArrayList<>(vectors);
        sorted.sort((a, b) -> a.at().compareTo(b.at()));
        Integer layer = hints.layer();
        if (layer == null) {
            return sorted;
        }
        List<SteeringVector> chosen =
                sorted.stream().filter(vector -> vector.at().layer() == layer).toList();
        if (chosen.size() > 1) { // the embedding and the output of block 0
            chosen = chosen.stream()
                    .filter(vector -> vector.at().site() != HookPoint.Site.RESID_PRE)
                    .toList();
        }
        if (chosen.isEmpty()) {
            throw Problem.of("The file has no vector for that layer.")
                    .fact("file", file.toAbsolutePath())
                    .fact("asked for", "layer " + layer)
                    .fact("has", names(sorted.stream().map(SteeringVector::at).toList()))
                    .toException();
        }
        return chosen;
    }

    static PintleException unusable(Path file, String expected, Object found) {
        return Problem.of("The steering vector cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }
}
