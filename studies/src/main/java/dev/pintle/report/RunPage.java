package dev.pintle.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.study.RunManifest;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudyStage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The page of a run of studies.
 *
 * @param manifest what it was run on
 * @param settings what it was run with
 * @param stages the studies, in order
 */
public record RunPage(RunManifest manifest, StudySettings settings, List<StudyStage> stages) {
    /** Keeps a copy of the stages. */
    public RunPage {
        stages = List.copyOf(stages);
    }

    /** One a study. */
    public List<Chapter> chapters() {
        return stages.stream().map(this::chapter).toList();
    }

    private Chapter chapter(StudyStage stage) {
        return new Chapter(stage.study(), stage.study(), "", "", List.of(), List.of());
    }

    /** The whole document. */
    public String html() {
        List<Chapter> chapters = chapters();
        List<String> findings = new ArrayList<>();
        chapters.forEach(
                chapter -> findings.addAll(chapter.findings().stream().limit(1).toList()));
        ObjectNode numbers = JsonNodeFactory.instance.objectNode();
        numbers.set("manifest", StudyJson.tree(manifest));
        numbers.set("settings", StudyJson.tree(settings));
        ObjectNode studies = numbers.putObject("studies");
        stages.forEach(stage -> studies.set(stage.study(), StudyJson.tree(stage)));
        return new StudyPage(
                        "Steering " + manifest.model() + " toward " + settings.concept(),
                        "",
                        findings,
                        chapters,
                        facts(),
                        numbers)
                .html();
    }

    private List<StudyPage.Fact> facts() {
        List<StudyPage.Fact> facts = new ArrayList<>();
        StudyJson.tree(manifest)
                .properties()
                .forEach(field -> facts.add(new StudyPage.Fact(
                        field.getKey().replace('_', ' '), field.getValue().asText())));
        stages.forEach(stage -> facts.add(
                new StudyPage.Fact("time of " + stage.study(), String.format(Locale.ROOT, "%.1f s", stage.seconds()))));
        return facts;
    }
}
