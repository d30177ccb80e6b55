package dev.pintle.spark;

import dev.pintle.base.Json;
import dev.pintle.cli.Session;
import dev.pintle.cli.UntilInterrupted;
import dev.pintle.library.Library;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the commands of all jobs share. */
abstract class JobCommand implements Callable<Integer> {
    private static final int SHOWN = 10;

    @Mixin
    private final Where where;

    @Mixin
    private ModelsOption models = new ModelsOption();

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FOLDER",
            description = "Folder of the outcome, which every executor sees; the same command goes on with it.")
    private Path out = Path.of("");

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    /** @param where it runs */
    JobCommand(Where where) {
        this.where = where;
    }

    /**
     * Runs the job.
     *
     * @param memory bytes that an executor has for models; empty if nobody says
     */
    abstract JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener);

    /** What the outcome is, after the line with the number of tasks. */
    abstract String outcome(Path out);

    final ModelsOption models() {
        return models;
    }

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter err = command.commandLine().getErr();
        where.check();
        JavaSparkContext[] started = new JavaSparkContext[1];
        try (UntilInterrupted watch = UntilInterrupted.begin()) {
            JobProgress progress = new JobProgress(err, Session.of(command).terminal(), watch, System::nanoTime);
            JobResult result = run(
                    needed -> {
                        long begun = System.nanoTime();
                        started[0] = where.start(needed);
                        err.printf(Locale.ROOT, "  Spark: started in %.0f s%n", (System.nanoTime() - begun) / 1e9);
                        err.flush();
                        return started[0];
                    },
                    where.memory(),
                    out,
                    Session.library(command),
                    progress);
            tell(command.commandLine().getOut(), result, watch.goesOn());
            return result.whole() ? 0 : 1;
        } finally {
            if (started[0] != null) {
                started[0].stop();
            }
            ModelCache.clear();
        }
    }

    private void tell(PrintWriter print, JobResult result, boolean wentOn) {
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("out", out.toAbsolutePath().normalize().toString());
            fields.put("tasks", result.tasks());
            fields.put("done", result.done());
            fields.put("whole", result.whole());
            fields.put(
                    "failures",
                    result.failures().stream()
                            .map(one -> Map.of("task", one.what(), "cause", one.cause()))
                            .toList());
            print.println(Json.text(fields));
            return;
        }
        print.printf(Locale.ROOT, "Tasks done: %,d of %,d, in %s%n", result.done(), result.tasks(), out);
        result.failures().stream()
                .limit(SHOWN)
                .forEach(failure -> print.println(
                        "Failed: " + failure.what() + "\n  " + failure.cause().replace("\n", "\n  ")));
        if (result.failures().size() > SHOWN) {
            print.printf(
                    Locale.ROOT,
                    "and %,d more, see %s%n",
                    result.failures().size() - SHOWN,
                    out.resolve("failures.jsonl"));
        }
        if (result.whole()) {
            print.println(outcome(out));
        } else {
            print.println(wentOn ? "The same command tries again what failed." : "Stopped; the same command goes on.");
        }
    }
}
