package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.evaluation.SweepJson;
import dev.pintle.evaluation.SweepResult;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle sweep}. */
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        description = {
            "Answers many questions with vectors of several methods and layers at rising strengths, and measures"
                    + " concept, fluency, and KL from the unsteered model.",
            "Ctrl-C is safe at any time; the same command resumes."
        })
final class SweepCommand implements Callable<Integer> {
    @Mixin
    private SweepOptions options = new SweepOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Session session = Session.of(Objects.requireNonNull(spec));
        ProgressLine progress =
                new ProgressLine(Objects.requireNonNull(spec).commandLine().getErr(), session.terminal());
        SweepOptions.Swept swept = options.run(
                session, progress, List.of("last-position", "after-last-difference", "all-positions"), false);

        SweepResult result = swept.result();
        SweepAccount account = new SweepAccount(result);
        if (!result.points().isEmpty()) {
            options.draw(account.figure());
        }
        if (options.json()) {
            Map<String, Object> fields = SweepJson.fields(result);
            fields.put("positions", options.positions());
            fields.put("setup", swept.setup().fields());
            out.println(Json.text(fields));
            return 0;
        }
        account.table(out);
        account.broken(out);
        out.println("\n" + options.steered());
        out.println();
        account.steerability(out);
        out.println();
        account.equalCost(out);
        options.figure().ifPresent(file -> out.println("\n" + file));
        if (!result.whole()) {
            out.println("\nNot finished; the same command resumes.");
        }
        return 0;
    }
}
