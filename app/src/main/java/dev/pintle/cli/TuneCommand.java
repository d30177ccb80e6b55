package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.evaluation.SweepJson;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle tune}. */
@Command(
        name = "tune",
        mixinStandardHelpOptions = true,
        description = {
            "Finds the layer and strength that show a concept without breaking the text, gives the evidence, saves the"
                    + " vector, and prints the command that steers with it.",
            "Ctrl-C is safe at any time; the same command resumes."
        })
final class TuneCommand implements Callable<Integer> {
    private static final int SHOWN = 8;

    @Mixin
    private SweepOptions options = new SweepOptions();

    @Option(
            names = "--save",
            paramLabel = "NAME",
            description = "Name to save the proposed vector under (default: derived from the concept, such as"
                    + " pirate-tuned). A vector given by --vector keeps its name.")
    private @Nullable String save;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Session session = Session.of(Objects.requireNonNull(spec));
        ProgressLine progress =
                new ProgressLine(Objects.requireNonNull(spec).commandLine().getErr(), session.terminal());
        SweepOptions.Swept swept = options.run(session, progress, List.of("after-last-difference"), true);
        SweepResult result = swept.result();
        SweepAccount account = new SweepAccount(result);
        Optional<SweepResult.Proposal> proposal = result.proposal();
        Optional<TunedVector> tuned = proposal.map(found ->
                TunedVector.of(found.point(), swept, options, Session.library(Objects.requireNonNull(spec)), save));
        if (!result.points().isEmpty()) {
            options.draw(account.figure());
        }
        if (options.json()) {
            Map<String, Object> fields = SweepJson.fields(result);
            fields.put("positions", options.positions());
            tuned.ifPresent(one -> {
                fields.put("vector", one.vector());
                fields.put("command", one.command());
            });
            fields.put("setup", swept.setup().fields());
            out.println(Json.text(fields));
            return 0;
        }
        if (proposal.isEmpty()) {
            out.println("No setting shows the concept more than the unsteered model without looping.");
            account.table(out);
            account.broken(out);
        } else {
            proposal.get().sentences().forEach(out::println);
            out.println(options.steered());
            out.println();
            evidence(out, result);
            example(out, proposal.get().point());
            tuned.ifPresent(one -> out.println("\n" + one.saved() + "\n  " + one.command()));
        }
        options.figure().ifPresent(file -> out.println("\n" + file));
        if (!result.whole()) {
            out.println("\nNot finished; the same command resumes.");
        }
        return 0;
    }

    /** The settings with the largest concept. */
    private static void evidence(PrintWriter out, SweepResult result) {
        List<SweepPoint> best = result.points().stream()
                .sorted(Comparator.comparingDouble((SweepPoint point) -> -point.meanFluentConcept())
                        .thenComparingDouble(point -> point.meanDivergence()))
                .limit(SHOWN)
                .toList();
        new SweepAccount(new SweepResult(result.concept(), best, true)).table(out);
    }

    private static void example(PrintWriter out, SweepPoint point) {
        SweepPoint.Sample sample = point.samples().get(0);
        out.printf(Locale.ROOT, "%n%s%n  %s%n", sample.question(), sample.text().replace("\n", "\n  "));
    }
}
