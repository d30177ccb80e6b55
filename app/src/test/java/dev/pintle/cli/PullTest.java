package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.hub.HubFile;
import dev.pintle.hub.HubPlan;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.RepoId;
import dev.pintle.testkit.FakeHub;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PullTest {
    private static final URI NOBODY = URI.create("http://127.0.0.1:1");

    @TempDir
    Path home = Path.of("");

    private final FakeHub hub = new FakeHub();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<String> questions = new ArrayList<>();
    private URI endpoint = hub.endpoint();
    private boolean interactive;
    private boolean yes;

    @AfterEach
    void stop() {
        hub.close();
    }

    private int pintle(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        Session session = new Session() {
            @Override
            public HubSettings hub() {
                return HubSettings.read(Map.of(), home, home)
                        .withEndpoint(endpoint)
                        .withCache(home.resolve("hub"));
            }

            @Override
            public boolean interactive() {
                return interactive;
            }

            @Override
            public boolean terminal() {
                return false;
            }

            @Override
            public boolean confirms(String question) {
                questions.add(question);
                return yes;
            }
        };
        return Main.run(session, new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    /** The hub then has the demo model, under another name. */
    private void fillWithParley() throws IOException {
        for (String name :
                List.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")) {
            hub.with(name, Files.readString(Golden.parley().resolve(name)));
        }
        hub.withLarge("model.safetensors", Files.readAllBytes(Golden.parley().resolve("model.safetensors")));
        hub.with("README.md", "# not needed");
    }

    private Path snapshot() {
        return home.resolve("hub/models--org--tiny/snapshots").resolve(FakeHub.COMMIT);
    }

    @Test
    void pull_fetches_a_model_and_prints_its_folder() throws IOException {
        fillWithParley();
        assertThat(pintle("pull", "org/tiny")).as(err.toString()).isZero();
        assertThat(out).hasToString(snapshot() + "\n");
        assertThat(err.toString()).startsWith("org/tiny at 0123456: 5 files, ").contains("\n  config.json  ");
        assertThat(snapshot().resolve("README.md")).doesNotExist();
        assertThat(snapshot().resolve("model.safetensors"))
                .hasSameBinaryContentAs(Golden.parley().resolve("model.safetensors"));
    }

    @Test
    void pull_fetches_the_files_that_are_named() {
        hub.with("a.json", "{}").with("b.txt", "b").withLarge("c/d.bin", 10);
        assertThat(pintle("pull", "org/tiny@" + FakeHub.COMMIT, "*.json", "c/d.bin"))
                .isZero();
        assertThat(snapshot().resolve("a.json")).hasContent("{}");
        assertThat(snapshot().resolve("c/d.bin")).exists();
        assertThat(snapshot().resolve("b.txt")).doesNotExist();
    }

    @Test
    void pull_says_in_a_sentence_what_is_wrong() {
        assertThat(pintle("pull", "org/nothing")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("There is no such repository, or it is private.\n  repository: org/nothing\n");
        assertThat(pintle("pull", "../../etc")).isEqualTo(1);
        assertThat(err.toString()).startsWith("This is not a valid repository name.");
    }

    @Test
    void a_model_in_the_cache_runs_by_its_name_and_asks_nobody() throws IOException {
        fillWithParley();
        assertThat(pintle("pull", "org/tiny")).isZero();
        hub.forget();
        endpoint = NOBODY;
        JsonNode expected = Golden.json("generate.json").get(0);
        String user = expected.at("/messages/0/content").asText();
        assertThat(pintle("generate", "--model", "org/tiny", "--user", user, "--max-new-tokens", "48", "--json"))
                .as(err.toString())
                .isZero();
        JsonNode answer = new ObjectMapper().readTree(out.toString());
        assertThat(Golden.ids(answer.get("ids"))).isEqualTo(Golden.ids(expected.get("ids")));
        assertThat(answer.get("model").asText()).isEqualTo("org/tiny@" + FakeHub.COMMIT);
        assertThat(hub.requests()).isEmpty();
    }

    @Test
    void a_model_that_is_missing_is_an_error_that_names_the_command_to_fetch_it() {
        assertThat(pintle("tokens", "--model", "org/tiny@v1", "Hi")).isEqualTo(1);
        assertThat(err).hasToString("""
                        The model is not in the cache.
                          model:     org/tiny@v1
                          looked in: %s
                                     %s
                          try:       pintle pull org/tiny@v1
                        """.formatted(Path.of("org/tiny@v1").toAbsolutePath(), home.resolve("hub")));
        assertThat(hub.requests()).isEmpty();
    }

    @Test
    void a_model_of_which_a_part_is_here_is_an_error_that_names_what_is_missing() throws IOException {
        fillWithParley();
        assertThat(pintle("pull", "org/tiny", "config.json")).isZero();
        assertThat(pintle("tokens", "--model", "org/tiny", "Hi")).isEqualTo(1);
        assertThat(err).hasToString("""
                        The model is only partially in the cache.
                          model:   org/tiny
                          folder:  %s
                          missing: tokenizer.json
                                   model.safetensors
                          try:     pintle pull org/tiny
                        """.formatted(snapshot()));
        assertThat(pintle("models")).isZero();
        assertThat(out.toString()).contains("incomplete: pintle pull org/tiny@" + FakeHub.COMMIT);
    }

    @Test
    void with_pull_a_missing_model_is_fetched() throws IOException {
        fillWithParley();
        assertThat(pintle("tokens", "--model", "org/tiny", "--pull", "Hi"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).endsWith("tokens\n");
    }

    @Test
    void at_a_terminal_a_missing_model_is_asked_about() throws IOException {
        fillWithParley();
        interactive = true;
        assertThat(pintle("tokens", "--model", "org/tiny", "Hi")).isEqualTo(1);
        assertThat(err.toString()).startsWith("The model is not in the cache.");
        assertThat(questions).singleElement().asString().startsWith("org/tiny is not cached. Download 5 files, ");
        assertThat(hub.bytesSent()).isZero();

        yes = true;
        assertThat(pintle("tokens", "--model", "org/tiny", "Hi")).isZero();
    }

    @Test
    void a_gguf_file_of_a_repository_is_asked_about_and_pulled_by_its_quantisation() {
        hub.withLarge("tiny-Q4_K_M.gguf", 100).withLarge("tiny-Q8_0.gguf", 100);
        interactive = true;
        assertThat(pintle("tokens", "--model", "org/tiny:q8_0", "Hi")).isEqualTo(1);
        assertThat(questions).containsExactly("org/tiny:q8_0 is not cached. Download 1 file, 100 B?");
        assertThat(pintle("pull", "org/tiny:q8_0")).isZero();
        assertThat(snapshot().resolve("tiny-Q8_0.gguf")).exists();
        assertThat(snapshot().resolve("tiny-Q4_K_M.gguf")).doesNotExist();
        assertThat(pintle("pull", "org/tiny:q8_0", "*.json")).isEqualTo(1);
        assertThat(err.toString()).startsWith("Files are named twice.\n");
        assertThat(pintle("pull", "org/tiny")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("The repository has its model in GGUF files, of which one has to be named.\n");
    }

    @Test
    void the_embedded_model_asks_nobody() {
        endpoint = NOBODY;
        interactive = true;
        assertThat(pintle("tokens", "Hello")).isZero();
        assertThat(pintle("models")).isZero();
        assertThat(questions).isEmpty();
    }

    @Test
    void progress_on_a_terminal_has_a_bar_a_rate_and_the_time_left() {
        long[] now = {0};
        DownloadProgress progress = new DownloadProgress(new PrintWriter(out, true), true, () -> now[0]);
        progress.planned(new HubPlan(
                RepoId.parse("org/tiny"),
                FakeHub.COMMIT,
                List.of(new HubFile("model.safetensors", 4_000_000_000L, 3_000_000_000L))));
        progress.progress("model.safetensors", 1_000_000_000L, 4_000_000_000L);
        now[0] = 2_000_000_000L;
        progress.progress("model.safetensors", 1_100_000_000L, 4_000_000_000L);
        assertThat(out.toString())
                .contains("org/tiny at 0123456: 1 file, 4.0 GB, of which 1.0 GB are cached\n")
                .endsWith(
                        "\r\033[K  ██████░░░░░░░░░░░░░░░░░░ 1.1 GB of 4.0 GB  50.0 MB/s  58 s left  model.safetensors");
    }

    @Test
    void times_read_as_people_say_them() {
        assertThat(List.of(4.4, 75.0, 7260.0).stream().map(DownloadProgress::duration))
                .containsExactly("4 s", "1 min 15 s", "2 h 01 min");
    }
}
