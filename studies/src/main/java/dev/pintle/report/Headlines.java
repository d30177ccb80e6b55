package dev.pintle.report;

import dev.pintle.evaluation.SweepPoint;
import dev.pintle.study.AllPositionCaaResult;
import dev.pintle.study.BaseResult;
import dev.pintle.study.DoubleDecodeResult;
import dev.pintle.study.FittedVector;
import dev.pintle.study.MeanVsPcaResult;
import dev.pintle.study.OtherSaesResult;
import dev.pintle.study.QualityResult;
import dev.pintle.study.SteeringLatentsResult;
import dev.pintle.study.StudyResult;
import dev.pintle.study.StudyStage;
import dev.pintle.study.ViaSaeSteeringResult;
import java.util.LinkedHashMap;
import java.util.Map;

/** The few numbers of a run that its findings rest on, what steering does before what vectors are made of. */
public final class Headlines {
    private final Map<String, String> told = new LinkedHashMap<>();

    private Headlines() {}

    /**
     * Of a run.
     *
     * @return values in words by what they are; those of studies that the run lacks are left out
     */
    public static Map<String, String> of(RunPage page) {
        Headlines headlines = new Headlines();
        page.stages().stream()
                .map(StudyStage::result)
                .filter(QualityResult.class::isInstance)
                .forEach(headlines::add);
        page.stages().stream()
                .map(StudyStage::result)
                .filter(result -> !(result instanceof QualityResult))
                .forEach(headlines::add);
        return headlines.told;
    }

    private void add(StudyResult result) {
        if (result instanceof QualityResult quality) {
            quality(quality);
        } else if (result instanceof BaseResult base) {
            FittedVector vector = base.vectors().get(0);
            told.put("latent of the concept", Words.latent(base.targetLatent(), base.targetLabel()));
            told.put(
                    "its decoder row and the " + vector.method() + " vector, cosine",
                    number(vector.targetDecoderCosine()));
            told.put(
                    "error of the " + vector.method() + " vector, as published",
                    Words.percent(vector.encoded().relativeError()));
            told.put(
                    "the same without the decoder’s bias",
                    Words.percent(vector.encoded().relativeErrorWithoutBias()));
        } else if (result instanceof AllPositionCaaResult all) {
            told.put("all-positions and last-position vector, cosine", number(all.cosine()));
        } else if (result instanceof MeanVsPcaResult pca) {
            told.put("mean and “PCA” vector, cosine", number(pca.comparison().cosine()));
        } else if (result instanceof ViaSaeSteeringResult via) {
            told.put(
                    "vector from latent " + via.ofConcept().latent() + " and its decoder row, cosine",
                    Words.number(via.ofConcept().cosineWithDecoderColumn(), 6));
        } else if (result instanceof DoubleDecodeResult twice) {
            told.put(
                    Words.text(
                            "latent %d, raised by %s and encoded again",
                            twice.latent(), Words.number(twice.amount(), 1)),
                    Words.signed(twice.firstTargetChange(), 2));
        } else if (result instanceof SteeringLatentsResult latents) {
            latents.segments()
                    .forEach((role, segment) -> told.put(
                            "steered / unsteered error, " + role + "’s tokens", Words.number(segment.ratio(), 2)));
        } else if (result instanceof OtherSaesResult others) {
            others.readings().stream()
                    .filter(reading -> !reading.control())
                    .forEach(reading -> told.put(
                            "error on the neutral prompt, " + reading.name(),
                            Words.percent(reading.neutral().meanError())));
        }
    }

    private void quality(QualityResult quality) {
        quality.sweep().points().stream()
                .filter(point -> point.strength() == 0)
                .findFirst()
                .ifPresent(point -> told.put("concept, unsteered", concept(point)));
        quality.sweep().best().ifPresent(best -> {
            told.put("concept, best setting", concept(best));
            told.put("best setting", setting(best));
            told.put("its KL, nats a token", Words.number(best.meanDivergence(), 3));
        });
        quality.sweep().proposal().ifPresent(proposal -> told.put("proposed setting", setting(proposal.point())));
    }

    private static String concept(SweepPoint point) {
        return Words.number(point.meanFluentConcept(), 2) + " (95%: "
                + point.fluentConcept().range(2) + ")";
    }

    private static String setting(SweepPoint point) {
        return Words.text(
                "%s, layer %d, %s %s",
                point.method(), point.layer(), point.unit().words(), Words.number(point.strength(), 2));
    }

    private static String number(double value) {
        return Words.number(value);
    }
}
