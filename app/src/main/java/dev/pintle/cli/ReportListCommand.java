package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.run.RunStore;
import dev.pintle.run.StoredRun;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle report list}. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the runs, newest first.")
final class ReportListCommand implements Callable<Integer> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm").withZone(ZoneOffset.UTC);

    @Option(names = "--json", description = "Print the list as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        RunStore.Listing listing = ReportCommand.runs(spec).list();
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put(
                    "runs",
                    listing.runs().stream().map(ReportListCommand::fields).toList());
            fields.put(
                    "unusable",
                    listing.unusable().stream()
                            .map(one -> Map.of("path", one.path().toString(), "reason", one.reason()))
                            .toList());
            out.println(Json.text(fields));
            return 0;
        }
        if (listing.runs().isEmpty()) {
            out.println("No runs yet; pintle demo creates one.");
        } else {
            out.println("| run | what | model | started (UTC) | state | stages |");
            out.println("| --- | --- | --- | --- | --- | ---: |");
            listing.runs()
                    .forEach(run -> out.printf(
                            "| %s | %s | %s | %s | %s | %d |%n",
                            run.id(),
                            run.name(),
                            run.model(),
                            TIME.format(run.started()),
                            state(run),
                            run.stages().size()));
        }
        listing.unusable().forEach(one -> out.printf("unusable: %s: %s%n", one.path(), one.reason()));
        return 0;
    }

    private static String state(StoredRun run) {
        return run.state().name().toLowerCase(Locale.ROOT);
    }

    private static Map<String, Object> fields(StoredRun run) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", run.id());
        fields.put("name", run.name());
        fields.put("state", state(run));
        fields.put("pintle", run.pintle());
        fields.put("model", run.model());
        fields.put("autoencoder", run.autoencoder());
        fields.put("started", run.started().toString());
        fields.put("finished", run.finished().map(Instant::toString).orElse(""));
        fields.put("stages", run.stages());
        fields.put("folder", run.folder().toString());
        return fields;
    }
}
