package dev.pintle.cli;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.Problem;
import dev.pintle.steering.AfterLastDifference;
import dev.pintle.steering.AllPositions;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.LastPosition;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle vector}: steering vectors. */
@Command(
        name = "vector",
        mixinStandardHelpOptions = true,
        description = "Fits steering vectors.",
        subcommands = VectorCommand.Fit.class)
final class VectorCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        Objects.requireNonNull(spec)
                .commandLine()
                .usage(Objects.requireNonNull(spec).commandLine().getOut());
    }

    /** {@code pintle vector fit}. */
    @Command(
            name = "fit",
            mixinStandardHelpOptions = true,
            description = "Fits a steering vector from two contrasting system prompts.")
    static final class Fit implements Callable<Integer> {
        @Mixin
        private ModelOptions model = new ModelOptions();

        @Option(
                names = "--positive",
                required = true,
                paramLabel = "TEXT",
                description = "System prompt that shows the concept.")
        private String positive = "";

        @Option(
                names = "--negative",
                required = true,
                paramLabel = "TEXT",
                description = "System prompt that does not.")
        private String negative = "";

        @Option(
                names = "--layer",
                required = true,
                paramLabel = "L",
                description = "Block, from 0, after which to read and steer.")
        private int layer;

        @Option(
                names = "--method",
                defaultValue = "after-last-difference",
                paramLabel = "METHOD",
                description = "all-positions, after-last-difference or last-position (default: ${DEFAULT-VALUE}).")
        private String method = "after-last-difference";

        @Option(
                names = "--prefixes",
                paramLabel = "FILE",
                description = "JSON list of begun answers, for last-position.")
        private @Nullable Path prefixes;

        @Option(
                names = {"-o", "--out"},
                required = true,
                paramLabel = "FILE",
                description = "Where to write the vector (safetensors).")
        private Path out = Path.of("vector.safetensors");

        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public Integer call() {
            SteeringMethod how = method();
            try (LanguageModel loaded = model.load()) {
                SteeringVector vector = SteeringVector.fit(loaded, HookPoint.residPost(layer), how);
                VectorFiles.write(vector, out);
                SteeringVector.Origin origin = vector.origin();
                Objects.requireNonNull(spec)
                        .commandLine()
                        .getOut()
                        .printf(
                                Locale.ROOT,
                                "%s%n  %s at %s of %s%n  %d pairs, %d directions, norm %.3f before scaling; activations there are %.2f long%n",
                                out,
                                origin.method(),
                                vector.at(),
                                origin.model(),
                                origin.pairs(),
                                origin.directions(),
                                origin.normBeforeScaling(),
                                origin.meanActivationNorm());
                return 0;
            }
        }

        private SteeringMethod method() {
            ContrastPair pair = ContrastPair.ofSystemPrompts(positive, negative);
            return switch (method) {
                case "all-positions" -> AllPositions.allPositions(pair);
                case "after-last-difference" -> AfterLastDifference.afterLastDifference(pair);
                case "last-position" ->
                    LastPosition.lastPosition(ContrastPair.ofPrefixes(positive, negative, prefixes()));
                default ->
                    throw Problem.of("There is no such method.")
                            .fact("but was", method)
                            .fact("choose", "all-positions, after-last-difference, last-position")
                            .toIllegalArgument();
            };
        }

        private List<String> prefixes() {
            if (prefixes == null) {
                throw Problem.of("The last-position method reads begun answers.")
                        .fact("missing", "--prefixes FILE, a JSON list of strings")
                        .toIllegalArgument();
            }
            return JsonLists.strings(prefixes);
        }
    }
}
