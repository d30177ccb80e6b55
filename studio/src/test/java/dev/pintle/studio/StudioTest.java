package dev.pintle.studio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.server.ServerSettings;
import dev.pintle.server.http.ApiKeys;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the pages' files are served. */
@Tag("slow")
class StudioTest {
    private static final String KEY = "0123456789abcdef";

    @TempDir
    static Path folder = Path.of("");

    private static StudioServer server;

    @BeforeAll
    static void start() {
        ServerSettings open = ServerSettings.local(0);
        server = StudioServer.start(
                folder,
                new ServerSettings(
                        open.address(),
                        ApiKeys.of(KEY),
                        open.names(),
                        open.engine(),
                        open.lenient(),
                        open.slowest(),
                        open.log()));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void pages_load_nothing_from_elsewhere_and_stand_in_no_frame() {
        HttpResponse<String> page = server.get("/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("x-content-type-options")).hasValue("nosniff");
        assertThat(page.headers().firstValue("content-security-policy"))
                .hasValueSatisfying(policy -> assertThat(policy)
                        .contains("default-src 'self'", "frame-ancestors 'none'")
                        .doesNotContain("unsafe"));
        assertThat(page.body()).doesNotContain("<style", "style=", "onclick");
    }

    @ParameterizedTest
    @ValueSource(strings = {"js/main.js", "css/studio.css", "vendor/preact.js", "icon.svg", "vendor/LICENSE-htm.txt"})
    void a_file_is_sent_once_and_then_only_asked_for(String name) {
        HttpResponse<String> first = server.get("/studio/" + name);
        assertThat(first.statusCode()).isEqualTo(200);
        String tag = first.headers().firstValue("etag").orElseThrow();
        HttpResponse<String> second = server.get("/studio/" + name, "If-None-Match", tag);
        assertThat(second.statusCode()).isEqualTo(304);
        assertThat(second.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/studio/Studio.class",
                "/studio/../studio/index.html/..",
                "/studio/%2e%2e/server/openapi.json",
                "/studio/js/%2e%2e%2findex.html",
                "/studio/js/..%2Findex.html",
                "/studio//etc/passwd",
                "/studio/js%5c..%5cindex.html",
                "/studio/js/nothing.js",
                "/studio/js/",
                "/studio/js/main.js%00.txt"
            })
    void nothing_else_can_be_read(String path) {
        assertThat(server.get(path).statusCode()).isEqualTo(404);
    }

    @Test
    void pages_need_no_key_but_what_they_show_does() {
        assertThat(server.get("/").statusCode()).isEqualTo(200);
        assertThat(server.get("/v1/models").statusCode()).isEqualTo(401);
        assertThat(server.get("/v1/models", "Authorization", "Bearer " + KEY).statusCode())
                .isEqualTo(200);
    }
}
