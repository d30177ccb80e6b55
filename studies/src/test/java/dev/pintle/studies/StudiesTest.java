package dev.pintle.studies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.report.Chapter;
import dev.pintle.study.RunPage;
import dev.pintle.study.Study;
import dev.pintle.study.StudyStage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.example.norms.NormStudy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A study in another jar, here of the test tree, is one like Pintle's own. */
class StudiesTest {
    private static final List<String> SETTINGS =
            List.of("questions", "strengths", "sequence_question", "sequence_answer", "latent_amount", "other_saes");

    @Test
    void a_study_of_another_jar_comes_after_pintles_own() {
        List<Study<?>> all = Studies.all();
        assertThat(all).startsWith(Studies.ALL.toArray(Study[]::new)).endsWith(new NormStudy());
        assertThat(all).hasSize(Studies.ALL.size() + 1);
        assertThat(Studies.named("norms")).containsExactly(new NormStudy());
        assertThat(Studies.named("all")).isEqualTo(all);
    }

    @Test
    void every_study_has_a_name_for_files_and_asks_a_question() {
        for (Study<?> study : Studies.all()) {
            assertThat(study.name()).matches("[a-z0-9]+(-[a-z0-9]+)*");
            assertThat(study.title()).isNotBlank();
            assertThat(study.asks()).as(study.name()).endsWith("?");
            assertThat(study.reads()).as(study.name()).isSubsetOf(SETTINGS);
        }
        assertThat(Studies.ALL.stream().filter(study -> !study.replicates()))
                .singleElement()
                .satisfies(study -> assertThat(study.name()).isEqualTo("quality"));
    }

    @Test
    @Tag("slow")
    void it_runs_with_the_others_and_has_its_chapter_in_the_report() {
        RunPage page = SmallRun.page();
        List<Chapter> chapters = page.chapters();
        assertThat(chapters.get(chapters.size() - 1).name()).isEqualTo("norms");
        assertThat(page.html())
                .contains("<section class=\"chapter\" id=\"norms\"", "How long activations are")
                .contains("<li>The longest activation of “Hello, how are you?” has norm ");
        assertThat(page.headlines()).containsKey("longest activation");
    }

    @Test
    void its_result_is_read_back_to_the_bit() {
        NormStudy.Norms found = new NormStudy.Norms(List.of("Hel", "lo"), new double[] {1.0 / 3, Double.NaN});
        byte[] kept = new StudyStage<>(new NormStudy(), 0.5, found).json();
        StudyStage<?> read = StudyStage.read(Studies.all(), kept, "test");
        assertThat(read.json()).isEqualTo(kept);
        assertThat(read.study()).isEqualTo(new NormStudy());
    }

    @Test
    void a_stage_of_a_study_whose_jar_is_missing_is_refused_with_what_is_known() {
        byte[] kept = "{\"study\": \"norms\", \"seconds\": 1, \"result\": {}}".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> StudyStage.read(Studies.ALL, kept, "20261129-203908-f15f8f81 norms"))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        The run holds a study that is not known here.
                          where:   20261129-203908-f15f8f81 norms
                          but was: norms
                          known:   %s
                          try:     the jar that holds the study on the class path""".formatted(names()));
    }

    private static String names() {
        return Studies.ALL.stream().map(Study::name).collect(Collectors.joining(", "));
    }

    @Test
    void a_name_that_is_taken_is_refused_with_both_classes() {
        assertThatThrownBy(() -> Studies.with(List.of(new NormStudy(), new Namesake("norms"))))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        Two studies have one name.
                          name:   norms
                          first:  org.example.norms.NormStudy
                          second: dev.pintle.studies.Namesake
                          try:    another name for the second, or its jar off the class path""");
        assertThatThrownBy(() -> Studies.with(List.of(new Namesake("base"))))
                .hasMessageContaining("first:  dev.pintle.study.base.BaseStudy");
    }

    @Test
    void a_name_that_would_mean_every_study_or_cannot_name_a_file_is_refused() {
        for (String name : List.of("all", "list", "Norms", "../norms", "")) {
            assertThatThrownBy(() -> Studies.with(List.of(new Namesake(name))))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("""
                            A study cannot have that name.
                              expected: lower-case letters, digits and dashes; neither all nor list
                              but was:  %s
                              class:    dev.pintle.studies.Namesake""".formatted(name));
        }
    }

    @Test
    void an_unknown_study_is_refused_with_the_names_there_are() {
        assertThatThrownBy(() -> Studies.named("bases"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        There is no such study.
                          but was: bases
                          choose:  %s, norms, all""".formatted(names()));
    }
}
