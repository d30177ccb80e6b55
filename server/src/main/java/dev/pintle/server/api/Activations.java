package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.library.steer.Steering;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Reads;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Activations of a given text. The run stops after the last layer that is read. */
public final class Activations {
    private static final long MOST_BYTES = 64L << 20;
    private static final long MOST_LISTED = 64 << 10;

    private final Models models;

    /** @param models that are read */
    public Activations(Models models) {
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("POST", path + "/activations", Scope.GENERATE, "Activations of a given text", this::capture);
    }

    /**
     * What the route takes.
     *
     * @param points hook points, or patterns with *
     * @param open whether the header of an answer follows a conversation
     * @param format {@code inline} (Base64 of FP32, little-endian) by default, or {@code ndarray}
     */
    record Given(
            @Nullable String model,
            @Nullable String text,
            @Nullable JsonNode messages,
            @Nullable JsonNode ids,
            @Nullable Boolean open,
            @Nullable JsonNode steering,
            @Nullable List<String> points,
            @Nullable String format) {}

    private void capture(Call call) throws IOException, InterruptedException {
        Given asked = JsonRecords.read(call.json(), Given.class, "");
        Models.Chosen chosen = models.find(asked.model());
        ServedModel served = chosen.model();
        Input input =
                Input.of(served, asked.text(), asked.messages(), !Boolean.FALSE.equals(asked.open()), asked.ids());
        Steering steering = Steered.of(chosen, asked.steering(), input, "steering");
        Set<HookPoint> points = points(served, asked.points());
        boolean lists = lists(asked.format());
        ObjectNode json = Json.object().put("model", String.valueOf(asked.model()));
        json.put("system_fingerprint", served.fingerprint());
        ArrayNode ids = json.putArray("token_ids");
        for (int id : input.ids()) {
            ids.add(id);
        }
        ArrayNode activations = json.putArray("activations");
        try (Reads.Turn turn = served.reads().begin();
                TensorScope scope = TensorScope.open("activations for a client")) {
            Run run = served.model()
                    .with(steering.interventions())
                    .run(TokenBatch.of(input.ids()), RunOptions.reading(points));
            long bytes = 0;
            for (HookPoint point : points) {
                Tensor tensor = run.row(point, 0).to(DType.FP32);
                float[] values = tensor.toFloats();
                bytes += (long) values.length * Float.BYTES;
                requireAtMost(bytes, lists ? MOST_LISTED : MOST_BYTES);
                activations.add(json(point, tensor.shape().toArray(), values, lists));
            }
        }
        json.set("steering", JsonNumbers.tree(steering.facts(input.ids().length, input.ids().length)));
        call.reply(json);
    }

    private static boolean lists(@Nullable String format) {
        if (format == null || format.equals("inline")) {
            return false;
        }
        if (!format.equals("ndarray")) {
            throw new FieldException(
                    "format",
                    Problem.of("There is no such choice.")
                            .fact("choose", "inline, ndarray")
                            .fact("but was", format));
        }
        return true;
    }

    private static void requireAtMost(long bytes, long most) {
        if (bytes > most) {
            throw HttpProblem.field(
                    "points",
                    "capture_too_large",
                    Problem.of("The activations exceed the size limit of a reply.")
                            .fact("expected", "at most " + most + " bytes")
                            .fact("try", "fewer hook points, or a shorter text"));
        }
    }

    private static Set<HookPoint> points(ServedModel served, @Nullable List<String> patterns) {
        Set<HookPoint> chosen = new TreeSet<>();
        List<String> wanted = patterns == null ? List.of("blocks.*.hook_resid_post") : patterns;
        for (int i = 0; i < wanted.size(); i++) {
            Set<HookPoint> matching = HookPoint.matching(served.model().hookPoints(), wanted.get(i));
            chosen.addAll(matching);
            if (matching.isEmpty()) {
                throw new FieldException(
                        "points[" + i + "]",
                        Problem.of("The model has no such hook point.")
                                .fact("but was", wanted.get(i))
                                .fact("expected", "such as blocks.3.hook_resid_post or blocks.*.hook_mlp_out"));
            }
        }
        return chosen;
    }

    private static ObjectNode json(HookPoint point, long[] shape, float[] values, boolean lists) {
        ObjectNode json = Json.object().put("point", point.toString()).put("dtype", "f32");
        ArrayNode sizes = json.putArray("shape");
        for (long size : shape) {
            sizes.add(size);
        }
        if (lists) {
            ArrayNode data = json.putArray("data");
            for (float value : values) {
                data.add(value);
            }
        } else {
            json.put("data", JsonNumbers.base64(values));
        }
        return json;
    }
}
