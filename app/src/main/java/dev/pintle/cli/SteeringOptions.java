package dev.pintle.cli;

import dev.pintle.model.LanguageModel;
import dev.pintle.problem.Problem;
import dev.pintle.steering.Add;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFiles;
import java.nio.file.Path;
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
        @Option(names = "--vector", required = true, paramLabel = "FILE", description = "Steering vector to add.")
        private @Nullable Path file;

        @Option(
                names = "--strength",
                required = true,
                paramLabel = "S",
                description = "Factor on the vector; a fitted vector has length 1.")
        private double strength;
    }

    /** The model, or a view of it with the vectors added. */
    LanguageModel applyTo(LanguageModel model) {
        List<Add> adds = new ArrayList<>();
        for (Steer steer : steers) {
            if (steer.file == null) {
                continue;
            }
            SteeringVector vector = VectorFiles.read(steer.file);
            if (vector.dModel() != model.config().dModel()) {
                throw Problem.of("The vector does not fit the model.")
                        .fact(
                                "vector",
                                steer.file + ", " + vector.dModel() + " wide, of "
                                        + vector.origin().model())
                        .fact(
                                "model",
                                model.id() + ", dModel = " + model.config().dModel())
                        .toException();
            }
            if (!force && !vector.origin().model().revision().equals(model.id().revision())) {
                throw Problem.of("The vector was fitted on another model.")
                        .fact("vector", steer.file + ", of " + vector.origin().model())
                        .fact("model", model.id())
                        .fact("try", "fitting it on this model, or --force to add it all the same")
                        .toException();
            }
            adds.add(Add.add(vector, steer.strength));
        }
        return adds.isEmpty() ? model : model.with(adds);
    }
}
