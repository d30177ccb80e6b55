package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.Evaluation;
import dev.pintle.evaluation.EvaluationItems;
import dev.pintle.figure.Theme;
import dev.pintle.model.LanguageModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
                        + " two answers, question by question, what it costs in accuracy on multiple-choice questions, and"
                        + " whether answers stay fluent and show a concept.")
final class EvaluateCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SteerOption steering = new SteerOption();

    @Mixin
    private EvaluationOptions options = new EvaluationOptions();

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
        CommandSpec command = Objects.requireNonNull(spec);
        Concept concept = options.concept(Session.of(command).variables());
        EvaluationItems items = options.items(concept);
        List<Double> multiples = options.multiples();
        if (!steering.isGiven()) {
            throw Problem.of("There is no steering to evaluate.")
                    .fact("expected", "--steer JSON|FILE")
                    .fact("try", "--steer '[{\"vector\": \"pirate\", \"strength\": 0.45}]'")
                    .toIllegalArgument();
        }
        if (figure != null) {
            OutputFile.require(figure, ".svg", ".png");
        }
        steering.prepare();
        multiples.forEach(steering::requireScaled);
        List<SteerOption.Opened> opened = new ArrayList<>();
        try (LanguageModel loaded = model.load()) {
            try {
                SortedMap<Double, LanguageModel> models = new TreeMap<>();
                for (double multiple : multiples) {
                    models.put(
                            multiple,
                            multiple == 0
                                    ? loaded
                                    : loaded.with(open(loaded, multiple, opened).interventions()));
                }
                Evaluation result =
                        Evaluation.of(models, loaded, items, concept, options.maxNewTokens(), ProgressLine.of(command));
                report(
                        new EvaluationAccount(result),
                        EvaluationAccount.setup(loaded, open(loaded, 1, opened).facts()));
            } finally {
                opened.forEach(SteerOption.Opened::close);
            }
        }
        return 0;
    }

    private SteerOption.Opened open(LanguageModel loaded, double multiple, List<SteerOption.Opened> opened) {
        SteerOption.Opened steered = steering.open(loaded, model.library(), null, multiple);
        opened.add(steered);
        return steered;
    }

    private void report(EvaluationAccount account, Map<String, Object> setup) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (figure != null) {
            account.figure().write(figure, dark ? Theme.DARK : Theme.LIGHT);
        }
        if (json) {
            out.println(Json.text(account.fields(steering.json(), setup)));
            return;
        }
        account.print(out);
        if (figure != null) {
            out.println("\n" + figure);
        }
    }
}
