package dev.pintle.report;

import dev.pintle.base.HtmlText;
import java.util.List;

/** Writes HTML; everything that is not markup of ours is escaped. */
final class Html {
    private final StringBuilder out = new StringBuilder();

    Html raw(String markup) {
        out.append(markup).append('\n');
        return this;
    }

    Html heading(int level, String text) {
        return raw("<h" + level + ">" + HtmlText.escape(text) + "</h" + level + ">");
    }

    Html paragraph(String text) {
        return raw("<p>" + HtmlText.escape(text) + "</p>");
    }

    Html note(String text) {
        return raw("<p class=\"note\">" + HtmlText.escape(text) + "</p>");
    }

    /** Sentences, one below the other; nothing where there are none. */
    Html list(String kind, List<String> sentences) {
        if (sentences.isEmpty()) {
            return this;
        }
        StringBuilder list = new StringBuilder("<ul class=\"" + kind + "\">");
        sentences.forEach(sentence ->
                list.append("<li>").append(HtmlText.escape(sentence)).append("</li>"));
        return raw(list.append("</ul>").toString());
    }

    /** A table whose cells are text; columns from {@code firstNumber} on are set as numbers. */
    Html table(String caption, List<String> head, List<List<String>> rows, int firstNumber) {
        String name = HtmlText.escape(caption);
        StringBuilder table = new StringBuilder("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"")
                .append(name)
                .append("\"><table><caption>")
                .append(name)
                .append("</caption><thead><tr>");
        for (int i = 0; i < head.size(); i++) {
            table.append(cell("th scope=\"col\"", "th", head.get(i), i >= firstNumber));
        }
        table.append("</tr></thead><tbody>");
        for (List<String> row : rows) {
            table.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                table.append(cell("td", "td", row.get(i), i >= firstNumber));
            }
            table.append("</tr>");
        }
        return raw(table.append("</tbody></table></div>").toString());
    }

    private static String cell(String open, String tag, String text, boolean number) {
        return "<" + open + (number ? " class=\"number\">" : ">") + HtmlText.escape(text) + "</" + tag + ">";
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
