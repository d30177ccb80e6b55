package dev.pintle.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.cli.EvaluationAccount;
import dev.pintle.evaluation.Answers;
import dev.pintle.evaluation.Capability;
import dev.pintle.evaluation.Evaluation;
import dev.pintle.evaluation.EvaluationItems;
import dev.pintle.evaluation.Propensity;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.figure.Theme;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** The tasks of an evaluation, and how what they wrote becomes what {@code pintle evaluate} says. */
final class EvaluatePlan {
    private static final JobSteering.Placed UNSTEERED = JobSteering.Placed.NONE;
    private static final int KEY = 12; // hexadecimal digits, beside a readable name

    private final EvaluateJob job;
    private final Path out;
    private final List<JobSteering.Placed> placed;
    private final String settings;
    private final List<EvaluationItems> parts;

    /**
     * @param out the output folder
     * @param placed the job's steerings
     * @param settings of the job, as JSON
     */
    EvaluatePlan(EvaluateJob job, Path out, List<JobSteering.Placed> placed, String settings) {
        this.job = job;
        this.out = out;
        this.placed = placed;
        this.settings = settings;
        this.parts = job.items().parts();
    }

    // ---------------------------------------------------------------- tasks

    private EvaluateTask task(
            int model, String revision, JobSteering.Placed steering, String name, double multiple, int part) {
        return new EvaluateTask(
                out.toString(),
                job.models().get(model),
                model,
                revision,
                steering,
                name,
                multiple,
                part,
                parts.get(part),
                job.concept(),
                job.maxNewTokens(),
                settings);
    }

    private EvaluateTask unsteered(int model, int part) {
        return task(model, "", UNSTEERED, "", 0, part);
    }

    private EvaluateTask steered(int model, String revision, int steering, double multiple, int part) {
        return task(
                model,
                revision,
                placed.get(steering),
                job.steerings().get(steering).name(),
                multiple,
                part);
    }

    /** What the unsteered model does, by model: answers in any case, since others are compared with them. */
    List<EvaluateTask> unsteered() {
        List<EvaluateTask> tasks = new ArrayList<>();
        for (int model = 0; model < job.models().size(); model++) {
            for (int part = 0; part < parts.size(); part++) {
                if (job.multiples().contains(0.0)
                        || !parts.get(part).questions().isEmpty()) {
                    tasks.add(unsteered(model, part));
                }
            }
        }
        return tasks;
    }

    /** What steered models do, by model and steering. */
    List<EvaluateTask> steered() {
        List<EvaluateTask> tasks = new ArrayList<>();
        for (int model = 0; model < job.models().size(); model++) {
            String revision = revision(model);
            for (int steering = 0; steering < placed.size(); steering++) {
                for (double multiple : job.multiples()) {
                    for (int part = 0; multiple != 0 && part < parts.size(); part++) {
                        tasks.add(steered(model, revision, steering, multiple, part));
                    }
                }
            }
        }
        return tasks;
    }

    /** Those that have what they are compared with. */
    List<EvaluateTask> ready(List<EvaluateTask> tasks) {
        return tasks.stream()
                .filter(task -> task.kind() != EvaluationRows.Kind.ANSWER
                        || Files.exists(unsteered(task.order(), task.part()).file()))
                .toList();
    }

    /** The revision of a model that was asked without steering; empty if it was not. */
    private String revision(int model) {
        for (int part = 0; part < parts.size(); part++) {
            Path file = unsteered(model, part).file();
            if (Files.exists(file)) {
                return metadata(file, EvaluateTask.REVISION);
            }
        }
        return "";
    }

    private static String metadata(Path file, String key) {
        return ParquetFiles.metadata(file).getOrDefault(key, "");
    }

    // ---------------------------------------------------------------- results

    /** Writes the results that are complete, and which is which. */
    void writeResults() {
        StringBuilder index = new StringBuilder();
        for (int model = 0; model < job.models().size(); model++) {
            for (int steering = 0; steering < placed.size(); steering++) {
                List<EvaluateTask> own = own(model, steering);
                if (own.stream().allMatch(task -> Files.exists(task.file()))) {
                    String name = name(model, steering);
                    write(name, steering, own);
                    ObjectNode line = Json.object()
                            .put("model", job.models().get(model).name())
                            .put("steering", job.steerings().get(steering).name())
                            .put("result", name + ".json")
                            .put("figure", name + ".svg");
                    line.set("steer", job.steerings().get(steering).parsed());
                    index.append(Json.line(line)).append('\n');
                }
            }
        }
        AtomicFile.writeText(out.resolve("index.jsonl"), index.toString());
    }

