package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.steering.files.VectorJson;
import dev.pintle.steering.files.VectorLibrary;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle vector list}. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the saved vectors.")
final class VectorListCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print the full records as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        VectorLibrary library = Session.library(Objects.requireNonNull(spec)).vectors();
        List<String> names = library.names();
        int width = names.stream().mapToInt(String::length).max().orElse(0);
        List<Map<String, Object>> records = new ArrayList<>();
        for (String name : names) {
            Map<String, Object> record = new LinkedHashMap<>();
            record.put("name", name);
            String line;
            try {
                List<SteeringVector> vectors = VectorFiles.readAll(library.find(name), VectorHints.none());
                record.put("file", library.find(name).toString());
                record.put("vectors", vectors.stream().map(VectorJson::of).toList());
                SteeringVector first = vectors.get(0);
                line = first.origin().method().name() + " at "
                        + vectors.stream().map(vector -> vector.at().toString()).collect(Collectors.joining(", "))
                        + " of " + first.origin().model();
            } catch (PintleException e) { // a missing file must not hide the others
                record.put("problem", e.problem().sentence());
                line = e.problem().sentence();
            }
            records.add(record);
            if (!json) {
                out.printf(Locale.ROOT, "%-" + width + "s  %s%n", name, line);
            }
        }
        if (json) {
            out.println(Json.text(records));
        } else if (names.isEmpty()) {
            out.println("No vector is saved. Save one with: pintle vector fit … --save NAME");
        }
        return 0;
    }
}
