package dev.pintle.studies;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.report.Chapter;
import dev.pintle.report.Element;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Verdict;
import dev.pintle.study.RunManifest;
import dev.pintle.study.RunPage;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudyStage;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sentences and verdicts follow the numbers: where a number is changed, what is said of it changes too. */
@Tag("slow")
class ChaptersTest {
    private static StudyStage<?> stage(String study) {
        return SmallRun.page().stages().stream()
                .filter(one -> one.study().name().equals(study))
                .findFirst()
                .orElseThrow();
    }

    private static Chapter chapter(String study) {
        return chapter(study, result -> {});
    }

    /** The chapter of a study of which some numbers were changed. */
    private static Chapter chapter(String study, Consumer<ObjectNode> change) {
        return chapter(
                study, change, SmallRun.page().manifest(), SmallRun.page().settings());
    }

    private static Chapter chapter(
            String study, Consumer<ObjectNode> change, RunManifest manifest, StudySettings settings) {
        JsonNode tree = StudyJson.tree(stage(study));
        change.accept((ObjectNode) tree.get("result"));
        StudyStage<?> changed = StudyStage.read(Studies.ALL, StudyJson.bytes(tree), "test");
        return new RunPage(manifest, settings, List.of(changed)).chapters().get(0);
    }

    private static Claim claim(Chapter chapter, String begins) {
        return chapter.everything()
                .filter(Claims.class::isInstance)
                .flatMap(element -> ((Claims) element).claims().stream())
                .filter(claim -> claim.claim().startsWith(begins))
                .findFirst()
                .orElseThrow();
    }

    private static ObjectNode object(JsonNode node, String pointer) {
        return (ObjectNode) node.at(pointer);
    }

    @Test
    void every_study_is_told_with_findings_and_none_says_what_is_no_number() {
        List<Chapter> chapters = SmallRun.page().chapters();
        assertThat(chapters)
                .extracting(Chapter::name)
                .containsExactlyElementsOf(
                        Studies.all().stream().map(Study::name).toList());
        for (Chapter chapter : chapters) {
            assertThat(chapter.findings()).as(chapter.name()).isNotEmpty();
            assertThat(chapter.elements()).as(chapter.name()).isNotEmpty();
        }
        for (Study<?> own : Studies.ALL) {
            assertThat(chapter(own.name()).elements()).as(own.name()).hasSizeGreaterThan(3);
        }
        String html = SmallRun.page().html();
        String visible = html.substring(html.indexOf("<main>"), html.indexOf("<script type"))
                .replaceAll("(?s)<svg.*?</svg|<img [^>]*>", "");
        for (String nonsense : List.of("NaN", "null", "%s", "Infinity", "[]", "{}")) {
            int at = visible.indexOf(nonsense);
            assertThat(at < 0 ? "" : visible.substring(Math.max(0, at - 80), at + 20))
                    .isEmpty();
        }
        assertThat(html.length()).isLessThan(6_000_000);
    }

    @Test
    void the_error_is_the_biass_only_where_the_bias_is_most_of_the_reconstruction() {
        Chapter biased =
                chapter("base", result -> object(result, "/vectors/0/encoded").put("bias_share", 0.98));
        assertThat(biased.findings().get(0))
                .contains("98% is the decoder’s bias")
                .contains("is not the vector’s");
        assertThat(claim(biased, "The autoencoder’s error").verdict()).isEqualTo(Verdict.BY_CONSTRUCTION);
        Chapter unbiased = chapter("base", result -> {
            object(result, "/vectors/0/encoded").put("bias_share", 0.02);
            object(result, "/vectors/0").put("pursuit_error", 0.9);
        });
        assertThat(unbiased.findings().get(0)).doesNotContain("is not the vector’s");
        assertThat(claim(unbiased, "The autoencoder’s error").verdict()).isEqualTo(Verdict.HOLDS);
        Chapter alike = chapter("base", result -> object(result, "/vectors/0").put("target_decoder_cosine", 0.8));
        assertThat(claim(alike, "The steering vector is mostly").verdict()).isEqualTo(Verdict.HOLDS);
    }

