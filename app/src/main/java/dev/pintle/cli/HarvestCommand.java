package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Sizes;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.harvest.Harvest;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.sae.harvest.StoreManifest;
import dev.pintle.transformer.HookPoint;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle harvest}. */
@Command(
        name = "harvest",
        mixinStandardHelpOptions = true,
        description = {
            "Stores a model's activations on a collection of texts: sharded safetensors with a manifest, one row a token.",
            "Ctrl-C is safe at any time; the same command resumes."
        })
final class HarvestCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private TextsOptions texts = new TextsOptions();

    @Mixin
    private StoreOptions store = new StoreOptions();

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FOLDER",
            description = "Folder of the store.")
    private Path out = Path.of("activations");

    @Option(
            names = "--part",
            paramLabel = "K/N",
            description =
                    "Store one of N equal parts of the texts. Parts may share a folder, or be copied into one later.")
    private @Nullable String part;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description = "Stop after about N rows; a later run can continue (default: all texts).")
    private long mostTokens;

    @Option(names = "--json", description = "Print a summary as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Part whose = part == null ? Part.WHOLE : Part.parse(part);
        store.patterns();
        Texts from = texts.texts();
        HarvestSettings settings = new HarvestSettings(
                texts.window(),
                HarvestSettings.usual().tokensAtOnce(),
                store.startsWithBos(),
                texts.specialTokens(),
                texts.parsedRoles(),
                mostTokens,
                store.dtype(),
                (long) store.shardMib() << 20);
        OptionalInt blocks = model.blocks();
        if (blocks.isPresent()) {
            points(HookPointChoice.usualPlaces(blocks.getAsInt()), blocks.getAsInt());
        }
        OutputFile.requireFolder(out);
        ProgressLine line = ProgressLine.of(Objects.requireNonNull(spec));
        try (LanguageModel loaded = model.load();
                UntilInterrupted watch = UntilInterrupted.begin()) {
            SortedSet<HookPoint> points =
                    points(loaded.hookPoints(), loaded.config().nLayers());
            long[] first = {-1};
            long start = System.nanoTime();
            StoreManifest manifest = new Harvest(loaded, points, out, settings, whose)
                    .run(from, (rows, bytes, total) -> {
                        first[0] = first[0] < 0 ? rows : first[0];
                        double seconds = (System.nanoTime() - start) / 1e9;
                        line.at(
                                "kB of texts",
                                bytes / 1000,
                                (total + 999) / 1000,
                                String.format(
                                        Locale.ROOT, "%,d rows, %,.0f rows/s", rows, (rows - first[0]) / seconds));
                        return watch.goesOn();
                    });
            report(manifest, manifest.rows() - first[0], (System.nanoTime() - start) / 1e9);
            return 0;
        }
    }

    private SortedSet<HookPoint> points(Set<HookPoint> all, int nLayers) {
        return HookPointChoice.of(all, nLayers, store.patterns(), store.layers());
    }

    private void report(StoreManifest manifest, long fresh, double seconds) {
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        if (json) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("folder", out.toString());
            fields.putAll(HarvestInfoCommand.summary(List.of(manifest)));
            fields.put("rows_added", fresh);
            fields.put("seconds", seconds);
            print.println(Json.text(fields));
            return;
        }
        print.printf(
                Locale.ROOT,
                "%s%n  %,d rows of %,d texts at %s as %s; %s, %s%n",
                out,
                manifest.rows(),
                manifest.documents(),
                HarvestInfoCommand.names(manifest.origin()),
                manifest.origin().dtype(),
                HarvestInfoCommand.count(manifest.shards().size()),
                Sizes.text(manifest.bytes()));
        if (fresh > 0) {
            print.printf(Locale.ROOT, "  %,d rows added in %.1f s, %,.0f rows/s%n", fresh, seconds, fresh / seconds);
        }
        if (part != null) {
            print.println("  part " + manifest.part() + " of the texts");
        }
        if (!manifest.finished()) {
            print.println("  not finished; the same command resumes");
        }
    }
}
