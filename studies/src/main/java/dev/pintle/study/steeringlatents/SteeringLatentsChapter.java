package dev.pintle.study.steeringlatents;

import dev.pintle.figure.Marker;
import dev.pintle.figure.ScatterFigure;
import dev.pintle.figure.TokenLines;
import dev.pintle.figure.TokenStrip;
import dev.pintle.figure.TwoAxisFigure;
import dev.pintle.report.Element;
import dev.pintle.report.Element.Details;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Published;
import dev.pintle.report.Words;
import dev.pintle.study.Shown;
import dev.pintle.study.Told;
import dev.pintle.study.steeringlatents.SteeringLatentsResult.Along;
import dev.pintle.study.steeringlatents.SteeringLatentsResult.Segment;
import dev.pintle.study.steeringlatents.SteeringLatentsResult.TokenErrors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The chapter about a {@link SteeringLatentsResult}. */
record SteeringLatentsChapter(SteeringLatentsResult result, Shown shown) {
    Told told() {
        SteeringLatentsClaims claims = new SteeringLatentsClaims(result, shown);
        List<Element> elements = new ArrayList<>();
        elements.add(claims.claims());
        elements.addAll(published().beside(publishedValues()));
        errors(elements);
        latents(elements);
        along(elements);
        errorDirection(elements);
        return Told.of(claims.findings(), elements).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "Errors diverge where the assistant starts speaking; steering lowers the error (mean ratio %s); the latents that steering"
                        + " raises steer better than the vector; the reconstruction’s and the error’s cosines sum to a copy of the"
                        + " vector’s.",
                published().number("caa_steering_latents.final_running_mean_ratio"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        result.segments()
                .forEach((role, segment) -> headlines.put(
                        "steered / unsteered error, " + role + "’s tokens", Words.number(segment.ratio(), 2)));
        return headlines;
    }

    private Published published() {
        return shown.published();
    }

    private Map<String, Double> publishedValues() {
        float[] running = result.errors().runningMeanRatio();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("caa_steering_latents.latent_cosine_between", result.cosineWithVectorLatents());
        values.put("caa_steering_latents.difference_active_latents", (double)
                result.difference().active());
        values.put("caa_steering_latents.error_direction_active_latents", (double)
                result.errorDirection().active());
        values.put("caa_steering_latents.final_running_mean_ratio", (double) running[running.length - 1]);
        return values;
    }

    private static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    // ---------------------------------------------------------------- errors

    /** The steering vector's strength, as its own text was steered with. */
    private String norms() {
        return result.texts().size() < 2
                ? "–"
                : Words.number(result.texts().get(1).strength(), 2);
    }

    private void errors(List<Element> elements) {
        TokenErrors errors = result.errors();
        elements.add(new Heading("Errors token by token"));
        elements.add(new Paragraph(Words.text(
                "“%s” as the model reads it, and the same with %s added to every token, %s long (%s activation norms).",
                shown.settings().answers().question(),
                shown.vector(),
                Words.number(result.coefficient(), 2),
                norms())));
        elements.add(new Picture(new TokenLines(
                "Reconstruction error of each token",
                "Relative error of each token’s activation, unsteered and steered; 1 is an error as long as the activation.",
                errors.tokens(),
                "relative error ‖x − x̂‖ / ‖x‖",
                List.of(
                        new TokenLines.Line("unsteered", doubles(errors.relativeError())),
                        new TokenLines.Line("steered", doubles(errors.steeredRelativeError()))),
                Double.NaN,
                speakers(errors))));
        elements.add(new Picture(new TokenLines(
                "Steered error over unsteered error",
                "The ratio of each token, and the running mean over it and all before it, which is what was published. Above the"
                        + " line at 1 steering raises the error.",
                errors.tokens(),
                "steered / unsteered error",
                List.of(
                        new TokenLines.Line("of this token", errors.ratio()),
                        new TokenLines.Line("running mean, as published", doubles(errors.runningMeanRatio()))),
                1,
                speakers(errors))));
        if (!result.segments().isEmpty()) {
            elements.add(segments());
        }
        elements.add(new Picture(new TokenStrip(
                "The text, coloured by reconstruction error",
                "Each token on a colour that shows the relative error of its unsteered activation.",
                errors.tokens(),
                doubles(errors.relativeError()),
                "relative error")));
        elements.add(tokens());
    }

    /** Where the role changes. */
    private static List<Marker> speakers(TokenErrors errors) {
        List<Marker> markers = new ArrayList<>();
        for (int i = 0; i < errors.roles().size(); i++) {
            if (i > 0 && !errors.roles().get(i).equals(errors.roles().get(i - 1))) {
                markers.add(new Marker(i - 0.5, errors.roles().get(i)));
            }
        }
        return markers.size() > 4 ? List.of() : markers;
    }

    private Table segments() {
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<String, Segment> entry : result.segments().entrySet()) {
            Segment segment = entry.getValue();
            rows.add(List.of(
                    entry.getKey(),
                    Words.count(segment.tokens()),
                    Words.percent(segment.relativeError()),
                    Words.percent(segment.steeredRelativeError()),
                    Words.number(segment.ratio(), 2),
                    Words.number(segment.errorCosine(), 2)));
        }
        return new Table(
                "Means by whose words the tokens are",
                List.of("whose", "tokens", "error", "steered error", "ratio", "cosine of the two errors"),
                rows,
                1);
    }

