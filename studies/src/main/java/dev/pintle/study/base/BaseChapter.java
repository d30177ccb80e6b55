package dev.pintle.study.base;

import dev.pintle.figure.BarFigure;
import dev.pintle.report.Element;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Details;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Published;
import dev.pintle.report.Verdict;
import dev.pintle.report.Words;
import dev.pintle.steering.Stability;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.FittedVector;
import dev.pintle.study.LatentCandidate;
import dev.pintle.study.Shown;
import dev.pintle.study.Told;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The chapter about a {@link BaseResult}. */
record BaseChapter(BaseResult result, Shown shown) {
    /** From here on a reconstruction is more the bias than anything else. */
    private static final double MOSTLY = 0.5;

    Told told() {
        return Told.of(findings(), elements()).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "The vector’s latents have cosine %s with the pirate latent; yet the reconstruction’s error is %s, so the autoencoder"
                        + " cannot represent steering vectors.",
                published().number("base.latent_cosine"), published().percent("base.error_percent"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        FittedVector vector = vector();
        headlines.put("latent of the concept", target());
        headlines.put(
                "its decoder row and the " + vector.method() + " vector, cosine",
                Words.number(vector.targetDecoderCosine()));
        headlines.put(
                "error of the " + vector.method() + " vector, as published",
                Words.percent(vector.encoded().relativeError()));
        headlines.put(
                "the same without the decoder’s bias",
                Words.percent(vector.encoded().relativeErrorWithoutBias()));
        return headlines;
    }

    private Published published() {
        return shown.published();
    }

    private FittedVector vector() {
        return result.vectors().get(0);
    }

    // ---------------------------------------------------------------- findings

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        EncodedVector plain = vector().encoded();
        String bias = plain.biasShare() > MOSTLY
                ? Words.text(
                        "of which %s is the decoder’s bias: that comes back whatever is encoded, so the error of %s is not the"
                                + " vector’s",
                        Words.percent(plain.biasShare()), Words.percent(plain.relativeError()))
                : Words.text(
                        "of which %s is the decoder’s bias; the error is %s",
                        Words.percent(plain.biasShare()), Words.percent(plain.relativeError()));
        findings.add(Words.text(
                "At length 1 the %s vector activates %s (a vector of zeros activates %s) and comes back %s times as long, %s.",
                vector().method(),
                Words.count(plain.latents().active(), "latent"),
                Words.count(plain.zeroActive()),
                Words.number(plain.reconstructionNorm(), 2),
                bias));
        EncodedVector scaled = vector().scaled();
        findings.add(Words.text(
                "Without the bias the error is %s, and %s at the length of a typical activation (%s); a sum of %s of either sign"
                        + " leaves %s.",
                Words.percent(plain.relativeErrorWithoutBias()),
                Words.percent(scaled.relativeErrorWithoutBias()),
                Words.number(scaled.factor(), 1),
                Words.count(vector().pursuit().size(), "decoder row"),
                Words.percent(vector().pursuitError())));
        findings.add(Words.text(
                "%s It makes up %s of the encoding of the %s vector at length 1 and %s at the length of an activation; its decoder"
                        + " row has cosine %s with that vector.",
                chosen(),
                Words.number(plain.shareOfTarget()),
                vector().method(),
                Words.number(scaled.shareOfTarget()),
                Words.number(vector().targetDecoderCosine())));
        return findings;
    }

    /** Which latent stands for the concept and which might have been taken for it. */
    private String chosen() {
        if (result.candidates().isEmpty()) {
            return "The latent that stands for the concept is " + target() + ".";
        }
        List<String> others = result.candidates().stream()
                .skip(1)
                .map(other -> Words.text(
                        "%s, cosine %s (%s)",
                        Words.latent(other.latent(), other.label()),
                        Words.number(other.decoderCosine()),
                        other.because().words()))
                .toList();
        LatentCandidate first = result.candidates().get(0);
        return Words.text(
                "The latent that stands for the concept is %s: %s, with cosine %s with %s.%s",
                target(),
                first.because().words(),
                Words.number(first.decoderCosine()),
                shown.vector(),
                others.isEmpty() ? "" : " Not taken: " + String.join("; ", others) + ".");
    }

    private String target() {
        return Words.latent(result.targetLatent(), result.targetLabel());
    }

    // ---------------------------------------------------------------- elements

