package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.base.PintleException;
import dev.pintle.base.Sizes;
import dev.pintle.family.Families;
import dev.pintle.hub.CachedRepo;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle models}: which models are here. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = "Lists the models that are here: the embedded one and those in the cache.")
final class ModelsCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print the list as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    /**
     * One line.
     *
     * @param family {@code model_type} in config.json, or "" where it says none
     */
    private record Model(
            String name, String revision, List<String> refs, long bytes, String family, boolean complete, Path folder) {
        boolean supported() {
            return Families.all().stream().anyMatch(known -> known.modelType().equals(family));
        }

        String state() {
            if (family.isEmpty()) {
                return "no model";
            }
            if (!supported()) {
                return "not supported";
            }
            return complete ? "supported" : "incomplete: pintle pull " + name + "@" + revision;
        }

        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", name);
            fields.put("revision", revision);
            fields.put("refs", refs);
            fields.put("bytes", bytes);
            fields.put("family", family.isEmpty() ? null : family);
            fields.put("supported", supported());
            fields.put("complete", complete);
            fields.put("folder", folder.toString());
            return fields;
        }
    }

    @Override
    public Integer call() throws JsonProcessingException {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        HubSettings settings = Session.of(command).hub();
        List<Model> models = models(settings);
        if (json) {
            out.println(new ObjectMapper()
                    .writerWithDefaultPrettyPrinter()
                    .writeValueAsString(models.stream().map(Model::fields).toList()));
            return 0;
        }
        int width =
                models.stream().mapToInt(model -> model.name().length()).max().orElse(0);
        String row = "%-" + Math.max(5, width) + "s  %-8s  %9s  %-10s  %s%n";
        out.printf(Locale.ROOT, row, "model", "revision", "size", "family", "");
        for (Model model : models) {
            String revision = model.revision();
            out.printf(
                    Locale.ROOT,
                    row,
                    model.name(),
                    revision.substring(0, Math.min(8, revision.length())),
                    Sizes.text(model.bytes()),
                    model.family().isEmpty() ? "-" : model.family(),
                    model.state());
        }
        out.println("cache: " + settings.cache());
        return 0;
    }

    private static List<Model> models(HubSettings settings) {
        List<Model> models = new ArrayList<>();
        try {
            Path embedded = ModelFolders.find(ModelFolders.EMBEDDED, settings);
            models.add(new Model(
                    ModelFolders.EMBEDDED, "embedded", List.of(), size(embedded), family(embedded), true, embedded));
        } catch (PintleException e) {
            // an installation without it still has the cache
        }
        for (CachedRepo repo : HubClient.of(settings).cachedRepos()) {
            models.add(new Model(
                    repo.name(),
                    repo.commit(),
                    repo.revisions(),
                    repo.bytes(),
                    family(repo.folder()),
                    repo.complete(),
                    repo.folder()));
        }
        return models;
    }

    private static String family(Path folder) {
        Path config = folder.resolve("config.json");
        try {
            return Files.isRegularFile(config)
                    ? new ObjectMapper()
                            .readTree(Files.readString(config))
                            .path("model_type")
                            .asText("")
                    : "";
        } catch (IOException e) {
            return ""; // one unreadable file must not hide the other models
        }
    }

    private static long size(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
