package dev.pintle.spark;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.cli.LayerList;
import dev.pintle.cli.SettingOptions;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepLog;
import dev.pintle.evaluation.SweepSetting;
import dev.pintle.library.Library;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Sweeps of several models and concepts, each of which has the bits of the same {@link Sweep} on one machine: for each model and
 * concept, vectors are fitted and the unsteered model answers; then groups of settings are answered, ordered by model and layer.
 *
 * <pre>
 *   vectors/*.safetensors   fitted vectors, one file a model, concept and method
 *   plans/*.json            a sweep: its vectors, and the unsteered answers
 *   points/*.parquet        a group of settings: one row an answer, the job's manifest in the metadata
 * </pre>
 *
 * <p>The driver also appends the points to the logs that {@code pintle sweep} keeps, so that it, {@code tune} and the studio
 * find them.
 *
 * @param models what is steered
 * @param concepts what vectors are fitted for, and answers scored for
 * @param vectors names and files of vectors to try, as {@code --vector} of {@code pintle sweep}; none if all are fitted
 * @param methods how vectors are fitted, as {@code --method}; none if none are
 * @param layers 0-based, as numbers and ranges such as {@code 2-5}; none for all
 * @param strengths all in one unit; 0, unsteered, is always among them
 * @param positions tokens to steer, as {@code --positions}
 * @param beside steering that acts in every setting, as {@code --steer}
 * @param questions user turns; those of multiple-choice items are asked instead where a concept has them
 * @param maxNewTokens longest answer, written greedily
 */
