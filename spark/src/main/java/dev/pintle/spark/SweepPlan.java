package dev.pintle.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.model.Quantisation;
import dev.pintle.tensor.DType;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A sweep of one model and concept whose vectors are fitted, as its file says.
 *
 * @param model how the model is loaded
 * @param order place of the model among the job's
 * @param revision of the model's repository, or a fingerprint of its files
 * @param concept what the vectors are fitted for
 * @param plan what identifies the sweep in its log
 * @param positions tokens to steer
 * @param beside steering that acts in every setting
 * @param questions user turns
 * @param maxNewTokens longest answer
 * @param vectors file of the vectors, relative to the output folder, by method
 * @param unsteered the point where nothing is tried, as a line of a log
 * @param manifest what is written into every file of points
 */
record SweepPlan(
        ModelSpec model,
        int order,
        String revision,
        ConceptSpec concept,
        String plan,
        String positions,
        JobSteering.Placed beside,
        List<String> questions,
        int maxNewTokens,
        Map<String, String> vectors,
        String unsteered,
        String manifest)
        implements Serializable {
    SweepRows.Source source() {
        return new SweepRows.Source(model.name(), revision, model.dtype().toString(), concept.name());
    }

    Map<String, String> metadata() {
        return Map.of(TaskManifest.KEY, manifest);
    }

    void write(Path file) {
        ObjectNode json = Json.object();
        json.putObject("model")
                .put("name", model.name())
                .put("dtype", model.dtype().name())
                .put("device", model.device())
                .put("quantisation", model.quantisation().toString())
                .put("pull", model.pull());
        json.put("order", order).put("revision", revision).put("concept", concept.json());
        json.put("plan", plan).put("positions", positions).put("max_new_tokens", maxNewTokens);
        questions.forEach(json.putArray("questions")::add);
        vectors.forEach(json.putObject("vectors")::put);
        json.put("unsteered", unsteered).put("manifest", manifest);
        AtomicFile.writeText(file, Json.text(json) + "\n");
    }

    /** @param beside steering that acts in every setting, which the file does not hold */
    static SweepPlan read(Path file, JobSteering.Placed beside) {
        try {
            JsonNode json = Json.file(file);
            JsonNode model = json.path("model");
            List<String> questions = new ArrayList<>();
            json.path("questions").forEach(question -> questions.add(question.asText()));
            Map<String, String> vectors = new LinkedHashMap<>();
            json.path("vectors")
                    .fields()
                    .forEachRemaining(
                            one -> vectors.put(one.getKey(), one.getValue().asText()));
            return new SweepPlan(
                    new ModelSpec(
                            model.path("name").asText(),
                            DType.valueOf(model.path("dtype").asText()),
                            model.path("device").asText(),
                            Quantisation.parse(model.path("quantisation").asText()),
                            model.path("pull").asBoolean()),
                    json.path("order").asInt(),
                    json.path("revision").asText(),
                    new ConceptSpec(json.path("concept").asText()),
                    json.path("plan").asText(),
                    json.path("positions").asText(),
                    beside,
                    List.copyOf(questions),
                    json.path("max_new_tokens").asInt(),
                    vectors,
                    json.path("unsteered").asText(),
                    json.path("manifest").asText());
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw unreadable(file, e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static RuntimeException unreadable(Path file, Exception e) {
        return Problem.of("The plan of a sweep cannot be read.")
                .fact("file", file)
                .fact("cause", e)
                .fact("try", "to remove it, and submit the job again, which writes it anew")
                .toException(e);
    }
}
