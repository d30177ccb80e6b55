package dev.pintle.study.steeringlatents;

import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Published;
import dev.pintle.report.Verdict;
import dev.pintle.report.Words;
import dev.pintle.study.Shown;
import dev.pintle.study.SteeredText;
import dev.pintle.study.steeringlatents.SteeringLatentsResult.Along;
import dev.pintle.study.steeringlatents.SteeringLatentsResult.Segment;
import dev.pintle.study.steeringlatents.SteeringLatentsResult.TokenErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** What {@link SteeringLatentsResult} says of the original's claims. */
record SteeringLatentsClaims(SteeringLatentsResult result, Shown shown) {
    private static final double ALIKE = 0.9;
    private static final double FOLLOWS = 0.9;

    private Published published() {
        return shown.published();
    }

    // ---------------------------------------------------------------- findings

    List<String> findings() {
        List<String> findings = new ArrayList<>();
        double[] ratios = DoubleStream.of(result.errors().ratio())
                .filter(Double::isFinite)
                .toArray();
        long raised = DoubleStream.of(ratios).filter(ratio -> ratio > 1).count();
        findings.add(Words.text(
                "Steering by %s raises the reconstruction error of %d of %d tokens; the published running mean ends at %s%s.",
                shown.vector(),
                raised,
                ratios.length,
                Words.number(lastRunningMean()),
                result.segments().isEmpty() ? "" : ", while the mean ratio is " + ratios()));
        int change = changePoint();
        findings.add(Words.text(
                "The error changes level most at token %d, “%s”%s: from %s on average before it to %s from there on.",
                change,
                token(change),
                role(change).isEmpty() ? "" : ", among the " + role(change) + "’s tokens",
                Words.percent(mean(0, change)),
                Words.percent(mean(change, result.errors().relativeError().length))));
        Along along = result.along();
        findings.add(Words.text(
                "Along a text the sum of the parts’ cosines has correlation %s with that of %s, with slope %s where arithmetic gives"
                        + " %s%s. That vector’s cosine with the activations is %s in the answer and %s before it, highest at “%s”.",
                Words.number(along.sum().vectorSumCorrelation()),
                shown.vector(),
                Words.number(along.sum().slope(), 2),
                Words.number(along.sum().predictedSlope(), 2),
                along.sum().vectorSumCorrelation() >= FOLLOWS ? ": it is the vector over again" : "",
                Words.number(along.means().inAnswer()),
                Words.number(along.means().before()),
                along.tokens().get(along.peak()).strip()));
        return findings;
    }

    private double lastRunningMean() {
        float[] running = result.errors().runningMeanRatio();
        return running[running.length - 1];
    }

    private String ratios() {
        return Words.and(result.segments().entrySet().stream()
                .map(entry -> Words.number(entry.getValue().ratio(), 2) + " on the " + entry.getKey() + "’s tokens")
                .toList());
    }

    private String token(int position) {
        return result.errors().tokens().get(position).strip().replace("\n", "↵");
    }

    private String role(int position) {
        return result.errors().roles().isEmpty() ? "" : result.errors().roles().get(position);
    }

    private double mean(int from, int to) {
        float[] errors = result.errors().relativeError();
        return IntStream.range(from, to)
                .mapToDouble(i -> errors[i])
                .filter(Double::isFinite)
                .average()
                .orElse(Double.NaN);
    }

    /** The token that splits the errors into two levels with the least squared deviation from their means. */
    private int changePoint() {
        int best = 1;
        double least = Double.POSITIVE_INFINITY;
        int count = result.errors().relativeError().length;
        for (int split = 2; split < count - 1; split++) { // a level has two tokens or more
            double deviation = deviation(0, split) + deviation(split, count);
            if (deviation < least) {
                least = deviation;
                best = split;
            }
        }
        return Math.min(best, count - 1);
    }

    private double deviation(int from, int to) {
        float[] errors = result.errors().relativeError();
        double mean = mean(from, to);
        return IntStream.range(from, to)
                .mapToDouble(i -> (errors[i] - mean) * (errors[i] - mean))
                .filter(Double::isFinite)
                .sum();
    }

    // ---------------------------------------------------------------- claims

    Claims claims() {
        return new Claims(List.of(diverge(), lowers(), sameLatents(), latentsSteer(), copies(), higherInAnswer()));
    }

    private Claim diverge() {
        int change = changePoint();
        String role = role(change);
        TokenErrors errors = result.errors();
        Verdict verdict = role.isEmpty() ? Verdict.OPEN : role.equals("assistant") ? Verdict.HOLDS : Verdict.FAILS;
        return new Claim(
                "Errors diverge where the assistant starts speaking.",
                Words.text("from position %s on", published().count("caa_steering_latents.diverges_at")),
                Words.text("from position %d of %d on, “%s”", change, errors.ids().length, token(change)),
                result.segments().entrySet().stream()
                        .map(entry -> entry.getKey() + " "
                                + Words.percent(entry.getValue().relativeError()))
                        .collect(Collectors.joining(", ")),
                verdict,
                role.isEmpty()
                        ? "The chat template does not let it be told whose words a token is."
                        : Words.text(
                                "The token there is the %s’s; the prompt ends before the assistant says anything. In the original,"
                                        + " position %s was the first word of the user’s question.",
                                role, published().count("caa_steering_latents.diverges_at")));
    }

