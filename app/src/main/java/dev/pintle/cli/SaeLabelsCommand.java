package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.library.Labels;
import dev.pintle.sae.labels.LabelLibrary;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle sae labels}. */
@Command(
        name = "labels",
        mixinStandardHelpOptions = true,
        description = "Shows the labels of latents, or searches for latents by label.")
final class SaeLabelsCommand implements Callable<Integer> {
    @Parameters(paramLabel = "LATENT", description = "Latents whose labels to show.")
    private List<Integer> latents = new ArrayList<>();

    @Option(
            names = "--search",
            paramLabel = "WORDS",
            description = "Find latents whose labels contain all these words, in any form; WORD* matches a prefix.")
    private @Nullable String search;

    @Option(
            names = "--top",
            paramLabel = "N",
            defaultValue = "25",
            description = "Maximum number of search results (default: ${DEFAULT-VALUE}).")
    private int top;

    @Mixin
    private SaeFile sae = new SaeFile();

    @Mixin
    private LabelChoice labels = new LabelChoice();

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Session session = Session.of(Objects.requireNonNull(spec));
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        ProgressLine progress = new ProgressLine(err, session.terminal());
        Labels chosen = labels.choose(Session.library(Objects.requireNonNull(spec)), sae.file(), progress);
        LabelLibrary.Lookup lookup = chosen.lookup(latents);
        Map<Integer, String> found = search == null ? Map.of() : chosen.search(search, top);
        if (json) {
            out.println(Json.text(fields(chosen, lookup, found)));
        } else {
            print(out, chosen, lookup, found);
            lookup.problems().forEach(err::println);
            err.flush();
        }
        return 0;
    }

    private void print(PrintWriter out, Labels chosen, LabelLibrary.Lookup lookup, Map<Integer, String> found) {
        for (int latent : latents) {
            out.printf(Locale.ROOT, "%7d  %s%n", latent, lookup.labelOrAbsence(latent));
        }
        found.forEach((latent, label) -> out.printf(Locale.ROOT, "%7d  %s%n", latent, label));
        if (search != null && found.isEmpty()) {
            out.printf("No label in %s contains all of: %s%n", chosen.name(), search);
        }
        if (search == null && latents.isEmpty()) {
            Map<Integer, String> all = chosen.kept();
            long different = all.values().stream().distinct().count();
            out.printf(Locale.ROOT, "%s: %,d labels, %,d of them distinct%n", chosen.name(), all.size(), different);
        }
    }

    private Map<String, Object> fields(Labels chosen, LabelLibrary.Lookup lookup, Map<Integer, String> found) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("source", chosen.name());
        fields.put("labels_kept", chosen.kept().size());
        fields.put(
                "latents", latents.stream().map(latent -> row(latent, lookup)).toList());
        if (search != null) {
            fields.put("search", search);
            fields.put(
                    "found",
                    found.entrySet().stream()
                            .map(entry -> Map.of("latent", entry.getKey(), "label", entry.getValue()))
                            .toList());
        }
        fields.put(
                "setup",
                Setup.withoutModel()
                        .autoencoder(sae.file())
                        .with("labels", chosen.name())
                        .fields());
        fields.put("problems", lookup.problems().stream().map(Object::toString).collect(Collectors.toList()));
        return fields;
    }

    /** One latent, with its label if it has one; {@code state} distinguishes no label from not known. */
    private static Map<String, Object> row(int latent, LabelLibrary.Lookup lookup) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("latent", latent);
        if (lookup.labels().containsKey(latent)) {
            row.put("label", lookup.labels().get(latent));
        }
        row.put(
                "state",
                lookup.labels().containsKey(latent)
                        ? "labelled"
                        : lookup.unknown().contains(latent) ? "not known" : "no label");
        return row;
    }
}
