package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.serving.CaptureLinks;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.Capture;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.Arrays;
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
    private final Map<String, Components> projections = new LinkedHashMap<>();
    private long linked; // bytes

    /**
     * A capture that was asked for.
     *
     * @param points its hook points, in order
     * @param positions the name of its tokens
     */
    private record Wanted(Fields.CaptureSpec spec, Kept kept, Set<HookPoint> points, String positions) {}

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
            Capture whole = captured(points, tokens, path);
            Kept kept = new Reducing(served, path).kept(spec.reduce(), points, tokens);
            CaptureSize size = CaptureSize.of(
                    spec.reduce(),
                    points,
                    tokens,
                    whole.elements(served.model().config(), prompt.ids().length, prompt.ids().length + longest),
                    prompt.ids().length,
                    longest);
            if (spec.isLinked()) {
                captures.linked += size.linked();
                bytes += spec.reduce() == null ? 0 : size.held();
            } else {
                bytes += Math.max(size.held(), size.told());
            }
            if (spec.lists() && size.told() > MOST_LISTED) {
                throw tooLarge(path, size.told(), MOST_LISTED, "\"format\": \"inline\"");
            }
            captures.asked.add(new Wanted(spec, kept, points, tokens.name()));
        }
        if (bytes > MOST_BYTES) {
            throw tooLarge(
                    "capture",
                    bytes,
                    MOST_BYTES,
                    "\"reduce\", \"format\": \"link\", fewer hook points or positions, or a smaller max_tokens");
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

    static HttpProblem tooLarge(String path, long bytes, long most, String instead) {
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
            Problem problem = Problem.of("The model has no such hook point.").fact("but was", pattern);
            throw new FieldException(
                    path + ".point",
                    pattern.equals("logits")
                            ? problem.fact("try", "\"tokens\": {\"top\": 20}, which tells the most probable tokens")
                            : problem.fact("expected", "such as blocks.3.hook_resid_post or blocks.*.hook_mlp_out"));
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
            SteeringVector vector = found.get(0);
            projections.put(
                    names.get(i), new Components(Map.of(vector.at(), Map.of(names.get(i), vector)), Tokens.all()));
        }
    }

    /** Hooks that read before the steering. */
    List<Hook> before() {
        return hooks(true);
    }

    /** Hooks that read after the steering. */
    List<Hook> after() {
        List<Hook> after = hooks(false);
        after.addAll(projections.values());
        return after;
    }

    private List<Hook> hooks(boolean before) {
        List<Hook> hooks = new ArrayList<>();
        for (Wanted one : asked) {
            if (one.spec.seesBefore() == before) {
                hooks.add(one.kept.hook());
            }
        }
        return hooks;
    }

    /** The most bytes that files of its captures take. */
    long linkedBytes() {
        return linked;
    }

    /**
     * The captures of an answer that has ended, one per hook point.
     *
     * @param space for those that are links
     */
    ArrayNode json(int[] sequence, CaptureLinks.Space space) throws InterruptedException {
        ArrayNode all = Json.array();
        for (Wanted one : asked) {
            CaptureFile file = new CaptureFile();
            List<ObjectNode> nodes = new ArrayList<>();
            for (HookPoint point : one.points) {
                ObjectNode node = all.addObject();
                node.put("name", one.spec.name() == null ? point.toString() : one.spec.name());
                node.put("point", point.toString());
                node.put("see", one.spec.seesBefore() ? "before" : "after");
                node.put("positions_asked", one.positions);
                ArrayNode positions = node.putArray("positions");
                ArrayNode ids = node.putArray("token_ids");
                for (int position : one.kept.positions(point)) {
                    positions.add(position);
                    ids.add(sequence[position]);
                }
                Kept.Numbers numbers = one.kept.numbers(point);
                if (one.spec.isLinked()) {
                    numbers.put(node, file, point.toString());
                } else {
                    numbers.put(node, one.spec.lists());
                }
                nodes.add(node);
            }
            if (one.spec.isLinked()) {
                int[] positions = one.kept.positions(one.points.iterator().next());
                int[] ids = Arrays.stream(positions)
                        .map(position -> sequence[position])
                        .toArray();
                long[] shape = {positions.length};
                file.add("positions", shape, positions).add("token_ids", shape, ids);
                String href = space.keep(file.bytes());
                nodes.forEach(node ->
                        node.put("href", href).put("expires_in", space.life().toSeconds()));
            }
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
        Components components = Objects.requireNonNull(projections.get(vector));
        return components.component(components.points().iterator().next(), position, 0);
    }
}
