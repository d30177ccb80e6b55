package dev.pintle.report;

import java.util.List;

/** Writes HTML; everything that is not markup of ours is escaped. */
final class Html {
    private final StringBuilder out = new StringBuilder();

    /** Text with {@code & < > "} escaped. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    Html raw(String markup) {
        out.append(markup).append('\n');
        return this;
    }

    Html heading(int level, String text) {
        return raw("<h" + level + ">" + escape(text) + "</h" + level + ">");
    }

    Html paragraph(String text) {
        return raw("<p>" + escape(text) + "</p>");
    }

    Html note(String text) {
        return raw("<p class=\"note\">" + escape(text) + "</p>");
    }

    /** A table whose cells are text; columns from {@code firstNumber} on are set as numbers. */
    Html table(List<String> head, List<List<String>> rows, int firstNumber) {
        StringBuilder table = new StringBuilder("<div class=\"wide\"><table><thead><tr>");
        for (int i = 0; i < head.size(); i++) {
            table.append(cell("th", head.get(i), i >= firstNumber));
        }
        table.append("</tr></thead><tbody>");
        for (List<String> row : rows) {
            table.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                table.append(cell("td", row.get(i), i >= firstNumber));
            }
            table.append("</tr>");
        }
        return raw(table.append("</tbody></table></div>").toString());
    }

    private static String cell(String tag, String text, boolean number) {
        return "<" + tag + (number ? " class=\"number\">" : ">") + escape(text) + "</" + tag + ">";
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
