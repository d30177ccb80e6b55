package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.Capture;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is read of one answer's activations: captures, and projections of its tokens. */
final class Captures {
    private static final long MOST_BYTES = 64L << 20;
    private static final long MOST_LISTED = 64 << 10; // bytes as FP32

    private final List<Wanted> asked = new ArrayList<>();
    private final Map<String, Projection> projections = new LinkedHashMap<>();

    /** A capture and what was asked. */
    private record Wanted(Fields.CaptureSpec spec, Capture capture, String positions) {}

    /** A vector and the activations that are projected on it. */
    private record Projection(Vec unit, HookPoint at, Capture capture) {}

    private Captures() {}

    /** @param longest the most tokens of the answer */
    static Captures of(ServedModel served, Fields fields, Asked.Given prompt, int longest) {
        Captures captures = new Captures();
        List<Fields.CaptureSpec> specs = fields.capture() == null ? List.of() : fields.capture();
        long bytes = 0;
        for (int i = 0; i < specs.size(); i++) {
            Fields.CaptureSpec spec = specs.get(i);
            String path = "capture[" + i + "]";
            Set<HookPoint> points = points(served.model(), String.valueOf(spec.point()), path);
            Tokens tokens = tokens(spec, prompt, path);
            Capture capture = captured(points, tokens, path);
            long its = Float.BYTES
                    * capture.elements(served.model().config(), prompt.ids().length, prompt.ids().length + longest);
            bytes += its;
            if ("ndarray".equals(spec.format()) && its > MOST_LISTED) {
                throw tooLarge(path, its, MOST_LISTED, "\"format\": \"inline\"");
            }
            captures.asked.add(new Wanted(spec, capture, tokens.name()));
        }
        if (bytes > MOST_BYTES) {
            throw tooLarge("capture", bytes, MOST_BYTES, "fewer hook points or positions, or a smaller max_tokens");
        }
        captures.project(served, fields.tokens());
        return captures;
    }

    private static Capture captured(Set<HookPoint> points, Tokens tokens, String path) {
        try {
            return new Capture(points, tokens);
        } catch (IllegalArgumentException e) {
            throw new FieldException(path + ".point", Problem.of(String.valueOf(e.getMessage())), e);
        }
    }

    private static HttpProblem tooLarge(String path, long bytes, long most, String instead) {
        return HttpProblem.field(
                path,
                "capture_too_large",
                Problem.of("The capture could exceed the size limit.")
                        .fact("expected", "at most " + most + " bytes")
                        .fact("but was", "up to " + bytes + " bytes")
                        .fact("try", instead));
    }

    private static Tokens tokens(Fields.CaptureSpec spec, Asked.Given prompt, String path) {
        if (spec.positions() == null) {
            return Tokens.all();
        }
        try {
            return spec.positions().tokens(prompt.roles());
        } catch (IllegalArgumentException e) {
            throw new FieldException(path + ".positions", Problem.of(String.valueOf(e.getMessage())), e);
        }
    }

    static Set<HookPoint> points(LanguageModel model, String pattern, String path) {
        Set<HookPoint> points = HookPoint.matching(model.hookPoints(), pattern).stream()
                .filter(point -> !pattern.contains("*") || point.site() != HookPoint.Site.ATTN_PATTERN)
                .collect(Collectors.toCollection(TreeSet::new));
        if (points.isEmpty()) {
            throw new FieldException(
                    path + ".point",
                    Problem.of("The model has no such hook point.")
                            .fact("but was", pattern)
                            .fact("expected", "such as blocks.3.hook_resid_post or blocks.*.hook_mlp_out"));
        }
        return points;
    }

    private void project(ServedModel served, Fields.@Nullable Tokens told) {
        List<String> names = told == null || told.project() == null ? List.of() : told.project();
        for (int i = 0; i < names.size(); i++) {
            String path = "tokens.project[" + i + "]";
            List<SteeringVector> found;
            try {
                found = served.sources().vectors(names.get(i));
                found.get(0).requireFits(served.model(), false);
            } catch (PintleException e) {
                throw new FieldException(path, e.problem(), e);
            }
            if (found.size() > 1) {
                throw new FieldException(path, Problem.of("A projection needs a vector of one layer."));
            }
            HookPoint at = found.get(0).at();
            projections.put(
                    names.get(i),
                    new Projection(found.get(0).direction().unit(), at, new Capture(Set.of(at), Tokens.all())));
        }
    }

    /** Hooks that read before the steering. */
    List<Capture> before() {
        return asked.stream()
                .filter(one -> one.spec.seesBefore())
                .map(Wanted::capture)
                .toList();
    }

    /** Hooks that read after the steering. */
    List<Capture> after() {
        List<Capture> after = new ArrayList<>(asked.stream()
                .filter(one -> !one.spec.seesBefore())
                .map(Wanted::capture)
                .toList());
        projections.values().forEach(projection -> after.add(projection.capture));
        return after;
    }

    /** The captures of an answer that has ended, one per hook point. */
    ArrayNode json(int[] sequence) {
        ArrayNode all = Json.array();
        for (Wanted one : asked) {
            one.capture.captured().forEach((point, captured) -> {
                ObjectNode node = all.addObject();
                node.put("name", one.spec.name() == null ? point.toString() : one.spec.name());
                node.put("point", point.toString());
                node.put("see", one.spec.seesBefore() ? "before" : "after");
                node.put("positions_asked", one.positions);
                ArrayNode positions = node.putArray("positions");
                ArrayNode ids = node.putArray("token_ids");
                for (int position : captured.positions()) {
                    positions.add(position);
                    ids.add(sequence[position]);
                }
                ArrayNode shape = node.putArray("shape");
                for (long size : captured.shape()) {
                    shape.add(size);
                }
                node.put("dtype", "f32");
                if ("ndarray".equals(one.spec.format())) {
                    ArrayNode rows = node.putArray("data");
                    for (int i = 0; i < captured.positions().length; i++) {
                        ArrayNode row = rows.addArray();
                        for (float value : captured.row(i)) {
                            row.add(value);
                        }
                    }
                } else {
                    node.put("data", JsonNumbers.base64(captured.values()));
                }
            });
        }
        return all;
    }

    boolean hasCaptures() {
        return !asked.isEmpty();
    }

    /** Names of the vectors that tokens are projected on. */
    Set<String> projected() {
        return projections.keySet();
    }

    /** The component of a position's activation along a named vector; NaN if it has not been run. */
    double component(String vector, int position) {
        Projection projection = Objects.requireNonNull(projections.get(vector));
        float[] row = projection.capture.row(projection.at, position);
        return row == null ? Double.NaN : Vec.of(row).dot(projection.unit);
    }
}
