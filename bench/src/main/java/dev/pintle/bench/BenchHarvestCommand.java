package dev.pintle.bench;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.TextBatches;
import dev.pintle.sae.corpus.TextWindows;
import dev.pintle.sae.corpus.TextWindows.Window;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.harvest.ActivationRows;
import dev.pintle.sae.harvest.ActivationStore;
import dev.pintle.sae.harvest.Harvest;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.sae.harvest.RowReader;
import dev.pintle.sae.harvest.StoreManifest;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench harvest}. */
@Command(
        name = "harvest",
        mixinStandardHelpOptions = true,
        description = "Writing a store of activations beside running the model alone, and reading it shuffled.")
final class BenchHarvestCommand implements Callable<Integer> {
    private static final int ROWS_AT_ONCE = 4096;
    private static final int SLICES = 4;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(
            names = "--at",
            defaultValue = "blocks.3.hook_resid_post",
            paramLabel = "PATTERN",
            description = "Hook points. Default: ${DEFAULT-VALUE}.")
    private String at = "blocks.3.hook_resid_post";

    @Option(names = "--texts", paramLabel = "PATH", description = "Texts. Default: those bundled with Pintle.")
    private @Nullable Path texts;

    @Option(
            names = "--tokens",
            defaultValue = "20000",
            paramLabel = "N",
            description = "Tokens to store. Default: ${DEFAULT-VALUE}.")
    private long tokens;

    @Option(names = "--out", required = true, paramLabel = "FOLDER", description = "An empty folder for the store.")
    private Path out = Path.of("store");

    @Option(
            names = "--buffer",
            defaultValue = "512",
            paramLabel = "MIB",
            description = "Buffer for shuffling. Default: ${DEFAULT-VALUE}.")
    private int buffer;

    @Override
    public Integer call() {
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        Texts from = texts == null ? Texts.embedded().orElseThrow() : Texts.of(texts);
        try (LanguageModel loaded = model.load()) {
            SortedSet<HookPoint> points = new TreeSet<>(HookPoint.matching(loaded.hookPoints(), at));
            HarvestSettings usual = HarvestSettings.usual();
            // alternating, since other work on the machine would favour one of them
            double alone = 0;
            double writing = 0;
            long rows = 0;
            StoreManifest manifest = null;
            for (int slice = 0; slice <= SLICES; slice++) {
                long most = slice == 0 ? tokens / (2 * SLICES) : slice * tokens / SLICES; // the first warms up
                HarvestSettings settings = new HarvestSettings(
                        usual.window(),
                        usual.tokensAtOnce(),
                        usual.startWithBos(),
                        usual.specialTokens(),
                        usual.roles(),
                        most,
                        usual.dtype(),
                        usual.shardBytes());
                long before = System.nanoTime();
                long first = rows;
                manifest = new Harvest(loaded, points, out, settings, Part.WHOLE).run(from, Harvest.Listener.SILENT);
                rows = manifest.rows();
                if (rows == first) {
                    throw Problem.of("The texts have too few tokens to measure with.")
                            .fact("texts", from.name())
                            .fact("expected", String.format(Locale.ROOT, "%,d tokens that count", tokens))
                            .fact("but was", String.format(Locale.ROOT, "%,d", rows))
                            .fact("try", "fewer --tokens, or --texts with more text, such as the same several times")
                            .toException();
                }
                long between = System.nanoTime();
                long ran = run(loaded, points, from, settings, rows - first);
                long after = System.nanoTime();
                if (slice > 0) {
                    writing += (between - before) / 1e9 / (rows - first);
                    alone += (after - between) / 1e9 / ran;
                }
            }
            print.printf(
                    Locale.ROOT,
                    "%s, %s on %s: %,d rows, %.2f GB in %d shards%n",
                    loaded.id(),
                    loaded.dtype(),
                    loaded.device(),
                    rows,
                    Objects.requireNonNull(manifest).bytes() / 1e9,
                    manifest.shards().size());
            print.printf(
                    Locale.ROOT,
                    "running the model alone: %,.0f rows/s; writing too: %,.0f rows/s, %.1f%%%n",
                    SLICES / alone,
                    SLICES / writing,
                    100 * alone / writing);
            print.flush();
            read(points, print);
        }
        return 0;
    }

    private void read(SortedSet<HookPoint> points, PrintWriter print) {
        long start = System.nanoTime();
        long rows = 0;
        long bytes = 0;
        for (HookPoint point : points) {
            try (RowReader reader = ActivationStore.open(out).shuffled(point, 1, (long) buffer << 20)) {
                ActivationRows some = reader.next(ROWS_AT_ONCE);
                while (some.count() > 0) {
                    rows += some.count();
                    bytes += some.bytes().length;
                    some = reader.next(ROWS_AT_ONCE);
                }
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        print.printf(
                Locale.ROOT,
                "read shuffled, one of %d hook points after another, with a buffer of %d MiB: %,d rows, %.2f GB in %.1f s,"
                        + " %,.0f rows/s; heap at most %,d MiB%n",
                points.size(),
                buffer,
                rows,
                bytes / 1e9,
                seconds,
                rows / seconds,
                Runtime.getRuntime().maxMemory() >> 20);
    }

    /** Runs the model on about as many tokens that count, and keeps nothing. */
    private static long run(
            LanguageModel model, SortedSet<HookPoint> points, Texts texts, HarvestSettings settings, long tokens) {
        TextWindows windows = new TextWindows(
                model.text(), settings.window(), settings.roles(), settings.specialTokens(), OptionalInt.empty());
        long ran = 0;
        try (TextBatches batches = new TextBatches(texts, windows, Part.WHOLE, settings.tokensAtOnce())) {
            while (ran < tokens && batches.hasNext()) {
                for (List<Window> run : batches.next()) {
                    try (TensorScope scope = TensorScope.open("bench harvest")) {
                        model.run(TokenBatch.of(run.stream().map(Window::ids).toList()), RunOptions.reading(points));
                    }
                    ran += run.stream().mapToInt(Window::count).sum();
                }
            }
        }
        return ran;
    }
}