    private List<Element> elements() {
        EncodedVector plain = vector().encoded();
        List<Element> elements = new ArrayList<>();
        elements.add(new Claims(List.of(alike(plain), error(plain))));
        elements.addAll(published().beside(publishedValues(plain)));
        elements.add(new Paragraph(Words.text(
                "Two prompts of %s, “%s” and “%s”, differ from token %d on; their activations’ half difference, averaged and given"
                        + " length 1, is the all-positions vector. The autoencoder was made for activations, which are about %s long.",
                Words.count(result.tokens(), "token"),
                result.positive(),
                result.neutral(),
                result.firstDifference(),
                Words.number(vector().scaled().factor(), 1))));
        elements.add(new Heading("How much comes back"));
        elements.add(errors());
        elements.add(encodings());
        if (!result.candidates().isEmpty()) {
            elements.add(new Heading("The latent that stands for the concept"));
            elements.add(candidates());
        }
        elements.add(new Heading("Its latents"));
        if (plain.latents().active() == 0) {
            elements.add(new Paragraph(Words.text(
                    "At length 1, as published, the %s vector activates no latent. At the length of an activation it activates these.",
                    vector().method())));
        }
        elements.addAll(shown.bars(
                "Largest latents of the " + vector().method() + " vector, as published",
                "Latent activations of that vector at length 1, with what the latents may stand for.",
                plain.latents().top()));
        elements.addAll(shown.bars(
                "Largest latents of the " + vector().method() + " vector at the length of an activation",
                Words.text(
                        "Latent activations of the all-positions vector at length %s, with what the latents may stand for.",
                        Words.number(vector().scaled().factor(), 1)),
                vector().scaled().latents().top()));
        for (FittedVector one : result.vectors()) {
            elements.addAll(shown.listing(
                    one.method() + " at length 1", "activation", one.encoded().latents()));
        }
        elements.add(
                new Details("Decoder rows of either sign that add up to the vectors, and the nearest rows", rows()));
        elements.add(new Heading("Three ways to fit it"));
        elements.add(vectors());
        elements.add(cosines());
        return elements;
    }

    private Table candidates() {
        return new Table(
                "Latents that may stand for the concept; verdicts rest on the first",
                List.of(
                        "latent",
                        "label",
                        "because",
                        "cosine of its decoder row with " + shown.vector(),
                        "mean change under steering"),
                result.candidates().stream()
                        .map(one -> List.of(
                                String.valueOf(one.latent()),
                                Words.label(one.label()),
                                one.because().words(),
                                Words.number(one.decoderCosine()),
                                Words.signed(one.change(), 3)))
                        .toList(),
                3);
    }

    private Claim alike(EncodedVector plain) {
        double share = plain.shareOfTarget();
        double cosine = vector().targetDecoderCosine();
        boolean largest =
                !plain.latents().top().isEmpty() && plain.latents().top().get(0).latent() == result.targetLatent();
        Verdict verdict = cosine >= MOSTLY ? Verdict.HOLDS : largest ? Verdict.IN_PART : Verdict.FAILS;
        String because = Words.text(
                "The number compares the encoding with a one-hot, so it is the latent’s share of the encoding (%s here), not a"
                        + " comparison with the latent’s direction, whose cosine with the %s vector is %s.",
                Words.number(share), vector().method(), Words.number(cosine));
        return new Claim(
                "The steering vector is mostly the concept’s latent.",
                published().number("base.latent_cosine"),
                Words.number(share),
                Words.number(cosine) + " (decoder row)",
                verdict,
                because
                        + (largest
                                ? ""
                                : plain.latents().active() == 0
                                        ? " At length 1 no latent is active at all."
                                        : " The latent is not the largest of the encoding."));
    }

    private Claim error(EncodedVector plain) {
        boolean bias = plain.biasShare() > MOSTLY;
        double best = vector().pursuitError();
        Verdict verdict = bias ? Verdict.BY_CONSTRUCTION : best > MOSTLY ? Verdict.HOLDS : Verdict.FAILS;
        String because = bias
                ? Words.text(
                        "%s of the reconstruction is the decoder’s bias, of length %s, against a vector of length 1. Any vector"
                                + " that activates little gets about this error.",
                        Words.percent(plain.biasShare()), Words.number(result.decoderBiasNorm(), 2))
                : Words.text(
                        "The decoder’s bias, of length %s, is %s of the reconstruction here.",
                        Words.number(result.decoderBiasNorm(), 2), Words.percent(plain.biasShare()));
        return new Claim(
                "The autoencoder’s error on a steering vector is many times the vector: it cannot represent it.",
                published().percent("base.error_percent"),
                Words.percent(plain.relativeError()),
                Words.text(
                        "%s without the bias, %s with rows of either sign",
                        Words.percent(plain.relativeErrorWithoutBias()), Words.percent(best)),
                verdict,
                because);
    }

