package dev.pintle.server.http;

import dev.pintle.base.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Files of a page, from the class path: those below one folder whose names are plain words and whose endings are known, and
 * nothing else. A browser may keep them, and asks each time whether they are still the same.
 */
public final class StaticFiles {
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "json", "application/json",
            "svg", "image/svg+xml",
            "png", "image/png",
            "txt", "text/plain; charset=utf-8");

    /** Words joined by slashes, and an ending; no part begins with a dot, so none leads upwards. */
    private static final Pattern NAME =
            Pattern.compile("(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*\\.[a-z]+");

    private final Class<?> beside;
    private final Map<String, String> headers;
    private final Map<String, Content> known = new ConcurrentHashMap<>();

    private record Content(byte[] bytes, String type, String tag) {}

    /**
     * Files beside a class.
     *
     * @param beside the class in whose folder, and the folders below it, they lie
     * @param headers of every reply
     */
    public StaticFiles(Class<?> beside, Map<String, String> headers) {
        this.beside = beside;
        this.headers = Map.copyOf(headers);
    }

    /**
     * Replies with a file.
     *
     * @param name below the folder, such as {@code js/main.js}
     * @throws HttpProblem 404 if there is none
     */
    public void reply(Call call, String name) throws IOException {
        Content content = find(name);
        if (content == null) {
            throw HttpProblem.of(
                    404, "file_not_found", Problem.of("There is no such file.").fact("but was", name));
        }
        headers.forEach(call::header);
        call.header("Cache-Control", "no-cache"); // kept, but asked for again
        call.header("ETag", content.tag);
        String held = call.header("If-None-Match");
        if (held != null && held.contains(content.tag)) {
            call.replyEmpty(304);
            return;
        }
        call.reply(200, content.type, content.bytes);
    }

    private @Nullable Content find(String name) throws IOException {
        Content content = known.get(name);
        if (content != null) {
            return content;
        }
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
        if (type == null || !NAME.matcher(name).matches()) {
            return null;
        }
        try (InputStream in = beside.getResourceAsStream(name)) {
            if (in == null) {
                return null;
            }
            byte[] bytes = in.readAllBytes();
            content = new Content(bytes, type, '"' + hash(bytes) + '"');
        }
        known.put(name, content);
        return content;
    }

    private static String hash(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
