package dev.pintle.study.meanvspca;

import dev.pintle.figure.DensityFigure;
import dev.pintle.figure.HistogramFigure;
import dev.pintle.figure.Marker;
import dev.pintle.figure.ScatterFigure;
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
import dev.pintle.steering.VectorComparison;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.Shown;
import dev.pintle.study.Told;
import dev.pintle.study.meanvspca.MeanVsPcaResult.Component;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The chapter about a {@link MeanVsPcaResult}. */
record MeanVsPcaChapter(MeanVsPcaResult result, Shown shown) {
    private static final double SAME = 0.999;
    private static final int BINS = 50;

    Told told() {
        return Told.of(findings(), elements()).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "Mean and PCA give the same vector (cosine %s), and token for token the same answer.",
                published().number("caa_mean_vs_pca.cosine"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        headlines.put(
                "mean and “PCA” vector, cosine",
                Words.number(result.comparison().cosine()));
        return headlines;
    }

    private Published published() {
        return shown.published();
    }

    private boolean same() {
        return result.comparison().cosine() >= SAME;
    }

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        findings.add(Words.text(
                same()
                        ? "The “PCA” vector of the pair’s differences has cosine %s with their mean, the all-positions vector, because it is the mean: rows rebuilt from a centred"
                                + " component are averaged, and the component’s scores average to zero."
                        : "The “PCA” vector of the pair’s differences has cosine %s with their mean, though by arithmetic it should be the mean.",
                Words.number(result.comparison().cosine())));
        findings.add("The components themselves have these cosines with the mean: " + cosines() + ".");
        List<String> good = result.components().stream()
                .filter(component -> shown.good(component.text()))
                .map(component -> "the " + name(component) + " of " + component.data())
                .toList();
        if (shown.settings().contrast().hasMarker()) {
            findings.add(
                    good.isEmpty()
                            ? "Steered by any of them the model does not answer in the style."
                            : "Of these the model answers in the style with " + Words.and(good) + ".");
        }
        return findings;
    }

    /** The components' cosines with the mean, by what they are of. */
    private String cosines() {
        Map<String, List<String>> cosines = new LinkedHashMap<>();
        for (Component component : result.components()) {
            cosines.computeIfAbsent(component.data(), data -> new ArrayList<>())
                    .add(Words.text("%s %s", name(component), Words.number(component.cosineWithMean(), 2)));
        }
        return cosines.entrySet().stream()
                .map(entry -> "of " + entry.getKey() + " " + String.join(", ", entry.getValue()))
                .collect(Collectors.joining("; "));
    }

    private static String name(Component component) {
        return component.aggregation().replaceFirst("^pca-", "");
    }

