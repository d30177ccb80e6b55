package dev.pintle.notebook;

import dev.pintle.base.HtmlText;
import dev.pintle.base.PintleException;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.Figure;
import dev.pintle.figure.Theme;
import dev.pintle.model.Generated;
import dev.pintle.report.Element;
import dev.pintle.report.Words;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.Term;
import dev.pintle.steering.Stability;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** Renders values. Whatever is not markup of ours is escaped: what a model writes may be HTML, and is shown as text. */
public final class Renderer {
    private static final int SHOWN = 12;
    private static final AtomicInteger FIGURES = new AtomicInteger();
    // a notebook says by an attribute, or a class, which theme it is in
    private static final String THEMES = "<style>.pintle-dark{display:none}"
            + "[data-jp-theme-light=\"false\"] .pintle-dark,.vscode-dark .pintle-dark{display:block}"
            + "[data-jp-theme-light=\"false\"] .pintle-light,.vscode-dark .pintle-light{display:none}"
            + ".pintle-figure svg{max-width:100%;height:auto}</style>";

    private Renderer() {}

    /** Any value: what notebooks deal in has a form of its own, anything else is shown as it says itself. */
    public static Rendered of(@Nullable Object value) {
        if (value instanceof Rendered rendered) {
            return rendered;
        }
        if (value instanceof Figure figure) {
            return figure(figure);
        }
        if (value instanceof Generated generated) {
            return generated("", generated);
        }
        if (value instanceof SteeringVector vector) {
            return vector(vector);
        }
        if (value instanceof Decomposition parts) {
            return decomposition(parts);
        }
        if (value instanceof SweepResult sweep) {
            return sweep(sweep);
        }
        if (value instanceof Element element) {
            return element(element);
        }
        if (value instanceof Collection<?> all && !all.isEmpty() && all.stream().allMatch(Record.class::isInstance)) {
            return Tables.of("", all.stream().map(Record.class::cast).toList());
        }
        return text(words(value));
    }

    /** Text, escaped. */
    public static Rendered text(String text) {
        return Rendered.html(text, "<div style=\"white-space:pre-wrap\">" + Markup.text(text) + "</div>");
    }

    private static String words(@Nullable Object value) {
        if (value instanceof int[] numbers) {
            return Arrays.toString(numbers);
        }
        if (value instanceof double[] numbers) {
            return numbers(Arrays.stream(numbers).boxed().toList());
        }
        if (value instanceof float[] numbers) {
            return words(Vec.of(numbers));
        }
        if (value instanceof Vec vec) {
            List<Float> first = new ArrayList<>();
            for (int i = 0; i < Math.min(SHOWN, vec.size()); i++) {
                first.add(vec.get(i));
            }
            return "[" + vec.size() + "] " + numbers(first) + (vec.size() > SHOWN ? " …" : "") + ", length "
                    + Tables.cell(vec.norm());
        }
        if (value instanceof Object[] array) {
            return words(Arrays.asList(array));
        }
        if (value instanceof Map<?, ?> map) {
            return lines(map.entrySet().stream()
                    .map(entry -> words(entry.getKey()) + ": " + words(entry.getValue()))
                    .toList());
        }
        if (value instanceof Collection<?> all) {
            return lines(all.stream().map(Renderer::words).toList());
        }
        return value instanceof Number ? Tables.cell(value) : String.valueOf(value);
    }

    private static String numbers(List<? extends Number> numbers) {
        return String.join(" ", numbers.stream().map(Tables::cell).toList());
    }

    private static String lines(List<String> lines) {
        return String.join("\n", lines);
    }

    // ---------------------------------------------------------------- figures

    /** Both themes as SVG, of which a notebook shows its own, and a PNG for pages that show no SVG. */
    private static Rendered figure(Figure figure) {
        String words = figure.title() + "\n" + figure.description();
        try {
            String id = "f" + FIGURES.incrementAndGet();
            return new Rendered(
                    words,
                    THEMES + "<figure class=\"pintle-figure\" style=\"margin:0\"><div class=\"pintle-light\">"
                            + figure.toInlineSvg(Theme.LIGHT, id + "l") + "</div><div class=\"pintle-dark\">"
                            + figure.toInlineSvg(Theme.DARK, id + "d") + "</div></figure>",
                    figure.toPng(Theme.LIGHT));
        } catch (PintleException e) { // Java has no fonts here
            return text(words + "\n" + e.getMessage());
        }
    }

    // ---------------------------------------------------------------- what a model writes

    /** A generated text and why it ended. */
    static Rendered generated(String label, Generated generated) {
        String ending = switch (generated.reason()) {
            case STOP_TOKEN -> "the model ended it";
            case STOP_STRING -> "a stop string ended it";
            case LENGTH -> "cut at the token limit";
            case CONTEXT_FULL -> "cut where the model's context is full";
            case NOT_FINITE -> "numbers overflowed";
            case CANCELLED -> "cancelled";
        };
        String note = Words.count(generated.ids().length, "token") + ", " + ending;
        String head = label.isEmpty() ? "" : label + ": ";
        String text = generated.text().isEmpty() ? "(nothing)" : generated.text();
        return Rendered.html(
                head + text + "  [" + note + "]",
                "<p style=\"white-space:pre-wrap\">" + (label.isEmpty() ? "" : "<b>" + Markup.text(label) + "</b><br>")
                        + Markup.text(text) + "<br><small>" + note + "</small></p>");
    }

