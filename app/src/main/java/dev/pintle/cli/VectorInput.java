package dev.pintle.cli;

import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorHints;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    List<SteeringVector> read(String nameOrFile) {
        VectorHints hints = hints(null, firstRow, tensor);
        hints = position == null ? hints : hints.position(position);
        return Session.library(Objects.requireNonNull(command)).vectors(nameOrFile, hints, layers);
    }

    /** What options say of a file; null where one was not given. */
    static VectorHints hints(@Nullable Integer layer, @Nullable String firstRow, @Nullable String tensor) {
        VectorHints hints = VectorHints.none();
        hints = layer == null ? hints : hints.layer(layer);
        hints = firstRow == null ? hints : hints.firstRow(VectorHints.FirstRow.parse(firstRow));
        return tensor == null ? hints : hints.tensor(tensor);
    }
}
