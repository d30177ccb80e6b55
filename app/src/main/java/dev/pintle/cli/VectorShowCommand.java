package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorJson;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle vector show}. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Shows what a vector is and where it comes from.")
final class VectorShowCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE|NAME", description = "Vector to show.")
    private String vector = "";

    @Mixin
    private VectorInput input = new VectorInput();

    @Option(names = "--json", description = "Print the full record as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<SteeringVector> vectors = input.read(vector);
        if (json) {
            out.println(Json.text(vectors.stream().map(VectorJson::of).toList()));
        } else {
            vectors.forEach(one -> describe(out, one));
        }
        return 0;
    }

    /** What was read: pairs, or texts of two classes. */
    private static String read(Origin origin) {
        String one = origin.method().name().equals("diff-mean") ? "text" : "pair";
        return origin.data().pairs() == 1 ? "1 " + one : origin.data().pairs() + " " + one + "s";
    }

    /** Describes one vector in a few lines. */
    static void describe(PrintWriter out, SteeringVector vector) {
        Origin origin = vector.origin();
        String model = origin.model().name().isEmpty()
                ? "an unnamed model"
                : origin.model().name();
        String revision =
                origin.model().revision().isEmpty() ? "" : "@" + origin.model().revision();
        out.printf(Locale.ROOT, "  %s at %s of %s%s%n", origin.method().name(), vector.at(), model, revision);
        out.printf(
                Locale.ROOT,
                "    dModel %d, length %.3f",
                vector.dModel(),
                vector.direction().norm());
        if (origin.data().pairs() > 0) {
            out.printf(
                    Locale.ROOT,
                    "; %s of %d %s%s from %s, length %.3f before scaling",
                    origin.method().aggregation(),
                    origin.data().directions(),
                    origin.data().directions() == 1 ? "direction" : "directions",
                    origin.method().settings().isEmpty()
                            ? ""
                            : " (" + origin.method().settings() + ")",
                    read(origin),
                    origin.measures().normBeforeScaling());
        }
        out.println();
        if (Double.isFinite(origin.meanActivationNorm())) {
            out.printf(Locale.ROOT, "    mean activation norm %.2f%n", origin.meanActivationNorm());
        }
        if (Double.isFinite(origin.measures().explainedVariance())) {
            out.printf(
                    Locale.ROOT,
                    "    explains %.1f%% of the variance%n",
                    100 * origin.measures().explainedVariance());
        }
        if (Double.isFinite(origin.measures().stability().splitHalfCosine())) {
            out.printf(
                    "    split-half cosine %s%n", origin.measures().stability().text());
        }
        if (!origin.source().isEmpty()) {
            out.printf(Locale.ROOT, "    from %s%n", origin.source());
        }
    }
}
