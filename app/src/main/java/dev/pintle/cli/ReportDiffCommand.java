package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.run.RunDiff;
import dev.pintle.run.RunStore;
import dev.pintle.run.StoredRun;
import dev.pintle.studies.RunDiffJson;
import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle report diff}. */
@Command(
        name = "diff",
        mixinStandardHelpOptions = true,
        description = "Compares two runs: headline numbers first, then environment, numbers and texts, value by value.")
final class ReportDiffCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "A", description = "Id of a run, or part of one.")
    private String a = "";

    @Parameters(index = "1", paramLabel = "B", description = "Id of the other run, or part of one.")
    private String b = "";

    @Option(
            names = "--tolerance",
            defaultValue = "1e-6",
            paramLabel = "R",
            description = "Relative change up to which numbers are considered equal (default: ${DEFAULT-VALUE}).")
    private double tolerance;

    @Option(
            names = "--rows",
            defaultValue = "40",
            paramLabel = "N",
            description = "Maximum rows to print of each kind (default: ${DEFAULT-VALUE}); --json prints all.")
    private int rows;

    @Option(names = "--json", description = "Print all differences as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (!(tolerance >= 0)) {
            throw Problem.of("The tolerance must be 0 or more.")
                    .fact("but was", tolerance)
                    .toIllegalArgument();
        }
        RunStore runs = ReportCommand.runs(spec);
        StoredRun first = runs.find(a);
        StoredRun second = runs.find(b);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (json) {
            out.println(Json.text(RunDiffJson.fields(first, second, tolerance)));
        } else {
            out.printf(
                    "A: %s  %s, %s%nB: %s  %s, %s%n",
                    first.id(), first.name(), first.model(), second.id(), second.name(), second.model());
            headlines(out, first, second);
            print(out, RunDiff.of(first, second, tolerance));
        }
        return 0;
    }

    /** The numbers that the findings rest on, of both runs, changed or not. */
    private static void headlines(PrintWriter out, StoredRun first, StoredRun second) {
        Map<String, String> a = RunDiffJson.headlines(first);
        Map<String, String> b = RunDiffJson.headlines(second);
        Set<String> names = new LinkedHashSet<>(a.keySet());
        names.addAll(b.keySet());
        if (!names.isEmpty()) {
            out.printf("%nHeadline numbers:%n| | A | B | |%n| --- | ---: | ---: | --- |%n");
        }
        for (String name : names) {
            String one = a.getOrDefault(name, "–");
            String other = b.getOrDefault(name, "–");
            out.printf("| %s | %s | %s | %s |%n", name, one, other, one.equals(other) ? "" : "changed");
        }
    }

    private void print(PrintWriter out, RunDiff diff) {
        if (diff.same()) {
            out.printf("%nNo differences; %d numbers were compared.%n", diff.compared());
            return;
        }
        if (!diff.circumstances().isEmpty()) {
            out.printf("%nSettings and environment:%n| | A | B |%n| --- | --- | --- |%n");
            shown(out, diff.circumstances())
                    .forEach(words -> out.printf("| %s | %s | %s |%n", words.path(), clip(words.a()), clip(words.b())));
        }
        out.printf(
                Locale.ROOT,
                "%nNumbers that changed by more than %s: %d of %d%n",
                tolerance,
                diff.numbers().size(),
                diff.compared());
        if (!diff.numbers().isEmpty()) {
            out.printf("| value | A | B | change | relative |%n| --- | ---: | ---: | ---: | ---: |%n");
            shown(out, diff.numbers())
                    .forEach(change -> out.printf(
                            Locale.ROOT,
                            "| %s | %.6g | %.6g | %+.3g | %.2g |%n",
                            change.path(),
                            change.a(),
                            change.b(),
                            change.change(),
                            change.relative()));
        }
        if (!diff.texts().isEmpty()) {
            out.printf("%nTexts that changed: %d%n", diff.texts().size());
            shown(out, diff.texts())
                    .forEach(words ->
                            out.printf("  %s%n    A: %s%n    B: %s%n", words.path(), clip(words.a()), clip(words.b())));
        }
        only(out, "A", diff.onlyInA());
        only(out, "B", diff.onlyInB());
    }

    private void only(PrintWriter out, String run, List<String> paths) {
        if (!paths.isEmpty()) {
            out.printf("%nOnly in %s: %d%n", run, paths.size());
            shown(out, paths).forEach(path -> out.println("  " + path));
        }
    }

    private <T> List<T> shown(PrintWriter out, List<T> all) {
        if (all.size() > rows) {
            out.printf("(the first %d; --rows shows more)%n", rows);
        }
        return all.subList(0, Math.min(rows, all.size()));
    }

    private static String clip(String text) {
        String line = text.replace("\n", " ");
        return line.length() <= 160 ? line : line.substring(0, 159) + "…";
    }
}
