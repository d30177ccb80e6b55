package dev.pintle.report;

import dev.pintle.figure.BarFigure;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.study.OtherSaesResult;
import dev.pintle.study.OtherSaesResult.PromptReading;
import dev.pintle.study.OtherSaesResult.Reading;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** How {@link OtherSaesResult} is told. */
record OtherSaesChapter(OtherSaesResult result) {
    private static final double BAD = 0.5;
    private static final int NAME = 34;

    Chapter chapter() {
        return new Chapter(
                "steering-decoding-other-saes",
                "Other autoencoders",
                "Do other autoencoders reconstruct the steering vector, or whole prompts, any better?",
                "No: three autoencoders have few active latents but errors of 536% to 2,592% on the vector and of 33% to 290% on prompts.",
                findings(),
                elements());
    }

    private Reading own() {
        return result.readings().get(0);
    }

    private List<Reading> trained() {
        return result.readings().stream().filter(reading -> !reading.control()).toList();
    }

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        for (Reading reading : trained()) {
            findings.add(Words.text(
                    "%s: error %s on the vector as published, %s without the bias; %s on the neutral prompt with %s active latents a"
                            + " token, %s without its first token.",
                    reading.name(),
                    Words.percent(reading.vectorError()),
                    Words.percent(reading.vectorErrorWithoutBias()),
                    Words.percent(reading.neutral().meanError()),
                    Words.number(reading.neutral().meanActive(), 1),
                    Words.percent(reading.neutral().meanErrorWithoutFirst())));
        }
        List<Reading> controls =
                result.readings().stream().filter(Reading::control).toList();
        if (!controls.isEmpty()) {
            findings.add(Words.text(
                    "Read at a layer it was not trained on, the first autoencoder’s error on the neutral prompt is %s, against %s at its"
                            + " own.",
                    Words.and(controls.stream()
                            .map(control -> Words.percent(control.neutral().meanErrorWithoutFirst()) + " at "
                                    + control.hookPoint())
                            .toList()),
                    Words.percent(own().neutral().meanErrorWithoutFirst())));
        }
        return findings;
    }

    private List<Element> elements() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Claims(List.of(vectors(), prompts())));
        if (trained().size() == 1) {
            elements.add(new Paragraph(
                    "No other autoencoder was named for this run. The studies’ own is read at its own layer and, as a"
                            + " control, at the layers before and after."));
        }
        elements.add(new Picture(new BarFigure(
                "Error on whole prompts",
                "Mean relative error over the neutral prompt’s tokens, first token left out.",
                "mean relative error, %",
                result.readings().stream()
                        .map(reading -> new BarFigure.Bar(
                                name(reading), 100 * reading.neutral().meanErrorWithoutFirst()))
                        .toList())));
        elements.add(vectorTable());
        elements.add(promptTable());
        elements.add(segmentTable());
        return elements;
    }

    private static String name(Reading reading) {
        String name = reading.name();
        String shortened = name.length() > NAME ? "…" + name.substring(name.length() - NAME + 1) : name;
        return shortened + " at " + reading.hookPoint().replaceFirst("^blocks\\.(\\d+)\\.hook_resid_post$", "layer $1")
                + (reading.control() ? ", control" : "");
    }

    private Claim vectors() {
        List<Reading> trained = trained();
        boolean all = trained.stream().allMatch(reading -> reading.vectorError() > 1);
        boolean alsoScaled = trained.stream().allMatch(reading -> reading.vectorErrorScaled() > BAD);
        boolean bias =
                trained.stream().allMatch(reading -> reading.vectorErrorWithoutBias() < BAD * reading.vectorError());
        return new Claim(
                "Every autoencoder has a large error on the vector.",
                "576%, 536%, 2,592%",
                each(Reading::vectorError),
                each(Reading::vectorErrorWithoutBias) + " without the bias",
                !all ? Verdict.FAILS : bias ? Verdict.BY_CONSTRUCTION : alsoScaled ? Verdict.HOLDS : Verdict.IN_PART,
                bias
                        ? "Most of the error is the decoder’s bias, which comes back whatever is encoded."
                        : Words.text("At the length of an activation it is %s.", each(Reading::vectorErrorScaled)));
    }

    private String each(ToDoubleFunction<Reading> value) {
        return trained().stream()
                .map(reading -> Words.percent(value.applyAsDouble(reading)))
                .collect(Collectors.joining(", "));
    }

    private Claim prompts() {
        boolean bad = trained().stream().allMatch(reading -> reading.neutral().meanErrorWithoutFirst() > BAD);
        Map<String, Double> segments = own().neutral().bySegment();
        return new Claim(
                "Every autoencoder has a large error on whole prompts.",
                "77%, 290%, 33%",
                each(reading -> reading.neutral().meanError()),
                each(reading -> reading.neutral().meanErrorWithoutFirst()) + " without the first token",
                bad ? Verdict.HOLDS : Verdict.FAILS,
                segments.isEmpty()
                        ? "The mean is over all tokens, the first among them, whose activation is unlike all others."
                        : "By whose words the tokens are, with the studies’ own autoencoder: "
                                + segments.entrySet().stream()
                                        .map(entry -> entry.getKey() + " " + Words.percent(entry.getValue()))
                                        .collect(Collectors.joining(", "))
                                + ".");
    }

    private Table vectorTable() {
        return new Table(
                "The all-position vector, fitted where each reads",
                List.of(
                        "autoencoder",
                        "format",
                        "latents in all",
                        "active",
                        "error as published",
                        "without the bias",
                        "at an activation’s length"),
                result.readings().stream()
                        .map(reading -> List.of(
                                name(reading),
                                reading.format(),
                                Words.count(reading.dSae()),
                                Words.count(reading.vectorActive()),
                                Words.percent(reading.vectorError()),
                                Words.percent(reading.vectorErrorWithoutBias()),
                                Words.percent(reading.vectorErrorScaled())))
                        .toList(),
                2);
    }

    private Table promptTable() {
        List<List<String>> rows = new ArrayList<>();
        for (Reading reading : result.readings()) {
            rows.add(row(reading, "positive", reading.positive()));
            rows.add(row(reading, "neutral", reading.neutral()));
        }
        return new Table(
                "Whole prompts",
                List.of(
                        "autoencoder",
                        "prompt",
                        "tokens",
                        "mean error as published",
                        "without the first token",
                        "active latents"),
                rows,
                2);
    }

    private static List<String> row(Reading reading, String prompt, PromptReading read) {
        return List.of(
                name(reading),
                prompt,
                Words.count(read.tokens()),
                Words.percent(read.meanError()),
                Words.percent(read.meanErrorWithoutFirst()),
                Words.number(read.meanActive(), 1));
    }

    private Table segmentTable() {
        TreeSet<String> segments = new TreeSet<>();
        result.readings()
                .forEach(
                        reading -> segments.addAll(reading.neutral().bySegment().keySet()));
        List<String> head = new ArrayList<>(List.of("autoencoder"));
        head.addAll(segments);
        List<List<String>> rows = new ArrayList<>();
        for (Reading reading : result.readings()) {
            List<String> row = new ArrayList<>(List.of(name(reading)));
            segments.forEach(segment ->
                    row.add(Words.percent(reading.neutral().bySegment().getOrDefault(segment, Double.NaN))));
            rows.add(row);
        }
        return new Table("Mean error on the neutral prompt by whose words the tokens are", head, rows, 1);
    }
}
