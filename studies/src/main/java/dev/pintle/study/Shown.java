package dev.pintle.study;

import dev.pintle.figure.BarFigure;
import dev.pintle.figure.HistogramFigure;
import dev.pintle.figure.Marker;
import dev.pintle.report.Element;
import dev.pintle.report.Element.Card;
import dev.pintle.report.Element.Details;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Element.Texts;
import dev.pintle.report.Element.Tone;
import dev.pintle.report.Published;
import dev.pintle.report.Words;
import dev.pintle.study.LatentSpread.LatentValue;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Latents and texts as every chapter shows them.
 *
 * @param settings what the run was made with
 * @param target the latent that stands for the concept; -1 if that is not known
 * @param published what the original published
 */
public record Shown(StudySettings settings, int target, Published published) {
    private static final int BARS = 12;
    private static final int BINS = 50;

    /** Perplexity under the unsteered model from which on a text is not called fluent; styles cost a factor of 2 to 10. */
    private static final double LEAST_FLUENT = 100;

    // ---------------------------------------------------------------- latents

    /** The largest latents as bars; nothing where there are none. */
    public List<Element> bars(String title, String description, List<LatentValue> values) {
        return bars(title, description, "latent activation", values);
    }

    /** The largest latents as bars; nothing where there are none. */
    public List<Element> bars(String title, String description, String unit, List<LatentValue> values) {
        if (values.isEmpty()) {
            return List.of();
        }
        return List.of(new Picture(new BarFigure(
                title,
                description,
                unit,
                values.stream()
                        .limit(BARS)
                        .map(value -> new BarFigure.Bar(name(value), value.value()))
                        .toList())));
    }

    private String name(LatentValue value) {
        return (value.latent() == target ? "▸ " : "") + value.latent() + "  " + Words.label(value.label());
    }

    /** How large the latents are that are not 0, the target's value named; nothing where there are none. */
    public List<Element> histogram(String title, String unit, LatentSpread spread) {
        if (spread.active() == 0) {
            return List.of();
        }
        double[] values = IntStream.range(0, spread.values().length)
                .mapToDouble(i -> spread.values()[i])
                .toArray();
        List<Marker> markers = new ArrayList<>();
        spread.top().stream()
                .filter(value -> value.latent() == target)
                .forEach(value -> markers.add(
                        new Marker(value.value(), "latent " + target + ": " + Words.number(value.value()))));
        return List.of(new Picture(new HistogramFigure(
                title,
                Words.text("How the %s that are not 0 are spread.", Words.count(spread.active(), "latent")),
                unit,
                "latents",
                values,
                BINS,
                markers)));
    }

    /** The largest latents as a listing that is folded; nothing where there are none. */
    public List<Element> listing(String what, String unit, LatentSpread spread) {
        if (spread.active() == 0) {
            return List.of();
        }
        int shown = spread.top().size();
        String caption = shown < spread.active()
                ? Words.text("%s: the largest %d of %s latents", what, shown, Words.count(spread.active()))
                : Words.text("%s: all %s", what, Words.count(spread.active(), "latent"));
        return List.of(new Details(caption, List.of(table(caption, unit, spread.top()))));
    }

    /** Latents in a table, each with its label. */
    public Table table(String caption, String unit, List<LatentValue> values) {
        return new Table(
                caption,
                List.of("latent", "label", unit),
                values.stream()
                        .map(value -> List.of(
                                value.latent() + (value.latent() == target ? " ▸ the concept’s" : ""),
                                Words.label(value.label()),
                                Words.number(value.value(), 4)))
                        .toList(),
                2);
    }

    /** The vector that steers, by its name: {@code the after-last-difference vector}. */
    public String vector() {
        return "the " + settings.steering().vector() + " vector";
    }

    // ---------------------------------------------------------------- texts

    /** Answers side by side, with what they are worth. */
    public Element texts(List<SteeredText> texts) {
        return new Texts(
                texts.isEmpty() ? "" : texts.get(0).question(),
                texts.stream().map(this::card).toList(),
                marker());
    }

    private Card card(SteeredText text) {
        String note = Words.text(
                "%sperplexity %s · KL %s nats per token · %s",
                text.coefficient() == 0 ? "" : "strength " + strength(text) + " · ",
                Words.number(text.perplexity(), 1),
                Words.number(text.divergence(), 2),
                text.ended() ? "ended" : "cut off");
        return new Card(
                text.how(), state(text), tone(text), text.broken().isEmpty() ? text.text() : text.broken(), note);
    }

    /** At what strength a text was steered, with its unit. */
    public String strength(SteeredText text) {
        return Double.isNaN(text.strength())
                ? "factor " + Words.number(text.coefficient(), 2)
                : Words.number(text.strength(), 2) + " activation norms";
    }

    /** What a text is, in a few words. */
    public String state(SteeredText text) {
        if (!text.broken().isEmpty()) {
            return "overflowed";
        }
        if (text.loops()) {
            return "loops";
        }
        if (!fluent(text)) {
            return text.shows() ? "in style, not fluent" : "not fluent";
        }
        return !settings.contrast().hasMarker() ? "fluent" : text.shows() ? "in style" : "not in style";
    }

    /** Whether it shows the concept and reads as text. */
    public boolean good(SteeredText text) {
        return text.shows() && fluent(text) && text.broken().isEmpty();
    }

    private static boolean fluent(SteeredText text) {
        return !(text.perplexity() > LEAST_FLUENT);
    }

    private Tone tone(SteeredText text) {
        return text.loops() || !fluent(text) || !text.broken().isEmpty()
                ? Tone.BAD
                : text.shows() ? Tone.GOOD : Tone.PLAIN;
    }

    /** What is marked in texts. */
    public Pattern marker() {
        return settings.contrast().pattern();
    }
}
