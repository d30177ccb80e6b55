package dev.pintle.server.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import dev.pintle.base.Problem;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/*
 * A page in a browser can send requests to a server on the same machine. Without CORS it can't read replies, except
 * when its own name is pointed at 127.0.0.1 (DNS rebinding), which makes it same-origin; then its Host gives it away.
 */
/** Which pages of a browser may reach the server: none but its own and those that were named. */
final class Guard {
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-fA-F:.%]+]");

    private final Set<String> hostNames;
    private final List<String> origins;

    /**
     * @param hostNames further names of this machine that clients use
     * @param origins pages that may call, such as {@code https://chat.example}
     */
    Guard(Set<String> hostNames, List<String> origins) {
        this.hostNames = hostNames;
        this.origins = List.copyOf(origins);
    }

    /** @throws HttpProblem 403 for a host or a page that is not known */
    void check(HttpExchange exchange) {
        String host = exchange.getRequestHeaders().getFirst("Host");
        if (host == null || !isKnown(name(host))) {
            throw HttpProblem.of(
                    403,
                    "host_not_allowed",
                    Problem.of("The Host header does not name this server.")
                            .fact("but was", host == null ? "no Host" : host)
                            .fact("try", "localhost, or --host-name NAME when the server is started"));
        }
        String origin = exchange.getRequestHeaders().getFirst("Origin");
        if (origin == null || origin.equalsIgnoreCase("http://" + host)) {
            return;
        }
        if (!origins.contains(origin)) {
            throw HttpProblem.of(
                    403,
                    "origin_not_allowed",
                    Problem.of("A page of another origin may not call this server.")
                            .fact("but was", origin)
                            .fact("try", "--cors-origin ORIGIN when the server is started"));
        }
        Headers reply = exchange.getResponseHeaders();
        reply.set("Access-Control-Allow-Origin", origin);
        reply.set("Vary", "Origin");
        reply.set("Access-Control-Expose-Headers", "x-request-id, retry-after");
    }

    /** What a browser asks before it sends a page's request. */
    static void allow(HttpExchange exchange) {
        Headers reply = exchange.getResponseHeaders();
        reply.set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
        reply.set("Access-Control-Allow-Headers", "authorization, content-type, if-match");
        reply.set("Access-Control-Max-Age", "600");
    }

    private boolean isKnown(String name) {
        return LOCAL.contains(name)
                || hostNames.contains(name)
                || ADDRESS.matcher(name).matches();
    }

    private static String name(String host) {
        int port = host.lastIndexOf(':');
        boolean hasPort = port > host.lastIndexOf(']') && port > 0;
        return (hasPort ? host.substring(0, port) : host).toLowerCase(Locale.ROOT);
    }
}
