package dev.pintle.notebook;

import dev.pintle.base.HtmlText;
import dev.pintle.base.Visible;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The HTML that is shown below cells. It sets no colours where a notebook has its own, so that it follows the light and the
 * dark theme, and it says in plain elements what counts, since some pages strip every style: Jupyter those of a notebook
 * that it has not run itself, repositories those of all.
 */
final class Markup {
    private Markup() {}

    /** A text as it is, its line breaks kept. */
    static String text(String text) {
        return HtmlText.escape(Visible.text(text)).replace("\n", "<br>");
    }

    /**
     * A table.
     *
     * @param rows cells, already markup
     * @param numbers whether each column holds numbers, which stand on the right
     */
    static String table(String caption, List<String> head, List<List<String>> rows, List<Boolean> numbers) {
        StringBuilder html = new StringBuilder("<table>");
        if (!caption.isEmpty()) {
            html.append("<caption>")
                    .append(onTheLeft("<b>" + text(caption) + "</b>"))
                    .append("</caption>");
        }
        html.append("<thead><tr>");
        IntStream.range(0, head.size()).forEach(i -> html.append(cell("th", text(head.get(i)), numbers.get(i))));
        html.append("</tr></thead><tbody>");
        for (List<String> row : rows) {
            html.append("<tr>");
            IntStream.range(0, row.size()).forEach(i -> html.append(cell("td", row.get(i), numbers.get(i))));
            html.append("</tr>");
        }
        return html.append("</tbody></table>").toString();
    }

    private static String cell(String tag, String content, boolean number) {
        return number
                ? "<" + tag + " align=\"right\">" + content + "</" + tag + ">"
                : "<" + tag + ">" + onTheLeft(content) + "</" + tag + ">";
    }

    /** In a block of its own, since Jupyter's rule that cells stand on the right is stronger than a cell's attribute. */
    private static String onTheLeft(String content) {
        return "<div align=\"left\" style=\"white-space:pre-wrap\">" + content + "</div>";
    }

    /** The same table as text, columns padded to one width. */
    static String plainTable(String caption, List<String> head, List<List<String>> rows, List<Boolean> numbers) {
        int[] widths = IntStream.range(0, head.size())
                .map(i -> Math.max(
                        head.get(i).length(),
                        rows.stream().mapToInt(row -> row.get(i).length()).max().orElse(0)))
                .toArray();
        String body = Stream.concat(Stream.of(head), rows.stream())
                .map(row -> IntStream.range(0, row.size())
                        .mapToObj(i -> padded(Visible.text(row.get(i).replace("\n", " ")), widths[i], numbers.get(i)))
                        .collect(Collectors.joining("  "))
                        .stripTrailing())
                .collect(Collectors.joining("\n"));
        return caption.isEmpty() ? body : caption + "\n" + body;
    }

    private static String padded(String cell, int width, boolean number) {
        String space = " ".repeat(Math.max(0, width - cell.length()));
        return number ? space + cell : cell + space;
    }
}
