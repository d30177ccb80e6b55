package dev.pintle.study.viasae;

import dev.pintle.report.Element;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Published;
import dev.pintle.report.Verdict;
import dev.pintle.report.Words;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.Shown;
import dev.pintle.study.SteeredText;
import dev.pintle.study.Told;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The chapter about a {@link ViaSaeResult}. */
record ViaSaeChapter(ViaSaeResult all, Shown shown) {
    private static final double IDENTICAL = 0.9999;

    Told told() {
        return Told.of(findings(), elements()).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "Yes: the vector’s latents have cosine %s with the latent, its reconstruction error is %s, and it steers without the loop"
                        + " that the ordinary vector falls into.",
                published().number("caa_via_sae_steering.latent_cosine"),
                published().percent("caa_via_sae_steering.error_percent"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        headlines.put(
                "vector from latent " + all.ofConcept().latent() + " and its decoder row, cosine",
                Words.number(all.ofConcept().cosineWithDecoderColumn(), 6));
        return headlines;
    }

    private Published published() {
        return shown.published();
    }

    private static boolean isRow(ViaSaeResult one) {
        return one.cosineWithDecoderColumn() >= IDENTICAL;
    }

    /** Told first: the concept's latent, unless the raised latent did not give its row, as by arithmetic every latent must. */
    private ViaSaeResult result() {
        return isRow(all) ? all.ofConcept() : all;
    }

    private boolean isRow() {
        return isRow(result());
    }

    private boolean mixed() {
        return Math.abs(result().mixedError() - result().encoded().relativeError())
                > published().band() * result().encoded().relativeError();
    }

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        String vector = "The vector fitted to activations with " + Words.latent(result().latent(), result().label())
                + " raised";
        findings.add(Words.text(
                isRow()
                        ? "%s is row %d of the decoder and nothing else (cosine %s, largest difference %s): the decoder is"
                                + " linear, so raising a latent moves every activation by that row. No prompt is needed."
                        : "%s has cosine %3$s with row %2$d of the decoder (largest difference %4$s), though by arithmetic it"
                                + " should be that row.",
                vector,
                result().latent(),
                Words.number(result().cosineWithDecoderColumn(), 6),
                Words.text("%.1e", result().largestDifference())));
        findings.add(Words.text(
                "Its own reconstruction error is %s, and %s without the bias; the published figure, %s by that formula, compares its"
                        + " reconstruction with the all-positions vector.",
                Words.percent(result().encoded().relativeError()),
                Words.percent(result().encoded().relativeErrorWithoutBias()),
                Words.percent(result().mixedError())));
        findings.add(Words.text(
                "It has cosine %s with %s%s.",
                Words.number(result().cosineWithVector()),
                shown.vector(),
                all.concept().isEmpty() ? "" : "; " + raised()));
        return findings;
    }

    /** The latent that the original's way would have taken. */
    private String raised() {
        List<String> states = List.of(all.texts().get(3), all.texts().get(1)).stream()
                .map(text -> Words.text("%s at %s", shown.state(text), shown.strength(text)))
                .toList();
        return Words.text(
                "that of %s, which steering raises most, has cosine %s, and its answers are %s",
                Words.latent(all.latent(), all.label()), Words.number(all.cosineWithVector()), Words.and(states));
    }

