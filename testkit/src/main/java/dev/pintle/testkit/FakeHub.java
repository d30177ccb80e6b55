package dev.pintle.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A hub of one repository on this machine, and the other host that its large files come from: two real servers, 127.0.0.1
 * and localhost, that answer as the Hugging Face hub does and fail on request.
 */
public final class FakeHub implements AutoCloseable {
    /** The repository. */
    public static final String REPO = "org/tiny";

    /** Its only commit. */
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private final HttpServer hub;
    private final HttpServer cdn;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "fake-hub");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, Content> files = new TreeMap<>();
    private final Map<String, Queue<Fault>> faults = new ConcurrentHashMap<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final AtomicLong bytesSent = new AtomicLong();
    private volatile boolean listsSizes = true;

    /**
     * A request as it arrived.
     *
     * @param server hub or cdn
     * @param authorization the header, or "" where absent
     * @param range the header, or "" where absent
     */
    public record Request(String server, String method, String path, String authorization, String range) {}

    /** Something to do instead of answering. */
    public interface Fault {
        /** Answers, or returns false to let the server go on as usual. */
        boolean answer(HttpExchange exchange) throws IOException;
    }

    /** Bytes by place, so that large files need no memory. */
    private record Content(byte[] block, long size, String etag, boolean large) {
        void write(long from, long length, OutputStream out) throws IOException {
            long at = from;
            long end = from + length;
            while (at < end) {
                int start = (int) (at % block.length);
                int count = (int) Math.min(end - at, block.length - start);
                out.write(block, start, count);
                at += count;
            }
        }
    }

    /** Starts both servers. */
    public FakeHub() {
        try {
            hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            cdn = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        hub.createContext("/", exchange -> handle("hub", exchange));
        cdn.createContext("/", exchange -> handle("cdn", exchange));
        for (HttpServer server : List.of(hub, cdn)) {
            server.setExecutor(threads);
            server.start();
        }
    }

    /** Address of the hub. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    /** Address of the host with the large files. */
    public URI cdn() {
        return URI.create("http://localhost:" + cdn.getAddress().getPort());
    }

    // ---------------------------------------------------------------- what it holds

    /** A small file, that the hub itself serves. */
    public FakeHub with(String path, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] header = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
        MessageDigest sha = digest("SHA-1");
        sha.update(header);
        files.put(path, new Content(bytes, bytes.length, HexFormat.of().formatHex(sha.digest(bytes)), false));
        return this;
    }

    /** A large file of made-up bytes, that the other host serves. */
    public FakeHub withLarge(String path, long size) {
        byte[] block = new byte[1_000_003]; // no power of two: a piece in the wrong place is a wrong piece
        new Random(path.hashCode()).nextBytes(block);
        return withLarge(path, block, size);
    }

    /** A large file with these bytes, that the other host serves. */
    public FakeHub withLarge(String path, byte[] bytes) {
        return withLarge(path, bytes, bytes.length);
    }

    private FakeHub withLarge(String path, byte[] block, long size) {
        MessageDigest sha = digest("SHA-256");
        for (long at = 0; at < size; at += block.length) {
            sha.update(block, 0, (int) Math.min(block.length, size - at));
        }
        files.put(path, new Content(block, size, HexFormat.of().formatHex(sha.digest()), true));
        return this;
    }

    /** From now on its list of files has neither sizes nor hashes. */
    public void hideSizes() {
        listsSizes = false;
    }

    /** The hash that names a file's blob. */
    public String etag(String path) {
        return content(path).etag();
    }

    // ---------------------------------------------------------------- what goes wrong

    /** The next request of {@code method} to {@code server} whose path contains {@code part} meets this fault. */
    public void fail(String server, String method, String part, Fault fault) {
        faults.computeIfAbsent(server + " " + method + " " + part, key -> new ConcurrentLinkedQueue<>())
                .add(fault);
    }

    /** Answers with a status and headers, given as name, value, … */
    public static Fault status(int status, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            return true;
        };
    }

    /** Sends only {@code bytes} of what it announced and ends the connection. */
    public Fault cutAfter(String path, long bytes) {
        return cutAfterWaiting(path, bytes, 0);
    }

    /** As {@link #cutAfter}, with a silence before the end. */
    public Fault cutAfterWaiting(String path, long bytes, long millis) {
        return exchange -> {
            Content content = content(path);
            long from = from(exchange);
            if (from > 0) {
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (content.size() - 1) + "/" + content.size());
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.size() - from);
            content.write(from, bytes, exchange.getResponseBody());
            exchange.getResponseBody().flush();
            bytesSent.addAndGet(bytes);
            after(millis).answer(exchange);
            exchange.close();
            return true;
        };
    }

    /** Answers 200 with the whole file, whatever part was asked for. */
    public Fault whole(String path) {
        return exchange -> {
            send(exchange, content(path), 0);
            return true;
        };
    }

    /** Answers 200 with these bytes, whatever was asked for. */
    public Fault body(byte[] bytes) {
        return exchange -> {
            exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
            bytesSent.addAndGet(bytes.length);
            return true;
        };
    }

    /** Does not answer for a while, then goes on. */
    public static Fault after(long millis) {
        return exchange -> {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return false;
        };
    }

    // ---------------------------------------------------------------- what happened

    /** All requests so far. */
    public List<Request> requests() {
        return new ArrayList<>(requests);
    }

    /** Requests to one server with one method. */
    public List<Request> requests(String server, String method) {
        return requests.stream()
                .filter(request ->
                        request.server().equals(server) && request.method().equals(method))
                .toList();
    }

    /** Forgets requests and counts. */
    public void forget() {
        requests.clear();
        bytesSent.set(0);
    }

    /** Bytes of files sent. */
    public long bytesSent() {
        return bytesSent.get();
    }

    // ---------------------------------------------------------------- answering

    private void handle(String server, HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        String method = exchange.getRequestMethod();
        requests.add(new Request(server, method, path, header(exchange, "Authorization"), header(exchange, "Range")));
        try {
            for (Map.Entry<String, Queue<Fault>> entry : faults.entrySet()) {
                String[] key = entry.getKey().split(" ", 3);
                if (key[0].equals(server) && key[1].equals(method) && path.contains(key[2])) {
                    Fault fault = entry.getValue().poll();
                    if (fault != null && fault.answer(exchange)) {
                        return;
                    }
                }
            }
            if (server.equals("cdn")) {
                send(
                        exchange,
                        content(exchange.getRequestURI().getPath().substring("/signed/".length())),
                        from(exchange));
            } else if (path.startsWith("/api/models/")) {
                list(exchange, path);
            } else {
                resolve(exchange, method);
            }
        } catch (IOException | RuntimeException e) {
            exchange.close(); // the client has gone, or asked for something that is not there
        }
    }

    private void list(HttpExchange exchange, String path) throws IOException {
        if (!path.startsWith("/api/models/" + REPO + "/revision/")) {
            status(401).answer(exchange);
            return;
        }
        String revision = path.substring(path.lastIndexOf('/') + 1);
        if (!knows(revision)) {
            status(404, "X-Error-Code", "RevisionNotFound").answer(exchange);
            return;
        }
        List<String> siblings = new ArrayList<>();
        files.forEach((name, content) -> {
            String more = content.large()
                    ? ",\"blobId\":\"pointer\",\"lfs\":{\"sha256\":\"" + content.etag() + "\",\"size\":"
                            + content.size() + "}"
                    : ",\"blobId\":\"" + content.etag() + "\"";
            siblings.add(
                    "{\"rfilename\":\"" + name + "\"" + (listsSizes ? ",\"size\":" + content.size() + more : "") + "}");
        });
        byte[] json = ("{\"id\":\"" + REPO + "\",\"sha\":\"" + COMMIT + "\",\"siblings\":[" + String.join(",", siblings)
                        + "]}")
                .getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, json.length);
        exchange.getResponseBody().write(json);
        exchange.close();
    }

    private void resolve(HttpExchange exchange, String method) throws IOException {
        String raw = exchange.getRequestURI().getRawPath();
        String prefix = "/" + REPO + "/resolve/";
        if (!raw.startsWith(prefix)) {
            status(404, "X-Error-Code", "RepoNotFound").answer(exchange);
            return;
        }
        String revision = raw.substring(prefix.length(), raw.indexOf('/', prefix.length()));
        String name = exchange.getRequestURI().getPath().substring(prefix.length() + revision.length() + 1);
        Content content = files.get(name);
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        if (!knows(revision)) {
            status(404, "X-Error-Code", "RevisionNotFound").answer(exchange);
        } else if (content == null) {
            status(404, "X-Error-Code", "EntryNotFound").answer(exchange);
        } else if (content.large()) {
            exchange.getResponseHeaders().set("ETag", "\"pointer\"");
            exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + content.etag() + "\"");
            exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.size()));
            String signed = raw.substring(prefix.length() + revision.length() + 1);
            status(302, "Location", cdn() + "/signed/" + signed + "?Signature=secret")
                    .answer(exchange);
        } else if (method.equals("HEAD")) {
            exchange.getResponseHeaders().set("ETag", "W/\"" + content.etag() + "\"");
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.size()));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        } else {
            send(exchange, content, from(exchange));
        }
    }

    private static boolean knows(String revision) {
        return List.of("main", COMMIT, "refs%2Fpr%2F1").contains(revision);
    }

    private void send(HttpExchange exchange, Content content, long from) throws IOException {
        if (from >= content.size() && from > 0) {
            status(416).answer(exchange);
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (content.size() - 1) + "/" + content.size());
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.size() == 0 ? -1 : content.size() - from);
        bytesSent.addAndGet(content.size() - from);
        content.write(from, content.size() - from, exchange.getResponseBody());
        exchange.close();
    }

    private static long from(HttpExchange exchange) {
        String range = header(exchange, "Range");
        return range.isEmpty() ? 0 : Long.parseLong(range.substring("bytes=".length(), range.length() - 1));
    }

    private static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    private Content content(String path) {
        @Nullable Content content = files.get(path);
        if (content == null) {
            throw new IllegalArgumentException("no such file: " + path + " among "
                    + Arrays.asList(files.keySet().toArray()));
        }
        return content;
    }

    private static MessageDigest digest(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        cdn.stop(0);
        threads.shutdownNow();
    }
}
