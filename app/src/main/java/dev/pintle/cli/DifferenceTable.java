package dev.pintle.cli;

import dev.pintle.evaluation.weights.ModelDifference;
import dev.pintle.sae.LatentAgreement;
import dev.pintle.sae.SparseAutoencoder;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Prints what differs between two sets of weights. */
final class DifferenceTable {
    private static final double NEARLY_ONE = 0.9999995; // from which six digits would say 1

    private final PrintWriter out;

    DifferenceTable(PrintWriter out) {
        this.out = out;
    }

    void print(ModelDifference found, String texts, @Nullable SparseAutoencoder sae) {
        out.println("A  " + found.a());
        out.println("B  " + found.b());
        line(
                "%,d tokens in %,d passages of %s; the first token of each passage is left out",
                found.tokens(), found.passages(), texts);
        out.println();
        line("%-10s %12s %12s %26s", "resid_post", "cosine", "", "‖a − b‖ / ‖a‖");
        line("%10s %12s %12s %13s %12s", "layer", "mean", "min", "mean", "max");
        for (ModelDifference.Layer layer : found.layers()) {
            line(
                    "%10d %12s %12s %13s %12s",
                    layer.layer(),
                    cosine(layer.meanCosine()),
                    cosine(layer.leastCosine()),
                    percent(layer.meanError()),
                    percent(layer.largestError()));
        }
        out.println();
        ModelDifference.NextToken next = found.next();
        line(
                "next token   KL(A‖B) in nats: mean %s, median %s, 99th percentile %s",
                number(next.meanDivergence()), number(next.medianDivergence()), number(next.highDivergence()));
        line("             same most probable token after %.2f%% of tokens", 100 * next.agreement());
        if (next.targets() > 0) {
            line(
                    "perplexity   %.4g of A, %.4g of B, over %,d tokens",
                    next.perplexityOfA(), next.perplexityOfB(), next.targets());
        }
        LatentAgreement.Report latents = found.latents();
        if (latents != null && sae != null) {
            out.println();
            print(latents, sae);
        }
    }

    private void print(LatentAgreement.Report latents, SparseAutoencoder sae) {
        line("latents of %s at %s, per token", sae.name(), sae.place());
        line("  active in A %18.2f", latents.active());
        line("  active in B %18.2f", latents.activeInOther());
        line("  appear %23.2f", latents.appear());
        line("  vanish %23.2f", latents.vanish());
        line("  change by over 10%% %11.2f", latents.changed());
        line("  mean change of those active in both %s", percent(latents.relativeChange()));
        line("  %-24s %8s %12s %12s %12s", "peak activation in A", "latents", "activations", "survive", "within 10%");
        for (LatentAgreement.Band band : latents.bands()) {
            line(
                    "  %-24s %,8d %,12d %11.2f%% %11.2f%%",
                    String.format(Locale.ROOT, "%.3g to %.3g", band.from(), band.to()),
                    band.latents(),
                    band.activations(),
                    100 * band.survive(),
                    100 * band.close());
        }
    }

    private static String cosine(double value) {
        return value < 1 && value >= NEARLY_ONE ? ">0.999999" : String.format(Locale.ROOT, "%.6f", value);
    }

    private static String percent(double share) {
        return number(100 * share) + "%";
    }

    private static String number(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.3g", value);
    }

    private void line(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values).stripTrailing());
    }
}
