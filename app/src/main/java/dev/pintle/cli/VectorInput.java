package dev.pintle.cli;

import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFiles;
import dev.pintle.steering.VectorHints;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command reads vectors of other tools. */
final class VectorInput {
    @Option(
            names = "--layer",
            paramLabel = "L",
            description = "Which layer of a file with several; the layer, from 0, of a file that does not say.")
    private @Nullable Integer layer;

    @Option(
            names = "--position",
            paramLabel = "P",
            description = "Which position of a file with directions by position; negative from the end.")
    private @Nullable Integer position;

    List<SteeringVector> read(String nameOrFile) {
        VectorHints hints = VectorHints.none();
        hints = layer == null ? hints : hints.layer(layer);
        hints = position == null ? hints : hints.position(position);
        return VectorFiles.readAll(UserFolders.vectors().find(nameOrFile), hints);
    }
}
