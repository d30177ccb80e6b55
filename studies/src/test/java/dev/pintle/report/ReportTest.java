package dev.pintle.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.ScatterFigure;
import dev.pintle.report.Element.Card;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Details;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Element.Texts;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final StyleMarker PIRATE =
            new StyleMarker("pirate", "talk like a pirate", Pattern.compile("(?i)\\bahoy\\b"));

    private static String page(Element... elements) {
        Chapter chapter = new Chapter(
                "base", "The vector & its parts", "What is in it?", "“5 < 6”", List.of("It is so."), List.of(elements));
        return new Report(
                        "Steering <b>",
                        "Done.",
                        List.of("First finding."),
                        List.of(new Paragraph("An opening.")),
                        List.of(chapter),
                        List.of(new Report.Fact("model", "parley-7m")),
                        new ObjectMapper().valueToTree(Map.of("text", "</script><!--<script>", "value", 0.25)))
                .html();
    }

    private static LineFigure line(String title) {
        return new LineFigure(
                title,
                "A \"line\".",
                "x",
                LineFigure.Scale.share("y"),
                List.of(new LineFigure.Series("one", new double[] {0, 1}, new double[] {0, 1})));
    }

    @Test
    void a_page_tells_the_findings_first_then_each_study_then_what_produced_it() {
        String html = page();
        assertThat(html).contains("<title>Steering &lt;b&gt;</title>").contains("<h1>Steering &lt;b&gt;</h1>");
        assertThat(html.indexOf("First finding.")).isPositive().isLessThan(html.indexOf("id=\"base\""));
        assertThat(html.indexOf("An opening.")).isBetween(html.indexOf("First finding."), html.indexOf("id=\"base\""));
        assertThat(html)
                .contains("<a href=\"#base\">The vector &amp; its parts</a>")
                .contains("<dt>The original said</dt><dd>“5 &lt; 6”</dd>")
                .contains("<dt>model</dt><dd>parley-7m</dd>");
        assertThat(html.indexOf("id=\"base\"")).isLessThan(html.indexOf("id=\"manifest\""));
    }

    @Test
    void the_numbers_stand_in_the_page_and_cannot_end_their_element() {
        assertThat(page()).contains("\"text\":\"\\u003c/script>\\u003c!--\\u003cscript>\"", "\"value\":0.25");
    }

    @Test
    void nothing_may_be_loaded() {
        assertThat(page(new Picture(line("One"))))
                .contains("default-src 'none'")
                .doesNotContain("src=\"http", "url(http", "<link rel=\"stylesheet\"");
    }

    @Test
    void every_element_is_written_and_escaped() {
        String html = page(
                new Heading("A < B"),
                new Paragraph("C & D"),
                new Table("Cosines", List.of("vector", "cosine"), List.of(List.of("<v>", "0.773")), 1),
                new Texts(
                        "How are you?",
                        List.of(
                                Card.judged("0.45", "Ahoy <there>!", PIRATE),
                                Card.judged("2.00", "arr arr arr arr arr arr arr", PIRATE),
                                Card.judged("0.00", "", PIRATE),
                                Card.judged("0.10", "A\n \n\n\n\n\nB", PIRATE)),
                        PIRATE),
                new Claims(List.of(new Claim(
                        "The error is 580%.", "580%", "579%", "12%", Verdict.BY_CONSTRUCTION, "It is the bias."))),
                new Details("All of it", List.of(new Paragraph("folded"))));
        assertThat(html)
                .contains("<h3>A &lt; B</h3>", "<p>C &amp; D</p>")
                .contains("<caption>Cosines</caption>", "<th scope=\"col\" class=\"number\">cosine</th>")
                .contains("<td>&lt;v&gt;</td><td class=\"number\">0.773</td>")
                .contains("<article class=\"card good\">", "<mark>Ahoy</mark> &lt;there&gt;!", "<span>in style</span>")
                .contains(
                        "<article class=\"card bad\">",
                        "<span>loops</span>",
                        "<i>(nothing)</i>",
                        "A\n… (6 line breaks)\nB")
                .contains("<span class=\"badge by-construction\">true by construction</span> <b>The error is 580%.</b>")
                .contains("<dt>here, as it should be</dt><dd>12%</dd>")
                .contains("<summary>All of it</summary>\n<p>folded</p>");
        assertThat(html.indexOf("The original's claims")).isPositive().isLessThan(html.indexOf("id=\"base\""));
    }

    @Test
    void figures_are_drawn_for_both_themes_and_described() {
        String html = page(new Picture(line("One")), new Details("more", List.of(new Picture(line("One")))));
        assertThat(html.split("<svg ", -1)).hasSize(5);
        assertThat(html).contains("aria-label=\"One. A &quot;line&quot;.\"");
        Matcher ids = Pattern.compile("\\bid=\"([^\"]+)\"").matcher(html);
        List<String> all = ids.results().map(found -> found.group(1)).toList();
        assertThat(all).doesNotHaveDuplicates();
        Matcher references = Pattern.compile("url\\(#([^)]+)\\)").matcher(html);
        assertThat(all)
                .containsAll(references.results().map(found -> found.group(1)).toList());
    }

    @Test
    void thousands_of_points_become_an_image() {
        double[] points = IntStream.range(0, 4096).mapToDouble(Math::sin).toArray();
        String html = page(new Picture(new ScatterFigure(
                "Coordinates", "All.", "a", "b", List.of(new ScatterFigure.Group("all", points, points)), true)));
        assertThat(html)
                .contains("alt=\"Coordinates. All.\" src=\"data:image/png;base64,")
                .doesNotContain("<svg ");
        assertThat(html.length()).isLessThan(1_000_000);
    }

    @Test
    void a_row_of_another_width_than_the_head_is_refused() {
        assertThatThrownBy(() -> new Table("Cosines", List.of("a", "b"), List.of(List.of("1")), 1))
                .hasMessage("A row of \"Cosines\" has 1 cells, the head 2");
        assertThatThrownBy(() -> new Chapter("A b", "", "", "", List.of(), List.of()))
                .hasMessage("A chapter's name is of lower-case letters, digits and dashes: A b");
    }
}
