package dev.pintle.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.sun.net.httpserver.HttpExchange;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.PartFiles;
import dev.pintle.testkit.FakeHub;
import dev.pintle.testkit.Hostile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that answers slowly, without end, or one thing here and another there costs neither time nor memory nor disk. */
class HubLimitsTest {
    private static final RepoId REPO = RepoId.parse(FakeHub.REPO);

    @TempDir
    private Path home = Path.of("");

    private final FakeHub hub = new FakeHub();
    private HubSettings settings = HubSettings.read(Map.of(), Path.of("/nonexistent"), Path.of("/nonexistent"));

    @BeforeEach
    void fill() {
        hub.with("config.json", "{}").withLarge("model.safetensors", 3_000);
        settings = settings.withEndpoint(hub.endpoint())
                .withCache(home.resolve("hub"))
                .withTimeouts(Duration.ofSeconds(60), Duration.ofSeconds(60)); // not what ends a test
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private HubClient client() {
        return HubClient.of(settings, new Machine() {
            @Override
            public long freeBytes(Path folder) {
                return Long.MAX_VALUE;
            }

            @Override
            public void sleep(Duration pause) {}
        });
    }

    private void plan() {
        client().plan(REPO, Selection.forModel());
    }

    private static OutputStream started(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        return exchange.getResponseBody();
    }

    private void trickle(String text, long millis) {
        settings = settings.withTimeouts(Duration.ofMillis(300), Duration.ofMillis(300));
        hub.fail("hub", "GET", "/api/", exchange -> {
            try (OutputStream out = started(exchange)) {
                for (int i = 0; i < 10_000; i++) {
                    out.write(text.charAt(i % text.length()));
                    out.flush();
                    Thread.sleep(millis);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException e) {
                // the client has had enough
            }
            return true;
        });
    }

    @Test
    void a_list_that_trickles_is_given_up() {
        trickle("[ ", 100);
        assertTimeout(
                Duration.ofSeconds(25), () -> assertThatThrownBy(this::plan).isInstanceOf(HubException.class));
    }

    @Test
    void a_list_that_stops_after_a_byte_is_given_up() {
        trickle("{", 30_000);
        assertTimeout(
                Duration.ofSeconds(25),
                () -> assertThatThrownBy(this::plan)
                        .isInstanceOf(HubException.class)
                        .hasMessageContaining("the response was not complete within 1 s"));
    }

    @Test
    void a_list_that_never_ends_takes_no_memory() {
        byte[] name =
                "{\"rfilename\": \"a\", \"other\": [1, 2, 3]},".repeat(1000).getBytes(StandardCharsets.UTF_8);
        hub.fail("hub", "GET", "/api/", exchange -> {
            try (OutputStream out = started(exchange)) {
                out.write("{\"sha\": \"x\", \"siblings\": [".getBytes(StandardCharsets.UTF_8));
                while (true) {
                    out.write(name);
                }
            } catch (IOException e) {
                // the client has had enough
            }
            return true;
        });
        assertThatThrownBy(this::plan).hasMessage("""
                The server's file list cannot be read.
                  file:     org/tiny
                  expected: at most 400,000 files
                  but was:  more
                  try:      again; if the error persists, the file on the server is damaged""");
    }

    @Test
    void three_hundred_thousand_files_are_listed_in_time() throws IOException {
        StringBuilder list = new StringBuilder("{\"siblings\": [");
        for (int i = 0; i < 300_000; i++) {
            list.append("{\"rfilename\": \"data/part-").append(i).append(".bin\", \"size\": 7},");
        }
        list.append(
                        "{\"rfilename\": \"config.json\", \"size\": 2}, {\"rfilename\": \"model.safetensors\", \"size\": 3000}], \"sha\": \"")
                .append(FakeHub.COMMIT)
                .append("\"}");
        hub.fail("hub", "GET", "/api/", hub.body(list.toString().getBytes(StandardCharsets.UTF_8)));
        assertTimeout(Duration.ofSeconds(40), () -> {
            HubPlan plan = client().plan(REPO, Selection.forModel());
            assertThat(plan.files()).hasSize(2);
        });
    }

    @Test
    void a_file_that_is_larger_than_the_list_says_is_refused() {
        HubPlan planned = new HubPlan(REPO, FakeHub.COMMIT, List.of(new HubFile("model.safetensors", 5, 5)));
        assertThatThrownBy(() -> client().fetch(planned, HubListener.SILENT)).hasMessage("""
                The server's file list and the file itself give different sizes.
                  file:     model.safetensors
                  expected: 5 bytes
                  but was:  3000 bytes
                  try:      again; if the error persists, the file on the server is damaged""");
    }

    @Test
    void names_in_a_list_cannot_steer_a_terminal() {
        String list = "{\"sha\": \"" + FakeHub.COMMIT
                + "\", \"siblings\": [{\"rfilename\": \"a\\u202eb\", \"size\": 1}, {\"rfilename\": \""
                + "x".repeat(3000) + "\", \"size\": 1}]}";
        hub.fail("hub", "GET", "/api/", hub.body(list.getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::plan)
                .message()
                .contains("a\\u202eb")
                .contains("… (3,000 characters)")
                .doesNotContain("\u202e");
        hub.fail(
                "hub",
                "GET",
                "/api/",
                hub.body(list.replace("\\u202e", "\\u009b").getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::plan).hasMessageContaining("a\\u009bb");
    }

    @Test
    void what_killed_writers_left_is_removed_and_what_living_ones_write_stays() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Path folder = Files.createDirectories(home.resolve("hub/models--org--tiny/snapshots/" + FakeHub.COMMIT));
        String uuid = "-123e4567-e89b-12d3-a456-426614174000.part";
        Path left = Files.writeString(folder.resolve("." + dead.pid() + uuid), "x");
        Path living = Files.writeString(PartFiles.in(folder), "x");
        Path other = Files.writeString(folder.resolve("notes.part"), "x");
        client().snapshot(REPO, Selection.matching("config.json"), HubListener.SILENT);
        assertThat(left).doesNotExist();
        assertThat(living).exists();
        assertThat(other).exists();
    }

    @Test
    void patterns_match_as_in_pythons_library_and_in_time() {
        List<String> files = List.of("a.json", "b/c.safetensors", "a".repeat(3000));
        assertThat(Selection.matching("*.json").of(files)).containsExactly("a.json");
        assertThat(Selection.matching("b*s").of(files)).containsExactly("b/c.safetensors");
        assertThat(Selection.matching("?.json").of(files)).containsExactly("a.json");
        assertThat(Selection.matching("*a*a*a*a*a*a*a*a*a*a*b").of(files)).isEmpty();
        assertThat(Selection.matching("*").of(files)).hasSize(3);
    }

    @Test
    void five_thousand_damaged_lists_are_read_or_refused() throws Exception {
        System.out.println(Hostile.survives(Fuzz.class, home, 128, 120));
    }

    /** Reads damaged lists. */
    static final class Fuzz {
        private Fuzz() {}

        public static void main(String[] args) throws IOException {
            String list = "{\"_id\": \"6\", \"sha\": \"" + FakeHub.COMMIT
                    + "\", \"tags\": [\"a\", {\"b\": [1]}], \"siblings\": [{\"rfilename\": \"config.json\", \"size\": 12, \"blobId\": \"0123456789abcdef0123456789abcdef01234567\"},"
                    + " {\"rfilename\": \"model.safetensors\", \"size\": 900, \"lfs\": {\"sha256\": \""
                    + "ab".repeat(32)
                    + "\", \"size\": 900, \"pointerSize\": 134}}, {\"rfilename\": \"sub/a b.txt\"}]}";
            List<String> words = List.of(
                    "../x",
                    "/etc/passwd",
                    "rfilename",
                    "size",
                    "lfs",
                    "sha",
                    "siblings",
                    "\\u0000",
                    "C:x",
                    "a\\b",
                    "//");
            HubProblems problems =
                    new HubProblems(HubSettings.read(Map.of(), Path.of("/nonexistent"), Path.of("/nonexistent")));
            Hostile.mutate(Path.of(args[0]), List.of(list), words, 8_000, 9, content -> {
                try {
                    HubHttp.Listing read = HubListing.read(new ByteArrayInputStream(content));
                    read.files().forEach(file -> SafeNames.resolve(Path.of("/tmp/x"), file.path()));
                    Selection.forModel()
                            .of(read.files().stream().map(HubHttp.Entry::path).toList());
                } catch (JsonProcessingException e) {
                    throw problems.notAsExpected("No list.", "x", "JSON", ForeignJson.why(e));
                } catch (HubListing.Odd e) {
                    throw problems.notAsExpected("No list.", "x", e.expected(), e.found());
                }
            });
        }
    }
}
