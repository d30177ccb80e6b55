package dev.pintle.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.report.Element.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The values that the original published, of Llama-3.1-8B-Instruct and Goodfire's autoencoder of layer 19. */
public final class Published {
    private static final JsonNode ALL = read();

    private final boolean same;

    private Published(boolean same) {
        this.same = same;
    }

    /**
     * The values, and whether those of a run may be compared with them.
     *
     * @param model name of the run's model
     * @param autoencoder name of its autoencoder
     */
    public static Published of(String model, String autoencoder) {
        String sae = ALL.get("sae").textValue().replaceFirst("^.*/", "").toLowerCase(Locale.ROOT);
        return new Published(model.toLowerCase(Locale.ROOT).endsWith("llama-3.1-8b-instruct")
                && autoencoder.toLowerCase(Locale.ROOT).contains(sae));
    }

    /** The original's model. */
    public static String model() {
        return ALL.get("model").textValue();
    }

    /** The original's autoencoder. */
    public static String autoencoder() {
        return ALL.get("sae").textValue();
    }

    /** The layer after which that reads. */
    public static int layer() {
        return ALL.get("layer").intValue();
    }

    /** Whether values of the run may be compared with the published ones: it is of the same model and autoencoder. */
    public boolean comparable() {
        return same;
    }

    /** Where the original's notebooks are. */
    static String repository() {
        return ALL.get("repository").textValue();
    }

    /** Relative difference that rounding to bfloat16 explains. */
    public double band() {
        return ALL.get("relative_band").doubleValue();
    }

    /** A value by its name; of a list of several autoencoders' values, that of the original's own, which is the first. */
    public double value(String name) {
        JsonNode value = known(name);
        return (value.isArray() ? value.get(0) : value).doubleValue();
    }

    private static JsonNode known(String name) {
        JsonNode value = ALL.get("values").get(name);
        if (value == null) {
            throw new IllegalArgumentException("The original published no " + name);
        }
        return value;
    }

    /** A value with three digits after the point: {@code 0.773}. */
    public String number(String name) {
        return Words.number(value(name));
    }

    /** A whole number: {@code 40}. */
    public String count(String name) {
        return Words.text("%,.0f", value(name));
    }

    /** A value with its sign and two digits after the point: {@code −2.03}. */
    public String signed(String name) {
        return Words.signed(value(name), 2).replace('-', '−');
    }

    /** A value that is a percentage: {@code 580%}. */
    public String percent(String name) {
        return percent(known(name));
    }

    /** Percentages as they were listed: {@code 576%, 536%, 2,592%}. */
    public String percents(String name) {
        List<String> all = new ArrayList<>();
        known(name).forEach(value -> all.add(percent(value)));
        return String.join(", ", all);
    }

    /** The smallest and the largest of several percentages: {@code 536% to 2,592%}. */
    public String percentRange(String name) {
        List<JsonNode> all = new ArrayList<>();
        known(name).forEach(all::add);
        all.sort(Comparator.comparingDouble(JsonNode::doubleValue));
        return percent(all.get(0)) + " to " + percent(all.get(all.size() - 1));
    }

    private static String percent(JsonNode value) {
        return Words.text("%,.0f%%", value.doubleValue());
    }

    /** Values beside a run's own, with the verdict of each; none where they cannot be compared. */
    public List<Element> beside(Map<String, Double> ours) {
        if (!same) {
            return List.of();
        }
        double band = band();
        List<List<String>> rows = new ArrayList<>();
        ours.forEach((name, value) -> {
            double published = value(name);
            double away = (value - published) / published;
            rows.add(List.of(
                    name.substring(name.indexOf('.') + 1).replace('_', ' '),
                    shown(published),
                    Double.isNaN(value) ? "–" : shown(value),
                    Double.isNaN(away) ? "–" : Words.text("%+.1f%%", 100 * away),
                    verdict(name, away, band)));
        });
        return List.of(new Table(
                "Published values and this run's; the band is ±" + Words.percent(band)
                        + ", what rounding to bfloat16 explains",
                List.of("value", "published", "here", "difference", "verdict"),
                rows,
                1));
    }

    private static String verdict(String name, double away, double band) {
        for (JsonNode one : ALL.get("rounding_alone")) {
            if (one.textValue().equals(name)) {
                return "rounding alone, in both";
            }
        }
        return Double.isNaN(away) ? "none here" : Math.abs(away) <= band ? "within the band" : "outside the band";
    }

    private static String shown(double value) {
        return value == Math.rint(value) ? Words.text("%,.0f", value) : Words.text("%.4g", value);
    }

    private static JsonNode read() {
        try (InputStream in = Published.class.getResourceAsStream("published.json")) {
            return Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
