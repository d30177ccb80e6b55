package dev.pintle.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.HtmlText;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import java.util.List;

/**
 * A report as one page: the findings, then the chapters, then what produced the numbers. One self-contained HTML file, for light
 * and dark screens, wide and narrow ones, and paper.
 *
 * @param run which run it is of and when that was begun; empty where it was not kept
 * @param where what verdicts hold of, such as {@code on parley-7m at layer 3}; empty if unknown
 * @param lead what was done, in a sentence or two
 * @param findings what was found, as sentences, the most important first
 * @param opening what is shown before the first chapter
 * @param manifest what produced the numbers
 * @param numbers all of them; written into the page
 */
public record Report(
        String run,
        String where,
        String title,
        String lead,
        List<String> findings,
        List<Element> opening,
        List<Chapter> chapters,
        List<Fact> manifest,
        JsonNode numbers) {
    /** One thing that is known, such as the model's name. */
    public record Fact(String label, String value) {}

    public Report {
        findings = List.copyOf(findings);
        opening = List.copyOf(opening);
        chapters = List.copyOf(chapters);
        manifest = List.copyOf(manifest);
    }

    /** Of no run that was kept. */
    public Report(
            String title,
            String lead,
            List<String> findings,
            List<Element> opening,
            List<Chapter> chapters,
            List<Fact> manifest,
            JsonNode numbers) {
        this("", "", title, lead, findings, opening, chapters, manifest, numbers);
    }

    /** The whole document. */
    public String html() {
        Html page = new Html();
        contents(page);
        page.raw("<main>");
        page.raw("<header>").heading(1, title).raw("<p class=\"lead\">" + HtmlText.escape(lead) + "</p>");
        if (!run.isEmpty()) {
            page.note(run);
        }
        page.raw("</header>");
        page.raw("<section id=\"findings\" aria-labelledby=\"findings-title\">")
                .raw("<h2 id=\"findings-title\">What was found</h2>")
                .list("findings", findings);
        Elements elements = new Elements(page, where);
        opening.forEach(elements::write);
        verdicts(page);
        page.raw("</section>");
        for (Chapter chapter : chapters) {
            chapter(page, chapter, elements);
        }
        manifest(page);
        page.raw("</main>");
        return Page.of(title, page.toString(), numbers);
    }

    private void contents(Html page) {
        page.raw("<a class=\"skip\" href=\"#findings\">Skip to the findings</a>");
        page.raw("<nav aria-label=\"Contents\"><ol>");
        page.raw(entry("findings", "What was found"));
        chapters.forEach(chapter -> page.raw(entry(chapter.name(), chapter.title())));
        page.raw(entry("manifest", "What produced these numbers"));
        page.raw("</ol></nav>");
    }

    private static String entry(String id, String text) {
        return "<li><a href=\"#" + id + "\">" + HtmlText.escape(text) + "</a></li>";
    }

    /** Every claim with its verdict in one table, where there are any. */
    private void verdicts(Html page) {
        boolean any = chapters.stream().anyMatch(chapter -> !claims(chapter).isEmpty());
        if (!any) {
            return;
        }
        page.heading(3, "The original's claims");
        page.raw("<p>The original is a set of notebooks on Llama-3.1-8B-Instruct, <a href=\"" + Published.repository()
                + "\">" + HtmlText.escape(Published.repository().replaceFirst("^https://github.com/", ""))
                + "</a>. What holds, or does not, is said "
                + HtmlText.escape(where.isEmpty() ? "on the model of this run" : where) + ".</p>");
        page.raw("<ul class=\"verdicts\">");
        for (Chapter chapter : chapters) {
            for (Claim claim : claims(chapter)) {
                page.raw("<li>" + Elements.badge(claim.verdict(), where) + " <span>" + HtmlText.escape(claim.claim())
                        + " <a href=\"#" + chapter.name() + "\">" + HtmlText.escape(chapter.title())
                        + "</a></span></li>");
            }
        }
        page.raw("</ul>");
    }

    private static List<Claim> claims(Chapter chapter) {
        return chapter.everything()
                .filter(Claims.class::isInstance)
                .flatMap(element -> ((Claims) element).claims().stream())
                .toList();
    }

    private static void chapter(Html page, Chapter chapter, Elements elements) {
        String heading = chapter.name() + "-title";
        page.raw("<section class=\"chapter\" id=\"" + chapter.name() + "\" aria-labelledby=\"" + heading + "\">");
        page.raw("<h2 id=\"" + heading + "\">" + HtmlText.escape(chapter.title()) + "</h2>");
        page.raw("<dl class=\"brief\">");
        page.raw("<dt>Asked</dt><dd>" + HtmlText.escape(chapter.asked()) + "</dd>");
        if (!chapter.claimed().isEmpty()) {
            page.raw("<dt>The original said</dt><dd>" + HtmlText.escape(chapter.claimed()) + "</dd>");
        }
        page.raw("<dt>Found</dt><dd>").list("found", chapter.findings()).raw("</dd></dl>");
        chapter.elements().forEach(elements::write);
        page.raw("</section>");
    }

    private void manifest(Html page) {
        page.raw("<section id=\"manifest\" aria-labelledby=\"manifest-title\">");
        page.raw("<h2 id=\"manifest-title\">What produced these numbers</h2><dl class=\"facts\">");
        manifest.forEach(fact -> page.raw(
                "<dt>" + HtmlText.escape(fact.label()) + "</dt><dd>" + HtmlText.escape(fact.value()) + "</dd>"));
        page.raw("</dl>");
        page.note("All numbers are in this page as JSON, in the element with id “numbers”.");
        page.raw("</section>");
    }
}
