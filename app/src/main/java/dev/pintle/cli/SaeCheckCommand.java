package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SaeCheck;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Texts;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle sae check}. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Checks whether an autoencoder matches a model: active latents per token, variance explained, and how many"
                    + " latents fire at all. If too little is explained, tries the usual causes."
        })
final class SaeCheckCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SaeChoice sae = new SaeChoice();

    @Option(
            names = "--texts",
            paramLabel = "PATH",
            description = "Texts: a file with one per line, a .jsonl file with text or messages, or a folder of files"
                    + " (default: the conversations bundled with Pintle).")
    private @Nullable Path texts;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "2000",
            description = "Approximate number of tokens to read (default: ${DEFAULT-VALUE}).")
    private int mostTokens;

    @Option(names = "--force", description = "Check even an autoencoder trained on another model.")
    private boolean force;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (mostTokens < 1) {
            throw Problem.of("A check needs at least one token.")
                    .fact("--max-tokens", mostTokens)
                    .toIllegalArgument();
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load();
                SparseAutoencoder coder = sae.load(loaded.device())) {
            coder.requireFits(loaded, force);
            Texts from = texts == null ? TextsOptions.embedded() : Texts.of(texts);
            SaeCheck.Report report = new SaeCheck(loaded, coder, coder.place()).run(from, mostTokens);
            if (json) {
                out.println(Json.text(fields(loaded, coder, from, report)));
            } else {
                print(out, loaded, coder, from, report);
            }
        }
        return 0;
    }

    private static void print(
            PrintWriter out, LanguageModel model, SparseAutoencoder sae, Texts texts, SaeCheck.Report report) {
        out.printf("%s (%s) at %s of %s%n", sae.name(), sae.origin().format(), sae.place(), model.id());
        out.printf(
                Locale.ROOT,
                "  %,d tokens of %s, mean activation norm %.2f%n",
                report.tokens(),
                texts.name(),
                report.meanNorm());
        out.printf(Locale.ROOT, "  %-28s %8s %20s%n", "", "judged", "system, template");
        row(
                out,
                "active latents per token",
                report,
                "%.1f",
                report.numbers().meanL0(),
                report.around().meanL0());
        row(
                out,
                "variance explained",
                report,
                "%.1f%%",
                100 * report.numbers().varianceExplained(),
                100 * report.around().varianceExplained());
        row(
                out,
                "latents that fired",
                report,
                "%.1f%%",
                100 * report.numbers().firing(),
                100 * report.around().firing());
        if (report.tokensAround() > 0) {
            out.printf(
                    Locale.ROOT,
                    "  system, template: %,d tokens of system prompts and the chat template%n",
                    report.tokensAround());
        }
        report.trials()
                .forEach(trial -> out.printf(
                        Locale.ROOT, "  tried %s: %.1f%% explained%n", trial.what(), 100 * trial.varianceExplained()));
        report.suggestions().forEach(text -> out.println("  " + text));
        if (report.suggestions().isEmpty()) {
            out.println("  Nothing looks wrong.");
        }
    }

    private static void row(
            PrintWriter out, String name, SaeCheck.Report report, String format, double words, double around) {
        out.printf(
                Locale.ROOT,
                "  %-28s %8s %20s%n",
                name,
                String.format(Locale.ROOT, format, words),
                report.tokensAround() == 0 ? "" : String.format(Locale.ROOT, format, around));
    }

    private static Map<String, Object> fields(
            LanguageModel model, SparseAutoencoder sae, Texts texts, SaeCheck.Report report) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("autoencoder", sae.name());
        fields.put("format", sae.origin().format());
        fields.put("hook_point", sae.place().toString());
        fields.put("model", model.id().toString());
        fields.put("setup", Setup.of(model).autoencoder(sae).fields());
        fields.put("texts", texts.name());
        fields.putAll(report.fields());
        return fields;
    }
}
