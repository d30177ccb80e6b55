package dev.pintle.spark;

import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.Progress;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepLog;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.study.RunManifest;
import dev.pintle.tensor.Engine;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Fits the vectors of one model and concept, and asks the unsteered model. */
record PlanTask(
        String out,
        ModelSpec model,
        int order,
        ConceptSpec concept,
        List<String> methods,
        List<Integer> layers,
        String positions,
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
            Sweep sweep = new Sweep(loaded, questions, concept.concept(), maxNewTokens);
            Map<String, String> vectors = new LinkedHashMap<>();
            for (String method : methods) {
                List<Candidate> fitted = Candidate.fitted(
                        loaded,
                        Map.of(method, concept.prompts().method(method)),
                        layers,
                        Tokens.parse(positions),
                        Progress.SILENT);
                String file = "vectors/" + name() + "-" + method + ".safetensors";
                VectorFiles.write(
                        fitted.stream().map(Candidate::vector).toList(),
                        Path.of(out).resolve(file));
                vectors.put(method, file);
            }
            SweepPoint unsteered = sweep.unsteered();
            SweepPlan plan = new SweepPlan(
                    model,
                    order,
                    loaded.id().revision(),
                    concept,
                    sweep.plan(),
                    positions,
                    questions,
                    maxNewTokens,
                    vectors,
                    SweepLog.text(List.of(unsteered)),
                    manifest(loaded));
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

    /** What produced the numbers; the same on every executor of a kind. */
    private String manifest(LanguageModel loaded) {
        return "{\"pintle\":" + Json.line(RunManifest.version())
                + ",\"job\":\"sweep\",\"settings\":" + settings
                + ",\"model\":" + Json.line(loaded.id().name())
                + ",\"model_revision\":" + Json.line(loaded.id().revision())
                + ",\"device\":" + Json.line(loaded.device().toString())
                + ",\"engine\":" + Json.line("libtorch " + Engine.version() + ", " + Engine.cpuCapability())
                + "}";
    }
}
