package dev.pintle.report;

import dev.pintle.figure.BarFigure;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.LineFigure.Scale;
import dev.pintle.figure.LineFigure.Series;
import dev.pintle.study.SteeringFindings;
import dev.pintle.study.SteeringFindings.Answer;
import dev.pintle.study.SteeringFindings.Fitted;
import dev.pintle.study.SteeringFindings.Parts;
import dev.pintle.study.SteeringFindings.SweepPoint;
import dev.pintle.tensor.io.AtomicFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The page of a {@link SteeringFindings}: what was found in sentences first, then pictures, tables and every text. */
public final class SteeringReport {
    private final SteeringFindings findings;

    /** @param findings what to show */
    public SteeringReport(SteeringFindings findings) {
        this.findings = findings;
    }

    /** Writes the page, whole or not at all. */
    public void write(Path file) {
        AtomicFile.writeText(file, Page.of(title(), "<main>\n" + body() + "</main>\n", findings));
    }

    /** The numbers as JSON. */
    public String json() {
        return Page.json(findings);
    }

    /** The findings in sentences, most important first. */
    public List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        SweepPoint best = best();
        SweepPoint unsteered = findings.sweep().stream()
                .filter(p -> p.strength() == 0)
                .findFirst()
                .orElse(best);
        sentences.add(text(
                "Unsteered, %s of %d answers show the style; with the %s vector at %.2f of the activation norm, %s do.",
                percent(unsteered.shows()),
                findings.settings().questions().size(),
                best.method(),
                best.strength(),
                percent(best.shows())));
        findings.sweep().stream()
                .filter(p -> p.method().equals(best.method()) && p.loops() >= 0.5)
                .findFirst()
                .ifPresent(p -> sentences.add(text(
                        "At %.2f of the activation norm %s of its answers loop: the model is broken.",
                        p.strength(), percent(p.loops()))));
        Parts parts = findings.parts().get(0);
        sentences.add(text(
                "Encoded as published, at length 1, the %s vector activates %d latents, and %s of its reconstruction is the"
                        + " decoder's bias; encoded at the length of a typical activation it activates %d.",
                parts.method(),
                parts.plain().active(),
                percent(parts.plain().biasShare()),
                parts.scaled().active()));
        sentences.add(text(
                "Its reconstruction error there is %s, and %s without the bias.",
                percent(parts.scaled().relativeError()), percent(parts.scaled().relativeErrorWithoutBias())));
        return sentences;
    }

    /** The point of the sweep with the most style; of equals, the most fluent. */
    public SweepPoint best() {
        return findings.sweep().stream()
                .max(Comparator.comparingDouble(SweepPoint::shows)
                        .thenComparing(Comparator.comparingDouble(SweepPoint::medianPerplexity)
                                .reversed()))
                .orElseThrow();
    }

    private String title() {
        return "Steering " + model() + " to " + findings.settings().style().ask();
    }

    private String model() {
        return findings.manifest().model().replaceFirst("@.*", "");
    }

    private String body() {
        Html page = new Html();
        page.raw("<header>").heading(1, title());
        page.raw("<p class=\"lead\">"
                + Html.escape(text(
                        "Vectors from contrasting prompts, added to the residual stream at %s while the model answers; then"
                                + " taken apart by a sparse autoencoder.",
                        findings.settings().at()))
                + "</p></header>");
        page.heading(2, "What was found").raw("<ul class=\"findings\">");
        sentences().forEach(sentence -> page.raw("<li>" + Html.escape(sentence) + "</li>"));
        page.raw("</ul>");
        rising(page);
        page.heading(2, "How strong is right");
        page.paragraph("Too little does nothing, too much breaks the model. Each point is " + questions()
                + ", answered greedily; strength is in multiples of the mean activation norm at the hook point.");
        page.raw(Page.figure(styleFigure(), "styleFigure"));
        page.raw(Page.figure(fluencyFigure(), "fluencyFigure"));
        vectors(page);
        parts(page);
        twice(page);
        answers(page);
        manifest(page);
        return page.toString();
    }

    private String questions() {
        return findings.settings().questions().size() + " questions";
    }

    private void rising(Html page) {
        SweepPoint best = best();
        List<Answer> rising = findings.answers().stream()
                .filter(a -> a.method().equals(best.method())
                        && a.question().equals(findings.settings().questions().get(0)))
                .toList();
        page.heading(2, "One question, rising strength");
        page.raw("<p class=\"question\">" + Html.escape(rising.get(0).question()) + "</p><div class=\"cards\">");
        for (Answer answer : rising) {
            String state = answer.strength() == 0
                    ? "unsteered"
                    : answer.shows() ? "in style" : answer.loops() ? "broken" : "not in style";
            page.raw("<article class=\"card\"><p class=\"strength\"><b>" + text("%.2f", answer.strength())
                    + "</b> <span>" + state + "</span></p><p>" + marked(answer.text()) + "</p></article>");
        }
        page.raw("</div>");
        page.note(text(
                "%s vector; words that give the style away are marked. The model answers with up to %d tokens.",
                best.method(), findings.settings().maxNewTokens()));
    }

    private String marked(String answer) {
        if (answer.isBlank()) {
            return "<i>(nothing)</i>";
        }
        Pattern marker = findings.settings().style().marker();
        Matcher matcher = marker.matcher(answer);
        StringBuilder text = new StringBuilder();
        int from = 0;
        while (matcher.find()) {
            text.append(Html.escape(answer.substring(from, matcher.start())));
            text.append("<mark>").append(Html.escape(matcher.group())).append("</mark>");
            from = matcher.end();
        }
        return text.append(Html.escape(answer.substring(from))).toString();
    }

    /** Share of answers in style over strength. */
    public LineFigure styleFigure() {
        return new LineFigure(
                "Answers that show the style and do not loop",
                "Share of answers in style against steering strength, one line a method.",
                "strength (multiples of the mean activation norm)",
                Scale.share("share of answers"),
                lines(SweepPoint::shows));
    }

    private LineFigure fluencyFigure() {
        return new LineFigure(
                "Perplexity of the answers under the unsteered model",
                "Median perplexity of the answers under the unsteered model against strength; higher is less fluent.",
                "strength (multiples of the mean activation norm)",
                Scale.logarithmic("median perplexity"),
                lines(SweepPoint::medianPerplexity));
    }

    private List<Series> lines(ToDoubleFunction<SweepPoint> value) {
        return findings.vectors().stream()
                .map(fitted -> fitted.vector().origin().method())
                .map(method -> {
                    List<SweepPoint> points = findings.sweep().stream()
                            .filter(p -> p.method().equals(method))
                            .toList();
                    return new Series(
                            method,
                            points.stream().mapToDouble(SweepPoint::strength).toArray(),
                            points.stream().mapToDouble(value).toArray());
                })
                .toList();
    }

    private void vectors(Html page) {
        page.heading(2, "The vectors");
        page.paragraph("Each is half the difference of activations under “"
                + findings.settings().positive() + "” and “"
                + findings.settings().negative() + "”, averaged and given length 1.");
        List<String> head = new ArrayList<>(List.of("method", "pairs", "directions", "norm before scaling"));
        findings.vectors()
                .forEach(f -> head.add("cosine with " + f.vector().origin().method()));
        List<List<String>> rows = new ArrayList<>();
        for (Fitted fitted : findings.vectors()) {
            var origin = fitted.vector().origin();
            List<String> row = new ArrayList<>(List.of(
                    origin.method(),
                    String.valueOf(origin.pairs()),
                    String.valueOf(origin.directions()),
                    text("%.3f", origin.normBeforeScaling())));
            fitted.cosines().forEach(cosine -> row.add(text("%.3f", cosine)));
            rows.add(row);
        }
        page.table("The vectors and their cosines", head, rows, 1);
    }

    private void parts(Html page) {
        page.heading(2, "What the vectors are made of");
        page.paragraph(text(
                "An encoder is trained on activations, not on their differences. At length 1 a vector hardly activates it, and"
                        + " the decoder answers with its bias (length %.3f) whatever the vector: that, not the vector, is the"
                        + " error often reported. At the length of a typical activation the latents mean something.",
                findings.decoderBiasNorm()));
        List<List<String>> rows = new ArrayList<>();
        for (Parts parts : findings.parts()) {
            for (var encoded : List.of(parts.plain(), parts.scaled())) {
                rows.add(List.of(
                        parts.method(),
                        text("%.2f", encoded.factor()),
                        String.valueOf(encoded.active()),
                        String.valueOf(encoded.zeroActive()),
                        percent(encoded.relativeError()),
                        percent(encoded.relativeErrorWithoutBias()),
                        percent(encoded.biasShare()),
                        text("%.3f", encoded.cosine())));
            }
        }
        page.table(
                "What the vectors are made of",
                List.of(
                        "method",
                        "length",
                        "latents",
                        "of the zero vector",
                        "error",
                        "error without bias",
                        "bias in v̂",
                        "cosine"),
                rows,
                1);
        for (Parts parts : findings.parts()) {
            page.raw(Page.figure(latentFigure(parts), "latents" + parts.method()));
        }
        page.note(
                "Labels are guesses made by a program from what the corpus generator knows; several latents may share one.");
    }

    private static BarFigure latentFigure(Parts parts) {
        return new BarFigure(
                "Largest latents of the " + parts.method() + " vector",
                text(
                        "Latent activations of the vector at length %.2f, with the labels of the latents.",
                        parts.scaled().factor()),
                "latent activation",
                parts.scaled().top().stream()
                        .map(term -> new BarFigure.Bar(term.latent() + "  " + term.label(), term.activation()))
                        .toList());
    }

    private void twice(Html page) {
        page.heading(2, "Decoding twice");
        page.paragraph(
                "If the autoencoder kept what it was given, encoding its own reconstruction would change nothing.");
        page.table(
                "Decoding twice",
                List.of(
                        "method",
                        "error of the first",
                        "of the second against the first",
                        "against the vector",
                        "latents before",
                        "after",
                        "changed"),
                findings.twice().stream()
                        .map(d -> List.of(
                                d.method(),
                                percent(d.firstError()),
                                percent(d.secondError()),
                                percent(d.totalError()),
                                String.valueOf(d.firstActive()),
                                String.valueOf(d.secondActive()),
                                String.valueOf(d.changed())))
                        .toList(),
                1);
    }

    private void answers(Html page) {
        page.heading(2, "Every answer");
        for (Fitted fitted : findings.vectors()) {
            String method = fitted.vector().origin().method();
            page.raw("<details><summary>" + Html.escape(method) + "</summary>");
            page.table(
                    "Answers",
                    List.of("question", "answer", "strength", "in style", "loops", "perplexity"),
                    findings.answers().stream()
                            .filter(a -> a.method().equals(method))
                            .map(a -> List.of(
                                    a.question(),
                                    a.text(),
                                    text("%.2f", a.strength()),
                                    a.shows() ? "yes" : "no",
                                    a.loops() ? "yes" : "no",
                                    text("%.1f", a.perplexity())))
                            .toList(),
                    2);
            page.raw("</details>");
        }
    }

    private void manifest(Html page) {
        var m = findings.manifest();
        page.heading(2, "What produced these numbers");
        page.table(
                "Manifest",
                List.of("", ""),
                List.of(
                        List.of("Pintle", m.pintle()),
                        List.of("model", m.model()),
                        List.of("autoencoder", m.autoencoder()),
                        List.of("hook point", m.hookPoint()),
                        List.of("dtype, device", m.dtype() + ", " + m.device()),
                        List.of("engine", m.engine() + ", " + m.threads() + " threads, Java " + m.java()),
                        List.of("decoding", m.decoding())),
                2);
        page.note("All numbers are in this page as JSON, in the element with id “numbers”.");
    }

    private static String percent(double share) {
        return text(Math.abs(share) < 0.1 && share != 0 ? "%.1f%%" : "%.0f%%", 100 * share);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
