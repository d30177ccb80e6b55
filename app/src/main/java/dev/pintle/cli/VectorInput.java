package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which vectors of a file a command reads, and what the files of other tools may leave open. */
final class VectorInput {
    @Option(
            names = "--layer",
            paramLabel = "L",
            split = ",",
            description = "Layers to take of a file with several, as often as wanted; the layer, from 0, of a file that"
                    + " does not say.")
    private List<Integer> layers = new ArrayList<>();

    @Option(
            names = "--position",
            paramLabel = "P",
            description = "Which position of a file with directions by position; negative from the end.")
    private @Nullable Integer position;

    @Option(
            names = "--first-row",
            paramLabel = "WHAT",
            description = "What the first row of a matrix is: embedding (row N is the output of block N - 1) or"
                    + " block-0 (row N is that of block N).")
    private @Nullable String firstRow;

    @Option(names = "--tensor", paramLabel = "NAME", description = "Which of a file's named tensors to read.")
    private @Nullable String tensor;

    List<SteeringVector> read(String nameOrFile) {
        VectorHints hints = hints(layers.size() == 1 ? layers.get(0) : null, firstRow, tensor);
        hints = position == null ? hints : hints.position(position);
        List<SteeringVector> vectors = VectorFiles.readAll(UserFolders.vectors().find(nameOrFile), hints);
        if (layers.size() < 2) {
            return vectors;
        }
        List<Integer> missing = layers.stream()
                .filter(layer ->
                        vectors.stream().noneMatch(vector -> vector.at().layer() == layer))
                .toList();
        if (!missing.isEmpty()) {
            throw Problem.of("The file has no vector of some of the layers.")
                    .fact("asked for", missing.stream().map(String::valueOf).collect(Collectors.joining(", ")))
                    .fact(
                            "has",
                            vectors.stream()
                                    .map(vector -> vector.at().toString())
                                    .collect(Collectors.joining(", ")))
                    .toException();
        }
        return vectors.stream()
                .filter(vector -> layers.contains(vector.at().layer()))
                .toList();
    }

    /** What options say of a file; null where one was not given. */
    static VectorHints hints(@Nullable Integer layer, @Nullable String firstRow, @Nullable String tensor) {
        VectorHints hints = VectorHints.none();
        hints = layer == null ? hints : hints.layer(layer);
        hints = firstRow == null ? hints : hints.firstRow(VectorHints.FirstRow.parse(firstRow));
        return tensor == null ? hints : hints.tensor(tensor);
    }
}
