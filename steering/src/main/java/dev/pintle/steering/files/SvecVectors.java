package dev.pintle.steering.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Reads .svec, the JSON format of IBM's activation-steering: directions by layer, read at the output of block N. */
final class SvecVectors implements VectorFormat {
    private static final long MOST_JSON = 512L << 20;

    @Override
    public List<String> endings() {
        return List.of("svec", "json");
    }

    @Override
    public List<SteeringVector> read(Path file, VectorHints hints) {
        JsonNode root;
        try {
            if (Files.size(file) > MOST_JSON) {
                throw VectorFiles.unusable(file, "at most " + MOST_JSON + " bytes", Files.size(file) + " bytes");
            }
            root = Json.file(file);
        } catch (JsonProcessingException e) {
            throw VectorFiles.unusable(file, "JSON", ForeignJson.why(e));
        } catch (IOException e) {
            throw Problem.of("The steering vector cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", ForeignFile.why(e))
                    .toException(e);
        }
        JsonNode directions = root.get("directions");
        if (directions == null || !directions.isObject()) {
            throw VectorFiles.unusable(file, "an object with directions by layer", "none");
        }
        List<SteeringVector> vectors = new ArrayList<>();
        for (Iterator<Map.Entry<String, JsonNode>> it = directions.fields(); it.hasNext(); ) {
            Map.Entry<String, JsonNode> entry = it.next();
            if (!entry.getKey().matches("\\d{1,5}")) {
                throw VectorFiles.unusable(file, "layer numbers as keys of directions", entry.getKey());
            }
            int layer = Integer.parseInt(entry.getKey());
            vectors.add(new SteeringVector(
                    numbers(entry.getValue(), file, layer),
                    HookPoint.residPost(layer),
                    Origin.unknown(
                            new ModelId(root.path("model_type").asText(""), ""),
                            "read from .svec",
                            ".svec, layer " + layer + ": read at the output of block " + layer
                                    + ", applied by its own tool at the input of block " + layer)));
        }
        return Foreign.checked(vectors, file);
    }

    private static Vec numbers(JsonNode array, Path file, int layer) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode number = array.get(i);
            if (number == null || !number.isNumber()) {
                throw VectorFiles.unusable(file, "a list of numbers for layer " + layer, String.valueOf(number));
            }
            values[i] = number.floatValue();
        }
        if (values.length == 0) {
            throw VectorFiles.unusable(file, "a list of numbers for layer " + layer, array.getNodeType());
        }
        return Vec.of(values);
    }
}
