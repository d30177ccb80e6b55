package dev.pintle.server.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Listens, and hands each request to its route: who may call first, then what is asked. */
public final class Front implements AutoCloseable {
    private static final int MOST_AT_ONCE = 1024;
    private static final int BACKLOG = 1024;
    private static final int ID_BYTES = 8;
    private static final long LOOK = 20; // milliseconds

    static { // read once, by the JDK's server
        setUnlessSet("sun.net.httpserver.nodelay", "true");
        setUnlessSet("sun.net.httpserver.maxReqTime", "60"); // seconds in which a request must have arrived
        setUnlessSet("sun.net.httpserver.idleInterval", "60");
        setUnlessSet("jdk.httpserver.maxConnections", "4000");
    }

    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Writes writes;
    private final AtomicInteger running = new AtomicInteger();
    private volatile boolean refuses;

    /**
     * What listens where, and for whom.
     *
     * @param address to bind
     * @param guard names and pages by which it may be called
     * @param keys what callers must present
     * @param slowest time that one write to a client may take
     * @param log receives a line per request: method, path, status, milliseconds; never a body
     */
    public record Settings(
            InetSocketAddress address, Names guard, ApiKeys keys, Duration slowest, Consumer<String> log) {}

    /**
     * Names and pages by which a server may be called.
     *
     * @param hosts names of this machine, besides localhost and addresses
     * @param origins pages of other origins, such as {@code https://chat.example}
     */
    public record Names(List<String> hosts, List<String> origins) {}

    private Front(HttpServer server, ThreadPoolExecutor threads, Writes writes) {
        this.server = server;
        this.threads = threads;
        this.writes = writes;
    }

    /**
     * Starts to listen.
     *
     * @throws dev.pintle.base.PintleException if the address can't be bound
     */
    public static Front start(Settings settings, Routes routes) {
        HttpServer server;
        try {
            server = HttpServer.create(settings.address(), BACKLOG);
        } catch (IOException e) {
            throw Problem.of("The server cannot bind to this address.")
                    .fact("address", settings.address())
                    .fact("cause", e)
                    .fact("try", "another --port, or 0 for any that is free")
                    .toException(e);
        }
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                0,
                MOST_AT_ONCE,
                30,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                work -> {
                    Thread thread = new Thread(work, "pintle-server " + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                },
                Front::await);
        Front front = new Front(server, threads, new Writes(settings.slowest()));
        server.setExecutor(threads);
        server.createContext("/", front.handler(settings, routes));
        server.start();
        return front;
    }

    /** With as many requests as there may be at once, further ones wait where they arrive. */
    private static void await(Runnable work, ThreadPoolExecutor threads) {
        try {
            threads.getQueue().put(work);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RejectedExecutionException(e);
        }
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /** The port it listens at. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Number of requests that are being answered. */
    public int running() {
        return running.get();
    }

    private HttpHandler handler(Settings settings, Routes routes) {
        Guard guard =
                new Guard(Set.copyOf(settings.guard().hosts()), settings.guard().origins());
        return exchange -> {
            running.incrementAndGet();
            long began = System.nanoTime();
            try {
                answer(exchange, guard, settings.keys(), routes);
            } finally {
                routes.ended();
                running.decrementAndGet();
                settings.log()
                        .accept(exchange.getRequestMethod() + " "
                                + exchange.getRequestURI().getPath() + " " + exchange.getResponseCode() + " "
                                + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) + " ms");
            }
        };
    }

    private void answer(HttpExchange exchange, Guard guard, ApiKeys keys, Routes routes) throws IOException {
        String id = "req-" + random();
        Call call = new Call(exchange, id, Map.of(), Routes.JSON_BODY, writes);
        try {
            guard.check(exchange);
            if (refuses) {
                throw HttpProblem.of(503, "shutting_down", Problem.of("The server is stopping."))
                        .with("Retry-After", "5");
            }
            if (exchange.getRequestMethod().equals("OPTIONS")) {
                Guard.allow(exchange);
                call.replyEmpty(204);
                return;
            }
            List<String> segments = Routes.segments(exchange.getRequestURI().getRawPath()).stream()
                    .map(Front::decoded)
                    .toList();
            Routes.Match match = routes.find(exchange.getRequestMethod(), segments);
            ApiKeys.Scope scope = match.route().scope();
            if (scope != null) {
                keys.require(exchange.getRequestHeaders().getFirst("Authorization"), scope);
            }
            call = new Call(exchange, id, match.values(), match.route().body(), writes);
            match.route().handler().handle(call);
            exchange.close();
        } catch (InterruptedException e) {
            throw new IOException("The server is stopping.", e);
        } catch (IOException e) {
            throw e; // the client has gone
        } catch (Exception | Error e) { // an Error too, or the client would wait for ever
            if (call.hasBegun()) {
                throw new IOException("The reply is broken off.", e);
            }
            HttpProblem problem = HttpProblem.of(e);
            routes.refused(problem);
            problem.headers().forEach(call::header);
            call.reply(problem.status(), problem.json());
            exchange.close();
        }
    }

    static String decoded(String part) {
        try {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw HttpProblem.of(
                    400,
                    "invalid_path",
                    Problem.of("The path is not valid percent-encoding.").fact("but was", part));
        }
    }

    private static String random() {
        byte[] bytes = new byte[ID_BYTES];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Refuses further requests. */
    public void refuse() {
        refuses = true;
    }

    /** Waits until no request is being answered, but not longer than this. Returns whether that is so. */
    public boolean awaitIdle(Duration longest) {
        long until = System.nanoTime() + longest.toNanos();
        while (running.get() > 0 && System.nanoTime() < until) {
            try {
                Thread.sleep(LOOK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return running.get() == 0;
    }

    /** Closes all connections. */
    @Override
    public void close() {
        server.stop(0); // with a delay, the JDK's server waits for all of it even when nothing runs
        threads.shutdownNow();
        writes.close();
    }
}
