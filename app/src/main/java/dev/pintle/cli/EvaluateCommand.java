package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.Capability;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.Interval;
import dev.pintle.evaluation.MultipleChoice;
import dev.pintle.evaluation.Propensity;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.SweepFigure;
import dev.pintle.figure.Theme;
import dev.pintle.model.LanguageModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle evaluate}. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description =
                "Measures what --steer does at several multiples of its strengths: how far it moves the choice between"
                        + " two answers, question by question, and what it costs in accuracy on multiple-choice questions.")
final class EvaluateCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SteerOption steering = new SteerOption();

    @Option(
            names = "--multiples",
            split = ",",
            paramLabel = "X",
            defaultValue = "-1.5,-1,-0.5,0,0.5,1,1.5",
            description = "What the strengths in --steer are multiplied by (default: ${DEFAULT-VALUE}).")
    private List<Double> multiples = new ArrayList<>();

    @Option(
            names = "--choices",
            paramLabel = "FILE",
            description =
                    "JSON list, or .jsonl, of question, answer_matching_behavior and answer_not_matching_behavior:"
                            + " contrastive activation addition's and Anthropic's model-written evaluations.")
    private @Nullable Path choices;

    @Option(
            names = "--capability",
            paramLabel = "FILE",
            description = "Multiple-choice questions as MMLU has them: .csv of question,A,B,C,D,answer, or .jsonl of"
                    + " question, choices and answer; may be repeated.")
    private List<Path> capability = new ArrayList<>();

    @Option(names = "--max-items", paramLabel = "N", description = "Only the first N questions of each file.")
    private @Nullable Integer mostItems;

    @Option(names = "--figure", paramLabel = "FILE", description = "Draw the curves to a .svg or .png file.")
    private @Nullable Path figure;

    @Option(names = "--dark", description = "Draw the figure with the dark theme.")
    private boolean dark;

    @Option(names = "--json", description = "Print as JSON, with every question.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (choices == null && capability.isEmpty()) {
            throw Problem.of("There is nothing to evaluate.")
                    .fact("expected", "--choices FILE, --capability FILE, or both")
                    .toIllegalArgument();
        }
        if (!steering.isGiven() || multiples.stream().anyMatch(multiple -> !Double.isFinite(multiple))) {
            throw Problem.of("There is no steering to evaluate.")
                    .fact("expected", "--steer JSON|FILE, and finite --multiples")
                    .fact("try", "--steer '[{\"vector\": \"pirate\", \"strength\": 0.45}]'")
                    .toIllegalArgument();
        }
        if (mostItems != null && mostItems < 1) {
            throw Problem.of("An evaluation needs at least one question.")
                    .fact("but was", mostItems)
                    .toIllegalArgument();
        }
        Concept.Choices items = choices == null ? null : limited(Concept.Choices.read(choices));
        List<MultipleChoice> questions = new ArrayList<>();
        for (Path file : capability) {
            List<MultipleChoice> all = MultipleChoice.read(file);
            questions.addAll(mostItems == null ? all : all.subList(0, Math.min(mostItems, all.size())));
        }
        if (figure != null) {
            OutputFile.require(figure, ".svg", ".png");
        }
        steering.prepare();
        ProgressLine progress = ProgressLine.of(Objects.requireNonNull(spec));
        List<SteerOption.Opened> opened = new ArrayList<>();
        try (LanguageModel loaded = model.load()) {
            try {
                SortedMap<Double, LanguageModel> models = new TreeMap<>();
                for (double multiple : multiples) {
                    double by = multiple == 0 ? 0 : multiple; // -0 is 0
                    if (by == 0) {
                        models.put(by, loaded);
                    } else {
                        SteerOption.Opened steered = steering.open(loaded, model.library(), null, by);
                        opened.add(steered);
                        models.put(by, loaded.with(steered.interventions()));
                    }
                }
                Propensity propensity = items == null ? null : Propensity.of(models, items, progress);
                Capability accuracy = questions.isEmpty() ? null : Capability.of(models, questions, progress);
                report(loaded, propensity, accuracy);
            } finally {
                opened.forEach(SteerOption.Opened::close);
            }
        }
        return 0;
    }

    private Concept.Choices limited(Concept.Choices all) {
        if (mostItems == null) {
            return all;
        }
        Map<String, Concept.Choices.Choice> some = new LinkedHashMap<>();
        all.choices().entrySet().stream().limit(mostItems).forEach(entry -> some.put(entry.getKey(), entry.getValue()));
        return new Concept.Choices(some);
    }

    private void report(LanguageModel loaded, @Nullable Propensity propensity, @Nullable Capability accuracy) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (figure != null) {
            figure(propensity, accuracy).write(figure, dark ? Theme.DARK : Theme.LIGHT);
        }
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            if (propensity != null) {
                fields.put("choices", propensity.fields());
            }
            if (accuracy != null) {
                fields.put("capability", accuracy.fields());
            }
            fields.put("steer", steering.given().get(1));
            fields.put("setup", Setup.of(loaded).fields());
            out.println(Json.text(fields));
            return;
        }
        if (propensity != null) {
            out.println("| multiple | propensity (nats) | 95% | p(matching) | picks the matching answer | 95% |");
            out.println("| ---: | ---: | --- | ---: | ---: | --- |");
            for (Propensity.At at : propensity.at()) {
                out.printf(
                        Locale.ROOT,
                        "| %.2f | %.2f | %s | %.2f | %.0f%% | %s |%n",
                        at.multiple(),
                        at.propensity().mean(),
                        at.propensity().range(2),
                        at.probability().mean(),
                        100 * at.matching().mean(),
                        at.matching().range(2));
            }
            Interval slope = propensity.steerability();
            if (Double.isFinite(slope.mean())) {
                Interval wrong = propensity.antiSteerable();
                out.printf(
                        Locale.ROOT,
                        "%nSlope of the propensity of %d questions, nats per multiple: mean %.2f (95%%: %s); %.0f%% move the"
                                + " wrong way (95%%: %s)%n",
                        propensity.questions().size(),
                        slope.mean(),
                        slope.range(2),
                        100 * wrong.mean(),
                        wrong.range(2));
            }
        }
        if (accuracy != null) {
            out.println(
                    (propensity == null ? "" : "\n") + "| multiple | accuracy | 95% | change | 95% | gained | lost |");
            out.println("| ---: | ---: | --- | ---: | --- | ---: | ---: |");
            for (Capability.At at : accuracy.at()) {
                boolean known = Double.isFinite(at.change().mean());
                out.printf(
                        Locale.ROOT,
                        "| %.2f | %.3f | %s | %s | %s | %d | %d |%n",
                        at.multiple(),
                        at.accuracy().mean(),
                        at.accuracy().range(3),
                        known ? String.format(Locale.ROOT, "%+.3f", at.change().mean()) : "",
                        known ? at.change().range(3) : "",
                        at.gained(),
                        at.lost());
            }
            out.printf(
                    Locale.ROOT,
                    "%n%,d multiple-choice questions%n",
                    accuracy.questions().size());
        }
        if (figure != null) {
            out.println("\n" + figure);
        }
    }

    private static SweepFigure figure(@Nullable Propensity propensity, @Nullable Capability accuracy) {
        List<SweepFigure.Curve> curves = new ArrayList<>();
        if (propensity != null) {
            curves.add(curve(
                    "picks the matching answer",
                    propensity.multiples(),
                    propensity.at().stream().map(Propensity.At::matching).toList()));
            curves.add(curve(
                    "probability of the matching answer",
                    propensity.multiples(),
                    propensity.at().stream().map(Propensity.At::probability).toList()));
        }
        if (accuracy != null) {
            curves.add(curve(
                    "accuracy on multiple-choice questions",
                    accuracy.multiples(),
                    accuracy.at().stream().map(Capability.At::accuracy).toList()));
        }
        return new SweepFigure(
                "What steering does",
                "Shares over multiples of the steering's strengths, with 95% intervals.",
                "multiple of the strengths",
                LineFigure.Scale.share("share of questions"),
                curves,
                List.of());
    }

    private static SweepFigure.Curve curve(String name, double[] multiples, List<Interval> intervals) {
        return new SweepFigure.Curve(
                name,
                multiples,
                intervals.stream().mapToDouble(Interval::mean).toArray(),
                intervals.stream().mapToDouble(Interval::low).toArray(),
                intervals.stream().mapToDouble(Interval::high).toArray());
    }
}
