package dev.pintle.server.http;

import dev.pintle.base.Nearest;
import dev.pintle.base.Problem;
import dev.pintle.server.http.ApiKeys.Scope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Which handler answers which request. */
public final class Routes {
    /** The longest body of JSON, in bytes. */
    public static final int JSON_BODY = 8 << 20;

    /** The longest body of a file, in bytes. */
    public static final int FILE_BODY = 64 << 20;

    private final List<Route> routes = new ArrayList<>();
    private final Consumer<String> refused;
    private final Runnable ended;

    /**
     * @param refused receives the error's code of each request that is refused
     * @param ended called on a request's thread when it has been answered or broken off
     */
    public Routes(Consumer<String> refused, Runnable ended) {
        this.refused = refused;
        this.ended = ended;
    }

    void ended() {
        ended.run();
    }

    /** Answers a request. */
    @FunctionalInterface
    public interface Handler {
        /** Replies by the call; what it throws becomes an error's reply. */
        void handle(Call call) throws Exception;
    }

    /**
     * A route.
     *
     * @param method such as GET
     * @param path such as {@code /v1/models/{id...}}; a name with dots takes the rest of the path
     * @param scope what a key must allow; null for what anyone may ask
     * @param body the longest body, in bytes
     * @param summary one line for the API's description
     */
    public record Route(
            String method, String path, @Nullable Scope scope, int body, String summary, Handler handler) {
        /** The values of the path's names; null if the path is another one. */
        @Nullable
        Map<String, String> match(List<String> segments) {
            List<String> mine = segments(path);
            Map<String, String> values = new LinkedHashMap<>();
            for (int i = 0; i < mine.size(); i++) {
                String part = mine.get(i);
                if (part.endsWith("...}")) {
                    if (segments.size() <= i) {
                        return null;
                    }
                    values.put(
                            part.substring(1, part.length() - 4),
                            String.join("/", segments.subList(i, segments.size())));
                    return values;
                }
                if (i >= segments.size()) {
                    return null;
                }
                if (part.startsWith("{")) {
                    values.put(part.substring(1, part.length() - 1), segments.get(i));
                } else if (!part.equals(segments.get(i))) {
                    return null;
                }
            }
            return mine.size() == segments.size() ? values : null;
        }
    }

    /** A route and the values of its path's names. */
    record Match(Route route, Map<String, String> values) {}

    /** Adds a route whose body, if any, is JSON. */
    public Routes add(String method, String path, @Nullable Scope scope, String summary, Handler handler) {
        return add(new Route(method, path, scope, JSON_BODY, summary, handler));
    }

    /** Adds a route. */
    public Routes add(Route route) {
        routes.add(route);
        return this;
    }

    /** Counts a refusal. */
    void refused(HttpProblem problem) {
        refused.accept(problem.code());
    }

    /** All routes, in order. */
    public List<Route> all() {
        return List.copyOf(routes);
    }

    /** @throws HttpProblem 404 or 405 if there is none */
    Match find(String method, List<String> segments) {
        TreeSet<String> methods = new TreeSet<>();
        for (Route route : routes) {
            Map<String, String> values = route.match(segments);
            if (values != null) {
                if (route.method.equals(method)) {
                    return new Match(route, values);
                }
                methods.add(route.method);
            }
        }
        String path = "/" + String.join("/", segments);
        if (!methods.isEmpty()) {
            throw HttpProblem.of(
                            405,
                            "method_not_allowed",
                            Problem.of("The method is not allowed for this path.")
                                    .fact("path", path)
                                    .fact("takes", String.join(", ", methods))
                                    .fact("but was", method))
                    .with("Allow", String.join(", ", methods));
        }
        Problem problem = Problem.of("There is no route for this path.").fact("path", path);
        List<String> nearest =
                Nearest.to(path, routes.stream().map(Route::path).distinct().toList());
        throw HttpProblem.of(
                404,
                "not_found",
                nearest.isEmpty() ? problem.fact("try", "GET /openapi.json") : problem.fact("nearest", nearest));
    }

    static List<String> segments(String path) {
        List<String> segments = new ArrayList<>();
        for (String part : path.split("/", -1)) {
            if (!part.isEmpty()) {
                segments.add(part);
            }
        }
        return segments;
    }
}
