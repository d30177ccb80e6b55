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

/** Which vectors of a file a command reads, and what other tools' files may leave open. */
final class VectorInput {
    @Option(
            names = "--layer",
            paramLabel = "L",
            split = ",",
            description = "Layer to take from a file with several, may be repeated; or the layer (0-based) of a file"
                    + " that does not say.")
    private List<Integer> layers = new ArrayList<>();

    @Option(
            names = "--position",
            paramLabel = "P",
            description = "Position to take from a file with a direction per position; negative counts from the end.")
    private @Nullable Integer position;

    @Option(
            names = "--first-row",
            paramLabel = "WHAT",
            description = "What the first row of a matrix is: embedding (row N is the output of block N - 1) or block-0"
                    + " (row N is the output of block N).")
    private @Nullable String firstRow;

    @Option(names = "--tensor", paramLabel = "NAME", description = "Tensor to read from a file with several.")
    private @Nullable String tensor;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    List<SteeringVector> read(String nameOrFile) {
        VectorHints hints = hints(null, firstRow, tensor);
        hints = position == null ? hints : hints.position(position);
        return Session.library(Objects.requireNonNull(command)).vectors(nameOrFile, hints, layers);
    }

    /** Hints from options; null for one that is not given. */
    static VectorHints hints(@Nullable Integer layer, @Nullable String firstRow, @Nullable String tensor) {
        VectorHints hints = VectorHints.none();
        hints = layer == null ? hints : hints.layer(layer);
        hints = firstRow == null ? hints : hints.firstRow(VectorHints.FirstRow.parse(firstRow));
        return tensor == null ? hints : hints.tensor(tensor);
    }
}
