package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Sizes;
import dev.pintle.hub.HubSettings;
import dev.pintle.library.KnownModel;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle models}: the embedded and cached models. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = "Lists the embedded and cached models, and whether Pintle can run them.")
final class ModelsCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print the list as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private static String state(KnownModel model) {
        if (model.family().isEmpty()) {
            return "no model";
        }
        if (!model.isSupported()) {
            return "not supported";
        }
        String quantised = model.quantisation().isEmpty() ? "" : ", " + model.quantisation();
        return model.complete()
                ? "supported" + quantised
                : "incomplete: pintle pull " + model.name() + "@" + model.revision();
    }

    private static Map<String, Object> fields(KnownModel model) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", model.name());
        fields.put("revision", model.revision());
        fields.put("refs", model.refs());
        fields.put("bytes", model.bytes());
        fields.put("family", model.family().isEmpty() ? null : model.family());
        fields.put("quantisation", model.quantisation().isEmpty() ? null : model.quantisation());
        fields.put("supported", model.isSupported());
        fields.put("complete", model.complete());
        fields.put("folder", model.folder().toString());
        return fields;
    }

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        HubSettings settings = Session.of(command).hub();
        List<KnownModel> models = Session.library(command).models();
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("models", models.stream().map(ModelsCommand::fields).toList());
            fields.put(
                    "setup",
                    Setup.withoutModel()
                            .with("cache", settings.cache().toString())
                            .fields());
            out.println(Json.text(fields));
            return 0;
        }
        int width =
                models.stream().mapToInt(model -> model.name().length()).max().orElse(0);
        String row = "%-" + Math.max(5, width) + "s  %-8s  %9s  %-10s  %s%n";
        out.printf(Locale.ROOT, row, "model", "revision", "size", "family", "");
        for (KnownModel model : models) {
            String revision = model.revision();
            out.printf(
                    Locale.ROOT,
                    row,
                    model.name(),
                    revision.substring(0, Math.min(8, revision.length())),
                    Sizes.text(model.bytes()),
                    model.family().isEmpty() ? "-" : model.family(),
                    state(model));
        }
        out.println("cache: " + settings.cache());
        return 0;
    }
}
