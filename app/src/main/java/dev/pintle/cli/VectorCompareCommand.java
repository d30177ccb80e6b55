package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorComparison;
import dev.pintle.transformer.HookPoint;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
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
        description = "Compares vectors: two by several measures, more by cosine.")
final class VectorCompareCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE|NAME", description = "Vectors to compare; of a file, all layers.")
    private List<String> names = new ArrayList<>();

    @Mixin
    private VectorInput input = new VectorInput();

    @Option(
            names = "--across-layers",
            description = "Also compare vectors of different layers, as directions of one residual stream.")
    private boolean acrossLayers;

    @Option(names = "--force", description = "Also compare vectors of different models.")
    private boolean force;

    @Option(names = "--json", description = "Print the numbers as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        List<Map<String, SteeringVector>> groups = acrossLayers ? List.of(all()) : byPlace(err);
        List<Object> records = new ArrayList<>();
        for (Map<String, SteeringVector> vectors : groups) {
            List<String> labels = List.copyOf(vectors.keySet());
            List<SteeringVector> group = List.copyOf(vectors.values());
            double[][] cosines = VectorComparison.cosines(
                    group.stream().map(SteeringVector::direction).toList());
            VectorComparison two = group.size() == 2
                    ? VectorComparison.of(group.get(0).direction(), group.get(1).direction())
                    : null;
            if (json) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put(
                        "hook_points",
                        group.stream().map(v -> v.at().toString()).toList());
                fields.put("vectors", labels);
                fields.put("cosines", cosines);
                if (two != null) {
                    fields.put("comparison", two);
                }
                Setup setup = Setup.withoutModel();
                vectors.forEach(setup::vector);
                fields.put("setup", setup.fields());
                records.add(fields);
            } else {
                if (groups.size() > 1) {
                    out.println(group.get(0).at());
                }
                print(out, labels, cosines, two);
            }
        }
        if (json) {
            out.println(Json.text(records.size() == 1 ? records.get(0) : records));
        }
        return 0;
    }

    private Map<String, SteeringVector> all() {
        Map<String, SteeringVector> vectors = new LinkedHashMap<>();
        for (String name : names) {
            List<SteeringVector> read = input.read(name);
            read.forEach(vector -> put(vectors, read.size() == 1 ? name : name + " " + vector.at(), vector));
        }
        if (vectors.size() < 2) {
            throw needsTwo(vectors.keySet().toString());
        }
        requireComparable(vectors);
        return vectors;
    }

    /** A vector given twice is compared with itself, which needs two labels. */
    private static void put(Map<String, SteeringVector> vectors, String label, SteeringVector vector) {
        String free = label;
        for (int i = 2; vectors.containsKey(free); i++) {
            free = label + " (" + i + ")";
        }
        vectors.put(free, vector);
    }

    /** The vectors by hook point, for the hook points at which every name has one. */
    private List<Map<String, SteeringVector>> byPlace(PrintWriter err) {
        if (names.size() < 2) {
            throw needsTwo(names.get(0) + "; --across-layers compares the layers of one file");
        }
        Map<HookPoint, Map<String, SteeringVector>> byPlace = new TreeMap<>();
        List<List<HookPoint>> places = new ArrayList<>();
        for (String name : names) {
            List<SteeringVector> read = input.read(name);
            places.add(read.stream().map(SteeringVector::at).toList());
            read.forEach(
                    vector -> put(byPlace.computeIfAbsent(vector.at(), at -> new LinkedHashMap<>()), name, vector));
        }
        List<Map<String, SteeringVector>> groups = byPlace.values().stream()
                .filter(group -> group.size() == names.size())
                .toList();
        if (groups.isEmpty()) {
            Problem problem = Problem.of("The vectors come from different hook points.");
            for (int i = 0; i < names.size(); i++) {
                problem = problem.fact("vector", names.get(i) + ": " + places.get(i));
            }
            throw problem.fact("try", "vectors of one layer, or --across-layers to compare them anyway")
                    .toIllegalArgument();
        }
        byPlace.forEach((at, group) -> {
            if (group.size() < names.size()) {
                err.println("not compared: " + at + ", only in " + String.join(", ", group.keySet()));
            }
        });
        err.flush();
        groups.forEach(this::requireComparable);
        return groups;
    }

    private static IllegalArgumentException needsTwo(String found) {
        return Problem.of("A comparison needs two vectors.")
                .fact("but was", found)
                .toIllegalArgument();
    }

    private void requireComparable(Map<String, SteeringVector> vectors) {
        Map.Entry<String, SteeringVector> first = vectors.entrySet().iterator().next();
        for (Map.Entry<String, SteeringVector> other : vectors.entrySet()) {
            String one = first.getValue().origin().model().revision();
            String two = other.getValue().origin().model().revision();
            boolean sameModel = one.isEmpty() || two.isEmpty() || one.equals(two);
            boolean sameWidth = first.getValue().dModel() == other.getValue().dModel();
            if (!sameWidth || (!sameModel && !force)) {
                Problem problem = Problem.of("The vectors come from different models.")
                        .fact("vector", first.getKey() + ": " + described(first.getValue()))
                        .fact("vector", other.getKey() + ": " + described(other.getValue()));
                throw (sameWidth ? problem.fact("try", "--force to compare them anyway") : problem).toIllegalArgument();
            }
        }
    }

    private static String described(SteeringVector vector) {
        return vector.at() + " of " + vector.origin().model() + ", dModel " + vector.dModel();
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
