package dev.pintle.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request that cannot be met, as the reply will say it: a status and OpenAI's error object. */
public final class HttpProblem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String type;
    private final String code;
    private final @Nullable String param;
    private final transient Problem problem;
    private final transient Map<String, String> headers;

    private HttpProblem(
            int status,
            String type,
            String code,
            @Nullable String param,
            Problem problem,
            Map<String, String> headers,
            @Nullable Throwable cause) {
        super(problem.toString(), cause);
        this.status = status;
        this.type = type;
        this.code = code;
        this.param = param;
        this.problem = problem;
        this.headers = Map.copyOf(headers);
    }

    /**
     * A problem.
     *
     * @param status HTTP status
     * @param code a short name for programs
     */
    public static HttpProblem of(int status, String code, Problem problem) {
        return new HttpProblem(status, type(status), code, null, problem, Map.of(), null);
    }

    /** A field of the request that can't be used. */
    public static HttpProblem field(String param, String code, Problem problem) {
        return new HttpProblem(400, type(400), code, param, problem, Map.of(), null);
    }

    /** What any exception says of a request: its own problem, a bad value, or an error of this server. */
    public static HttpProblem of(Throwable thrown) {
        if (thrown instanceof HttpProblem known) {
            return known;
        }
        if (thrown instanceof FieldException field) {
            String code = field.problem().sentence().equals("There is no such field.")
                    ? "unknown_parameter"
                    : "invalid_value";
            return new HttpProblem(400, type(400), code, field.path(), field.problem(), Map.of(), field);
        }
        if (thrown instanceof PintleException known) {
            return new HttpProblem(400, type(400), "invalid_request", null, known.problem(), Map.of(), known);
        }
        if (thrown instanceof IllegalArgumentException bad) {
            return new HttpProblem(
                    400,
                    type(400),
                    "invalid_request",
                    null,
                    Problem.of(String.valueOf(bad.getMessage())),
                    Map.of(),
                    bad);
        }
        if (thrown instanceof OutOfMemoryError) {
            return of(
                            503,
                            "out_of_memory",
                            Problem.of("The server ran out of memory.").fact("try", "a shorter request"))
                    .with("x-should-retry", "false");
        }
        return new HttpProblem(
                500,
                type(500),
                "server_error",
                null,
                Problem.of("An unexpected error occurred.").fact("cause", thrown),
                Map.of("x-should-retry", "false"),
                thrown);
    }

    private static String type(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 429 -> "rate_limit_error";
            default -> status >= 500 ? "server_error" : "invalid_request_error";
        };
    }

    /** A copy with a header. */
    public HttpProblem with(String header, String value) {
        Map<String, String> more = new HashMap<>(headers);
        more.put(header, value);
        return new HttpProblem(status, type, code, param, problem, more, getCause());
    }

    /** HTTP status. */
    public int status() {
        return status;
    }

    /** A short name for programs. */
    public String code() {
        return code;
    }

    /** Headers of the reply. */
    public Map<String, String> headers() {
        return headers;
    }

    /** What went wrong. */
    public Problem problem() {
        return problem;
    }

    /** The body: OpenAI's error object, with the problem's facts in one message, and apart under {@code pintle}. */
    public ObjectNode json() {
        ObjectNode error = Json.object();
        error.put("message", message(problem));
        error.put("type", type);
        error.put("param", param);
        error.put("code", code);
        ObjectNode own = error.putObject("pintle").put("sentence", problem.sentence());
        own.set("facts", JsonNumbers.tree(problem.facts()));
        ObjectNode body = Json.object();
        body.set("error", error);
        return body;
    }

    private static String message(Problem problem) {
        List<String> facts = new ArrayList<>();
        problem.facts().forEach((label, values) -> facts.add(label + ": " + String.join("; ", values)));
        return facts.isEmpty() ? problem.sentence() : problem.sentence() + " (" + String.join(", ", facts) + ")";
    }
}