    private List<Element> elements() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Claims(List.of(sameVector(), sameAnswer())));
        elements.addAll(published().beside(publishedValues()));
        elements.add(new Heading("The components themselves"));
        elements.add(
                new Paragraph(
                        "A centred component is the direction in which differences vary most about their mean, and says"
                                + " nothing of the mean itself. An uncentred one, or one of differences of either sign in pairs, may find it."));
        elements.add(components());
        elements.add(
                shown.texts(result.components().stream().map(Component::text).toList()));
        elements.add(new Heading("As published"));
        elements.add(coordinates());
        elements.add(densities());
        elements.add(differences());
        elements.add(measures());
        elements.add(latents());
        if (!result.deltas().isEmpty()) {
            elements.add(deltas());
        }
        elements.add(shown.texts(result.texts()));
        return elements;
    }

    private Claim sameVector() {
        return new Claim(
                "Mean and PCA find the same steering vector.",
                published().number("caa_mean_vs_pca.cosine"),
                Words.number(result.comparison().cosine()),
                "components " + cosines(),
                same() ? Verdict.BY_CONSTRUCTION : Verdict.FAILS,
                same()
                        ? "Whatever the component is, rows rebuilt from it and averaged give the mean, since centred scores average"
                                + " to zero. Where prompts are the same their differences are zero, so leaving those positions out"
                                + " changes nothing."
                        : "Here even the published arithmetic gives another vector.");
    }

    private Claim sameAnswer() {
        return new Claim(
                "Both steer to the same answer, token for token.",
                Words.text("identical over %s tokens", published().count("caa_mean_vs_pca.answer_tokens")),
                result.sameText() ? "identical" : "different",
                "",
                result.sameText() ? Verdict.BY_CONSTRUCTION : Verdict.FAILS,
                result.sameText()
                        ? "They are the same vector."
                        : "The mean and the “PCA” vector differ by rounding alone; greedy decoding can turn on that.");
    }

    private Map<String, Double> publishedValues() {
        VectorComparison comparison = result.comparison();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("caa_mean_vs_pca.explained_variance_ratio", result.explained());
        values.put("caa_mean_vs_pca.cosine", comparison.cosine());
        values.put("caa_mean_vs_pca.euclidean", comparison.euclidean());
        values.put("caa_mean_vs_pca.manhattan", comparison.manhattan());
        values.put("caa_mean_vs_pca.top100_overlap", comparison.overlap());
        return values;
    }

    private Table components() {
        return new Table(
                "Vectors from components of the differences",
                List.of(
                        "differences",
                        "component",
                        "variance along it",
                        "cosine with the mean",
                        "answer",
                        "perplexity",
                        "KL (nats per token)"),
                result.components().stream()
                        .map(component -> List.of(
                                component.data(),
                                component.aggregation(),
                                Words.percent(component.explained()),
                                Words.number(component.cosineWithMean()),
                                shown.state(component.text()),
                                Words.number(component.text().perplexity(), 1),
                                Words.number(component.text().divergence(), 2)))
                        .toList(),
                2);
    }

    private static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private Element coordinates() {
        return new Picture(new ScatterFigure(
                "Coordinates of the mean and of “PCA”",
                Words.text(
                        "One point for each of the %s coordinates. On the line both are equal.",
                        Words.count(result.mean().length)),
                "mean vector, coordinate",
                "“PCA” vector, coordinate",
                List.of(new ScatterFigure.Group("coordinates", doubles(result.mean()), doubles(result.pca()))),
                true));
    }

    private Element densities() {
        return new Picture(new DensityFigure(
                "How the coordinates are spread",
                "Histograms of the coordinates of the mean and of the “PCA” vector, area 1.",
                "coordinate of a vector of length 1",
                BINS,
                List.of(
                        new DensityFigure.Sample("mean", doubles(result.mean())),
                        new DensityFigure.Sample("“PCA”", doubles(result.pca()))),
                List.of()));
    }

    private Element differences() {
        double largest = IntStream.range(0, result.mean().length)
                .mapToDouble(i -> Math.abs((double) result.mean()[i] - result.pca()[i]))
                .max()
                .orElse(0);
        int power = largest > 0 ? (int) Math.floor(Math.log10(largest)) : 0;
        double[] differences = IntStream.range(0, result.mean().length)
                .mapToDouble(i -> Math.abs((double) result.mean()[i] - result.pca()[i]) / Math.pow(10, power))
                .toArray();
        return new Picture(new HistogramFigure(
                "How far the coordinates are apart",
                "Histogram of the magnitude of the difference, coordinate by coordinate.",
                "|mean − “PCA”| in units of 1e" + power,
                "coordinates",
                differences,
                BINS,
                List.of()));
    }

    private Table measures() {
        VectorComparison comparison = result.comparison();
        return new Table(
                "How alike the mean and “PCA” are",
                List.of("measure", "value"),
                List.of(
                        List.of("cosine", Words.number(comparison.cosine(), 6)),
                        List.of("Euclidean distance", Words.text("%.2e", comparison.euclidean())),
                        List.of("Manhattan distance", Words.text("%.2e", comparison.manhattan())),
                        List.of("correlation", Words.number(comparison.pearson(), 6)),
                        List.of(
                                "coordinates that are exactly 0",
                                Words.percent(comparison.zerosOfOther()) + " and "
                                        + Words.percent(comparison.zerosOfOne())),
                        List.of(
                                Words.text("largest %d coordinates in common", comparison.topK()),
                                Words.percent(comparison.overlap())),
                        List.of("variance along the first component", Words.percent(result.explained()))),
                1);
    }

    private Element latents() {
        List<Marker> markers = new ArrayList<>();
        EncodedVector mean = result.meanEncoded();
        if (mean.latents().active() == 0 && result.pcaEncoded().latents().active() == 0) {
            return new Paragraph(
                    "At length 1 neither vector activates a latent, so there is no spread of latents to show.");
        }
        double[] values = doubles(mean.latents().values());
        double[] other = doubles(result.pcaEncoded().latents().values());
        mean.latents().top().stream()
                .filter(value -> value.latent() == shown.target())
                .forEach(value -> markers.add(
                        new Marker(value.value(), "latent " + value.latent() + ": " + Words.number(value.value()))));
        return new Picture(new DensityFigure(
                "How the latents are spread",
                Words.text(
                        "Histograms of the latents that are not 0, area 1: %s of the mean, %s of “PCA”.",
                        Words.count(values.length), Words.count(other.length)),
                "latent activation at length 1",
                BINS,
                List.of(new DensityFigure.Sample("mean", values), new DensityFigure.Sample("“PCA”", other)),
                markers));
    }

    private Element deltas() {
        Table table = new Table(
                "Latents of both",
                List.of("latent", "label", "“PCA”", "mean", "difference"),
                result.deltas().stream()
                        .map(delta -> List.of(
                                String.valueOf(delta.latent()),
                                Words.label(delta.label()),
                                Words.number(delta.pca(), 4),
                                Words.number(delta.mean(), 4),
                                Double.isNaN(delta.percent()) ? "–" : Words.text("%.1f%%", delta.percent())))
                        .toList(),
                2);
        return new Details(table.caption(), List.of(table));
    }
}