    private static Map<String, Double> publishedValues(EncodedVector plain) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("base.latent_cosine", plain.shareOfTarget());
        values.put("base.error_percent", 100 * plain.relativeError());
        return values;
    }

    private Element errors() {
        List<BarFigure.Bar> bars = new ArrayList<>();
        for (FittedVector one : result.vectors()) {
            bars.add(new BarFigure.Bar(
                    one.method() + ": as published", 100 * one.encoded().relativeError()));
            bars.add(new BarFigure.Bar(
                    one.method() + ": without the bias", 100 * one.encoded().relativeErrorWithoutBias()));
            bars.add(new BarFigure.Bar(
                    one.method() + ": at an activation’s length, without the bias",
                    100 * one.scaled().relativeErrorWithoutBias()));
            bars.add(new BarFigure.Bar(one.method() + ": rows of either sign", 100 * one.pursuitError()));
        }
        return new Picture(new BarFigure(
                "What reconstruction leaves of the three vectors",
                "Relative error of each vector’s reconstruction: as published, without the decoder’s bias, at the length of a"
                        + " typical activation, and as a sum of decoder rows of either sign.",
                "relative error, %",
                bars));
    }

    private Table encodings() {
        List<List<String>> rows = new ArrayList<>();
        for (FittedVector one : result.vectors()) {
            for (EncodedVector encoded : List.of(one.encoded(), one.scaled())) {
                rows.add(List.of(
                        one.method(),
                        encoded.factor() == 1 ? "as published: 1" : Words.number(encoded.factor(), 2),
                        Words.count(encoded.latents().active()),
                        Words.count(encoded.zeroActive()),
                        Words.percent(encoded.relativeError()),
                        Words.percent(encoded.relativeErrorWithoutBias()),
                        Words.percent(encoded.biasShare()),
                        Words.number(encoded.cosineReconstruction()),
                        Words.number(encoded.shareOfTarget())));
            }
        }
        return new Table(
                "Vectors encoded and decoded, v̂ = dec(enc(length · v))",
                List.of(
                        "vector",
                        "length",
                        "latents",
                        "of the zero vector",
                        "error",
                        "error without bias",
                        "bias in v̂",
                        "cos(v, v̂)",
                        "share of the concept’s latent"),
                rows,
                1);
    }

    private Table vectors() {
        return new Table(
                "Three vectors of the same contrast",
                List.of(
                        "vector",
                        "pairs",
                        "differences",
                        "length before scaling",
                        "cosine of two halves of the pairs",
                        "cosine with the concept’s decoder row"),
                result.vectors().stream()
                        .map(one -> List.of(
                                one.method(),
                                Words.count(one.pairs()),
                                Words.text("%,d", one.directions()),
                                Words.number(one.normBeforeScaling(), 2),
                                halves(one),
                                Words.number(one.targetDecoderCosine())))
                        .toList(),
                1);
    }

    private static String halves(FittedVector one) {
        return Double.isNaN(one.splitHalfCosine())
                ? "–"
                : new Stability(one.splitHalfCosine(), one.splitHalfLow(), one.splitHalfHigh()).text();
    }

    private Table cosines() {
        List<String> head = new ArrayList<>(List.of(""));
        result.vectors().forEach(one -> head.add(one.method()));
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < result.vectors().size(); i++) {
            List<String> row = new ArrayList<>(List.of(result.vectors().get(i).method()));
            result.cosines().get(i).forEach(cosine -> row.add(Words.number(cosine)));
            rows.add(row);
        }
        return new Table("Cosines of the three vectors", head, rows, 1);
    }

    private List<Element> rows() {
        List<Element> tables = new ArrayList<>();
        for (FittedVector one : result.vectors()) {
            tables.add(shown.table(
                    Words.text(
                            "%s as a sum of decoder rows, which leaves %s",
                            one.method(), Words.percent(one.pursuitError())),
                    "coefficient",
                    one.pursuit()));
            tables.add(shown.table("Decoder rows nearest to " + one.method(), "cosine", one.nearest()));
        }
        return tables;
    }
}
