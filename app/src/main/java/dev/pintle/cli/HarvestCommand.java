package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.harvest.Harvest;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.sae.harvest.StoreManifest;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.tensor.DType;
import dev.pintle.transformer.HookPoint;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private static final int USUAL_SHARD_MIB = 256;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(
            names = "--texts",
            paramLabel = "PATH",
            description = "Texts: a file with one per line, a .jsonl file with text or messages, or a folder of files"
                    + " (default: 1,500 conversations bundled with Pintle).")
    private @Nullable Path texts;

    @Option(
            names = "--at",
            paramLabel = "PATTERN",
            description = "Hook points to store; * matches anything (default: blocks.*.hook_resid_post of --layers).")
    private List<String> patterns = new ArrayList<>();

    @Option(names = "--layers", paramLabel = "LIST", description = "Only these layers, such as 3,5-7.")
    private @Nullable String layers;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FOLDER",
            description = "Folder of the store.")
    private Path out = Path.of("activations");

    @Option(
            names = "--stored-as",
            paramLabel = "DTYPE",
            defaultValue = "fp32",
            description = "Dtype of the stored activations, fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    @Option(
            names = "--shard-size",
            paramLabel = "MIB",
            defaultValue = "" + USUAL_SHARD_MIB,
            description = "Size of a file at most; a process that is killed loses the one it was writing (default:"
                    + " ${DEFAULT-VALUE}).")
    private int shardMib = USUAL_SHARD_MIB;

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

    @Option(
            names = "--window",
            paramLabel = "N",
            defaultValue = "256",
            description = "Maximum tokens of a text to read at once (default: ${DEFAULT-VALUE}).")
    private int window;

    @Option(names = "--special-tokens", description = "Store special tokens too.")
    private boolean specialTokens;

    @Option(
            names = "--bos",
            description = "Begin plain texts with the start token if the tokenizer adds none, as GPT-2's does not.")
    private boolean bos;

    @Option(
            names = "--roles",
            split = ",",
            paramLabel = "ROLE",
            description =
                    "Roles whose tokens are stored in conversations: system, user, assistant, other, header (what the"
                            + " chat template writes), or all (default: all but system).")
    private List<String> roles = new ArrayList<>();

    @Option(names = "--json", description = "Print a summary as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (patterns.isEmpty() && layers == null) {
            throw Problem.of("There is nothing to store.")
                    .fact("expected", "--layers LIST or --at PATTERN")
                    .fact("try", "--layers 3, for blocks.3.hook_resid_post")
                    .toIllegalArgument();
        }
        Part whose = part == null ? Part.WHOLE : Part.parse(part);
        Texts from = texts == null ? SaeProfileCommand.embeddedTexts() : Texts.of(texts);
        HarvestSettings settings = new HarvestSettings(
                window,
                HarvestSettings.usual().tokensAtOnce(),
                bos,
                specialTokens,
                ProfileSettings.roles(roles),
                mostTokens,
                DType.parse(dtype, HarvestSettings.DTYPES),
                (long) shardMib << 20);
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
        return HookPointChoice.of(
                all, nLayers, patterns.isEmpty() ? List.of("blocks.*.hook_resid_post") : patterns, layers);
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
