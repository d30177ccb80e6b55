package dev.pintle.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.report.Chapter;
import dev.pintle.report.Element;
import dev.pintle.report.Published;
import dev.pintle.report.Report;
import dev.pintle.report.Words;
import dev.pintle.run.StoredRun;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

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
        RunManifest manifest, StudySettings settings, List<StudyStage<?>> stages, String run, Instant begun) {
    private static final int OF_THE_LEAD = 2; // findings of the study that leads; of the others the first

    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    /** Keeps a copy of the stages. */
    public RunPage {
        stages = List.copyOf(stages);
    }

    /** Of a run that was not kept. */
    public RunPage(RunManifest manifest, StudySettings settings, List<StudyStage<?>> stages) {
        this(manifest, settings, stages, "", Instant.EPOCH);
    }

    /** One for each study. */
    public List<Chapter> chapters() {
        Shown shown = shown();
        return stages.stream().map(stage -> stage.chapter(shown)).toList();
    }

    /** The few numbers that the findings rest on, what steering does before what vectors are made of. */
    public Map<String, String> headlines() {
        Shown shown = shown();
        List<Told> told = stages.stream().map(stage -> stage.told(shown)).toList();
        Map<String, String> headlines = new LinkedHashMap<>();
        leadingFirst(told).forEach(one -> headlines.putAll(one.headlines()));
        return headlines;
    }

    /** The original's claims with their verdicts, study by study. */
    public List<JudgedClaim> verdicts() {
        Shown shown = shown();
        List<JudgedClaim> all = new ArrayList<>();
        for (StudyStage<?> stage : stages) {
            Told told = stage.told(shown);
            List<Element> elements = new ArrayList<>(told.opening());
            elements.addAll(told.elements());
            elements.stream()
                    .flatMap(Element::everything)
                    .filter(Element.Claims.class::isInstance)
                    .flatMap(element -> ((Element.Claims) element).claims().stream())
                    .forEach(claim -> all.add(new JudgedClaim(
                            stage.study().name(), claim.claim(), claim.verdict().words(), claim.because())));
        }
        return all;
    }

    /**
     * A claim of the original, and whether it holds.
     *
     * @param study in whose chapter it is
     * @param claim as a sentence
     * @param verdict in a word or two
     * @param because why, as a sentence
     */
    public record JudgedClaim(String study, String claim, String verdict, String because) {}

    /** What leads the report, then the rest, each in its order. */
    private static List<Told> leadingFirst(List<Told> told) {
        return Stream.concat(told.stream().filter(Told::leads), told.stream().filter(one -> !one.leads()))
                .toList();
    }

    private Shown shown() {
        return new Shown(
                settings,
                target(),
                Published.of(manifest.model().name(), manifest.autoencoder().name()));
    }

    /** The latent that stands for the concept; -1 where no study says. */
    private int target() {
        int known = settings.steering().targetLatent();
        for (StudyStage<?> stage : stages) {
            known = stage.result().conceptLatent().orElse(known);
        }
        return known;
    }

    /** The model's name; of one that was named by its folder, the folder's name. */
    private String model() {
        String name = manifest.model().name();
        boolean folder = name.startsWith("/") || name.startsWith(".") || name.contains("\\");
        return folder ? name.replaceFirst("^.*[/\\\\](?=.)", "") : name;
    }

    /** {@code layer 3}, or the hook point's own name where it is not after a block. */
    private String place() {
        return manifest.hookPoint().replaceFirst("^blocks\\.(\\d+)\\.hook_resid_post$", "layer $1");
    }

    /** The page as a value. */
    public Report page() {
        Shown shown = shown();
        List<Chapter> chapters = new ArrayList<>();
        List<Told> told = new ArrayList<>();
        for (StudyStage<?> stage : stages) {
            Told one = stage.told(shown);
            told.add(one);
            chapters.add(stage.chapter(one));
        }
        List<String> findings = new ArrayList<>();
        List<Element> opening = new ArrayList<>();
        for (Told one : leadingFirst(told)) {
            one.findings().stream().limit(one.leads() ? OF_THE_LEAD : 1).forEach(findings::add);
            opening.addAll(one.opening());
        }
        return new Report(
                run.isEmpty() ? "" : "Run " + run + ", begun " + DATE.format(begun),
                "on " + model() + " at " + place(),
                "Steering " + model()
                        + (settings.contrast().concept().isEmpty()
                                ? ""
                                : " toward " + settings.contrast().concept()),
                Words.text(
                        "Vectors from “%s” against “%s”, added to the residual stream at %s while the model answers, and taken apart by the"
                                + " autoencoder %s.",
                        settings.contrast().positive(),
                        settings.contrast().neutral(),
                        manifest.hookPoint(),
                        manifest.autoencoder().name()),
                findings,
                opening,
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
        stages.forEach(stage -> studies.set(stage.study().name(), stage.tree()));
        return numbers;
    }

    private List<Report.Fact> facts() {
        List<Report.Fact> facts = new ArrayList<>();
        if (!run.isEmpty()) {
            facts.add(new Report.Fact("run", run));
            facts.add(new Report.Fact("begun", begun.toString()));
        }
        facts.add(new Report.Fact("tokens steered", "all: every token of question and answer"));
        StudyJson.tree(manifest).properties().forEach(field -> facts.add(fact(field.getKey(), field.getValue())));
        StudyJson.tree(settings).properties().forEach(field -> facts.add(fact(field.getKey(), field.getValue())));
        stages.forEach(stage ->
                facts.add(new Report.Fact("time of " + stage.study().name(), Words.number(stage.seconds(), 1) + " s")));
        return facts;
    }

    private static Report.Fact fact(String key, JsonNode value) {
        String text = value.isArray() && value.size() > 8
                ? Words.count(value.size()) + ", the first " + value.get(0)
                : value.isArray() ? list(value) : value.asText();
        return new Report.Fact(key.replace('_', ' '), text.isEmpty() ? "–" : text);
    }

    private static String list(JsonNode values) {
        List<String> texts = new ArrayList<>();
        values.forEach(value -> texts.add(value.asText()));
        return String.join(", ", texts);
    }

    /**
     * The page of a run that was kept, finished or not.
     *
     * @param studies those that are known, in the order of their chapters
     * @throws dev.pintle.base.PintleException if what was kept is of another study
     */
    public static RunPage of(StoredRun run, List<Study<?>> studies) {
        JsonNode settings = run.settings();
        List<StudyStage<?>> stages = new ArrayList<>();
        for (String name : run.stages()) {
            stages.add(StudyStage.read(studies, StudyJson.bytes(run.stage(name)), run.id() + " " + name));
        }
        stages.sort(Comparator.comparingInt(stage -> studies.indexOf(stage.study())));
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
