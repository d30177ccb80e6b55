package dev.pintle.notebook;

import dev.pintle.base.Problem;
import dev.pintle.figure.TokenStrip;
import dev.pintle.model.Generated;
import dev.pintle.report.Published;
import dev.pintle.report.Words;
import dev.pintle.sae.Term;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.text.TokenizedPrompt;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The functions that notebook cells call, for {@code import static dev.pintle.notebook.Nb.*}: they show values below the cell and
 * check the numbers that the text quotes. All but {@link #settings} return void, since a kernel prints the value of a cell's last
 * expression.
 *
 * <pre>{@code
 * show(model.with(add(pirate, strength)).chat("Tell me about the whale.", greedy(40)));
 * check("cosine with the mean", 1, pca.cosine(mean), 1e-6);         // must hold with any settings
 * quoted("relative error", 1.438, parts.relativeError(), 5e-4);     // checked with the default settings only
 * }</pre>
 */
public final class Nb {
    private static volatile @Nullable NotebookSettings settings;

    private Nb() {}

    // ---------------------------------------------------------------- settings

    /** The settings this notebook runs with: the defaults, or those that {@code PINTLE_NOTEBOOK} selects. */
    public static NotebookSettings settings() {
        NotebookSettings read = NotebookSettings.read();
        settings = read;
        return read;
    }

    private static boolean own() {
        NotebookSettings known = settings;
        return known == null || known.own();
    }

    // ---------------------------------------------------------------- showing

    /**
     * Shows a value: a figure, a generated text, a vector, a decomposition, a sweep, a part of a report, a list of records as a
     * table, numbers, or text.
     */
    public static void show(@Nullable Object value) {
        CurrentOutput.get().show(Renderer.of(value));
    }

    /** Shows a generated text under a label, such as what steered it. */
    public static void show(String label, Generated generated) {
        CurrentOutput.get().show(Renderer.generated(label, generated));
    }

    /** Shows records as a table, one column per component. */
    public static void table(String caption, Collection<? extends Record> rows) {
        CurrentOutput.get().show(Tables.of(caption, rows));
    }

    /** Shows latents with their activations or coefficients, and their labels. */
    public static void latents(String caption, List<Term> terms, LatentLabels labels) {
        CurrentOutput.get()
                .show(Renderer.terms(
                        caption, terms, latent -> labels.label(latent).orElse("no label")));
    }

    /**
     * Shows a text with each token coloured by its value.
     *
     * @param tokens as decoded
     * @param values one per token, `[tokens]`; NaN leaves a token uncoloured
     * @param unit what the values measure, such as {@code cosine}
     */
    public static void strip(String title, List<String> tokens, double[] values, String unit) {
        show(new TokenStrip(title, unit + " of " + tokens.size() + " tokens", tokens, values, unit));
    }

    /** Shows a templated prompt with each token coloured by its value. */
    public static void strip(String title, TokenizedPrompt prompt, double[] values, String unit) {
        strip(title, IntStream.range(0, prompt.length()).mapToObj(prompt::text).toList(), values, unit);
    }

    /**
     * Shows a progress bar, updated in place, one per stage. Can be passed as a {@link dev.pintle.base.Progress}: {@code
     * Nb::progress}.
     */
    public static void progress(String stage, long done, long total) {
        Rendered bar = Rendered.html(
                stage + ": " + done + " of " + total,
                "<label>" + Markup.text(stage) + ": <progress value=\"" + done + "\" max=\"" + Math.max(1, total)
                        + "\"></progress> " + done + " of " + total + "</label>");
        if (done >= total) {
            CurrentOutput.get().settle("progress " + stage, bar);
        } else {
            CurrentOutput.get().update("progress " + stage, bar);
        }
    }

    // ---------------------------------------------------------------- checking

    /**
     * Checks a number that must hold with any settings, such as an algebraic identity.
     *
     * @param tolerance maximum absolute difference
     * @throws CheckFailed if it differs by more
     */
    public static void check(String name, double expected, double found, double tolerance) {
        boolean held = close(expected, found, tolerance);
        Checks.add(new Checks.Check(name, found, held));
        if (!held) {
            throw failed(name, expected + " ± " + tolerance, String.valueOf(found));
        }
        CurrentOutput.get().line("✓ " + name + ": " + number(found, tolerance));
    }

    /**
     * Checks a statement.
     *
     * @throws CheckFailed if it does not hold
     */
    public static void check(String statement, boolean holds) {
        Checks.add(new Checks.Check(statement, holds ? 1 : 0, holds));
        if (!holds) {
            throw failed(statement, "true", "false");
        }
        CurrentOutput.get().line("✓ " + statement);
    }

    /**
     * Checks that two values are equal.
     *
     * @throws CheckFailed if they are not
     */
    public static void check(String name, @Nullable Object expected, @Nullable Object found) {
        boolean held = Objects.equals(expected, found);
        Checks.add(new Checks.Check(name, value(found, held), held));
        if (!held) {
            throw failed(name, String.valueOf(expected), String.valueOf(found));
        }
        CurrentOutput.get().line("✓ " + name + ": " + found);
    }

    /**
     * Checks a measured number that the text quotes. With settings other than the defaults it is only printed beside the quoted one.
     *
     * @throws CheckFailed if it differs from the quoted value
     */
    public static void quoted(String name, double expected, double found, double tolerance) {
        if (own()) {
            check(name, expected, found, tolerance);
        } else {
            Checks.add(new Checks.Check(name, found, true));
            CurrentOutput.get()
                    .line("· " + name + ": " + number(found, tolerance) + " (the text says "
                            + number(expected, tolerance) + " with the default settings)");
        }
    }

    /**
     * Checks any value that the text quotes. With settings other than the defaults it is only printed.
     *
     * @throws CheckFailed if it differs from the quoted value
     */
    public static void quoted(String name, Object expected, Object found) {
        if (own()) {
            check(name, expected, found);
        } else {
            Checks.add(new Checks.Check(name, value(found, true), true));
            CurrentOutput.get().line("· " + name + ": " + found);
        }
    }

    private static double value(@Nullable Object found, boolean held) {
        return found instanceof Number number ? number.doubleValue() : held ? 1 : 0;
    }

    /**
     * Prints a published number beside this run's. With the original's model and autoencoder, also whether the difference is within
     * what bfloat16 rounding explains; with others the numbers are not comparable.
     *
     * @param value name of the published value, such as {@code base.error_percent}
     * @param found this run's value, in the same unit
     */
    public static void published(String value, double found) {
        NotebookSettings known = settings == null ? settings() : Objects.requireNonNull(settings);
        Published published = Published.of(known.model(), known.autoencoder());
        double there = published.value(value);
        String numbers = value.replaceFirst("^[^.]*\\.", "").replace('_', ' ') + ": published " + shown(there)
                + ", here " + shown(found);
        if (!published.comparable()) {
            CurrentOutput.get().line("· " + numbers + " (another model)");
        } else {
            boolean within = Math.abs(found - there) <= published.band() * Math.abs(there);
            CurrentOutput.get()
                    .line((within ? "✓ " : "✗ ") + numbers + ", " + (within ? "within" : "outside") + " ±"
                            + Words.percent(published.band()));
        }
    }

    private static String shown(double value) {
        if (Double.isNaN(value)) {
            return "none";
        }
        return value == Math.rint(value) ? Words.text("%.0f", value) : Words.text("%.4g", value);
    }

    private static boolean close(double expected, double found, double tolerance) {
        return Math.abs(found - expected) <= tolerance || Double.isNaN(expected) && Double.isNaN(found);
    }

    /** Rounded to the digits that the tolerance covers. */
    private static String number(double value, double tolerance) {
        if (tolerance == 0 && value == Math.rint(value)) {
            return Words.text("%.0f", value);
        }
        int digits = tolerance <= 0 ? 3 : (int) Math.max(0, Math.min(9, Math.round(-Math.log10(tolerance))));
        return Words.number(value, digits);
    }

    private static CheckFailed failed(String name, String expected, String found) {
        CurrentOutput.get().line("✗ " + name + ": expected " + expected + ", found " + found);
        return new CheckFailed(Problem.of("A check does not hold.")
                .fact("check", name)
                .fact("expected", expected)
                .fact("but was", found));
    }
}
