package dev.pintle.steering.files;

import dev.pintle.base.FileEnding;
import dev.pintle.base.Problem;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Vectors among the named tensors of a file: those whose names give a layer, {@code layers.12} or
 * {@code blocks.12.hook_resid_post}, or a single tensor of any name.
 */
final class NamedVectors {
    private static final int SHOWN = 12;

    private NamedVectors() {}

    static List<SteeringVector> of(Checkpoint checkpoint, Path file, VectorHints hints) {
        List<String> names = List.copyOf(checkpoint.names());
        if (!hints.tensor().isEmpty()) {
            requireTensor(names, file, hints);
            return bare(checkpoint, hints.tensor(), file, hints);
        }
        if (names.size() == 1 && Foreign.placeOf(names.get(0)).isEmpty()) {
            return bare(checkpoint, names.get(0), file, hints);
        }
        List<String> unplaced =
                names.stream().filter(name -> Foreign.placeOf(name).isEmpty()).toList();
        if (!unplaced.isEmpty()) {
            throw severalTensors(unplaced, file);
        }
        List<SteeringVector> vectors = new ArrayList<>();
        for (String name : names) {
            HookPoint at = Foreign.place(name, file);
            String ending = FileEnding.of(file);
            vectors.add(Foreign.vector(
                    Foreign.row(checkpoint.tensor(name), file),
                    at,
                    "",
                    "read from ." + ending,
                    "." + ending + ", tensor " + name + ": " + placed(at)));
        }
        return Foreign.checked(vectors, file);
    }

    static String placed(HookPoint at) {
        return at.site() == HookPoint.Site.RESID_POST ? "output of block " + at.layer() : at.toString();
    }

    private static List<SteeringVector> bare(Checkpoint checkpoint, String name, Path file, VectorHints hints) {
        return BareVectors.of(checkpoint.tensor(name), file, hints).stream()
                .map(vector -> new SteeringVector(
                        vector.direction(),
                        vector.at(),
                        Origin.unknown(
                                vector.origin().model(),
                                vector.origin().method().name(),
                                "tensor " + name + ", " + vector.origin().source())))
                .toList();
    }

    static void requireTensor(Collection<String> names, Path file, VectorHints hints) {
        if (!names.contains(hints.tensor())) {
            throw Problem.of("The file has no tensor of that name.")
                    .fact("file", file.toAbsolutePath())
                    .fact("asked for", hints.tensor())
                    .fact("has", shown(names))
                    .toException();
        }
    }

    static RuntimeException severalTensors(Collection<String> names, Path file) {
        return Problem.of("The file's tensor names do not say which layers they belong to.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", "names such as layers.12 or blocks.12.hook_resid_post, or a single tensor")
                .fact("but was", shown(names))
                .fact("try", "specifying the one to read, and its layer: --tensor NAME --layer L")
                .toException();
    }

    private static String shown(Collection<String> names) {
        return names.stream().limit(SHOWN).collect(Collectors.joining(", "))
                + (names.size() > SHOWN ? " and " + (names.size() - SHOWN) + " more" : "");
    }
}
