package dev.pintle.study.allpositions;

import dev.pintle.report.Element;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Published;
import dev.pintle.report.Verdict;
import dev.pintle.report.Words;
import dev.pintle.study.FittedVector;
import dev.pintle.study.LatentSpread.LatentValue;
import dev.pintle.study.Shown;
import dev.pintle.study.SteeredText;
import dev.pintle.study.Told;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The chapter about a {@link AllPositionCaaResult}. */
record AllPositionCaaChapter(AllPositionCaaResult result, Shown shown) {
    private static final double ALIKE = 0.7;
    private static final double SOMEWHAT = 0.4;

    Told told() {
        return Told.of(findings(), elements()).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "The two are similar (cosine %s of their latents) and both steer; answer prefixes shift weight to a sibling of the pirate"
                        + " latent.",
                published().number("all_position_caa.latent_cosine_between"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        headlines.put("all-positions and last-position vector, cosine", Words.number(result.cosine()));
        return headlines;
    }

    private Published published() {
        return shown.published();
    }

    /** The largest latents at length 1; where none is active, at the length of an activation. */
    private static List<LatentValue> largest(FittedVector vector) {
        List<LatentValue> plain = vector.encoded().latents().top();
        return plain.isEmpty() ? vector.scaled().latents().top() : plain;
    }

    private static int top(FittedVector vector) {
        List<LatentValue> top = largest(vector);
        return top.isEmpty() ? -1 : top.get(0).latent();
    }

    private static String topName(FittedVector vector) {
        List<LatentValue> top = largest(vector);
        return top.isEmpty()
                ? "none"
                : Words.latent(top.get(0).latent(), top.get(0).label());
    }

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        findings.add(Words.text(
                "The all-positions vector (of %s) and the last-position vector (of %s) have cosine %s in the residual stream. Their latents at length 1, as published, have %s; at the length"
                        + " of an activation the cosine is %s.",
                Words.count(result.allPositions().pairs(), "pair"),
                Words.count(result.prefix().pairs(), "pair"),
                Words.number(result.cosine()),
                Double.isNaN(result.latentCosine())
                        ? "no cosine, since " + silent()
                        : "cosine " + Words.number(result.latentCosine()),
                Words.number(result.scaledLatentCosine())));
        List<String> states = new ArrayList<>();
        for (SteeredText text : result.texts()) {
            states.add(text.how() + ": " + shown.state(text));
        }
        findings.add("The answers to “" + result.texts().get(0).question() + "” at one strength: "
                + String.join("; ", states) + ".");
        int both = result.relativeDifferences().active();
        if (both + result.undefined() == 0) {
            findings.add(
                    "The published comparison, (all − prefix) / prefix, has nothing to compare: at length 1 no latent is active.");
            return findings;
        }
        findings.add(Words.text(
                "The published comparison, (all − prefix) / prefix, covers the %s that both activate and divides by zero for %s that"
                        + " one alone activates.",
                Words.count(both, "latent"), Words.count(result.undefined())));
        return findings;
    }

    /** Which of the two activate no latent at length 1. */
    private String silent() {
        boolean all = result.allPositions().encoded().latents().active() == 0;
        boolean last = result.prefix().encoded().latents().active() == 0;
        return all && last
                ? "neither activates any"
                : "the " + (all ? "all-positions" : "last-position") + " one activates none";
    }

