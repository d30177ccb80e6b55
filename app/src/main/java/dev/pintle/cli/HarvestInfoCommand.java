package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.sae.harvest.ActivationStore;
import dev.pintle.sae.harvest.StoreManifest;
import java.io.PrintWriter;
import java.nio.file.Path;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle harvest-info}. */
@Command(
        name = "harvest-info",
        mixinStandardHelpOptions = true,
        description = "Says what a store of activations holds, and checks its shards.")
final class HarvestInfoCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "Folder of the store.")
    private Path folder = Path.of("");

    @Option(
            names = "--verify",
            description = "Compare the content of every shard with the SHA-256 in the manifest, not only its size.")
    private boolean verify;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    /** What manifests say, for JSON. */
    static Map<String, Object> summary(List<StoreManifest> manifests) {
        StoreManifest first = manifests.get(0);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("origin", first.origin());
        fields.put("texts", first.texts());
        fields.put(
                "parts",
                manifests.stream()
                        .map(manifest -> {
                            Map<String, Object> part = new LinkedHashMap<>();
                            part.put("part", manifest.part());
                            part.put("documents", manifest.documents());
                            part.put("rows", manifest.rows());
                            part.put("shards", manifest.shards().size());
                            part.put("bytes", manifest.bytes());
                            part.put("finished", manifest.finished());
                            return part;
                        })
                        .toList());
        fields.put("rows", manifests.stream().mapToLong(StoreManifest::rows).sum());
        fields.put("bytes", manifests.stream().mapToLong(StoreManifest::bytes).sum());
        return fields;
    }

    static String count(int shards) {
        return shards == 1 ? "1 shard" : shards + " shards";
    }

    static String names(StoreManifest.Origin origin) {
        return origin.points().stream()
                .map(point -> point.name() + " "
                        + point.shape().stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]")))
                .collect(Collectors.joining(", "));
    }

    @Override
    public Integer call() {
        ActivationStore store = ActivationStore.open(folder);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<String> problems = store.problems(verify, ProgressLine.of(Objects.requireNonNull(spec)));
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("folder", folder.toString());
            fields.putAll(summary(store.manifests()));
            fields.put("missing_parts", store.missingParts());
            fields.put("checked", verify ? "content" : "size");
            fields.put("problems", problems);
            out.println(Json.text(fields));
        } else {
            StoreManifest.Origin origin = store.origin();
            out.printf(
                    Locale.ROOT,
                    "%s%n  model:       %s@%s, %s on %s%n  texts:       %s%n  hook points: %s%n  stored as:   %s%n"
                            + "  tokens:      windows of %d, roles %s%s%s%n  rows:        %,d in %s, %s%n",
                    folder,
                    origin.model(),
                    origin.revision(),
                    origin.modelDtype(),
                    origin.device(),
                    store.manifests().get(0).texts(),
                    names(origin),
                    origin.dtype(),
                    origin.window(),
                    String.join(", ", origin.roles()),
                    origin.specialTokens() ? ", special tokens" : "",
                    origin.startWithBos() ? ", BOS before plain texts" : "",
                    store.rows(),
                    count(store.shards().size()),
                    Sizes.text(store.bytes()));
            if (!store.missingParts().isEmpty()) {
                out.println("  unfinished:  parts "
                        + store.missingParts().stream().map(String::valueOf).collect(Collectors.joining(", ")));
            }
        }
        out.flush();
        if (!problems.isEmpty()) {
            Problem problem = Problem.of("The store is damaged.").fact("folder", folder.toAbsolutePath());
            for (String one : problems) {
                problem = problem.fact("shard", one);
            }
            throw problem.fact("try", "copying the shards again, or harvesting the part again in another folder")
                    .toException();
        }
        return 0;
    }
}
