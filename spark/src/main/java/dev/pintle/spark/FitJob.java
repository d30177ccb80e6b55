package dev.pintle.spark;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFit;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.transformer.HookPoint;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Vectors of many contrast sets on several models, each with the bits of {@code pintle vector fit} on one machine.
 *
 * <pre>
 *   vectors/*.safetensors   the vectors of all layers, one file a model, set and method
 *   index.jsonl             which file is which, one line a file
 * </pre>
 *
 * @param models what vectors are fitted on
 * @param sets what they are fitted from
 * @param methods how, as {@code --method}; none for the usual one of each set
 * @param layers 0-based, as numbers and ranges such as {@code 2-5}; none for all, in one pass
 * @param aggregation as {@code --aggregation}
 */
public record FitJob(
        List<ModelSpec> models, List<ContrastSet> sets, List<String> methods, List<String> layers, String aggregation) {
    /** @throws IllegalArgumentException if a part is missing, or a method cannot use a set */
    public FitJob {
        models = models.stream().distinct().toList();
        sets = List.copyOf(sets);
        methods = methods.isEmpty() ? List.of("") : methods.stream().distinct().toList();
        layers = List.copyOf(layers);
        if (models.isEmpty() || sets.isEmpty()) {
            throw Problem.of("A fit needs models and contrast sets.")
                    .fact("models", models.size())
                    .fact("sets", sets.size())
                    .toIllegalArgument();
        }
        Aggregation how = Aggregation.parse(aggregation);
        for (ContrastSet set : sets) {
            methods.forEach(method -> set.method(method, how));
        }
    }

    /** What the outcome depends on. */
    private ObjectNode settings() {
        ObjectNode settings = Json.object();
        ArrayNode named = settings.putArray("models");
        models.forEach(model -> named.add(model.fields()));
        ObjectNode hashes = settings.putObject("sets");
        sets.forEach(set -> hashes.put(set.name(), set.hash()));
        methods.forEach(settings.putArray("methods")::add);
        layers.forEach(settings.putArray("layers")::add);
        return settings.put("aggregation", aggregation);
    }

    /**
     * Runs the job, or goes on with it; as {@link SweepJob#run}.
     *
     * @throws dev.pintle.base.PintleException if the job is refused, or the cluster fails; failures of tasks are in the result
     */
    public JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        models.forEach(model -> model.layers(library, layers));
        long needed = ExecutorMemory.require(library, models, 1, 0, memory.orElse(Long.MAX_VALUE));
        try (OutputFolder folder = OutputFolder.open(out, "fit", settings())) {
            List<Fit> all = new ArrayList<>();
            for (ModelSpec model : models) {
                List<Integer> wanted = model.layers(library, layers);
                for (ContrastSet set : sets) {
                    methods.forEach(method ->
                            all.add(new Fit(folder.path().toString(), model, set, method, wanted, aggregation)));
                }
            }
            List<Fit> left =
                    all.stream().filter(fit -> !Files.exists(fit.file())).toList();
            List<TaskFailure> failures = new ArrayList<>();
            Stage stage = new Stage("fitting", all.size() - left.size(), all.size(), listener);
            new LazyCluster(cluster, needed)
                    .run(
                            left,
                            (Fitted fitted) -> stage.done(fitted.vectors(), fitted.tokens()),
                            failure -> stage.failed(failure, failures),
                            listener);
            index(folder, all);
            folder.write(failures);
            return new JobResult(all.size(), stage.done(), failures);
        }
    }

    /** Writes which file is which, of those that are there. */
    private static void index(OutputFolder folder, List<Fit> fits) {
        StringBuilder lines = new StringBuilder();
        for (Fit fit : fits) {
            if (Files.exists(fit.file())) {
                ObjectNode line = Json.object()
                        .put("model", fit.model().name())
                        .put("set", fit.set().name())
                        .put("method", fit.method().isEmpty() ? "usual" : fit.method())
                        .put("file", folder.path().relativize(fit.file()).toString());
                lines.append(Json.line(line)).append('\n');
            }
        }
        AtomicFile.writeText(folder.path().resolve("index.jsonl"), lines.toString());
    }

    /** What the driver hears of a fit. */
    private record Fitted(int vectors, long tokens) implements Serializable {}

    /** Fits one model's vectors from one set. */
    private record Fit(
            String out, ModelSpec model, ContrastSet set, String method, List<Integer> layers, String aggregation)
            implements Task<Fitted> {
        private static final int KEY = 12; // hexadecimal digits, beside a readable name

        Path file() {
            String key = new Digest()
                    .add(model.name())
                    .add(set.hash())
                    .add(method)
                    .hex()
                    .substring(0, KEY);
            return Path.of(
                    out,
                    "vectors",
                    PlanTask.slug(model.name()) + "-" + PlanTask.slug(set.name())
                            + (method.isEmpty() ? "" : "-" + method) + "-" + key + ".safetensors");
        }

        @Override
        public String what() {
            return "fit " + set.name() + " on " + model.name() + (method.isEmpty() ? "" : " with " + method);
        }

        @Override
        public Fitted compute() {
            try (ModelCache.Use use = ModelCache.use(model)) {
                FitResult result = VectorFit.of(use.model(), set.method(method, Aggregation.parse(aggregation)))
                        .at(layers.stream().map(HookPoint::residPost).toList())
                        .run();
                List<SteeringVector> vectors = List.copyOf(result.vectors().values());
                VectorFiles.write(vectors, file());
                return new Fitted(vectors.size(), result.report().tokensComputed());
            }
        }
    }
}
