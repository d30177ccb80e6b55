package dev.pintle.web;

import dev.pintle.base.Excerpt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * HTTP requests with a deadline for the complete response and a limit on its size. Java's own timeout only covers the
 * headers, so a server that then falls silent, or never stops sending, would block the caller forever.
 *
 * <p>Redirects are only followed for requests without headers, so a key is never sent to another server.
 */
public final class BoundedHttp {
    private static final Duration CONNECT = Duration.ofSeconds(10);

    private final HttpClient following = client(HttpClient.Redirect.NORMAL);
    private final HttpClient staying = client(HttpClient.Redirect.NEVER);

    private static HttpClient client(HttpClient.Redirect redirect) {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(redirect)
                .connectTimeout(CONNECT)
                .build();
    }

    /**
     * Limits on a request.
     *
     * @param time for connection, headers and body together
     * @param bytes maximum size of the body
     */
    public record Limits(Duration time, long bytes) {}

    /** Sends a {@code GET} request. */
    public Reply get(URI uri, Map<String, String> headers, Limits limits) {
        return send(request(uri, headers, limits).GET().build(), !headers.isEmpty(), limits);
    }

    /** Sends JSON in a {@code POST} request. */
    public Reply post(URI uri, Map<String, String> headers, String json, Limits limits) {
        HttpRequest request = request(uri, headers, limits)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        return send(request, true, limits);
    }

    /**
     * Downloads the response body to a file.
     *
     * @param file created or overwritten; contains part of the response after a failure
     * @return a reply without a body
     */
    public Reply download(URI uri, Path file, Limits limits) {
        HttpRequest request = request(uri, Map.of(), limits).GET().build();
        return finished(request, limits, following, () -> new IntoFile(file, limits.bytes()), bytes -> new byte[0]);
    }

    private static HttpRequest.Builder request(URI uri, Map<String, String> headers, Limits limits) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri).timeout(limits.time()).header("User-Agent", "pintle");
        headers.forEach(request::header);
        return request;
    }

    private Reply send(HttpRequest request, boolean secret, Limits limits) {
        return finished(
                request, limits, secret ? staying : following, () -> new IntoMemory(limits.bytes()), bytes -> bytes);
    }

    private interface Body<T> {
        byte[] of(T received);
    }

    private static <T> Reply finished(
            HttpRequest request, Limits limits, HttpClient client, Supplier<BodySubscriber<T>> into, Body<T> body) {
        CompletableFuture<HttpResponse<T>> answer = client.sendAsync(request, info -> into.get());
        try {
            HttpResponse<T> response = answer.get(limits.time().toMillis(), TimeUnit.MILLISECONDS);
            return new Reply.Answer(response.statusCode(), body.of(response.body()), retryAfter(response.headers()));
        } catch (TimeoutException e) {
            answer.cancel(true);
            return new Reply.Failure(silence(limits));
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            return new Reply.Failure("interrupted");
        } catch (ExecutionException e) {
            return new Reply.Failure(why(e.getCause() == null ? e : e.getCause(), limits));
        }
    }

    private static String silence(Limits limits) {
        return "no response within " + Math.max(1, limits.time().toSeconds()) + " s";
    }

    private static String why(Throwable cause, Limits limits) {
        for (Throwable at = cause; at != null; at = at.getCause()) {
            if (at instanceof TooLarge) {
                return "a response of more than " + limits.bytes() + " bytes";
            }
        }
        if (cause instanceof HttpTimeoutException) {
            return silence(limits);
        }
        if (cause instanceof ConnectException) {
            return "no connection";
        }
        return cause.getMessage() == null
                ? "a broken connection"
                : "a broken connection (" + Excerpt.of(cause.getMessage()) + ")";
    }

    private static Optional<Duration> retryAfter(HttpHeaders headers) {
        return headers.firstValue("Retry-After")
                .filter(text -> text.matches("\\d{1,6}"))
                .map(text -> Duration.ofSeconds(Long.parseLong(text)));
    }

    /** The body exceeds the limit. */
    private static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /** Counts incoming bytes and cancels the exchange when there are too many. */
    private abstract static class Counting<T> implements BodySubscriber<T> {
        private final CompletableFuture<T> done = new CompletableFuture<>();
        private final long limit;
        private long count;
        private @Nullable Subscription subscription;

        Counting(long limit) {
            this.limit = limit;
        }

        abstract void take(ByteBuffer bytes) throws IOException;

        abstract T finish() throws IOException;

        /** Releases what was opened; no more data will come. */
        void abandon() {}

        @Override
        public CompletableFuture<T> getBody() {
            return done;
        }

        @Override
        public void onSubscribe(Subscription given) {
            subscription = given;
            given.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            if (done.isDone()) {
                return;
            }
            try {
                for (ByteBuffer buffer : buffers) {
                    count += buffer.remaining();
                    if (count > limit) {
                        throw new TooLarge();
                    }
                    take(buffer);
                }
            } catch (IOException e) {
                if (subscription != null) {
                    subscription.cancel();
                }
                abandon();
                done.completeExceptionally(e);
            }
        }

        @Override
        public void onError(Throwable error) {
            abandon();
            done.completeExceptionally(error);
        }

        @Override
        public void onComplete() {
            try {
                done.complete(finish());
            } catch (IOException e) {
                done.completeExceptionally(e);
            }
        }
    }

    private static final class IntoMemory extends Counting<byte[]> {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        IntoMemory(long limit) {
            super(limit);
        }

        @Override
        void take(ByteBuffer buffer) {
            byte[] some = new byte[buffer.remaining()];
            buffer.get(some);
            bytes.write(some, 0, some.length);
        }

        @Override
        byte[] finish() {
            return bytes.toByteArray();
        }
    }

    private static final class IntoFile extends Counting<Path> {
        private final Path file;
        private @Nullable FileChannel open;

        IntoFile(Path file, long limit) {
            super(limit);
            this.file = file;
        }

        @Override
        void take(ByteBuffer buffer) throws IOException {
            FileChannel channel = channel();
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }

        private FileChannel channel() throws IOException {
            FileChannel known = open;
            if (known == null) {
                known = FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING);
                open = known;
            }
            return known;
        }

        @Override
        Path finish() throws IOException {
            channel().close(); // an empty response is an empty file
            return file;
        }

        @Override
        void abandon() {
            try {
                if (open != null) {
                    open.close();
                }
            } catch (IOException e) {
                // report the first failure
            }
        }
    }
}
