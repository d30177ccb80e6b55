package dev.pintle.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A web service on this machine that answers as a test wants, also by silence and without end. */
public final class FakeService implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "fake-service");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    /** A request as it arrived. */
    public record Request(String method, String path, String body, String authorization, String apiKey) {}

    /** What to do with a request. */
    @FunctionalInterface
    public interface Answer {
        /** Answers it. */
        void to(HttpExchange exchange, Request request) throws IOException;
    }

    private record Rule(String part, Answer answer) {}

    /** Starts it. */
    public FakeService() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** Its address. */
    public URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Answers requests whose path and query contain {@code part}; of several rules the last counts. */
    public FakeService on(String part, Answer answer) {
        rules.add(0, new Rule(part, answer));
        return this;
    }

    /** A text with status 200. */
    public static Answer text(String text) {
        return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Bytes with status 200. */
    public static Answer bytes(byte[] bytes) {
        return (exchange, request) -> {
            exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    /** A status, with headers given as name, value, … */
    public static Answer status(int status, String... headers) {
        return (exchange, request) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    /** Headers, a little text, and then nothing until the service is closed. */
    public Answer silence() {
        return (exchange, request) -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    /** Text that never ends. */
    public static Answer flood() {
        return (exchange, request) -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] block = "{\"index\": \"1\", \"label\": \"again and again\"}\n"
                    .repeat(1000)
                    .getBytes(StandardCharsets.UTF_8);
            while (true) {
                exchange.getResponseBody().write(block); // ends when the client has gone
            }
        };
    }

    /** Requests so far. */
    public List<Request> requests() {
        return List.copyOf(requests);
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            String path = exchange.getRequestURI().toString();
            Request request = new Request(
                    exchange.getRequestMethod(),
                    path,
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8),
                    header(exchange, "Authorization"),
                    header(exchange, "x-api-key"));
            requests.add(request);
            for (Rule rule : rules) {
                if (path.contains(rule.part())) {
                    rule.answer().to(exchange, request);
                    return;
                }
            }
            exchange.sendResponseHeaders(404, -1);
        } catch (IOException e) {
            // the client has gone
        }
    }

    private static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