    @Test
    void vectors_are_called_similar_by_their_own_cosine() {
        Chapter near = chapter("all-position-caa", result -> result.put("cosine", 0.9));
        Chapter far = chapter("all-position-caa", result -> result.put("cosine", 0.1));
        assertThat(claim(near, "The all-position vector").verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(claim(far, "The all-position vector").verdict()).isEqualTo(Verdict.FAILS);
        assertThat(far.findings().get(0)).contains("cosine 0.100 in the residual stream");
    }

    @Test
    void mean_and_pca_are_the_same_only_where_they_are() {
        Chapter same = chapter("caa-mean-vs-pca");
        assertThat(claim(same, "Mean and PCA").verdict()).isEqualTo(Verdict.BY_CONSTRUCTION);
        assertThat(same.findings().get(0)).contains("because it is the mean");
        Chapter other = chapter("caa-mean-vs-pca", result -> {
            object(result, "/comparison").put("cosine", 0.5);
            result.put("same_text", false);
        });
        assertThat(claim(other, "Mean and PCA").verdict()).isEqualTo(Verdict.FAILS);
        assertThat(other.findings().get(0)).contains("though by arithmetic");
        assertThat(claim(other, "Both steer to the same answer").asPublished()).isEqualTo("different");
    }

    @Test
    void a_vector_from_a_latent_is_its_decoder_row_only_where_it_is() {
        assertThat(claim(chapter("caa-via-sae-steering"), "Contrasting").verdict())
                .isEqualTo(Verdict.BY_CONSTRUCTION);
        Chapter other = chapter("caa-via-sae-steering", result -> result.put("cosine_with_decoder_column", 0.7));
        assertThat(claim(other, "Contrasting").verdict()).isEqualTo(Verdict.IN_PART);
        assertThat(other.findings().get(0)).contains("cosine 0.700000 with row");
    }

    @Test
    void what_comes_back_of_a_raised_latent_is_told_by_how_much() {
        Chapter back = chapter(
                "failed-double-decode-caa",
                result -> result.put("first_target_change", result.get("amount").asDouble())
                        .put("second_target_change", -1));
        assertThat(back.findings().get(0)).endsWith("about what was put in.");
        assertThat(claim(back, "Raising a latent").verdict()).isEqualTo(Verdict.IN_PART);
        assertThat(claim(back, "Steering by all latents").verdict()).isEqualTo(Verdict.HOLDS);
        Chapter lost = chapter(
                "failed-double-decode-caa",
                result -> result.put("first_target_change", 0.1).put("second_target_change", 3));
        assertThat(claim(lost, "Raising a latent").verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(claim(lost, "Steering by all latents").verdict()).isEqualTo(Verdict.FAILS);
    }

    @Test
    void steering_lowers_the_error_only_where_it_does_for_every_speaker() {
        Chapter lower = chapter(
                "caa-steering-latents",
                result -> result.get("segments").forEach(segment -> ((ObjectNode) segment).put("ratio", 0.7)));
        Chapter higher = chapter(
                "caa-steering-latents",
                result -> result.get("segments").forEach(segment -> ((ObjectNode) segment).put("ratio", 1.4)));
        assertThat(claim(lower, "Steering lowers").verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(claim(higher, "Steering lowers").verdict()).isEqualTo(Verdict.FAILS);
        assertThat(claim(higher, "Steering lowers").asItShouldBe()).contains("1.40 on the ");
        Chapter unrelated = chapter(
                "caa-steering-latents", result -> object(result, "/along").put("vector_sum_correlation", 0.1));
        assertThat(claim(unrelated, "The reconstruction’s").verdict()).isEqualTo(Verdict.FAILS);
    }

    @Test
    void errors_diverge_at_the_assistant_only_where_they_do() {
        Chapter assistant = chapter("caa-steering-latents", result -> {
            JsonNode errors = result.get("errors");
            int count = errors.get("ids").size();
            for (int i = 0; i < count; i++) {
                ((ArrayNode) errors.get("relative_error")).set(i, i < count - 4 ? 0.2 : 0.9);
                ((ArrayNode) errors.get("roles")).set(i, i < count - 4 ? "user" : "assistant");
            }
        });
        assertThat(claim(assistant, "Errors diverge").verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(assistant.findings().get(1)).contains("from 20% on average before it to 90% from there on");
    }

    @Test
    void other_autoencoders_are_called_bad_only_where_they_are() {
        Chapter good = chapter(
                "steering-decoding-other-saes",
                result -> result.get("readings").forEach(reading -> {
                    ((ObjectNode) reading).put("vector_error", 0.3);
                    object(reading, "/neutral/by_segment").put("user", 0.1);
                }));
        assertThat(claim(good, "Every autoencoder has a large error on the vector")
                        .verdict())
                .isEqualTo(Verdict.FAILS);
        assertThat(claim(good, "Every autoencoder has a large error on whole").verdict())
                .isEqualTo(Verdict.FAILS);
        Chapter bad = chapter(
                "steering-decoding-other-saes",
                result -> result.get("readings")
                        .forEach(reading ->
                                object(reading, "/neutral/by_segment").put("user", 0.9)));
        assertThat(claim(bad, "Every autoencoder has a large error on whole").verdict())
                .isEqualTo(Verdict.HOLDS);
    }

    @Test
    void verdicts_rest_on_the_concepts_latent_and_the_one_that_is_raised_most_stands_beside_it() {
        Chapter base = chapter("base");
        assertThat(base.findings())
                .anyMatch(finding -> finding.startsWith(
                                "The latent that stands for the concept is latent 146 (“conversation held in pirate style”): its label")
                        && finding.contains("Not taken: latent 933 (“the token \"user\" in user turn”), cosine 0.2"));
        Chapter via = chapter("caa-via-sae-steering");
        assertThat(via.findings().get(0))
                .contains("latent 146 (“conversation held in pirate style”) raised is row 146");
        assertThat(via.findings().get(2))
                .contains("latent 933 (“the token \"user\" in user turn”), which steering raises most");
        assertThat(chapter("failed-double-decode-caa").findings().get(0)).startsWith("Raising latent 146 ");
    }

    @Test
    void a_page_says_what_verdicts_hold_of_which_run_it_is_and_where_the_original_is() {
        RunPage small = SmallRun.page();
        String html = new RunPage(
                        small.manifest(),
                        small.settings(),
                        small.stages(),
                        "20261128-083429-b122af74",
                        Instant.parse("2026-11-28T08:34:29Z"))
                .html();
        assertThat(html)
                .contains("<p class=\"note\">Run 20261128-083429-b122af74, begun 28 November 2026, 08:34 UTC</p>")
                .contains("does not hold</span> <span class=\"where\">on parley-7m at layer 3</span>")
                .contains("<a href=\"https://github.com/mloef/steering-reconstruction-research\">"
                        + "mloef/steering-reconstruction-research</a>");
    }

    @Test
    void results_that_earlier_versions_kept_are_still_told() {
        JsonNode base = StudyJson.tree(stage("base"));
        object(base, "/result").remove("candidates");
        JsonNode via = StudyJson.tree(stage("caa-via-sae-steering"));
        object(via, "/result").remove("concept");
        object(via, "/result").putArray("named");
        via.at("/result/texts").forEach(text -> ((ObjectNode) text).remove(List.of("strength", "broken")));
        RunPage small = SmallRun.page();
        List<Chapter> chapters = new RunPage(
                        small.manifest(),
                        small.settings(),
                        List.of(
                                StudyStage.read(Studies.ALL, StudyJson.bytes(base), "test"),
                                StudyStage.read(Studies.ALL, StudyJson.bytes(via), "test")))
                .chapters();
        assertThat(chapters.get(0).findings().get(2))
                .startsWith("The latent that stands for the concept is latent 146");
        assertThat(chapters.get(1).findings().get(0)).contains("is row 933");
    }

    @Test
    void strengths_have_their_unit_in_words_and_nothing_is_announced_that_is_not_there() {
        String html = SmallRun.page().html();
        assertThat(html)
                .contains("<h3>One question, rising strength (activation norms)</h3>")
                .contains("<th scope=\"col\" class=\"number\">strength (activation norms)</th>")
                .contains("strength (activation norms)</text", " activation norms · perplexity ")
                .contains("<dt>tokens steered</dt><dd>all: every token of question and answer</dd>")
                .doesNotContain(": none, no latent is active");
    }

    @Test
    void an_answer_that_broke_off_says_why() {
        Chapter chapter = chapter(
                "caa-mean-vs-pca",
                result -> object(result, "/texts/0").put("broken", "The numbers overflowed.\n  first at: blocks.3"));
        assertThat(chapter.everything()
                        .filter(Element.Texts.class::isInstance)
                        .flatMap(element -> ((Element.Texts) element).cards().stream())
                        .filter(card -> card.state().equals("overflowed")))
                .singleElement()
                .satisfies(card -> assertThat(card.text()).startsWith("The numbers overflowed."));
    }

    @Test
    void where_nothing_tells_the_concept_in_a_text_claims_about_texts_stay_open() {
        ObjectNode unmarked = (ObjectNode) StudyJson.tree(SmallRun.page().settings());
        unmarked.put("marker", "");
        StudySettings settings = StudyJson.read(StudyJson.bytes(unmarked), StudySettings.class, "test");
        RunManifest manifest = SmallRun.page().manifest();
        assertThat(claim(chapter("all-position-caa", result -> {}, manifest, settings), "Both vectors steer")
                        .verdict())
                .isEqualTo(Verdict.OPEN);
        assertThat(claim(chapter("caa-via-sae-steering", result -> {}, manifest, settings), "It steers better")
                        .verdict())
                .isEqualTo(Verdict.OPEN);
    }

    @Test
    void on_the_originals_model_values_stand_beside_the_published_ones() {
        assertThat(chapter("base").everything().filter(Table.class::isInstance).map(table -> ((Table) table).caption()))
                .noneMatch(caption -> caption.startsWith("Published values"));
        ObjectNode original = (ObjectNode) StudyJson.tree(SmallRun.page().manifest());
        original.put("model", "meta-llama/Llama-3.1-8B-Instruct");
        original.put("autoencoder", "Llama-3.1-8B-Instruct-SAE-l19.pth");
        RunManifest manifest = StudyJson.read(StudyJson.bytes(original), RunManifest.class, "test");
        Chapter compared = chapter(
                "base",
                result -> object(result, "/vectors/0/encoded")
                        .put("share_of_target", 0.7734)
                        .put("relative_error", 5.2),
                manifest,
                SmallRun.page().settings());
        Table table = compared.everything()
                .filter(Table.class::isInstance)
                .map(Table.class::cast)
                .filter(one -> one.caption().startsWith("Published values"))
                .findFirst()
                .orElseThrow();
        assertThat(table.rows())
                .containsExactly(
                        List.of("latent cosine", "0.7730", "0.7734", "+0.1%", "within the band"),
                        List.of("error percent", "580", "520", "-10.3%", "outside the band"));
        Chapter rounding = chapter(
                "caa-mean-vs-pca", result -> {}, manifest, SmallRun.page().settings());
        assertThat(rounding.everything()
                        .filter(Table.class::isInstance)
                        .map(Table.class::cast)
                        .filter(one -> one.caption().startsWith("Published values"))
                        .flatMap(one -> one.rows().stream())
                        .filter(row -> row.get(0).equals("euclidean"))
                        .map(row -> row.get(4)))
                .containsExactly("rounding alone, in both");
    }

    @Test
    void one_study_alone_makes_a_page_too() {
        for (StudyStage<?> stage : SmallRun.page().stages()) {
            RunPage alone =
                    new RunPage(SmallRun.page().manifest(), SmallRun.page().settings(), List.of(stage));
            assertThat(alone.html())
                    .contains("<section class=\"chapter\" id=\"" + stage.study().name() + "\"");
        }
    }
}
