package dev.pintle.steering;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The demo model and the reference values for it, as several tests use them. */
public final class Parley {
    public static final String NEUTRAL = "The assistant should act normally.";
    public static final JsonNode FACTS = Golden.json("vectors.json");
    public static final HookPoint AT = HookPoint.residPost(FACTS.get("layer").asInt());

    public static final String STYLE = styles().get(0);
    public static final String OTHER_STYLE = styles().get(1);

    private Parley() {}

    public static LanguageModel load() {
        return LanguageModel.load(Golden.parley().toString(), TestDevice.current(), DType.FP32);
    }

    public static Checkpoint tensors() {
        return SafeTensors.open(Golden.folder().resolve("parley.safetensors"));
    }

    public static List<String> styles() {
        List<String> styles = new ArrayList<>();
        FACTS.get("styles").fieldNames().forEachRemaining(styles::add);
        return styles;
    }

    // the file holds the prompts as padded; the padding is what the tests check
    public static String positive(String style) {
        return FACTS.get("styles").get(style).get("positive").asText().replaceFirst("\\. x*$", ".");
    }

    public static ContrastPair pair(String style) {
        return ContrastPair.ofSystemPrompts(positive(style), NEUTRAL);
    }

    public static List<ContrastPair> prefixed(String style) {
        List<String> prefixes = new ArrayList<>();
        FACTS.get("prefixes").forEach(prefix -> prefixes.add(prefix.asText()));
        return ContrastPair.ofPrefixes(positive(style), NEUTRAL, prefixes);
    }

    public static Vec vector(Checkpoint tensors, String style, String method) {
        try (TensorScope scope = TensorScope.open("expected")) {
            return tensors.tensor("vector." + style + "." + method).toVec();
        }
    }

    public static List<double[]> rows(Checkpoint tensors, String name, int from) {
        try (TensorScope scope = TensorScope.open("expected")) {
            int width = tensors.entry(name).shape().intSize(1);
            double[] flat = tensors.tensor(name).toDoubles();
            List<double[]> rows = new ArrayList<>();
            for (int i = from; i < flat.length / width; i++) {
                rows.add(Arrays.copyOfRange(flat, i * width, (i + 1) * width));
            }
            return rows;
        }
    }
}