    private Claim lowers() {
        List<Segment> segments = List.copyOf(result.segments().values());
        long lower = segments.stream().filter(segment -> segment.ratio() < 1).count();
        double mean = DoubleStream.of(result.errors().ratio())
                .filter(Double::isFinite)
                .average()
                .orElse(Double.NaN);
        Verdict verdict = segments.isEmpty()
                ? mean < 1 ? Verdict.HOLDS : Verdict.FAILS
                : lower == segments.size() ? Verdict.HOLDS : lower == 0 ? Verdict.FAILS : Verdict.IN_PART;
        return new Claim(
                "Steering lowers the reconstruction error.",
                published().number("caa_steering_latents.final_running_mean_ratio") + " at the last token",
                Words.number(lastRunningMean()) + " at the last token",
                segments.isEmpty() ? Words.number(mean, 2) + " on average" : ratios(),
                verdict,
                "The published number is a running mean: at each token it averages over all before it, so early tokens, which the"
                        + " autoencoder hardly reconstructs, hide what happens later.");
    }

    private Claim sameLatents() {
        double cosine = result.cosineWithVectorLatents();
        return new Claim(
                "Steering raises the latents that the vector itself activates.",
                published().number("caa_steering_latents.latent_cosine_between"),
                Words.number(cosine),
                "",
                Double.isNaN(cosine)
                        ? Verdict.OPEN
                        : cosine >= ALIKE ? Verdict.HOLDS : cosine > 0.4 ? Verdict.IN_PART : Verdict.FAILS,
                Double.isNaN(cosine)
                        ? Words.capital(shown.vector())
                                + " at length 1 activates no latent, so there is nothing to compare with."
                        : Words.text(
                                "Steering changes %s, %s at length 1 activates %s.",
                                Words.count(result.difference().active(), "latent"),
                                shown.vector(),
                                Words.count(result.vectorLatents().active())));
    }

    private Claim latentsSteer() {
        List<SteeredText> texts = result.texts();
        boolean told = shown.settings().contrast().hasMarker() && texts.size() > 2;
        if (!told) {
            return new Claim(
                    "The latents that steering raises steer better than the vector.",
                    "good at both strengths, the vector loops",
                    texts.size() > 2 ? "no marker tells" : "no latent to steer by",
                    "",
                    Verdict.OPEN,
                    "What the texts are worth stands below them.");
        }
        SteeredText vector = texts.get(1);
        SteeredText latents = texts.get(2);
        SteeredText equal = texts.get(texts.size() - 1);
        boolean better = shown.good(latents) && !shown.good(vector);
        boolean betterAtEqual = shown.good(equal) && !shown.good(vector);
        return new Claim(
                "The latents that steering raises steer better than the vector.",
                "good against a loop",
                shown.state(latents) + " against " + shown.state(vector),
                Words.text("at equal length: %s against %s", shown.state(equal), shown.state(vector)),
                better ? betterAtEqual ? Verdict.HOLDS : Verdict.IN_PART : Verdict.FAILS,
                Words.text(
                        "At one coefficient the two do not add as much: the model is moved by %s nats per token by the latents and by %s"
                                + " by %s.",
                        Words.number(latents.divergence(), 2), Words.number(vector.divergence(), 2), shown.vector()));
    }

    private Claim copies() {
        Along along = result.along();
        boolean follows = along.sum().vectorSumCorrelation() >= FOLLOWS;
        return new Claim(
                "The reconstruction’s and the error’s cosines sum to a copy of the vector’s.",
                "correlation " + published().number("caa_steering_latents.sum_correlation"),
                "correlation " + Words.number(along.sum().vectorSumCorrelation()),
                Words.text(
                        "slope %s, %s by arithmetic",
                        Words.number(along.sum().slope(), 2),
                        Words.number(along.sum().predictedSlope(), 2)),
                follows ? Verdict.BY_CONSTRUCTION : Verdict.FAILS,
                follows
                        ? "Since v = r + e, ‖r‖·cos(x, r) + ‖e‖·cos(x, e) is cos(x, v) for every x; r and e are of about one length, so"
                                + " the plain sum is too, up to a factor."
                        : "v = r + e gives ‖r‖·cos(x, r) + ‖e‖·cos(x, e) = cos(x, v); here r and e are of different lengths, so the plain"
                                + " sum is another quantity.");
    }

    private Claim higherInAnswer() {
        Along along = result.along();
        return new Claim(
                "Activations point along the vector in an answer in the style.",
                Words.text(
                        "%s in the answer, %s before",
                        published().number("caa_steering_latents.cosine_in_answer"),
                        published().number("caa_steering_latents.cosine_before")),
                Words.text(
                        "%s in the answer, %s before",
                        Words.number(along.means().inAnswer()),
                        Words.number(along.means().before())),
                "",
                along.means().inAnswer() > along.means().before() ? Verdict.HOLDS : Verdict.FAILS,
                Words.text(
                        "Cosines of unsteered activations with %s; the highest is at “%s”.",
                        shown.vector(), along.tokens().get(along.peak()).strip()));
    }
}
