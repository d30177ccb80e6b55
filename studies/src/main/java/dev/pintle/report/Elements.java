package dev.pintle.report;

import dev.pintle.base.HtmlText;
import dev.pintle.report.Element.Card;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Details;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Element.Texts;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes the elements of chapters as HTML. */
final class Elements {
    private static final Pattern MANY_BREAKS = Pattern.compile("(\\s*\\n){4,}\\s*");

    private final Html page;
    private final String where;
    private int figures;

    /** @param where what verdicts hold of */
    Elements(Html page, String where) {
        this.page = page;
        this.where = where;
    }

    void write(Element element) {
        // in the order of a page, most frequent first
        if (element instanceof Paragraph paragraph) {
            page.paragraph(paragraph.text());
        } else if (element instanceof Heading heading) {
            page.heading(3, heading.text());
        } else if (element instanceof Picture picture) {
            page.raw(Page.figure(picture.figure(), "figure" + figures++));
        } else if (element instanceof Table table) {
            page.table(table.caption(), table.head(), table.rows(), table.firstNumber());
        } else if (element instanceof Texts texts) {
            texts(texts);
        } else if (element instanceof Claims claims) {
            claims.claims().forEach(this::claim);
        } else if (element instanceof Details details) {
            page.raw("<details><summary>" + HtmlText.escape(details.summary()) + "</summary>");
            details.elements().forEach(this::write);
            page.raw("</details>");
        }
    }

    // ---------------------------------------------------------------- texts

    private void texts(Texts texts) {
        page.raw("<section class=\"texts\" aria-label=\"" + HtmlText.escape("Answers to: " + texts.question()) + "\">");
        page.raw("<p class=\"question\">" + HtmlText.escape(texts.question()) + "</p><div class=\"cards\">");
        for (Card card : texts.cards()) {
            page.raw("<article class=\"card " + card.tone().name().toLowerCase(Locale.ROOT)
                    + "\"><p class=\"label\"><b>"
                    + HtmlText.escape(card.label()) + "</b> <span>" + HtmlText.escape(card.state())
                    + "</span></p><p class=\"text\">"
                    + marked(card.text(), texts.marker()) + "</p>"
                    + (card.note().isEmpty() ? "" : "<p class=\"measured\">" + HtmlText.escape(card.note()) + "</p>")
                    + "</article>");
        }
        page.raw("</div></section>");
    }

    private static String marked(String whole, Pattern marker) {
        if (whole.isBlank()) {
            return whole.isEmpty() ? "<i>(nothing)</i>" : "<i>(nothing but white space)</i>";
        }
        String answer = MANY_BREAKS
                .matcher(whole)
                .replaceAll(breaks -> "\n… (" + breaks.group().lines().count() + " line breaks)\n");
        Matcher matcher = marker.matcher(answer);
        StringBuilder text = new StringBuilder();
        int from = 0;
        while (matcher.find()) {
            text.append(HtmlText.escape(answer.substring(from, matcher.start())));
            text.append("<mark>").append(HtmlText.escape(matcher.group())).append("</mark>");
            from = matcher.end();
        }
        return text.append(HtmlText.escape(answer.substring(from))).toString();
    }

    // ---------------------------------------------------------------- claims

    private void claim(Claim claim) {
        page.raw("<article class=\"claim\"><p class=\"said\">" + badge(claim.verdict(), where) + " <b>"
                + HtmlText.escape(claim.claim()) + "</b></p><dl>");
        value("published", claim.published());
        value("here, as published", claim.asPublished());
        value("here, as it should be", claim.asItShouldBe());
        page.raw("</dl><p>" + HtmlText.escape(claim.because()) + "</p></article>");
    }

    private void value(String label, String value) {
        if (!value.isEmpty()) {
            page.raw("<div><dt>" + label + "</dt><dd>" + HtmlText.escape(value) + "</dd></div>");
        }
    }

    /** The verdict and, where it is one of measurement, what it holds of. */
    static String badge(Verdict verdict, String where) {
        String badge = "<span class=\"badge "
                + verdict.name().toLowerCase(Locale.ROOT).replace('_', '-') + "\">" + verdict.words() + "</span>";
        return verdict.measured() && !where.isEmpty()
                ? "<span class=\"verdict\">" + badge + " <span class=\"where\">" + HtmlText.escape(where)
                        + "</span></span>"
                : badge;
    }
}