    // ---------------------------------------------------------------- vectors

    private static Rendered vector(SteeringVector vector) {
        Stability stability = vector.origin().measures().stability();
        String halves = Double.isNaN(stability.splitHalfCosine()) ? "" : "; split-half cosine " + stability.text();
        String norm = Double.isFinite(vector.origin().meanActivationNorm())
                ? ", mean activation norm " + Tables.cell(vector.origin().meanActivationNorm())
                : "";
        return text("steering vector [" + vector.dModel() + "], "
                + vector.origin().method().name() + ", at " + vector.at() + ", norm "
                + Tables.cell(vector.direction().norm()) + norm + halves);
    }

    private static Rendered decomposition(Decomposition parts) {
        List<List<String>> rows = parts.terms().stream()
                .limit(SHOWN)
                .map(term -> List.of(String.valueOf(term.latent()), Tables.cell(term.activation())))
                .toList();
        return Tables.of(
                "By " + parts.how() + ": " + Words.count(parts.terms().size(), "latent") + ", relative error "
                        + Words.percent(parts.relativeError()) + ", cosine " + Words.number(parts.cosine()),
                List.of("latent", "value"),
                rows,
                Tables.numbersFrom(0, 2));
    }

    /** Terms with what their latents stand for. */
    static Rendered terms(String caption, List<Term> terms, IntFunction<String> labels) {
        return Tables.of(
                caption,
                List.of("latent", "value", "label"),
                terms.stream()
                        .map(term -> List.of(
                                String.valueOf(term.latent()),
                                Tables.cell(term.activation()),
                                labels.apply(term.latent())))
                        .toList(),
                List.of(true, true, false));
    }

    private static Rendered sweep(SweepResult sweep) {
        List<List<String>> rows = new ArrayList<>();
        for (SweepPoint point : sweep.points()) {
            rows.add(List.of(
                    point.method().isEmpty() ? "unsteered" : point.method(),
                    Tables.cell(point.strength()),
                    Words.percent(point.meanFluentConcept()),
                    Words.percent(point.loops().mean()),
                    Tables.cell(point.meanDivergence())));
        }
        return Tables.of(
                "Answers by vector and strength",
                List.of("vector", "strength", "in style", "loops", "KL, nats per token"),
                rows,
                Tables.numbersFrom(1, 5));
    }

    // ---------------------------------------------------------------- parts of a report

    private static Rendered element(Element element) {
        if (element instanceof Element.Picture picture) {
            return figure(picture.figure());
        }
        if (element instanceof Element.Table table) {
            return Tables.of(
                    table.caption(),
                    table.head(),
                    table.rows(),
                    Tables.numbersFrom(table.firstNumber(), table.head().size()));
        }
        if (element instanceof Element.Texts texts) {
            return texts(texts);
        }
        if (element instanceof Element.Claims claims) {
            return Tables.of(
                    "",
                    List.of("claim", "published", "here, as published", "here, as it should be", "verdict"),
                    claims.claims().stream()
                            .map(claim -> List.of(
                                    claim.claim(),
                                    claim.published(),
                                    claim.asPublished(),
                                    claim.asItShouldBe(),
                                    claim.verdict().words() + ": " + claim.because()))
                            .toList(),
                    Tables.numbersFrom(5, 5));
        }
        if (element instanceof Element.Paragraph paragraph) {
            return text(paragraph.text());
        }
        if (element instanceof Element.Heading heading) {
            return Rendered.html(heading.text(), "<h4>" + HtmlText.escape(heading.text()) + "</h4>");
        }
        Element.Details details = (Element.Details) element;
        StringBuilder plain = new StringBuilder(details.summary());
        StringBuilder html = new StringBuilder("<details><summary>" + Markup.text(details.summary()) + "</summary>");
        for (Element part : details.elements()) {
            Rendered rendered = element(part);
            plain.append('\n').append(rendered.text());
            html.append(rendered.html());
        }
        return Rendered.html(plain.toString(), html.append("</details>").toString());
    }

    private static Rendered texts(Element.Texts texts) {
        List<String> head = List.of("steering", "answer", "state");
        List<List<String>> plain = new ArrayList<>();
        List<List<String>> marked = new ArrayList<>();
        for (Element.Card card : texts.cards()) {
            String state = card.note().isEmpty() ? card.state() : card.state() + ", " + card.note();
            plain.add(List.of(card.label(), card.text(), state));
            marked.add(List.of(Markup.text(card.label()), marked(card.text(), texts), Markup.text(state)));
        }
        List<Boolean> numbers = Tables.numbersFrom(3, 3);
        return Rendered.html(
                Markup.plainTable(texts.question(), head, plain, numbers),
                Markup.table(texts.question(), head, marked, numbers));
    }

    private static String marked(String text, Element.Texts texts) {
        Matcher matcher = texts.marker().matcher(text);
        StringBuilder html = new StringBuilder();
        int from = 0;
        while (matcher.find()) {
            html.append(Markup.text(text.substring(from, matcher.start())));
            html.append("<mark>").append(Markup.text(matcher.group())).append("</mark>");
            from = matcher.end();
        }
        return html.append(Markup.text(text.substring(from))).toString();
    }
}