    /** The tasks of one result, by multiple. */
    private List<EvaluateTask> own(int model, int steering) {
        List<EvaluateTask> own = new ArrayList<>();
        for (double multiple : job.multiples()) {
            for (int part = 0; part < parts.size(); part++) {
                own.add(multiple == 0 ? unsteered(model, part) : steered(model, "", steering, multiple, part));
            }
        }
        return own;
    }

    /** The files of a result without their endings, relative to the output folder. */
    private String name(int model, int steering) {
        ModelSpec spec = job.models().get(model);
        JobSteering acting = job.steerings().get(steering);
        String key = new Digest()
                .add(Json.line(spec.fields()))
                .add(acting.json())
                .hex()
                .substring(0, KEY);
        return "results/" + PlanTask.slug(spec.name()) + "-" + PlanTask.slug(acting.name()) + "-" + key;
    }

    private void write(String name, int steering, List<EvaluateTask> own) {
        Path json = out.resolve(name + ".json");
        Path figure = out.resolve(name + ".svg");
        if (Files.exists(json) && Files.exists(figure)) {
            return;
        }
        requireOneRevision(own);
        EvaluationAccount account = new EvaluationAccount(result(own));
        Path steered = own.stream()
                .filter(task -> task.multiple() != 0)
                .findFirst()
                .orElseThrow()
                .file();
        account.figure().write(figure, Theme.LIGHT);
        AtomicFile.writeText(
                json, Json.text(account.fields(job.steerings().get(steering).parsed(), setup(steered))) + "\n");
    }

    private static JsonNode setup(Path file) {
        try {
            return Json.parse(metadata(file, EvaluateTask.SETUP));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireOneRevision(List<EvaluateTask> own) {
        Set<String> revisions = new TreeSet<>();
        own.forEach(task -> revisions.add(metadata(task.file(), EvaluateTask.REVISION)));
        if (revisions.size() > 1) {
            throw Problem.of("Executors have different models of one name.")
                    .fact("model", own.get(0).model().name())
                    .fact("revisions", String.join(", ", revisions))
                    .fact("try", "the same model on all machines, and another output folder")
                    .toException();
        }
    }

    private Evaluation result(List<EvaluateTask> own) {
        SortedMap<Double, List<EvaluationRows.Row>> choices = new TreeMap<>();
        SortedMap<Double, List<EvaluationRows.Row>> capability = new TreeMap<>();
        SortedMap<Double, List<EvaluationRows.Row>> answers = new TreeMap<>();
        for (EvaluateTask task : own) {
            Map<Double, List<EvaluationRows.Row>> kind = switch (task.kind()) {
                case CHOICE -> choices;
                case CAPABILITY -> capability;
                case ANSWER -> answers;
            };
            kind.computeIfAbsent(task.multiple(), multiple -> new ArrayList<>())
                    .addAll(EvaluationRows.read(task.file()));
        }
        double[] multiples =
                job.multiples().stream().mapToDouble(Double::doubleValue).toArray();
        return new Evaluation(
                choices.isEmpty()
                        ? null
                        : new Propensity(
                                multiples,
                                List.copyOf(job.items().choices().keySet()),
                                choices.values().stream()
                                        .map(rows -> rows.stream()
                                                .mapToDouble(EvaluationRows.Row::propensity)
                                                .toArray())
                                        .toArray(double[][]::new)),
                capability.isEmpty()
                        ? null
                        : new Capability(
                                multiples,
                                job.items().capability(),
                                capability.values().stream()
                                        .map(rows -> rows.stream()
                                                .mapToInt(EvaluationRows.Row::chosen)
                                                .toArray())
                                        .toArray(int[][]::new)),
                answers.isEmpty() ? null : Answers.of(job.concept().concept(), samples(answers)));
    }

    private static SortedMap<Double, List<SweepPoint.Sample>> samples(
            SortedMap<Double, List<EvaluationRows.Row>> answers) {
        SortedMap<Double, List<SweepPoint.Sample>> samples = new TreeMap<>();
        answers.forEach((multiple, rows) -> samples.put(
                multiple, rows.stream().map(EvaluationRows.Row::sample).toList()));
        return samples;
    }
}
