package dev.pintle.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.run.StoredRun;
import dev.pintle.study.AllPositionCaaResult;
import dev.pintle.study.BaseResult;
import dev.pintle.study.DoubleDecodeResult;
import dev.pintle.study.MeanVsPcaResult;
import dev.pintle.study.OtherSaesResult;
import dev.pintle.study.QualityResult;
import dev.pintle.study.RunManifest;
import dev.pintle.study.SteeringLatentsResult;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyResult;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudyStage;
import dev.pintle.study.ViaSaeSteeringResult;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The page of a run of studies.
 *
 * @param manifest what it was run on
 * @param settings what it was run with
 * @param stages the studies, in order
 * @param run its id; empty where it was not kept
 * @param begun when
 */
public record RunPage(
        RunManifest manifest, StudySettings settings, List<StudyStage> stages, String run, Instant begun) {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    /** Keeps a copy of the stages. */
    public RunPage {
        stages = List.copyOf(stages);
    }

    /** Of a run that was not kept. */
    public RunPage(RunManifest manifest, StudySettings settings, List<StudyStage> stages) {
        this(manifest, settings, stages, "", Instant.EPOCH);
    }

    /** One a study. */
    public List<Chapter> chapters() {
        return stages.stream().map(stage -> chapter(stage.result())).toList();
    }

    private Chapter chapter(StudyResult result) {
        Published published = Published.of(manifest);
        if (result instanceof BaseResult base) {
            return new BaseChapter(base, shown(), published).chapter();
        } else if (result instanceof AllPositionCaaResult all) {
            return new AllPositionCaaChapter(all, shown(), published).chapter();
        } else if (result instanceof MeanVsPcaResult pca) {
            return new MeanVsPcaChapter(pca, shown(), published).chapter();
        } else if (result instanceof ViaSaeSteeringResult latent) {
            return new ViaSaeSteeringChapter(latent, shown(), published).chapter();
        } else if (result instanceof DoubleDecodeResult twice) {
            return new DoubleDecodeChapter(twice, shown()).chapter();
        } else if (result instanceof SteeringLatentsResult latents) {
            return new SteeringLatentsChapter(latents, shown(), published).chapter();
        } else if (result instanceof OtherSaesResult others) {
            return new OtherSaesChapter(others).chapter();
        } else if (result instanceof QualityResult quality) {
            return new QualityChapter(quality, shown()).chapter();
        }
        throw new IllegalArgumentException(
                "No chapter tells a " + result.getClass().getSimpleName());
    }

    private Shown shown() {
        return new Shown(settings, target());
    }

    /** The latent that stands for the concept; -1 where no study says. */
    private int target() {
        int known = settings.targetLatent();
        for (StudyStage stage : stages) {
            if (stage.result() instanceof BaseResult base) {
                known = base.targetLatent();
            } else if (stage.result() instanceof ViaSaeSteeringResult via) {
                known = via.latent();
            } else if (stage.result() instanceof DoubleDecodeResult twice) {
                known = twice.latent();
            }
        }
        return known;
    }

    private Optional<QualityResult> quality() {
        return stages.stream()
                .filter(stage -> stage.result() instanceof QualityResult)
                .map(stage -> (QualityResult) stage.result())
                .findFirst();
    }

    /** The model's name; of one that was named by its folder, the folder's name. */
    private String model() {
        String name = manifest.model();
        boolean folder = name.startsWith("/") || name.startsWith(".") || name.contains("\\");
        return folder ? name.replaceFirst("^.*[/\\\\](?=.)", "") : name;
    }

    /** {@code layer 3}, or the hook point's own name where it is not after a block. */
    private String place() {
        return manifest.hookPoint().replaceFirst("^blocks\\.(\\d+)\\.hook_resid_post$", "layer $1");
    }

    /** The page as a value. */
    public StudyPage page() {
        List<Chapter> chapters = chapters();
        List<String> findings = new ArrayList<>();
        // what steering does comes before what vectors are made of
        chapters.stream()
                .filter(chapter -> chapter.name().equals("quality"))
                .forEach(chapter -> findings.addAll(chapter.findings()
                        .subList(0, Math.min(2, chapter.findings().size()))));
        chapters.stream()
                .filter(chapter -> !chapter.name().equals("quality"))
                .forEach(chapter -> chapter.findings().stream().limit(1).forEach(findings::add));
        return new StudyPage(
                run.isEmpty() ? "" : "Run " + run + ", begun " + DATE.format(begun),
                "on " + model() + " at " + place(),
                "Steering " + model() + (settings.concept().isEmpty() ? "" : " toward " + settings.concept()),
                Words.text(
                        "Vectors from “%s” against “%s”, added to the residual stream at %s while the model answers, and taken apart by the"
                                + " autoencoder %s.",
                        settings.positive(), settings.neutral(), manifest.hookPoint(), manifest.autoencoder()),
                findings,
                quality()
                        .map(found -> new QualityChapter(found, shown()).opening())
                        .orElse(List.of()),
                chapters,
                facts(),
                numbers());
    }

    /** The whole document. */
    public String html() {
        return page().html();
    }

    private JsonNode numbers() {
        ObjectNode numbers = JsonNodeFactory.instance.objectNode();
        numbers.set("manifest", StudyJson.tree(manifest));
        numbers.set("settings", StudyJson.tree(settings));
        ObjectNode studies = numbers.putObject("studies");
        stages.forEach(stage -> studies.set(stage.study(), StudyJson.tree(stage)));
        return numbers;
    }

    private List<StudyPage.Fact> facts() {
        List<StudyPage.Fact> facts = new ArrayList<>();
        if (!run.isEmpty()) {
            facts.add(new StudyPage.Fact("run", run));
            facts.add(new StudyPage.Fact("begun", begun.toString()));
        }
        facts.add(new StudyPage.Fact("tokens steered", "all: every token of question and answer"));
        StudyJson.tree(manifest).properties().forEach(field -> facts.add(fact(field.getKey(), field.getValue())));
        StudyJson.tree(settings).properties().forEach(field -> facts.add(fact(field.getKey(), field.getValue())));
        stages.forEach(stage ->
                facts.add(new StudyPage.Fact("time of " + stage.study(), Words.number(stage.seconds(), 1) + " s")));
        return facts;
    }

    private static StudyPage.Fact fact(String key, JsonNode value) {
        String text = value.isArray() && value.size() > 8
                ? Words.count(value.size()) + ", the first " + value.get(0)
                : value.isArray() ? list(value) : value.asText();
        return new StudyPage.Fact(key.replace('_', ' '), text.isEmpty() ? "–" : text);
    }

    private static String list(JsonNode values) {
        List<String> texts = new ArrayList<>();
        values.forEach(value -> texts.add(value.asText()));
        return String.join(", ", texts);
    }

    /**
     * The page of a run that was kept, finished or not.
     *
     * @throws dev.pintle.base.PintleException if what was kept is not of studies that are known
     */
    public static RunPage of(StoredRun run) {
        JsonNode settings = run.settings();
        List<StudyStage> stages = new ArrayList<>();
        List<String> order = Study.all().stream().map(Study::name).toList();
        run.stages().stream()
                .sorted(Comparator.comparingInt(order::indexOf))
                .forEach(name -> stages.add(StudyStage.read(StudyJson.bytes(run.stage(name)), run.id() + " " + name)));
        return new RunPage(
                StudyJson.read(StudyJson.bytes(run.manifest()), RunManifest.class, run.id() + " manifest"),
                StudyJson.read(
                        StudyJson.bytes(settings.has("settings") ? settings.get("settings") : settings),
                        StudySettings.class,
                        run.id() + " settings"),
                stages,
                run.id(),
                run.started());
    }
}
