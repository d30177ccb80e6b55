package dev.pintle.study.othersaes;

import dev.pintle.figure.BarFigure;
import dev.pintle.report.Element;
import dev.pintle.report.Element.Claim;
import dev.pintle.report.Element.Claims;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Published;
import dev.pintle.report.Verdict;
import dev.pintle.report.Words;
import dev.pintle.study.Shown;
import dev.pintle.study.Told;
import dev.pintle.study.othersaes.OtherSaesResult.PromptReading;
import dev.pintle.study.othersaes.OtherSaesResult.Reading;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The chapter about a {@link OtherSaesResult}. */
record OtherSaesChapter(OtherSaesResult result, Shown shown) {
    private static final double BAD = 0.5;
    private static final int NAME = 34;

    Told told() {
        return Told.of(findings(), elements()).claimed(claimed()).headlines(headlines());
    }

    private String claimed() {
        return Words.text(
                "No: three autoencoders have few active latents but errors of %s on the vector and of %s on prompts.",
                published().percentRange("steering_decoding_other_saes.vector_error_percent"),
                published().percentRange("steering_decoding_other_saes.prompt_error_percent"));
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        trained()
                .forEach(reading -> headlines.put(
                        "error on the neutral prompt, " + reading.name(),
                        Words.percent(reading.neutral().meanError())));
        return headlines;
    }

    private Published published() {
        return shown.published();
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
                    "%s: error %s on the all-positions vector as published, %s without the bias; %s over all tokens of the neutral prompt, %s over the"
                            + " user’s words, with %s active latents a token.",
                    reading.name(),
                    Words.percent(reading.vectorError()),
                    Words.percent(reading.vectorErrorWithoutBias()),
                    Words.percent(reading.neutral().meanError()),
                    Words.percent(words(reading)),
                    Words.number(reading.neutral().meanActive(), 1)));
        }
        List<Reading> controls =
                result.readings().stream().filter(Reading::control).toList();
        if (!controls.isEmpty()) {
            findings.add(Words.text(
                    "Read at a layer it was not trained on, the first autoencoder’s error on the user’s words is %s, against %s at its own.",
                    Words.and(controls.stream()
                            .map(control -> Words.percent(words(control)) + " at " + control.hookPoint())
                            .toList()),
                    Words.percent(words(own()))));
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
                "Error on whole prompts and on words",
                "Mean relative error on the neutral prompt: over all tokens, as published, and over the user’s words.",
                "mean relative error, %",
                bars())));
        elements.add(vectorTable());
        elements.add(promptTable());
        elements.add(segmentTable());
        return elements;
    }

    private List<BarFigure.Bar> bars() {
        List<BarFigure.Bar> bars = new ArrayList<>();
        for (Reading reading : result.readings()) {
            bars.add(new BarFigure.Bar(
                    name(reading) + ": all tokens", 100 * reading.neutral().meanError()));
            bars.add(new BarFigure.Bar(name(reading) + ": user’s words", 100 * words(reading)));
        }
        return bars;
    }

    /** Mean error on the user's tokens; where roles are unknown, on all tokens but the first. */
    private static double words(Reading reading) {
        PromptReading neutral = reading.neutral();
        return neutral.bySegment().getOrDefault("user", neutral.meanErrorWithoutFirst());
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
                published().percents("steering_decoding_other_saes.vector_error_percent"),
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
        boolean bad = trained().stream().allMatch(reading -> words(reading) > BAD);
        Map<String, Double> segments = own().neutral().bySegment();
        return new Claim(
                "Every autoencoder has a large error on whole prompts.",
                published().percents("steering_decoding_other_saes.prompt_error_percent"),
                each(reading -> reading.neutral().meanError()),
                each(OtherSaesChapter::words) + " on the user’s words",
                bad ? Verdict.HOLDS : Verdict.FAILS,
                segments.isEmpty()
                        ? "The mean is over all tokens, the first among them, whose activation is unlike all others; here it is left out."
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
