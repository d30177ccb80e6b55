package dev.pintle.spark;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.EvaluationItems;
import dev.pintle.library.Library;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Evaluations of several steerings on several models, each with the bits of {@code pintle evaluate} on one machine: what the
 * unsteered model does is measured once, then every steering at every multiple, in parts of some dozens of items.
 *
 * <pre>
 *   vectors/            the vectors that steer, copied from the driver's library
 *   points/*.parquet    a part of the items in one setting: one row an item
 *   results/*.json      a model and steering: what {@code pintle evaluate --json} prints
 *   results/*.svg       its figure
 *   index.jsonl         which result is which, one line each
 * </pre>
 *
 * @param models what is steered
 * @param steerings what acts, each by itself
 * @param multiples of each steering's strengths; 0 is unsteered
 * @param items what is asked
 * @param concept that is looked for in answers; {@link ConceptSpec#NONE} for nothing
 * @param maxNewTokens longest answer, written greedily
 */
public record EvaluateJob(
        List<ModelSpec> models,
        List<JobSteering> steerings,
        List<Double> multiples,
        EvaluationItems items,
        ConceptSpec concept,
        int maxNewTokens) {
    /**
     * @throws IllegalArgumentException if a part is missing or cannot be used
     * @throws dev.pintle.base.PintleException if a steering cannot be multiplied
     */
    public EvaluateJob {
        models = models.stream().distinct().toList();
        steerings = steerings.stream().distinct().toList();
        multiples = multiples.stream()
                .map(multiple -> multiple == 0 ? 0 : multiple) // -0 is 0
                .distinct()
                .sorted()
                .toList();
        if (models.isEmpty()
                || steerings.isEmpty()
                || steerings.contains(JobSteering.NONE)
                || multiples.stream().noneMatch(multiple -> multiple != 0)
                || !multiples.stream().allMatch(Double::isFinite)
                || maxNewTokens < 1) {
            throw Problem.of("An evaluation needs models, steering, and multiples other than 0.")
                    .fact("models", models.size())
                    .fact("steerings", steerings.size())
                    .fact("multiples", multiples)
                    .fact("longest answer", maxNewTokens + " tokens")
                    .toIllegalArgument();
        }
        for (JobSteering steering : steerings) {
            multiples.stream().filter(by -> by != 0 && by != 1).forEach(steering.spec()::scaled);
        }
        concept.concept();
    }

    /** What the outcome depends on. */
    private ObjectNode settings(Library library) {
        ObjectNode settings = Json.object();
        ArrayNode named = settings.putArray("models");
        models.forEach(model -> named.add(model.fields()));
        ArrayNode acting = settings.putArray("steer");
        ObjectNode vectors = settings.putObject("steered_by");
        for (JobSteering steering : steerings) {
            acting.add(steering.parsed());
            vectors.setAll(steering.hashes(library));
        }
        multiples.forEach(settings.putArray("multiples")::add);
        settings.put("items", hash()).put("concept", concept.json());
        return settings.put("max_new_tokens", maxNewTokens);
    }

    /** Of all that is asked. */
    private String hash() {
        return new Digest()
                .add(items.choices().toString())
                .add(items.capability().toString())
                .add(items.questions().toString())
                .hex();
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
        for (ModelSpec model : models) {
            steerings.forEach(steering -> steering.vectors().forEach(name -> model.vectors(library, name)));
        }
        long coders = ExecutorMemory.ofAutoencoders(library, steerings);
        long needed = ExecutorMemory.require(library, models, maxNewTokens, coders, memory.orElse(Long.MAX_VALUE));
        ObjectNode settings = settings(library);
        try (OutputFolder folder = OutputFolder.open(out, "evaluate", settings)) {
            LazyCluster lazily = new LazyCluster(cluster, needed);
            List<TaskFailure> failures = new ArrayList<>();
            List<JobSteering.Placed> placed = new ArrayList<>();
            steerings.forEach(steering -> placed.add(steering.in(folder.path(), library)));
            EvaluatePlan plan = new EvaluatePlan(this, folder.path(), placed, Json.line(settings));
            List<EvaluateTask> unsteered = plan.unsteered();
            int done = run("asking without steering", unsteered, unsteered, lazily, failures, listener);
            List<EvaluateTask> steered = plan.steered();
            done += run("asking with steering", steered, plan.ready(steered), lazily, failures, listener);
            plan.writeResults();
            folder.write(failures);
            return new JobResult(unsteered.size() + steered.size(), done, failures);
        }
    }

    /**
     * Runs what is left of a stage; returns how many of its tasks are done.
     *
     * @param ready those that can run
     */
    private static int run(
            String stage,
            List<EvaluateTask> tasks,
            List<EvaluateTask> ready,
            LazyCluster cluster,
            List<TaskFailure> failures,
            JobListener listener) {
        int before =
                (int) tasks.stream().filter(task -> Files.exists(task.file())).count();
        List<EvaluateTask> left =
                ready.stream().filter(task -> !Files.exists(task.file())).toList();
        Stage counted = new Stage(stage, before, tasks.size(), listener);
        cluster.run(
                left,
                (EvaluateTask.Measured measured) -> counted.done(measured.rows(), measured.tokens()),
                failure -> counted.failed(failure, failures),
                listener);
        return counted.done();
    }
}
