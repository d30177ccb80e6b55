package dev.pintle.spark;

import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.Progress;
import dev.pintle.cli.SettingOptions;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepLog;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.library.steer.Steering;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Fits the vectors of one model and concept, and asks the model before anything is tried.
 *
 * @param given files of vectors that are not fitted, by the names that tables show
 * @param asked layers as they were asked for; none for all
 * @param layers the same as numbers
 * @param beside steering that acts in every setting
 */
record PlanTask(
        String out,
        ModelSpec model,
        int order,
        ConceptSpec concept,
        Map<String, String> given,
        List<String> methods,
        List<String> asked,
        List<Integer> layers,
        String positions,
        JobSteering.Placed beside,
        List<String> questions,
        int maxNewTokens,
        String settings)
        implements Task<PlanTask.Planned> {
    private static final int KEY = 12; // hexadecimal digits, beside a readable name

    /**
     * What the driver hears.
     *
     * @param file the {@link SweepPlan}
     */
    record Planned(String file, long rows, long tokens) implements Serializable {}

    @Override
    public String what() {
        return "fit " + concept.name() + " on " + model.name();
    }

    /** A name that tells the sweep apart in the output folder. */
    private String name() {
        return slug(model.name()) + "-" + slug(concept.name()) + "-"
                + new Digest()
                        .add(model.name())
                        .add(model.dtype().name())
                        .add(model.quantisation().name())
                        .add(concept.json())
                        .hex()
                        .substring(0, KEY);
    }

    static String slug(String name) {
        String slug = name.replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
        return slug.length() > 40 ? slug.substring(slug.length() - 40) : slug;
    }

    /** The file of the plan, which is written last. */
    Path file() {
        return Path.of(out, "plans", name() + ".json");
    }

    @Override
    public Planned compute() {
        try (ModelCache.Use use = ModelCache.use(model)) {
            LanguageModel loaded = use.model();
            Sweep sweep = sweep(use, beside, questions, concept, maxNewTokens);
            Map<String, String> vectors = new LinkedHashMap<>();
            int blocks = loaded.config().nLayers();
            given.forEach((name, file) -> {
                List<SteeringVector> all =
                        VectorFiles.readAll(Path.of(file), VectorHints.none().blocks(blocks));
                vectors.put(
                        name,
                        write(
                                name,
                                SettingOptions.atLayers(name, all, asked, blocks).stream()
                                        .map(vector -> vector.requireFits(loaded, false))
                                        .toList()));
            });
            for (String method : methods) {
                List<Candidate> fitted = Candidate.fitted(
                        loaded,
                        Map.of(method, concept.prompts().method(method)),
                        layers,
                        Tokens.parse(positions),
                        Progress.SILENT);
                vectors.put(
                        method,
                        write(method, fitted.stream().map(Candidate::vector).toList()));
            }
            SweepPoint unsteered = sweep.unsteered();
            SweepPlan plan = new SweepPlan(
                    model,
                    order,
                    loaded.id().revision(),
                    concept,
                    sweep.plan(),
                    positions,
                    beside,
                    questions,
                    maxNewTokens,
                    vectors,
                    SweepLog.text(List.of(unsteered)),
                    TaskManifest.of("sweep", settings, loaded));
            SweepRows.write(
                    Path.of(out, "points", name() + "-unsteered.parquet"),
                    plan.metadata(),
                    plan.source(),
                    List.of(unsteered));
            plan.write(file());
            return new Planned(
                    file().toString(), unsteered.samples().size(), SweepTask.tokens(loaded, List.of(unsteered)));
        }
    }

    /** The sweep on a model that the job's own steering acts on already. */
    static Sweep sweep(
            ModelCache.Use use,
            JobSteering.Placed beside,
            List<String> questions,
            ConceptSpec concept,
            int maxNewTokens) {
        Steering steering = use.steering(beside, 1);
        return new Sweep(
                use.model().with(steering.interventions()),
                steering.effects().isEmpty() ? "" : Json.line(steering.facts()),
                questions,
                concept.concept(),
                maxNewTokens);
    }

    /** Writes vectors; returns their file, relative to the output folder. */
    private String write(String method, List<SteeringVector> vectors) {
        String file = "vectors/" + name() + "-" + slug(method) + ".safetensors";
        VectorFiles.write(vectors, Path.of(out).resolve(file));
        return file;
    }
}
