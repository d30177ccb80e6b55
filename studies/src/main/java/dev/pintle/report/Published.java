package dev.pintle.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.report.Element.Table;
import dev.pintle.study.RunManifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The values that the original published, of Llama-3.1-8B-Instruct and Goodfire's autoencoder of layer 19. */
final class Published {
    private static final JsonNode ALL = read();

    private final boolean same;

    private Published(boolean same) {
        this.same = same;
    }

    /** The values, and whether a run's may be compared with them. */
    static Published of(RunManifest manifest) {
        String model = manifest.model().toLowerCase(Locale.ROOT);
        String sae = manifest.autoencoder().toLowerCase(Locale.ROOT);
        return new Published(model.endsWith("llama-3.1-8b-instruct")
                && sae.contains(
                        ALL.get("sae").textValue().replaceFirst("^.*/", "").toLowerCase(Locale.ROOT)));
    }

    /** Where the original's notebooks are. */
    static String repository() {
        return ALL.get("repository").textValue();
    }

    /** Whether the run is on the original's model and autoencoder. */
    boolean comparable() {
        return same;
    }

    /** A value by its name. */
    double value(String name) {
        JsonNode value = ALL.get("values").get(name);
        if (value == null) {
            throw new IllegalArgumentException("The original published no " + name);
        }
        return value.doubleValue();
    }

    /** Values beside a run's own, with the verdict of each; none where they cannot be compared. */
    List<Element> beside(Map<String, Double> ours) {
        if (!same) {
            return List.of();
        }
        double band = ALL.get("relative_band").doubleValue();
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
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
