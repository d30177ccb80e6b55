package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.pintle.steering.ExtractionReport;
import dev.pintle.steering.SteeringVector;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records of vectors as JSON. What is not known is left out. */
final class VectorJson {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private VectorJson() {}

    static String text(Object fields) {
        try {
            return JSON.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Maps of plain values have JSON.", e);
        }
    }

    static Map<String, Object> of(SteeringVector vector) {
        SteeringVector.Origin origin = vector.origin();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("hook_point", vector.at().toString());
        fields.put("layer", vector.at().layer());
        fields.put("d_model", vector.dModel());
        fields.put("norm", vector.direction().norm());
        fields.put("sha256", vector.hash());
        put(fields, "model_id", origin.model().name());
        put(fields, "model_revision", origin.model().revision());
        put(fields, "tokenizer_sha256", origin.tokenizer());
        put(fields, "chat_template_sha256", origin.template());
        put(fields, "method", origin.method());
        put(fields, "positions", origin.positions());
        put(fields, "aggregation", origin.aggregation());
        put(fields, "settings", origin.settings());
        if (!origin.pairsHash().isEmpty()) {
            fields.put(origin.method().equals("diff-mean") ? "texts" : "pairs", origin.pairs());
            fields.put("pairs_sha256", origin.pairsHash());
            fields.put("directions", origin.directions());
            fields.put("seed", origin.seed());
        }
        put(fields, "norm_before_scaling", origin.normBeforeScaling());
        put(fields, "mean_activation_norm", origin.meanActivationNorm());
        put(fields, "explained_variance", origin.explainedVariance());
        put(fields, "split_half_cosine", origin.stability().splitHalfCosine());
        put(fields, "split_half_cosine_low", origin.stability().low());
        put(fields, "split_half_cosine_high", origin.stability().high());
        put(fields, "dtype", origin.dtype());
        put(fields, "device", origin.device());
        put(fields, "source", origin.source());
        return fields;
    }

    static Map<String, Object> of(ExtractionReport report) {
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
