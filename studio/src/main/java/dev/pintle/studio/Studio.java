package dev.pintle.studio;

import dev.pintle.server.http.Call;
import dev.pintle.server.http.Routes;
import dev.pintle.server.http.StaticFiles;
import java.io.IOException;
import java.util.Map;

/**
 * Adds the pages to a server. They need no key: they hold nothing of the user's, and ask for the key that the server's own
 * routes want.
 */
public final class Studio {
    /*
     * Everything comes from this server. Exported figures are drawn from blobs and data, and a run's report is shown in a
     * frame; no other page may frame the studio, whose buttons change what is kept and loaded.
     */
    private static final String POLICY = String.join(
            "; ",
            "default-src 'self'",
            "img-src 'self' data: blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'");

    private static final String FOLDER = "/studio";

    private final StaticFiles files = new StaticFiles(
            Studio.class,
            Map.of(
                    "Content-Security-Policy", POLICY,
                    "Referrer-Policy", "no-referrer",
                    "Cross-Origin-Opener-Policy", "same-origin"));

    private Studio() {}

    /** Adds the page at {@code /} and its files below {@code /studio}. */
    public static void addTo(Routes routes) {
        Studio studio = new Studio();
        routes.add("GET", "/", null, "The studio's page", studio::page)
                .add("GET", FOLDER + "/{file...}", null, "The page's scripts and styles", studio::file);
    }

    private void page(Call call) throws IOException {
        files.reply(call, "index.html");
    }

    private void file(Call call) throws IOException {
        files.reply(call, call.path("file"));
    }
}
