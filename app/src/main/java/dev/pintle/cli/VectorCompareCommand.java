package dev.pintle.cli;

import dev.pintle.problem.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorComparison;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle vector compare}. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = "Compares vectors: two by several measures, more by their cosines.")
final class VectorCompareCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE|NAME", description = "Vectors to compare; all layers of a file.")
    private List<String> names = new ArrayList<>();

    @Mixin
    private VectorInput input = new VectorInput();

    @Option(names = "--json", description = "Print the numbers as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Map<String, SteeringVector> vectors = new LinkedHashMap<>();
        for (String name : names) {
            List<SteeringVector> read = input.read(name);
            read.forEach(vector -> vectors.put(
                    read.size() == 1 ? name : name + " layer " + vector.at().layer(), vector));
        }
        if (vectors.size() < 2) {
            throw Problem.of("A comparison needs two vectors.")
                    .fact("but was", vectors.keySet())
                    .toIllegalArgument();
        }
        List<String> labels = List.copyOf(vectors.keySet());
        List<SteeringVector> all = List.copyOf(vectors.values());
        double[][] cosines = VectorComparison.cosines(
                all.stream().map(SteeringVector::direction).toList());
        VectorComparison two = all.size() == 2
                ? VectorComparison.of(all.get(0).direction(), all.get(1).direction())
                : null;
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("vectors", labels);
            fields.put("cosines", cosines);
            if (two != null) {
                fields.put("comparison", two);
            }
            out.println(VectorJson.text(fields));
        } else {
            print(out, labels, cosines, two);
        }
        return 0;
    }

    private static void print(
            PrintWriter out, List<String> labels, double[][] cosines, @Nullable VectorComparison two) {
        if (two != null) {
            out.printf(Locale.ROOT, "cosine            %8.4f%n", two.cosine());
            out.printf(Locale.ROOT, "Euclidean         %8.4f%n", two.euclidean());
            out.printf(Locale.ROOT, "Manhattan         %8.4f%n", two.manhattan());
            out.printf(Locale.ROOT, "Pearson           %8.4f%n", two.pearson());
            out.printf(
                    Locale.ROOT,
                    "exact zeros       %7.1f%% and %.1f%%%n",
                    100 * two.zerosOfOne(),
                    100 * two.zerosOfOther());
            out.printf(Locale.ROOT, "top-%d overlap   %7.1f%%%n", two.topK(), 100 * two.overlap());
            return;
        }
        int width = labels.stream().mapToInt(String::length).max().orElse(0);
        for (int i = 0; i < cosines.length; i++) {
            out.printf("%-" + width + "s", labels.get(i));
            for (double cosine : cosines[i]) {
                out.printf(Locale.ROOT, " %7.3f", cosine);
            }
            out.println();
        }
    }
}
