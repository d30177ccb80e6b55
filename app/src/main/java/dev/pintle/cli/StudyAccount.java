package dev.pintle.cli;

import dev.pintle.report.Element;
import dev.pintle.report.Report;
import java.io.PrintWriter;
import java.util.List;

/** A run of studies on the terminal: one question at rising strength, then the findings in sentences. */
final class StudyAccount {
    private static final int WIDTH = 110;
    private static final int CARD = 96;

    private final Report page;

    StudyAccount(Report page) {
        this.page = page;
    }

    /** Prints the main findings of several studies, or all findings of one. */
    void print(PrintWriter out) {
        for (Element element : page.opening()) {
            if (element instanceof Element.Heading heading) {
                out.println(heading.text());
            } else if (element instanceof Element.Texts texts) {
                out.println(texts.question());
                texts.cards().forEach(card -> out.println(line(card)));
                out.println();
            }
        }
        List<String> findings =
                page.chapters().size() == 1 ? page.chapters().get(0).findings() : page.findings();
        findings.forEach(finding -> out.println(wrapped("- ", finding)));
        out.println();
    }

    private static String line(Element.Card card) {
        String text = card.text().strip().replaceAll("\\s+", " ");
        String shown = text.length() <= CARD ? text : text.substring(0, CARD - 1) + "…";
        return "  " + card.label() + "  " + shown + "  [" + card.state() + "]";
    }

    /** A sentence wrapped into lines, all but the first indented. */
    private static String wrapped(String bullet, String sentence) {
        StringBuilder text = new StringBuilder(bullet);
        int column = bullet.length();
        for (String word : sentence.split(" ", -1)) {
            if (column + word.length() > WIDTH) {
                text.append("\n  ");
                column = 2;
            } else if (column > bullet.length()) {
                text.append(' ');
                column++;
            }
            text.append(word);
            column += word.length();
        }
        return text.toString();
    }
}
