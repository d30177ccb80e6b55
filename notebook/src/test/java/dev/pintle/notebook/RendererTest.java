package dev.pintle.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.figure.BarFigure;
import dev.pintle.figure.TokenStrip;
import dev.pintle.model.Generated;
import dev.pintle.report.Element;
import dev.pintle.sae.Term;
import dev.pintle.tensor.Vec;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class RendererTest {
    private static final String HOSTILE = "<b>bold</b> & <script>alert(\"x\")</script> <start_of_turn>";

    /** A row of a table. */
    record Row(String vector, double relativeError, int latents) {}

    private static Generated generated(String text) {
        return new Generated(
                new int[] {1}, List.of(), text, new Generated.Ending(Generated.StopReason.LENGTH, null, null, null), 0);
    }

    @Test
    void what_a_model_writes_is_shown_as_text_wherever_it_stands() {
        List<Rendered> all = List.of(
                Renderer.of(HOSTILE),
                Renderer.of(generated(HOSTILE)),
                Renderer.generated(HOSTILE, generated(HOSTILE)),
                Renderer.of(List.of(HOSTILE)),
                Renderer.of(Map.of(HOSTILE, HOSTILE)),
                Renderer.of(new Object[] {HOSTILE}),
                Tables.of(HOSTILE, List.of(new Row(HOSTILE, 1, 2))),
                Renderer.terms(HOSTILE, List.of(), latent -> HOSTILE),
                Renderer.of(new Element.Texts(
                        HOSTILE,
                        List.of(new Element.Card(HOSTILE, HOSTILE, Element.Tone.BAD, HOSTILE, HOSTILE)),
                        Pattern.compile("bold"))),
                Renderer.of(new Element.Heading(HOSTILE)),
                Renderer.of(new Element.Details(HOSTILE, List.of(new Element.Paragraph(HOSTILE)))),
                Renderer.of(new BarFigure(HOSTILE, HOSTILE, HOSTILE, List.of(new BarFigure.Bar(HOSTILE, 1)))),
                Renderer.of(new TokenStrip(HOSTILE, HOSTILE, List.of(HOSTILE), new double[] {1}, HOSTILE)));
        for (Rendered shown : all) {
            assertThat(shown.html())
                    .as(shown.text())
                    .contains("&lt;b&gt;")
                    .doesNotContain("<b>bold", "<script", "<start_of_turn");
        }
    }

    @Test
    void a_figure_has_both_themes_and_a_picture_and_says_what_it_shows() {
        Rendered shown = Renderer.of(new BarFigure("Sizes", "two sizes", "size", List.of(new BarFigure.Bar("one", 1))));
        assertThat(shown.text()).isEqualTo("Sizes\ntwo sizes");
        assertThat(shown.html())
                .contains("pintle-light", "pintle-dark", "role=\"img\" aria-label=\"Sizes. two sizes\"");
        assertThat(shown.png()).startsWith((byte) 0x89, (byte) 'P', (byte) 'N', (byte) 'G');
    }

    @Test
    void two_figures_share_no_id() {
        BarFigure figure = new BarFigure("Sizes", "two sizes", "size", List.of(new BarFigure.Bar("one", 1)));
        Pattern id = Pattern.compile(" id=\"([^\"]+)\"");
        List<String> ids = List.of(Renderer.of(figure), Renderer.of(figure)).stream()
                .flatMap(shown -> id.matcher(shown.html()).results())
                .map(found -> found.group(1))
                .toList();
        assertThat(ids).doesNotHaveDuplicates();
    }

    @Test
    void records_are_rows_and_their_components_columns() {
        Rendered shown = Tables.of("Errors", List.of(new Row("mean", 1.4384, 0), new Row("PCA", 2e-15, 12_345)));
        assertThat(shown.text()).isEqualTo("""
                        Errors
                        vector  relative error  latents
                        mean             1.438        0
                        PCA            2.0e-15   12,345""");
        assertThat(shown.html()).contains("<td align=\"right\">1.438</td>");
        assertThat(shown.html().replaceAll(" style=\"[^\"]*\"", ""))
                .as("text stays on the left where styles are stripped")
                .contains(
                        "<td><div align=\"left\">mean</div></td>", "<caption><div align=\"left\"><b>Errors</b></div>");
        assertThat(Tables.of("Nothing", List.of()).text()).isEqualTo("Nothing\n(no rows)");
    }

    @Test
    void numbers_are_numbers_and_not_addresses() {
        assertThat(Renderer.of(new int[] {1, 2}).text()).isEqualTo("[1, 2]");
        assertThat(Renderer.of(new double[] {0.5, 1e-9}).text()).isEqualTo("0.500 1.0e-09");
        assertThat(Renderer.of(Vec.of(3, 4)).text()).isEqualTo("[2] 3.000 4.000, length 5.000");
        assertThat(Renderer.of(List.of(1, 2)).text()).isEqualTo("1\n2");
        assertThat(Renderer.of(null).text()).isEqualTo("null");
        assertThat(Renderer.terms("Latents", List.of(new Term(146, 0.25f)), latent -> "pirate")
                        .text())
                .isEqualTo("Latents\nlatent  value  label\n   146  0.250  pirate");
    }
}
