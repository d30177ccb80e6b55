package dev.pintle.steering.files;

import dev.pintle.steering.ExtractionReport;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records of vectors as fields for JSON. Unknown values are omitted. */
public final class VectorJson {
    private VectorJson() {}

    /** Where a vector comes from, and what was measured of it. */
    public static Map<String, Object> of(SteeringVector vector) {
        Origin origin = vector.origin();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("hook_point", vector.at().toString());
        fields.put("layer", vector.at().layer());
        fields.put("d_model", vector.dModel());
        fields.put("norm", vector.direction().norm());
        fields.put("sha256", vector.hash());
        put(fields, "model_id", origin.model().name());
        put(fields, "model_revision", origin.model().revision());
        put(fields, "tokenizer_sha256", origin.capture().tokenizer());
        put(fields, "chat_template_sha256", origin.capture().template());
        put(fields, "method", origin.method().name());
        put(fields, "positions", origin.method().positions());
        put(fields, "aggregation", origin.method().aggregation());
        put(fields, "settings", origin.method().settings());
        if (!origin.data().hash().isEmpty()) {
            fields.put(
                    origin.method().name().equals("diff-mean") ? "texts" : "pairs",
                    origin.data().pairs());
            fields.put("pairs_sha256", origin.data().hash());
            fields.put("directions", origin.data().directions());
            fields.put("seed", origin.measures().seed());
        }
        put(fields, "norm_before_scaling", origin.measures().normBeforeScaling());
        put(fields, "mean_activation_norm", origin.meanActivationNorm());
        put(fields, "explained_variance", origin.measures().explainedVariance());
        put(fields, "split_half_cosine", origin.measures().stability().splitHalfCosine());
        put(fields, "split_half_cosine_low", origin.measures().stability().low());
        put(fields, "split_half_cosine_high", origin.measures().stability().high());
        put(fields, "dtype", origin.capture().dtype());
        put(fields, "device", origin.capture().device());
        put(fields, "source", origin.source());
        return fields;
    }

    /** What reading the prompts of a fit cost. */
    public static Map<String, Object> of(ExtractionReport report) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("prompts", report.sequences());
        fields.put("tokens_computed", report.tokensComputed());
        fields.put("tokens_plain", report.tokensPlain());
        fields.put("passes", report.passes());
        fields.put("seconds", report.seconds());
        return fields;
    }

    private static void put(Map<String, Object> fields, String key, @Nullable Object value) {
        boolean known = value instanceof Double number ? Double.isFinite(number) : !"".equals(value);
        if (known && value != null) {
            fields.put(key, value);
        }
    }
}
