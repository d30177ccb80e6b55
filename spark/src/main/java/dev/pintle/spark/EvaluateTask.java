package dev.pintle.spark;

import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.cli.EvaluationAccount;
import dev.pintle.evaluation.Answers;
import dev.pintle.evaluation.Baseline;
import dev.pintle.evaluation.Capability;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.EvaluationItems;
import dev.pintle.evaluation.MultipleChoice;
import dev.pintle.evaluation.Propensity;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.model.LanguageModel;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Measures one part of the items on one model, unsteered or in one setting.
 *
 * @param model the model
 * @param order place of the model among the job's
 * @param revision of the model where it was measured before; empty if it was not
 * @param steering what acts; without entries for the unsteered model
 * @param name of the steering; empty for the unsteered model
 * @param multiple of its strengths; 0 for the unsteered model
 * @param part its number among the items' parts
 * @param items of the part, all of one kind
 * @param concept that is looked for in answers
 * @param maxNewTokens longest answer
 * @param settings of the job, for the manifest
 */
record EvaluateTask(
        String out,
        ModelSpec model,
        int order,
        String revision,
        JobSteering.Placed steering,
        String name,
        double multiple,
        int part,
        EvaluationItems items,
        ConceptSpec concept,
        int maxNewTokens,
        String settings)
        implements Task<EvaluateTask.Measured> {
    /** The key of what a steering was resolved to, in a Parquet file's metadata. */
    static final String SETUP = "pintle.setup";

    /** The key of the model's revision, likewise. */
    static final String REVISION = "pintle.revision";

    /** What the driver hears. */
    record Measured(long rows, long tokens) implements Serializable {}

    /** The same part of the items without steering. */
    private EvaluateTask unsteered() {
        return new EvaluateTask(
                out,
                model,
                order,
                revision,
                JobSteering.Placed.NONE,
                "",
                0,
                part,
                items,
                concept,
                maxNewTokens,
                settings);
    }

    EvaluationRows.Kind kind() {
        return !items.choices().isEmpty()
                ? EvaluationRows.Kind.CHOICE
                : items.capability().isEmpty() ? EvaluationRows.Kind.ANSWER : EvaluationRows.Kind.CAPABILITY;
    }

    /** The file of the rows. */
    Path file() {
        String key = new Digest()
                .add(Json.line(model.fields()))
                .add(steering.json())
                .add(Double.toString(multiple))
                .hex()
                .substring(0, 12);
        return Path.of(
                out,
                "points",
                PlanTask.slug(model.name()) + "-"
                        + (name.isEmpty() ? "unsteered" : PlanTask.slug(name) + "-x" + multiple) + "-" + kind().label()
                        + "-" + part + "-" + key + ".parquet");
    }

    @Override
    public String what() {
        int count = items.choices().size()
                + items.capability().size()
                + items.questions().size();
        String kinds = switch (kind()) {
            case CHOICE -> "choices";
            case CAPABILITY -> "multiple-choice questions";
            case ANSWER -> "questions to answer";
        };
        return model.name() + (name.isEmpty() ? " unsteered" : " with " + name + " times " + multiple) + ", " + count
                + " " + kinds;
    }

    @Override
    public Measured compute() {
        try (ModelCache.Use use = ModelCache.use(model)) {
            LanguageModel loaded = use.model();
            if (!revision.isEmpty() && !loaded.id().revision().equals(revision)) {
                throw new ElsewhereException(Problem.of("This executor has another model of that name.")
                        .fact("model", model.name())
                        .fact("expected", revision)
                        .fact("but was", loaded.id().revision())
                        .toException());
            }
            LanguageModel asked = multiple == 0
                    ? loaded
                    : loaded.with(use.steering(steering, multiple).interventions());
            List<EvaluationRows.Row> rows = switch (kind()) {
                case CHOICE -> choices(asked);
                case CAPABILITY -> capability(asked);
                case ANSWER -> answers(use, asked);
            };
            Map<String, String> metadata = new LinkedHashMap<>();
            metadata.put(TaskManifest.KEY, TaskManifest.of("evaluate", settings, loaded));
            metadata.put(REVISION, loaded.id().revision());
            if (multiple != 0) {
                metadata.put(
                        SETUP,
                        Json.line(EvaluationAccount.setup(
                                loaded, use.steering(steering, 1).facts())));
            }
            EvaluationRows.write(
                    file(),
                    metadata,
                    new EvaluationRows.Source(
                            model.name(), loaded.id().revision(), model.dtype().toString(), name, multiple),
                    kind(),
                    rows);
            long tokens = rows.stream()
                    .mapToLong(
                            row -> loaded.tokenizer().encodeAsText(row.sample().text()).length)
                    .sum();
            return new Measured(rows.size(), tokens);
        }
    }

    private SortedMap<Double, LanguageModel> setting(LanguageModel asked) {
        return new TreeMap<>(Map.of(multiple, asked));
    }

    private List<EvaluationRows.Row> choices(LanguageModel asked) {
        Propensity result = Propensity.of(setting(asked), new Concept.Choices(items.choices()), Progress.SILENT);
        List<EvaluationRows.Row> rows = new ArrayList<>();
        for (int i = 0; i < result.questions().size(); i++) {
            rows.add(EvaluationRows.Row.ofChoice(result.questions().get(i), result.propensities()[0][i]));
        }
        return rows;
    }

    private List<EvaluationRows.Row> capability(LanguageModel asked) {
        Capability result = Capability.of(setting(asked), items.capability(), Progress.SILENT);
        List<EvaluationRows.Row> rows = new ArrayList<>();
        for (int i = 0; i < items.capability().size(); i++) {
            MultipleChoice question = items.capability().get(i);
            rows.add(EvaluationRows.Row.ofCapability(question.question(), result.chosen()[0][i], question.answer()));
        }
        return rows;
    }

    private List<EvaluationRows.Row> answers(ModelCache.Use use, LanguageModel asked) {
        List<String> questions = items.questions();
        Concept how = concept.concept();
        List<SweepPoint.Sample> samples;
        if (multiple == 0) {
            samples = Answers.unsteered(asked, questions, how, maxNewTokens).samples();
        } else {
            List<SweepPoint.Sample> plain = EvaluationRows.read(unsteered().file()).stream()
                    .map(EvaluationRows.Row::sample)
                    .toList();
            String key = SweepTask.baselineKey("", plain);
            Baseline baseline = use.baseline(
                    key,
                    () -> new Sweep(use.model(), questions, how, maxNewTokens)
                            .baseline(new SweepPoint("", -1, 0, 0, plain)));
            samples = Answers.steered(asked, use.model(), questions, how, maxNewTokens, baseline);
            use.keep(key, baseline);
        }
        if (how instanceof Concept.Judged judged
                && samples.stream()
                        .allMatch(sample -> Double.isNaN(sample.score().concept()))) {
            throw Problem.of("The judge gave no verdict on any answer.")
                    .fact(
                            "judge",
                            judged.judge().model() + " at " + judged.judge().base())
                    .fact("try", "its address, and OPENAI_API_KEY in the environment of executors")
                    .toException();
        }
        return samples.stream().map(EvaluationRows.Row::ofAnswer).toList();
    }
}
