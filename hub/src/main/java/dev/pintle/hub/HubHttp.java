package dev.pintle.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.pintle.base.ForeignJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Requests to the hub: the file list of a repository, metadata of a file, and its content. Redirects are followed here
 * one by one, so the token is sent to the hub and nowhere else.
 */
final class HubHttp {
    private static final int MAX_REDIRECTS = 8;
    /** The deadline for a complete response, as a multiple of the time allowed for its beginning. */
    private static final int BODY_FACTOR = 6;

    private final HubSettings settings;
    private final HubProblems problems;
    private final Machine machine;
    private final HttpClient http;

    HubHttp(HubSettings settings, HubProblems problems, Machine machine) {
        this.settings = settings;
        this.problems = problems;
        this.machine = machine;
        http = HttpClient.newBuilder()
                .version(
                        HttpClient.Version
                                .HTTP_1_1) // one connection per file; HTTP/2 would only add a flow-control window
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.metadataTimeout())
                .build();
    }

    /** A commit and its files. */
    record Listing(String commit, List<Entry> files) {}

    /**
     * An entry of the file list.
     *
     * @param bytes -1 if the server does not say
     * @param etag "" if the server does not say
     */
    record Entry(String path, long bytes, String etag) {}

    /**
     * A file's metadata.
     *
     * @param etag also the name of its blob
     * @param location URL of its content
     */
    record Remote(String commit, String etag, long bytes, URI location) {}

    // ---------------------------------------------------------------- file list

    /**
     * The files of a repository. {@code GET /api/models/{repo}/revision/{revision}?blobs=true} is the hub's documented
     * "model info" request, with which Hugging Face's own snapshot download begins: {@code sha} is the commit, and
     * {@code siblings} has each file's {@code rfilename}, {@code size}, {@code blobId} (its git hash) and, for large
     * files, {@code lfs.sha256}.
     */
    Listing list(RepoId repo, HubListener listener) throws InterruptedException {
        URI uri = URI.create(settings.endpoint() + "/api/models/" + SafeNames.inPath(repo.name()) + "/revision/"
                + SafeNames.asSegment(repo.revision()) + "?blobs=true");
        return metadata(uri, "GET", listing(repo), repo, "", listener, next -> sameOrigin(next, settings.endpoint()))
                .body();
    }

    private Body<Listing> listing(RepoId repo) {
        return in -> {
            try {
                return HubListing.read(in);
            } catch (JsonProcessingException e) {
                throw problems.notAsExpected(
                        "The server's file list cannot be read.", repo.toString(), "JSON", ForeignJson.why(e));
            } catch (HubListing.Odd e) {
                throw problems.notAsExpected(
                        "The server's file list cannot be read.", repo.toString(), e.expected(), e.found());
            }
        };
    }

    // ---------------------------------------------------------------- file metadata

    /** The server's metadata for a file; only relative redirects, which a renamed repository gives, are followed. */
    Remote head(RepoId repo, String path, HubListener listener) throws InterruptedException {
        Answer<Boolean> answer = metadata(
                address(repo, path),
                "HEAD",
                in -> true,
                repo,
                path,
                listener,
                next -> !next.isAbsolute() && next.getRawAuthority() == null);
        String commit = answer.headers().firstValue("X-Repo-Commit").orElse("");
        if (!RepoId.isCommit(commit)) {
            throw problems.notAsExpected(
                    "The server did not respond like a Hugging Face hub.",
                    path,
                    "X-Repo-Commit, a commit",
                    shown(commit));
        }
        if (repo.isCommit() && !commit.equals(repo.revision())) {
            throw problems.notAsExpected("The server responded for a different commit.", path, repo.revision(), commit);
        }
        String etag = answer.headers()
                .firstValue("X-Linked-Etag")
                .or(() -> answer.headers().firstValue("ETag"))
                .map(HubHttp::bareEtag)
                .orElse("");
        if (!SafeNames.isEtag(etag)) {
            throw problems.notAsExpected(
                    "The server did not respond like a Hugging Face hub.", path, "ETag or X-Linked-Etag", shown(etag));
        }
        boolean redirect = isRedirect(answer.statusCode());
        long bytes = answer.headers()
                .firstValue("X-Linked-Size")
                .or(() -> redirect ? Optional.empty() : answer.headers().firstValue("Content-Length"))
                .filter(text -> text.matches("\\d{1,18}"))
                .map(Long::parseLong)
                .orElse(-1L);
        if (bytes < 0) {
            throw problems.notAsExpected(
                    "The server did not respond like a Hugging Face hub.",
                    path,
                    "X-Linked-Size or Content-Length",
                    "neither");
        }
        URI location = redirect
                ? answer.headers()
                        .firstValue("Location")
                        .map(text -> resolve(answer.uri(), text))
                        .orElse(answer.uri())
                : answer.uri();
        return new Remote(commit, etag, bytes, location);
    }

    private URI address(RepoId repo, String path) {
        return URI.create(settings.endpoint() + "/" + SafeNames.inPath(repo.name()) + "/resolve/"
                + SafeNames.asSegment(repo.revision()) + "/" + SafeNames.inPath(path));
    }

    /** The value without {@code W/} and quotes. */
    static String bareEtag(String etag) {
        String text = etag.strip();
        text = text.startsWith("W/") ? text.substring(2) : text;
        return text.length() > 1 && text.startsWith("\"") && text.endsWith("\"")
                ? text.substring(1, text.length() - 1)
                : text;
    }

    // ---------------------------------------------------------------- file content

    /** The content of a file from {@code offset} on, or all of it, depending on the status. */
    HttpResponse<InputStream> open(URI location, long offset) throws IOException, InterruptedException {
        URI uri = location;
        for (int redirects = 0; ; redirects++) {
            HttpRequest.Builder request = request(uri, settings.downloadTimeout());
            if (offset > 0) {
                request.header("Range", "bytes=" + offset + "-");
            }
            HttpResponse<InputStream> answer = http.send(request.build(), BodyHandlers.ofInputStream());
            Optional<String> next = answer.headers().firstValue("Location");
            if (!isRedirect(answer.statusCode()) || next.isEmpty() || redirects == MAX_REDIRECTS) {
                return answer;
            }
            answer.body().close();
            uri = resolve(uri, next.get());
        }
    }

    boolean isHub(URI uri) {
        return sameOrigin(uri, settings.endpoint());
    }

    // ---------------------------------------------------------------- requests

    /** Which redirects to follow: the Location as sent, not yet resolved. */
    private interface Follow {
        boolean test(URI next);
    }

    /** Reads the body of a response. */
    private interface Body<T> {
        T read(InputStream in) throws IOException;
    }

    private record Answer<T>(int statusCode, HttpHeaders headers, URI uri, T body) {}

    private <T> Answer<T> metadata(
            URI first, String method, Body<T> body, RepoId repo, String file, HubListener listener, Follow follow)
            throws InterruptedException {
        Patience patience = new Patience(machine, listener);
        while (true) {
            HubException failure;
            Optional<Duration> asked = Optional.empty();
            try {
                HttpResponse<InputStream> answer = send(first, method, follow);
                // The watch is never reset: the complete body must arrive in time, even if it trickles in.
                try (Stall whole =
                        new Stall(answer.body(), settings.metadataTimeout().multipliedBy(BODY_FACTOR))) {
                    if (answer.statusCode() < 400) {
                        return new Answer<>(
                                answer.statusCode(), answer.headers(), answer.uri(), read(answer.body(), body, whole));
                    }
                }
                failure = problems.of(answer.statusCode(), answer.headers(), repo, file);
                if (!Patience.mayPass(answer.statusCode())) {
                    throw failure;
                }
                asked = Patience.asked(answer.headers());
            } catch (java.net.ConnectException e) {
                throw problems.unreachable(first, e); // connection refused: waiting seldom helps, a cached copy may
            } catch (TooSlow e) {
                throw problems.unreachable(first, e); // a server that trickles once will trickle again
            } catch (IOException e) {
                failure = problems.unreachable(first, e);
            }
            patience.pause(failure, asked);
        }
    }

    private <T> T read(InputStream in, Body<T> body, Stall whole) throws IOException {
        try {
            return body.read(in);
        } catch (IOException e) {
            if (whole.isOver()) {
                throw new TooSlow(settings.metadataTimeout().multipliedBy(BODY_FACTOR));
            }
            throw e;
        }
    }

    /** A response that is not complete in time. */
    private static final class TooSlow extends IOException {
        private static final long serialVersionUID = 1L;

        TooSlow(Duration limit) {
            super("the response was not complete within " + Math.max(1, limit.toSeconds()) + " s");
        }
    }

    private HttpResponse<InputStream> send(URI first, String method, Follow follow)
            throws IOException, InterruptedException {
        URI uri = first;
        for (int redirects = 0; ; redirects++) {
            HttpRequest request = request(uri, settings.metadataTimeout())
                    .method(method, HttpRequest.BodyPublishers.noBody())
                    .build();
            HttpResponse<InputStream> answer = http.send(request, BodyHandlers.ofInputStream());
            Optional<String> location = answer.headers().firstValue("Location");
            if (!isRedirect(answer.statusCode()) || location.isEmpty() || redirects == MAX_REDIRECTS) {
                return answer;
            }
            URI next = parse(location.get());
            if (!follow.test(next) && !(method.equals("GET") && !next.isAbsolute() && next.getRawAuthority() == null)) {
                return answer;
            }
            answer.body().close();
            uri = uri.resolve(next);
        }
    }

    private HttpRequest.Builder request(URI uri, Duration timeout) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(timeout)
                .header("Accept-Encoding", "identity")
                .header("User-Agent", "pintle");
        if (settings.token().isSet() && isHub(uri)) {
            request.header("Authorization", settings.token().authorization());
        }
        return request;
    }

    private URI resolve(URI from, String location) {
        URI to = from.resolve(parse(location));
        boolean web =
                "https".equals(to.getScheme()) || ("http".equals(to.getScheme()) && "http".equals(from.getScheme()));
        if (!web || to.getHost() == null) {
            throw problems.notAsExpected(
                    "The server redirected to an invalid address.",
                    from.getPath(),
                    from.getScheme() + "://…",
                    HubProblems.server(to));
        }
        return to;
    }

    private URI parse(String location) {
        try {
            return URI.create(location);
        } catch (IllegalArgumentException e) {
            throw problems.notAsExpected(
                    "The server redirected to an invalid address.", "Location", "a URL", "something else");
        }
    }

    private static boolean sameOrigin(URI one, URI other) {
        return String.valueOf(one.getScheme()).equals(other.getScheme())
                && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
    }

    private static boolean isRedirect(int status) {
        return status >= 300 && status < 400;
    }

    private static String shown(String value) {
        return value.isEmpty() ? "absent" : value;
    }
}