    private List<Element> elements() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Claims(List.of(alike(), sibling(), steers())));
        elements.addAll(published().beside(publishedValues()));
        elements.add(new Heading("What they make the model say"));
        elements.add(shown.texts(result.texts()));
        elements.add(new Heading("Their latents"));
        elements.add(table());
        if (result.allPositions().encoded().latents().active() == 0
                || result.prefix().encoded().latents().active() == 0) {
            elements.add(new Paragraph(
                    "At length 1, as published, " + silent() + ", so that there is nothing to draw of them."));
        }
        elements.addAll(shown.bars(
                "Largest latents: all positions of one pair",
                "Latent activations of the all-position vector at length 1.",
                result.allPositions().encoded().latents().top()));
        elements.addAll(shown.bars(
                "Largest latents: last position of the prefix pairs",
                "Latent activations of the last-position vector at length 1.",
                result.prefix().encoded().latents().top()));
        elements.addAll(shown.histogram(
                "Latents of the all-position vector",
                "latent activation",
                result.allPositions().encoded().latents()));
        elements.addAll(shown.histogram(
                "Latents of the last-position vector",
                "latent activation",
                result.prefix().encoded().latents()));
        elements.addAll(shown.listing(
                "all-positions", "activation", result.allPositions().encoded().latents()));
        elements.addAll(shown.listing(
                "last-position", "activation", result.prefix().encoded().latents()));
        elements.add(new Heading("Where they differ"));
        elements.add(new Paragraph(Words.text(
                "As published, only latents that both activate can be compared, since the difference is divided by the prefix"
                        + " (last-position) vector’s value. Subtracting at the length of an activation misses none.")));
        elements.addAll(shown.histogram(
                "Relative differences, as published", "(all − prefix) / prefix", result.relativeDifferences()));
        elements.addAll(shown.bars(
                "Largest differences at the length of an activation",
                "All-position latents less last-position latents; to the right what the all-position vector has more of.",
                "difference of latent activations",
                result.differences().top()));
        elements.addAll(shown.listing("relative differences", "relative", result.relativeDifferences()));
        elements.addAll(shown.listing("differences", "difference", result.differences()));
        return elements;
    }

    private Claim alike() {
        double cosine = result.cosine();
        return new Claim(
                "The all-position vector is similar to the last-position vector.",
                published().number("all_position_caa.latent_cosine_between") + " (latents)",
                Double.isNaN(result.latentCosine())
                        ? "none, no latent is active"
                        : Words.number(result.latentCosine()) + " (latents)",
                Words.number(cosine) + " (residual stream)",
                cosine >= ALIKE ? Verdict.HOLDS : cosine >= SOMEWHAT ? Verdict.IN_PART : Verdict.FAILS,
                Words.text(
                        "The all-positions and the last-position vector themselves have cosine %s; the cosine of encodings at length 1 compares the few latents that"
                                + " are left of so short a vector.",
                        Words.number(cosine)));
    }

    private Claim sibling() {
        boolean shifts = top(result.allPositions()) != top(result.prefix());
        boolean matchedShifts = top(result.allPositions()) != top(result.matched());
        String all = result.allPositions().encoded().latents().active() == 0 ? " at the length of an activation" : "";
        String because = shifts
                ? matchedShifts
                        ? "With the prompts matched, same user turn and no tuple, the largest latent differs too."
                        : "With the prompts matched, same user turn and no tuple, the largest latent is the same: the shift came"
                                + " from the prompts, not from answer prefixes."
                : "The largest latent is the same for both.";
        return new Claim(
                "Answer prefixes shift weight to another latent of the same concept.",
                Words.text(
                        "%.0f instead of %.0f",
                        published().value("all_position_caa.prefix_top_latent"),
                        published().value("all_position_caa.top_latent")),
                topName(result.allPositions()) + " → " + topName(result.prefix()) + all,
                topName(result.matched()) + " with matched prompts",
                shifts ? matchedShifts ? Verdict.HOLDS : Verdict.FAILS : Verdict.FAILS,
                because);
    }

    private Claim steers() {
        List<SteeredText> steered =
                result.texts().subList(1, Math.min(3, result.texts().size()));
        long good = steered.stream().filter(shown::good).count();
        List<String> ours = steered.stream()
                .map(text -> text.how() + ": " + shown.state(text))
                .toList();
        boolean told = shown.settings().contrast().hasMarker();
        return new Claim(
                "Both vectors steer the model into the style.",
                "pirate speech with both",
                String.join("; ", ours),
                "",
                !told
                        ? Verdict.OPEN
                        : good == steered.size() ? Verdict.HOLDS : good > 0 ? Verdict.IN_PART : Verdict.FAILS,
                told
                        ? "One question at one strength, as in the original; the chapter on quality asks many at many."
                        : "No marker tells the style; the chapter on quality measures the concept otherwise.");
    }

    private Map<String, Double> publishedValues() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("all_position_caa.latent_cosine_between", result.latentCosine());
        values.put(
                "all_position_caa.prefix_latent_cosine",
                result.prefix().encoded().shareOfTarget());
        values.put(
                "all_position_caa.prefix_error_percent",
                100 * result.prefix().encoded().relativeError());
        values.put("all_position_caa.active_latents", (double)
                result.allPositions().encoded().latents().active());
        values.put("all_position_caa.prefix_active_latents", (double)
                result.prefix().encoded().latents().active());
        return values;
    }

    private Table table() {
        List<List<String>> rows = new ArrayList<>();
        for (FittedVector one :
                List.of(result.allPositions(), result.prefix(), result.matched(), result.afterLastDifference())) {
            String name = one == result.matched() ? one.method() + ", matched prompts" : one.method();
            rows.add(List.of(
                    name,
                    Words.count(one.pairs()),
                    Words.count(one.encoded().latents().active()),
                    Words.number(one.encoded().shareOfTarget()),
                    Words.percent(one.encoded().relativeError()),
                    Words.count(one.scaled().latents().active()),
                    Words.number(one.scaled().shareOfTarget()),
                    Words.percent(one.scaled().relativeErrorWithoutBias())));
        }
        return new Table(
                "Four vectors: as published, at length 1, and at the length of an activation",
                List.of(
                        "vector",
                        "pairs",
                        "latents",
                        "share of the concept’s latent",
                        "error",
                        "latents, scaled",
                        "share, scaled",
                        "error without bias, scaled"),
                rows,
                1);
    }
}