public record SweepJob(
        List<ModelSpec> models,
        List<ConceptSpec> concepts,
        List<String> vectors,
        List<String> methods,
        List<String> layers,
        List<Strength> strengths,
        String positions,
        JobSteering beside,
        List<String> questions,
        int maxNewTokens) {
    /** @throws IllegalArgumentException if a part is missing or cannot be used */
    public SweepJob {
        models = distinct("models", models);
        concepts = distinct("concepts", concepts);
        vectors = vectors.stream().distinct().toList();
        methods = vectors.isEmpty()
                ? distinct("methods", methods)
                : methods.stream().distinct().toList();
        if (vectors.stream().map(SettingOptions::nameOf).distinct().count() < vectors.size()) {
            throw Problem.of("Two vectors have the same file name, by which tables call them.")
                    .fact("vectors", vectors)
                    .fact("try", "other names for the files")
                    .toIllegalArgument();
        }
        strengths = distinct("strengths", strengths);
        questions = List.copyOf(questions);
        layers = List.copyOf(layers);
        Sweep.requireOneUnit(strengths);
        Tokens.parse(positions);
        if (questions.isEmpty() || maxNewTokens < 1) {
            throw Problem.of("A sweep asks questions and reads answers.")
                    .fact("questions", questions.size())
                    .fact("longest answer", maxNewTokens + " tokens")
                    .toIllegalArgument();
        }
        for (ConceptSpec concept : concepts) {
            methods.forEach(concept.prompts()::method);
        }
    }

    private static <T> List<T> distinct(String name, List<T> parts) {
        if (parts.isEmpty()) {
            throw Problem.of("A sweep needs at least one of each.")
                    .fact("missing", name)
                    .toIllegalArgument();
        }
        return parts.stream().distinct().toList();
    }

    /**
     * Refuses what cannot run, before a cluster is asked for anything.
     *
     * @param memory bytes that an executor has for models, outside its Java heap
     * @return bytes that the largest model needs there, as far as that can be told
     * @throws dev.pintle.base.PintleException if a model is not on this machine or does not fit
     * @throws IllegalArgumentException if a model lacks a layer
     */
    public long check(Library library, OptionalLong memory) {
        for (ModelSpec model : models) {
            int blocks = model.blocks(library);
            LayerList.of(layers, blocks);
            for (String name : vectors) {
                SettingOptions.atLayers(name, model.vectors(library, name), layers, blocks)
                        .forEach(vector -> strengths.forEach(strength -> strength.resolve(vector)));
            }
            beside.vectors().forEach(name -> model.vectors(library, name));
        }
        long coders = ExecutorMemory.ofAutoencoders(library, List.of(beside));
        return ExecutorMemory.require(library, models, maxNewTokens, coders, memory.orElse(Long.MAX_VALUE));
    }

    /** What the outcome depends on. */
    private ObjectNode settings(Library library, List<ModelSpec> someModels, List<ConceptSpec> someConcepts) {
        ObjectNode settings = Json.object();
        ArrayNode named = settings.putArray("models");
        someModels.forEach(model -> named.add(model.fields()));
        ArrayNode wanted = settings.putArray("concepts");
        someConcepts.forEach(concept -> wanted.add(concept.json()));
        if (!vectors.isEmpty()) {
            ObjectNode files = settings.putObject("vectors");
            vectors.forEach(name -> files.put(name, new SharedFile(library.vectorFile(name)).hash()));
        }
        if (!beside.equals(JobSteering.NONE)) {
            settings.set("steer", beside.parsed());
            settings.set("steered_by", beside.hashes(library));
        }
        methods.forEach(settings.putArray("methods")::add);
        layers.forEach(settings.putArray("layers")::add);
        strengths.forEach(strength -> settings.withArray("/strengths").add(strength.toString()));
        settings.put("positions", positions);
        questions.forEach(settings.putArray("questions")::add);
        return settings.put("max_new_tokens", maxNewTokens);
    }

    /**
     * Runs the job, or goes on with it.
     *
     * @param cluster starts Spark, once it is known that there is something to do; receives what {@link #check} returned
     * @param memory as for {@link #check}
     * @param out folder of the outcome, which every executor sees
     * @param library of the driver, which keeps the logs of sweeps
     * @throws dev.pintle.base.PintleException if the job is refused, or the cluster fails; failures of tasks are in the result
     */
    public JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        long needed = check(library, memory);
        try (OutputFolder folder = OutputFolder.open(out, "sweep", settings(library, models, concepts));
                Logs logs = new Logs(library.sweeps())) {
            LazyCluster lazily = new LazyCluster(cluster, needed);
            List<TaskFailure> failures = new ArrayList<>();
            List<SweepPlan> plans = plans(folder, library, lazily, listener, failures);
            List<SweepTask> tasks = new ArrayList<>();
            int groups = 0;
            for (SweepPlan plan : plans) {
                groups += tasks(folder, logs, plan, tasks);
            }
            tasks.sort(Comparator.comparingInt(SweepTask::model).thenComparingInt(SweepTask::layer)); // stable
            Stage stage = new Stage("answering", groups - tasks.size(), groups, listener);
            lazily.run(
                    tasks,
                    (SweepTask.Answered answered) -> {
                        logs.of(answered.plan()).addMissing(SweepLog.points(answered.points()));
                        stage.done(answered.rows(), answered.tokens());
                    },
                    failure -> stage.failed(failure, failures),
                    listener);
            folder.write(failures);
            return new JobResult(models.size() * concepts.size() + groups, plans.size() + stage.done(), failures);
        }
    }

    /** The plans of all models and concepts, in this order; those that failed are left out. */
    private List<SweepPlan> plans(
            OutputFolder folder,
            Library library,
            LazyCluster cluster,
            JobListener listener,
            List<TaskFailure> failures) {
        Map<Path, SweepPlan> known = new LinkedHashMap<>();
        List<PlanTask> tasks = new ArrayList<>();
        List<Path> files = new ArrayList<>();
        Path kept = folder.path().resolve("vectors");
        Map<String, String> given = new LinkedHashMap<>();
        vectors.forEach(name -> given.put(
                SettingOptions.nameOf(name),
                new SharedFile(library.vectorFile(name))
                        .copyTo(kept, SettingOptions.nameOf(name))
                        .toString()));
        JobSteering.Placed background = beside.in(folder.path(), library);
        for (int m = 0; m < models.size(); m++) {
            ModelSpec model = models.get(m);
            List<Integer> wanted = model.layers(library, layers);
            for (ConceptSpec concept : concepts) {
                PlanTask task = new PlanTask(
                        folder.path().toString(),
                        model,
                        m,
                        concept,
                        given,
                        methods,
                        layers,
                        wanted,
                        positions,
                        background,
                        concept.questions(questions),
                        maxNewTokens,
                        Json.line(settings(library, List.of(model), List.of(concept))));
                files.add(task.file());
                if (Files.exists(task.file())) {
                    known.put(task.file(), SweepPlan.read(task.file(), background));
                } else {
                    tasks.add(task);
                }
            }
        }
        Stage stage = new Stage("fitting", known.size(), files.size(), listener);
        cluster.run(
                tasks,
                (PlanTask.Planned planned) -> {
                    Path file = Path.of(planned.file());
                    known.put(file, SweepPlan.read(file, background));
                    stage.done(planned.rows(), planned.tokens());
                },
                failure -> stage.failed(failure, failures),
                listener);
        return files.stream().filter(known::containsKey).map(known::get).toList();
    }

    /**
     * Finds out what is left of a sweep, and tells its log and its folder what either lacks.
     *
     * @param tasks receives what is left
     * @return the number of groups of the whole sweep
     */
    private int tasks(OutputFolder folder, Logs logs, SweepPlan plan, List<SweepTask> tasks) {
        SweepLog log = logs.of(plan);
        log.addMissing(SweepLog.points(plan.unsteered()));
        List<Candidate> candidates = new ArrayList<>();
        plan.vectors()
                .forEach((method, file) -> VectorFiles.readAll(folder.path().resolve(file), VectorHints.none())
                        .forEach(vector -> candidates.add(new Candidate(method, vector, Tokens.parse(positions)))));
        List<List<SweepSetting>> groups = Sweep.groups(
                SweepSetting.all(candidates, strengths), plan.questions().size());
        for (List<SweepSetting> group : groups) {
            SweepTask task = SweepTask.of(folder.path(), plan, group);
            if (Files.exists(task.file())) {
                if (!log.missing(group).isEmpty()) {
                    log.addMissing(SweepRows.read(task.file()));
                }
            } else {
                log.points(group)
                        .ifPresentOrElse(
                                points -> SweepRows.write(task.file(), plan.metadata(), plan.source(), points),
                                () -> tasks.add(task));
            }
        }
        log.forgetAnswers();
        return groups.size();
    }

    /** The logs of sweeps that are being written. */
    private static final class Logs implements AutoCloseable {
        private final Path folder;
        private final Map<String, SweepLog> open = new LinkedHashMap<>();

        Logs(Path folder) {
            this.folder = folder;
        }

        SweepLog of(SweepPlan plan) {
            return of(plan.plan());
        }

        SweepLog of(String plan) {
            return open.computeIfAbsent(plan, key -> SweepLog.open(Sweep.fileIn(folder, key), key));
        }

        @Override
        public void close() {
            open.values().forEach(SweepLog::close);
        }
    }
}