    private Element tokens() {
        TokenErrors errors = result.errors();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < errors.ids().length; i++) {
            rows.add(List.of(
                    String.valueOf(i),
                    errors.tokens().get(i).replace("\n", "↵"),
                    errors.roles().isEmpty() ? "" : errors.roles().get(i),
                    Words.number(errors.relativeError()[i]),
                    Words.number(errors.steeredRelativeError()[i]),
                    Words.number(errors.errorCosine()[i]),
                    Words.number(errors.ratio()[i]),
                    Words.number(errors.runningMeanRatio()[i])));
        }
        return new Details(
                "Every token’s errors",
                List.of(new Table(
                        "Errors of every token",
                        List.of(
                                "position",
                                "token",
                                "whose",
                                "error",
                                "steered error",
                                "cosine of the errors",
                                "ratio",
                                "running mean"),
                        rows,
                        3)));
    }

    // ---------------------------------------------------------------- latents

    private void latents(List<Element> elements) {
        elements.add(new Heading("Latents that steering raises"));
        elements.addAll(shown.bars(
                "Latents that steering raises most",
                "Mean change of latent activations over the question’s tokens, scaled to length 1 over all latents.",
                "mean change, of length 1",
                result.raised()));
        elements.addAll(
                shown.histogram("Changes of latents under steering", "mean change, of length 1", result.difference()));
        elements.addAll(shown.histogram(
                "Latents of " + shown.vector() + " itself", "activation, of length 1", result.vectorLatents()));
        if (result.vectorLatents().active() == 0) {
            elements.add(
                    new Paragraph(
                            Words.capital(shown.vector())
                                    + " at length 1 activates no latent, so that the published comparison with its own latents has nothing to compare."));
        }
        elements.addAll(shown.histogram(
                "Relative differences of the two, as published",
                "(change − vector) / change",
                result.relativeDifferences()));
        elements.addAll(shown.listing("changes under steering", "change", result.difference()));
        elements.addAll(shown.listing(shown.vector() + " itself", "activation", result.vectorLatents()));
        elements.addAll(shown.listing("relative differences", "relative", result.relativeDifferences()));
        elements.add(new Heading("Steering by those latents"));
        elements.add(new Paragraph(Words.text(
                "%s are larger than the threshold and are raised or lowered in proportion, with the error kept.",
                Words.capital(Words.count(result.latentsUsed(), "latent")))));
        elements.add(shown.texts(result.texts()));
    }

    // ---------------------------------------------------------------- along a text

    private void along(List<Element> elements) {
        Along along = result.along();
        double[] vector = withoutFirst(along.vector());
        double[] back = withoutFirst(along.reconstruction());
        double[] error = withoutFirst(along.error());
        double[] sum = IntStream.range(0, back.length)
                .mapToDouble(i -> back[i] + error[i])
                .toArray();
        elements.add(new Heading("Along a text"));
        elements.add(new Paragraph(Words.text(
                "Cosines of each token’s unsteered activation with %s, v, with its reconstruction r, with its"
                        + " error e = v − r, and the sum of the last two. The first token is left out: its activation is unlike all others.",
                shown.vector())));
        elements.add(new Picture(new TokenStrip(
                "The text, coloured by its cosine with " + shown.vector(),
                Words.text(
                        "Cosine of each token’s activation with %s; the answer begins at token %d.",
                        shown.vector(), along.answerFrom()),
                along.tokens(),
                vector,
                "cosine with the vector")));
        elements.add(new Picture(new TokenLines(
                "The vector’s cosine and the sum of its parts’ cosines",
                Words.text(
                        "Both on one axis. Correlation %s, slope %s: the sum moves with the vector’s cosine where r and e are of about"
                                + " one length, and is smaller where they are long.",
                        Words.number(along.sum().vectorSumCorrelation()),
                        Words.number(along.sum().slope(), 2)),
                along.tokens(),
                "cosine",
                List.of(
                        new TokenLines.Line("with " + shown.vector(), vector),
                        new TokenLines.Line("with r + with e", sum)),
                0,
                List.of(new Marker(along.answerFrom() - 0.5, "answer")))));
        elements.add(new Details(
                "The same as published, each series on an axis of its own",
                List.of(
                        new Paragraph(
                                "Two axes, each fitted to its own series, make any two series that move together look alike,"
                                        + " whatever their sizes."),
                        new Picture(new TwoAxisFigure(
                                "As published: two series on two axes",
                                "The vector’s cosine on the left axis, the sum of its parts’ cosines on the right one.",
                                along.tokens(),
                                new TwoAxisFigure.Side("cosine with the vector", vector),
                                new TwoAxisFigure.Side("cosine with r + cosine with e", sum))))));
        elements.add(new Picture(new ScatterFigure(
                "The sum follows from the vector",
                Words.text(
                        "One point a token. Correlation %s; the points’ slope is %s, and arithmetic gives about %s.",
                        Words.number(along.sum().vectorSumCorrelation()),
                        Words.number(along.sum().slope(), 2),
                        Words.number(along.sum().predictedSlope(), 2)),
                "cosine with the vector",
                "cosine with r + cosine with e",
                List.of(
                        new ScatterFigure.Group(
                                "question", part(vector, 0, along.answerFrom()), part(sum, 0, along.answerFrom())),
                        new ScatterFigure.Group(
                                "answer",
                                part(vector, along.answerFrom(), vector.length),
                                part(sum, along.answerFrom(), sum.length))),
                false)));
        elements.add(new Picture(new ScatterFigure(
                "Reconstruction and error against each other",
                Words.text(
                        "One point a token: cosines with the reconstruction r and with the error e = v − r. Correlation %s; the longer r and"
                                + " e are beside v, the more they cancel and the more their cosines mirror each other.",
                        Words.number(along.sum().reconstructionErrorCorrelation())),
                "cosine with the reconstruction r",
                "cosine with the error e",
                List.of(
                        new ScatterFigure.Group(
                                "question", part(back, 0, along.answerFrom()), part(error, 0, along.answerFrom())),
                        new ScatterFigure.Group(
                                "answer",
                                part(back, along.answerFrom(), back.length),
                                part(error, along.answerFrom(), error.length))),
                false)));
        elements.add(alongTable());
    }

    private static double[] withoutFirst(float[] values) {
        double[] all = doubles(values);
        if (all.length > 0) {
            all[0] = Double.NaN;
        }
        return all;
    }

    private static double[] part(double[] values, int from, int to) {
        return Arrays.copyOfRange(values, Math.min(from, values.length), Math.min(to, values.length));
    }

    private Element alongTable() {
        Along along = result.along();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < along.ids().length; i++) {
            rows.add(List.of(
                    String.valueOf(i),
                    along.tokens().get(i).replace("\n", "↵"),
                    i < along.answerFrom() ? "question" : "answer",
                    Words.number(along.vector()[i]),
                    Words.number(along.reconstruction()[i]),
                    Words.number(along.error()[i]),
                    Words.number((double) along.reconstruction()[i] + along.error()[i])));
        }
        return new Details(
                "Every token’s cosines",
                List.of(new Table(
                        "Cosines of every token",
                        List.of("position", "token", "where", "with v", "with r", "with e", "sum"),
                        rows,
                        3)));
    }

    // ---------------------------------------------------------------- error

    private void errorDirection(List<Element> elements) {
        elements.add(new Heading("The error itself, encoded"));
        elements.add(new Paragraph(Words.text(
                "The error of the reconstruction of %s, scaled to length 1, activates %s; decoding them leaves %s times its length.",
                shown.vector(),
                Words.count(result.errorDirection().active(), "latent"),
                Words.number(result.errorDirectionLeft(), 2))));
        elements.addAll(shown.histogram("Latents of the error", "latent activation", result.errorDirection()));
        elements.addAll(shown.listing("the error", "activation", result.errorDirection()));
    }
}