    private List<Element> elements() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Claims(List.of(made(), error(), better())));
        elements.addAll(published().beside(publishedValues()));
        elements.add(new Heading("What it makes the model say"));
        elements.add(new Paragraph(Words.text(
                "The original steered by the vector from the latent at a strength higher than that of the ordinary vector; at one strength"
                        + " for both the comparison is fairer, and KL says how far each moved the model.")));
        elements.add(shown.texts(result().texts()));
        if (!all.concept().isEmpty()) {
            elements.add(new Paragraph(Words.text(
                    "Steering raises %s most, though its decoder row has cosine %s with %s. By itself it steers so:",
                    Words.latent(all.latent(), all.label()), Words.number(all.cosineWithVector()), shown.vector())));
            elements.add(shown.texts(all.texts()));
        }
        elements.add(new Heading("What it is made of"));
        elements.add(values());
        elements.addAll(shown.bars(
                "Largest latents of the vector from " + Words.latent(result().latent(), ""),
                "Latent activations at length 1, with what the latents may stand for.",
                result().encoded().latents().top()));
        elements.addAll(shown.listing(
                "the vector from the latent", "activation", result().encoded().latents()));
        return elements;
    }

    private Claim made() {
        return new Claim(
                "Contrasting activations with and without a raised latent gives a steering vector for it.",
                published().number("caa_via_sae_steering.latent_cosine") + " (latents)",
                Words.number(result().encoded().shareOfTarget()) + " (latents)",
                Words.number(result().cosineWithDecoderColumn(), 6) + " (decoder row)",
                isRow() ? Verdict.BY_CONSTRUCTION : Verdict.IN_PART,
                isRow()
                        ? Words.text(
                                "dec(f + %1$s · 1ⱼ) − dec(f) is %1$s times row j of the decoder, whatever f is: fitting gives the row"
                                        + " back.",
                                Words.number(result().amount(), 0))
                        : "The vector from the latent is not the decoder’s row, which exact arithmetic would give.");
    }

    private Claim error() {
        EncodedVector own = result().encoded();
        Verdict verdict = mixed() ? Verdict.FAILS : own.biasShare() > 0.5 ? Verdict.BY_CONSTRUCTION : Verdict.HOLDS;
        String because =
                "The published formula takes the all-positions vector less the reconstruction of the vector from the latent. "
                        + (mixed()
                                ? "By its own reconstruction the vector from the latent has another error."
                                : "Here its own error is about the same number, ")
                        + (mixed() ? "" : Words.text("%s of it the decoder’s bias.", Words.percent(own.biasShare())));
        return new Claim(
                "Its reconstruction error is a little smaller than the ordinary vector’s.",
                published().percent("caa_via_sae_steering.error_percent"),
                Words.percent(result().mixedError()) + " (mixed vectors)",
                Words.text(
                        "%s, %s without the bias",
                        Words.percent(own.relativeError()), Words.percent(own.relativeErrorWithoutBias())),
                verdict,
                because);
    }

    private Claim better() {
        SteeredText latent = result().texts().get(1);
        SteeredText vector = result().texts().get(2);
        SteeredText equal = result().texts().get(3);
        boolean asClaimed = shown.good(latent) && !shown.good(vector);
        boolean alsoEqual = shown.good(equal) && !shown.good(vector);
        boolean told = shown.settings().contrast().hasMarker();
        return new Claim(
                "It steers better than the ordinary vector.",
                "good against a loop",
                Words.text("%s against %s", shown.state(latent), shown.state(vector)),
                Words.text("at one strength: %s against %s", shown.state(equal), shown.state(vector)),
                !told ? Verdict.OPEN : asClaimed ? alsoEqual ? Verdict.HOLDS : Verdict.IN_PART : Verdict.FAILS,
                Words.text(
                        "The vector from the latent moves the model by %s nats per token at the original’s strength and by %s at that of the"
                                + " ordinary vector, which moves it by %s. The chapter on quality compares decoder row and vectors where they move the model equally far.",
                        Words.number(latent.divergence(), 2),
                        Words.number(equal.divergence(), 2),
                        Words.number(vector.divergence(), 2)));
    }

    private Map<String, Double> publishedValues() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("caa_via_sae_steering.latent_cosine", result().encoded().shareOfTarget());
        values.put("caa_via_sae_steering.error_percent", 100 * result().mixedError());
        return values;
    }

    private Table values() {
        EncodedVector own = result().encoded();
        return new Table(
                "The vector from " + Words.latent(result().latent(), result().label()),
                List.of("value", "as published", "as it should be"),
                List.of(
                        List.of(
                                "likeness to the latent",
                                Words.number(own.shareOfTarget()) + " of the encoding",
                                Words.number(result().cosineWithDecoderColumn(), 6) + " with its decoder row"),
                        List.of(
                                "reconstruction error",
                                Words.percent(result().mixedError()),
                                Words.percent(own.relativeError())),
                        List.of("without the bias", "", Words.percent(own.relativeErrorWithoutBias())),
                        List.of("bias in the reconstruction", "", Words.percent(own.biasShare())),
                        List.of(
                                "active latents",
                                Words.count(own.latents().active()),
                                Words.count(result().zeroActive()) + " for a vector of zeros"),
                        List.of("cosine with " + shown.vector(), "", Words.number(result().cosineWithVector()))),
                1);
    }
}
