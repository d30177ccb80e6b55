package dev.pintle.cli;

import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.VectorFiles;
import dev.pintle.steering.VectorHints;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Vectors a command adds: {@code --vector FILE --strength S}, as often as wanted. */
final class SteeringOptions {
    @ArgGroup(exclusive = false, multiplicity = "0..*")
    private List<Steer> steers = new ArrayList<>();

    @Option(names = "--force", description = "Use a vector even if it was fitted on another model.")
    private boolean force;

    /** One vector and its strength. */
    static final class Steer {
        @Option(
                names = "--vector",
                required = true,
                paramLabel = "FILE|NAME",
                description = "Steering vector to add: a file of any format that is read, or a saved name.")
        private @Nullable String vector;

        @Option(
                names = "--strength",
                required = true,
                paramLabel = "S",
                description = "Factor on the vector; a fitted vector has length 1.")
        private double strength;

        @Option(
                names = "--layer",
                paramLabel = "L",
                description = "Which layer of a file with several; the layer of a file that does not say.")
        private @Nullable Integer layer;

        @Option(
                names = "--positions",
                paramLabel = "WHICH",
                description = "Tokens to steer: all, prompt, generated or from:N (default: all).")
        private String positions = "all";

        private List<Add> adds(LanguageModel model, boolean force) {
            Tokens tokens = Tokens.parse(positions);
            VectorHints hints =
                    layer == null ? VectorHints.none() : VectorHints.none().layer(layer);
            List<SteeringVector> vectors =
                    VectorFiles.readAll(UserFolders.vectors().find(String.valueOf(vector)), hints);
            vectors.forEach(v -> v.requireFits(model, force));
            return Add.addAll(vectors, strength).stream()
                    .map(add -> add.on(tokens))
                    .toList();
        }
    }

    /** What the options ask for. */
    List<Add> adds(LanguageModel model) {
        List<Add> adds = new ArrayList<>();
        for (Steer steer : steers) {
            if (steer.vector != null) {
                adds.addAll(steer.adds(model, force));
            }
        }
        return adds;
    }

    /** Whether vectors of other models are let pass. */
    boolean force() {
        return force;
    }

    /** The model, or a view of it with the vectors added. */
    LanguageModel applyTo(LanguageModel model) {
        List<Add> adds = adds(model);
        return adds.isEmpty() ? model : model.with(adds);
    }
}
