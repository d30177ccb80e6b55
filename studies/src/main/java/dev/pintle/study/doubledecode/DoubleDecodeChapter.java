package dev.pintle.study.doubledecode;

import dev.pintle.report.Element;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Published;
import dev.pintle.report.Verdict;
import dev.pintle.report.Words;
import dev.pintle.study.Shown;
import dev.pintle.study.Told;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The chapter about a {@link DoubleDecodeResult}. */
record DoubleDecodeChapter(DoubleDecodeResult result, Shown shown) {
    private static final double NEARLY = 0.1;

    Told told() {
        return Told.of(findings(), elements()).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "No: raising one latent by %s changed %s latents, and steering by those %2$s changed it by %3$s. The notebook ended in an"
                        + " error and drew no conclusion.",
                published().count("failed_double_decode_caa.amount"),
                published().count("failed_double_decode_caa.changed_latents"),
                published().signed("failed_double_decode_caa.second_change"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        headlines.put(
                Words.text(
                        "latent %d, raised by %s and encoded again", result.latent(), Words.number(result.amount(), 1)),
                Words.signed(result.firstTargetChange(), 2));
        return headlines;
    }

    private Published published() {
        return shown.published();
    }

    private boolean given(double change) {
        return Math.abs(change - result.amount()) <= NEARLY * Math.abs(result.amount());
    }

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        findings.add(Words.text(
                "Raising %s by %s and encoding again changes %s; the latent itself changes by %s, %s.",
                Words.latent(result.latent(), result.label()),
                Words.number(result.amount(), 1),
                Words.count(result.first().active(), "latent"),
                Words.signed(result.firstTargetChange(), 2),
                given(result.firstTargetChange()) ? "about what was put in" : "not by what was put in"));
        findings.add(Words.text(
                given(result.predictedTargetChange())
                        ? "Encoder row times decoder row predicts %s for a latent that is active, about what is put in; other latents"
                                + " answer by their own product with that decoder row."
                        : "Encoder row times decoder row predicts %s for a latent that is active: the encoder is not the decoder’s"
                                + " inverse, and each latent answers by its own product with that decoder row.",
                Words.signed(result.predictedTargetChange(), 2)));
        findings.add(Words.text(
                "Steering by all that changed moves the latent by %s and %s in all.",
                Words.signed(result.secondTargetChange(), 2),
                Words.count(result.second().active(), "latent")));
        DoubleDecodeResult.Twice twice = result.vector();
        findings.add(Words.text(
                "The after-last-difference vector at the length of an activation, decoded twice, is off by %s after the first time and by %s after the"
                        + " second; %s change between the two.",
                Words.percent(twice.firstRelativeError()),
                Words.percent(twice.fromStartRelativeError()),
                Words.count(twice.changedLatents(), "latent")));
        return findings;
    }

    private List<Element> elements() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Claims(List.of(roundTrip(), steered())));
        elements.add(new Heading("What comes back"));
        elements.add(changes());
        elements.addAll(shown.bars(
                "Latents that change when one is raised",
                Words.text(
                        "Changes of latent activations after raising latent %d by %s, decoding with the error kept, and encoding again.",
                        result.latent(), Words.number(result.amount(), 1)),
                "change of latent activation",
                result.first().top()));
        elements.addAll(shown.bars(
                "Latents that change when those are raised",
                "Changes of latent activations after raising every latent that had changed, in proportion.",
                "change of latent activation",
                result.second().top()));
        elements.addAll(shown.histogram("Changes after the first time", "change of latent activation", result.first()));
        elements.addAll(shown.listing("changes after the first time", "change", result.first()));
        elements.addAll(shown.listing("changes after the second time", "change", result.second()));
        elements.add(new Heading("A steering vector decoded twice"));
        elements.add(twice());
        elements.add(new Element.Details(
                "Latents that change most between the first and the second encoding",
                List.of(shown.table(
                        "Latents that change most between the first and the second encoding",
                        "change",
                        result.vector().largestChanges()))));
        return elements;
    }

    private Claim roundTrip() {
        boolean given = given(result.firstTargetChange());
        return new Claim(
                "Raising a latent, decoding and encoding again does not give back the change.",
                published().count("failed_double_decode_caa.changed_latents") + " latents change",
                Words.text(
                        "%s for %s; %s change",
                        Words.signed(result.firstTargetChange(), 2),
                        Words.signed(result.amount(), 1),
                        Words.count(result.first().active(), "latent")),
                Words.signed(result.predictedTargetChange(), 2) + " predicted from the weights",
                !given ? Verdict.HOLDS : result.first().active() > 1 ? Verdict.IN_PART : Verdict.FAILS,
                given
                        ? Words.text(
                                "The latent itself gets back about what was put in, but %s others change too.",
                                Words.count(result.first().active() - 1))
                        : "That follows from the weights: encoder rows are not the decoder’s inverse.");
    }

    private Claim steered() {
        double change = result.secondTargetChange();
        boolean opposite = change * result.amount() < 0;
        return new Claim(
                "Steering by all latents that changed moves the latent the other way.",
                Words.text(
                        "%s for +%s",
                        published().signed("failed_double_decode_caa.second_change"),
                        published().count("failed_double_decode_caa.amount")),
                Words.signed(change, 2) + " for " + Words.signed(result.amount(), 1),
                "",
                opposite ? Verdict.HOLDS : Verdict.FAILS,
                Words.text(
                        "The changes are divided by their signed sum before they are added, so their sign can turn. The next token is"
                                + " “%s” before and “%s” after the first change.",
                        result.nextToken().strip(), result.nextTokenFirst().strip()));
    }

    private Table changes() {
        return new Table(
                Words.text(
                        "Latent %d at the last token of “%s”, where its activation is %s",
                        result.latent(), result.question(), Words.number(result.targetBefore(), 2)),
                List.of("what is added", "change of the latent", "latents that change"),
                List.of(
                        List.of(
                                Words.text("the latent, by %s", Words.number(result.amount(), 1)),
                                Words.signed(result.firstTargetChange(), 3),
                                Words.count(result.first().active())),
                        List.of("predicted from the weights", Words.signed(result.predictedTargetChange(), 3), ""),
                        List.of(
                                "all that changed, in proportion",
                                Words.signed(result.secondTargetChange(), 3),
                                Words.count(result.second().active()))),
                1);
    }

    private Table twice() {
        DoubleDecodeResult.Twice twice = result.vector();
        return new Table(
                "The after-last-difference vector, at the length of an activation",
                List.of("error", "relative"),
                List.of(
                        List.of("of the first reconstruction", Words.percent(twice.firstRelativeError())),
                        List.of("of the second against the first", Words.percent(twice.secondRelativeError())),
                        List.of(
                                "of the second against the vector itself",
                                Words.percent(twice.fromStartRelativeError())),
                        List.of("latents active in one encoding only", Words.count(twice.changedLatents()))),
                1);
    }
}
