package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.library.Library;
import dev.pintle.sae.labels.LabelLibrary;
import dev.pintle.sae.profile.LatentFacts;
import dev.pintle.sae.profile.LatentFacts.Bin;
import dev.pintle.sae.profile.LatentFacts.Neighbour;
import dev.pintle.sae.profile.LatentFacts.Shown;
import dev.pintle.sae.profile.LatentProfile;
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

/** {@code pintle sae show}. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Shows the profile of a latent, with its labels.")
final class SaeShowCommand implements Callable<Integer> {
    private static final String BARS = "▁▂▃▄▅▆▇█";

    @Parameters(paramLabel = "LATENT", description = "Index of the latent, 0-based.")
    private int latent;

    @Mixin
    private SaeFile sae = new SaeFile();

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            description = "Profile made by pintle sae profile (default: that of the autoencoder's file).")
    private @Nullable String profile;

    @Mixin
    private LabelChoice labels = new LabelChoice();

    @Option(names = "--json", description = "Print the full profile of the latent as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Library library = Session.library(Objects.requireNonNull(spec));
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        try (LatentProfile known = library.profile(profile == null ? sae.name() : profile)) {
            LatentFacts facts = known.latent(latent);
            LabelLibrary.Lookup lookup = lookup(library, facts);
            if (json) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("autoencoder", known.autoencoder());
                fields.put("texts", known.texts());
                fields.put("roles", known.roles());
                fields.put("tokens", known.tokens());
                fields.put("finished", known.finished());
                fields.put("labels", lookup.labels());
                fields.put("facts", facts);
                fields.put("setup", setup(known));
                fields.put(
                        "problems",
                        lookup.problems().stream().map(Object::toString).toList());
                out.println(Json.text(fields));
            } else {
                print(out, known, facts, lookup);
                lookup.problems().forEach(err::println);
                err.flush();
            }
        }
        return 0;
    }

    private Map<String, Object> setup(LatentProfile known) {
        return Setup.withoutModel()
                .with("model", known.model())
                .autoencoder(sae.file())
                .with("profile", known.stamp())
                .fields();
    }

    /** Labels of the latent and its nearest latents. */
    private LabelLibrary.Lookup lookup(Library library, LatentFacts facts) {
        List<Integer> wanted = new ArrayList<>(List.of(latent));
        facts.nearest().forEach(neighbour -> wanted.add(neighbour.latent()));
        return labels.lookup(library, sae.file(), wanted);
    }

    private static void print(PrintWriter out, LatentProfile known, LatentFacts facts, LabelLibrary.Lookup lookup) {
        out.printf(Locale.ROOT, "latent %d of %s%n", facts.latent(), known.autoencoder());
        if (!lookup.unknown().contains(facts.latent()) || !lookup.problems().isEmpty()) {
            line(out, "label", lookup.labelOrAbsence(facts.latent()));
        }
        if (facts.fires() == 0) {
            line(out, "fires", String.format(Locale.ROOT, "never in %,d tokens of %s", known.tokens(), known.texts()));
        } else {
            line(out, facts.explained() ? "model label" : "auto label", facts.label());
            line(
                    out,
                    "fires",
                    String.format(
                            Locale.ROOT,
                            "on %.3g%% of %,d tokens (%s%s); mean %.2f when active, max %.2f",
                            100 * facts.density(),
                            known.tokens(),
                            known.texts(),
                            known.roles().equals("all")
                                    ? ""
                                    : ", roles: " + known.roles().replace(",", ", "),
                            facts.mean(),
                            facts.max()));
            line(out, "activations", histogram(facts.histogram()));
            line(
                    out,
                    "tokens",
                    facts.tokens().stream()
                            .map(token -> String.format(
                                    Locale.ROOT, "%s %.0f%%", TokenLines.quoted(token.text()), 100 * token.share()))
                            .collect(Collectors.joining("  ")));
        }
        line(out, "promotes", effects(facts.promoted()));
        line(out, "suppresses", effects(facts.suppressed()));
        for (int i = 0; i < Math.min(5, facts.nearest().size()); i++) {
            Neighbour near = facts.nearest().get(i);
            String label = lookup.labels().getOrDefault(near.latent(), "");
            line(
                    out,
                    i == 0 ? "nearest" : "",
                    String.format(Locale.ROOT, "%d (cosine %.2f)  %s", near.latent(), near.cosine(), label));
        }
        for (int i = 0; i < facts.contexts().size(); i++) {
            line(out, i == 0 ? "contexts" : "", context(facts.contexts().get(i)));
        }
        for (LatentFacts.AtQuantile one : facts.quantiles()) {
            line(out, String.format(Locale.ROOT, "at %.0f%%", 100 * one.quantile()), context(one.context()));
        }
    }

    private static void line(PrintWriter out, String name, String text) {
        out.println(String.format(Locale.ROOT, "  %-12s %s", name, text).stripTrailing());
    }

    private static String effects(List<LatentFacts.Effect> effects) {
        return effects.stream()
                .map(effect ->
                        String.format(Locale.ROOT, "%s %+.2f", TokenLines.quoted(effect.token()), effect.logit()))
                .collect(Collectors.joining("  "));
    }

    private static String histogram(List<Bin> bins) {
        long most = bins.stream().mapToLong(Bin::count).max().orElse(1);
        StringBuilder bars = new StringBuilder();
        for (Bin bin : bins) {
            int height = bin.count() == 0 ? -1 : (int) Math.ceil((double) (BARS.length() - 1) * bin.count() / most);
            bars.append(height < 0 ? ' ' : BARS.charAt(height));
        }
        return String.format(
                Locale.ROOT,
                "%.3g %s %.2f  (each bin √2 times the previous one)",
                bins.get(0).from(),
                bars,
                bins.get(bins.size() - 1).to());
    }

    /** The peak activation, and the text with tokens of at least a third of the peak marked. */
    private static String context(Shown context) {
        double peak = context.activations().get(context.peak());
        StringBuilder text = new StringBuilder();
        boolean open = false;
        for (int i = 0; i < context.pieces().size(); i++) {
            boolean active = context.activations().get(i) >= peak / 3;
            if (active != open) {
                text.append(active ? "«" : "»");
                open = active;
            }
            String piece = TokenLines.quoted(context.pieces().get(i));
            text.append(piece, 1, piece.length() - 1);
        }
        return String.format(Locale.ROOT, "%6.2f  %s%s", peak, text, open ? "»" : "");
    }
}
