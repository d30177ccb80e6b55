package dev.pintle.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pintle.testkit.FakeHub;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubClientTest {
    private static final RepoId REPO = RepoId.parse(FakeHub.REPO);
    private static final RepoId AT_COMMIT = REPO.at(FakeHub.COMMIT);
    private static final Selection WEIGHTS = Selection.matching("model.safetensors");
    private static final String SECRET = "hf_theVerySecretToken";

    @TempDir
    private Path home = Path.of("");

    private final FakeHub hub = new FakeHub();
    private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    private final HubListener listener = new HubListener() {
        @Override
        public void note(String text) {
            notes.add(text);
        }
    };
    private long free = Long.MAX_VALUE;
    private HubSettings settings = HubSettings.read(Map.of(), Path.of("/nonexistent"), Path.of("/nonexistent"));

    @BeforeEach
    void fill() {
        hub.with("config.json", "{\"model_type\": \"llama\"}")
                .with("tokenizer.json", "{}")
                .with("README.md", "# Tiny")
                .withLarge("pytorch_model.bin", 3000)
                .withLarge("model.safetensors", 3_000_000);
        settings = settings.withEndpoint(hub.endpoint()).withCache(cache()).withToken(HubToken.of(SECRET, "HF_TOKEN"));
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private Path cache() {
        return home.resolve("hub");
    }

    private Path repoFolder() {
        return cache().resolve("models--org--tiny");
    }

    private Path blob(String path) {
        return repoFolder().resolve("blobs").resolve(hub.etag(path));
    }

    private Path partial(String path) {
        return blob(path).resolveSibling(hub.etag(path) + ".incomplete");
    }

    private HubClient client() {
        return HubClient.of(settings, new Machine() {
            @Override
            public long freeBytes(Path folder) {
                return free;
            }

            @Override
            public void sleep(Duration pause) {
                pauses.add(pause);
            }
        });
    }

    private Path fetchModel() {
        return client().snapshot(REPO, Selection.forModel(), listener);
    }

    private Path fetchWeights() {
        return client().snapshot(REPO, WEIGHTS, listener);
    }

    private HubException failure() {
        return catchThrowableOfType(HubException.class, this::fetchWeights);
    }

    private void assertWhole(Path file, String path) throws IOException {
        assertThat(file).exists();
        ContentHash hash = ContentHash.of(hub.etag(path), Files.size(file));
        byte[] bytes = Files.readAllBytes(file);
        hash.update(bytes, bytes.length);
        assertThat(hash.result()).isEqualTo(hub.etag(path));
    }

    /** Nothing in the cache may pretend to be a file that it is not. */
    private void assertNothingFalse() throws IOException {
        assertThat(repoFolder().resolve("snapshots"))
                .satisfiesAnyOf(
                        folder -> assertThat(folder).doesNotExist(),
                        folder -> assertThat(tree(folder)).isEmpty());
        assertThat(blob("model.safetensors")).doesNotExist();
        assertThat(repoFolder().resolve("refs")).doesNotExist();
    }

    private static List<String> tree(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    // ---------------------------------------------------------------- the cache

    @Test
    void a_model_lands_in_the_layout_of_hugging_faces_library() throws IOException {
        Path snapshot = fetchModel();

        assertThat(snapshot).isEqualTo(repoFolder().resolve("snapshots").resolve(FakeHub.COMMIT));
        assertThat(tree(snapshot)).containsExactly("config.json", "model.safetensors", "tokenizer.json");
        assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")))
                .isEqualTo(Path.of("..", "..", "blobs", hub.etag("model.safetensors")));
        assertThat(repoFolder().resolve("refs").resolve("main")).hasContent(FakeHub.COMMIT);
        assertThat(Files.size(repoFolder().resolve("refs").resolve("main"))).isEqualTo(40);
        assertThat(tree(repoFolder().resolve("blobs")))
                .containsExactlyInAnyOrder(
                        hub.etag("config.json"), hub.etag("tokenizer.json"), hub.etag("model.safetensors"));
        assertThat(cache().resolve(".locks").resolve("models--org--tiny").resolve(hub.etag("config.json") + ".lock"))
                .exists();
        assertThat(Files.readString(cache().resolve("CACHEDIR.TAG")))
                .startsWith("Signature: 8a477f597d28d172789f06886806bc55\n");
        assertWhole(snapshot.resolve("model.safetensors"), "model.safetensors");
        assertWhole(snapshot.resolve("config.json"), "config.json");
    }

    @Test
    void a_link_from_a_folder_of_the_repository_climbs_one_folder_more() throws IOException {
        hub.withLarge("layers/19/sae.safetensors", 10);
        Path snapshot = client().snapshot(REPO, Selection.matching("layers/*"), listener);
        assertThat(Files.readSymbolicLink(snapshot.resolve("layers/19/sae.safetensors")))
                .isEqualTo(Path.of("../../../../blobs", hub.etag("layers/19/sae.safetensors")));
    }

    @Test
    void without_links_the_snapshot_holds_the_bytes() throws IOException {
        settings = settings.withSymlinks(false);
        Path snapshot = fetchModel();
        assertThat(snapshot.resolve("model.safetensors")).isRegularFile();
        assertThat(Files.isSymbolicLink(snapshot.resolve("model.safetensors"))).isFalse();
        assertWhole(snapshot.resolve("model.safetensors"), "model.safetensors");
        assertThat(tree(repoFolder().resolve("blobs"))).isEmpty();

        hub.forget();
        fetchModel();
        assertThat(hub.bytesSent()).isZero();
    }

    @Test
    void a_blob_that_another_snapshot_has_is_not_fetched_again() throws IOException {
        Path snapshot = fetchWeights();
        Files.delete(snapshot.resolve("model.safetensors"));
        hub.forget();
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(hub.requests("cdn", "GET")).isEmpty();
    }

    @Test
    void a_branch_with_slashes_is_encoded_and_kept_under_its_name() {
        Path snapshot = client().snapshot(REPO.at("refs/pr/1"), WEIGHTS, listener);
        assertThat(repoFolder().resolve("refs/refs/pr/1")).hasContent(FakeHub.COMMIT);
        assertThat(client().cached(REPO.at("refs/pr/1"))).contains(snapshot);
        assertThat(hub.requests().get(0).path()).endsWith("/revision/refs%2Fpr%2F1");
    }

    @Test
    void names_with_spaces_and_other_scripts_arrive_under_their_names() throws IOException {
        hub.with("chat_template für alle #1?.txt", "ü").withLarge("größe 100%.bin", 100);
        Path snapshot = client().snapshot(REPO, Selection.matching("*ü*", "*100%*", "gr*"), listener);
        assertThat(tree(snapshot)).containsExactly("chat_template für alle #1?.txt", "größe 100%.bin");
        assertThat(hub.requests("hub", "HEAD").stream().map(FakeHub.Request::path))
                .anyMatch(path -> path.endsWith("/chat_template%20f%C3%BCr%20alle%20%231%3F.txt"));
    }

    @Test
    void an_empty_file_needs_no_request_for_its_bytes() throws IOException {
        hub.with("empty.txt", "");
        Path snapshot = client().snapshot(REPO, Selection.matching("empty.txt"), listener);
        assertThat(snapshot.resolve("empty.txt")).isEmptyFile();
        assertThat(hub.requests("hub", "GET")).hasSize(1);
    }

    @Test
    void the_cache_lists_what_it_holds() {
        Path snapshot = fetchModel();
        long bytes = 3_000_000L + "{\"model_type\": \"llama\"}".length() + 2;
        assertThat(client().cachedRepos())
                .containsExactly(new CachedRepo("org/tiny", FakeHub.COMMIT, List.of("main"), snapshot, bytes, true));
    }

    @Test
    void a_file_that_is_not_there_is_remembered() {
        fetchModel();
        assertThat(client().file(REPO, "steering.json", listener)).isEmpty();
        assertThat(repoFolder().resolve(".no_exist").resolve(FakeHub.COMMIT).resolve("steering.json"))
                .isEmptyFile();
        hub.forget();
        assertThat(client().file(AT_COMMIT, "steering.json", listener)).isEmpty();
        assertThat(hub.requests()).isEmpty();
        assertThat(client().file(REPO, "README.md", listener))
                .hasValueSatisfying(file -> assertThat(file).hasContent("# Tiny"));
    }

    // ---------------------------------------------------------------- no request without need

    @Test
    void a_commit_that_is_in_the_cache_costs_no_request() {
        Path snapshot = fetchModel();
        hub.forget();
        assertThat(client().snapshot(AT_COMMIT, Selection.forModel(), listener)).isEqualTo(snapshot);
        assertThat(client().snapshot(AT_COMMIT, WEIGHTS, listener)).isEqualTo(snapshot);
        assertThat(client().cached(REPO)).contains(snapshot);
        assertThat(hub.requests()).isEmpty();
    }

    @Test
    void a_branch_that_is_in_the_cache_costs_one_request() {
        fetchModel();
        hub.forget();
        fetchModel();
        assertThat(hub.requests()).hasSize(1);
    }

    @Test
    void offline_mode_uses_the_cache_and_asks_nothing() {
        Path snapshot = fetchModel();
        settings = settings.withOffline(true);
        hub.forget();
        assertThat(fetchModel()).isEqualTo(snapshot);
        assertThat(hub.requests()).isEmpty();
    }

    @Test
    void offline_mode_refuses_what_is_not_in_the_cache() {
        settings = settings.withOffline(true);
        assertThat(failure()).hasMessage("""
                        The repository is not completely cached, and network access is disabled.
                          repository: org/tiny
                          cache:      %s
                          try:        the same without HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE""".formatted(cache()));
        assertThat(hub.requests()).isEmpty();
    }

    @Test
    void a_dead_server_leaves_the_copy_in_the_cache() {
        Path snapshot = fetchModel();
        hub.close();
        assertThat(fetchModel()).isEqualTo(snapshot);
        assertThat(notes).containsExactly("The server cannot be reached. Using the cached copy.");
    }

    @Test
    void a_dead_server_and_an_empty_cache_are_an_error() {
        settings = settings.withEndpoint(URI.create("http://127.0.0.1:1"));
        assertThat(failure().reason()).isEqualTo(HubException.Reason.UNREACHABLE);
        assertThat(failure()).hasMessageContaining("server: http://127.0.0.1:1\n");
    }

    // ---------------------------------------------------------------- the token

    @Test
    void the_token_goes_to_the_hub_and_to_no_other_host() {
        fetchModel();
        assertThat(hub.requests("hub", "HEAD"))
                .allSatisfy(request -> assertThat(request.authorization()).isEqualTo("Bearer " + SECRET));
        assertThat(hub.requests("cdn", "GET"))
                .hasSize(1)
                .allSatisfy(request -> assertThat(request.authorization()).isEmpty());
    }

    @Test
    void a_redirect_during_the_download_does_not_carry_the_token_away() throws IOException {
        hub.fail("hub", "GET", "config.json", FakeHub.status(307, "Location", hub.cdn() + "/signed/config.json"));
        Path snapshot = client().snapshot(REPO, Selection.matching("config.json"), listener);
        assertWhole(snapshot.resolve("config.json"), "config.json");
        assertThat(hub.requests("cdn", "GET").get(0).authorization()).isEmpty();
    }

    @Test
    void a_relative_redirect_of_a_renamed_repository_is_followed() throws IOException {
        hub.fail(
                "hub",
                "GET",
                "/api/models/old/name",
                FakeHub.status(307, "Location", "/api/models/" + FakeHub.REPO + "/revision/main?blobs=true"));
        hub.fail(
                "hub",
                "HEAD",
                "/old/name",
                FakeHub.status(
                        307, "Location", "/" + FakeHub.REPO + "/resolve/" + FakeHub.COMMIT + "/model.safetensors"));
        Path snapshot = client().snapshot(RepoId.parse("old/name"), WEIGHTS, listener);
        assertWhole(snapshot.resolve("model.safetensors"), "model.safetensors");
    }

    @Test
    void a_head_is_never_sent_to_another_host_even_by_an_address_without_a_scheme() {
        hub.fail(
                "hub",
                "HEAD",
                "model",
                FakeHub.status(302, "Location", "//localhost:" + hub.cdn().getPort() + "/x"));
        assertThat(failure()).hasMessageContaining("The server did not respond like a Hugging Face hub.");
        assertThat(hub.requests("cdn", "HEAD")).isEmpty();
    }

    @Test
    void no_message_holds_the_token() {
        hub.fail("hub", "GET", "/api", FakeHub.status(403, "X-Error-Message", "bad token " + SECRET));
        assertThat(failure()).hasMessageContaining("bad token …").hasMessageNotContaining(SECRET);
        assertThat(settings.toString()).doesNotContain(SECRET).contains("from HF_TOKEN");
    }

    // ---------------------------------------------------------------- refusals

    @Test
    void an_unknown_repository_is_named() {
        RepoId unknown = RepoId.parse("org/unknown");
        assertThatThrownBy(() -> client().snapshot(unknown, WEIGHTS, listener))
                .hasMessage("""
                        There is no such repository, or it is private.
                          repository: org/unknown
                          server:     %s
                          token:      from HF_TOKEN
                          try:        check the name; for a private repository, use a valid token with read access in HF_TOKEN""".formatted(hub.endpoint()));
        assertThat(cache()).doesNotExist();
    }

    @Test
    void an_unknown_revision_is_named() {
        assertThatThrownBy(() -> client().snapshot(REPO.at("v9"), WEIGHTS, listener))
                .hasMessage("""
                        The repository has no such revision.
                          repository: org/tiny
                          revision:   v9
                          try:        a branch, tag or commit listed at %s/org/tiny""".formatted(hub.endpoint()));
    }

    @Test
    void a_gated_repository_without_a_token_says_how_to_get_one() {
        settings = settings.withToken(HubToken.NONE);
        hub.fail("hub", "GET", "/api", FakeHub.status(401, "X-Error-Code", "GatedRepo"));
        assertThat(failure()).hasMessage("""
                        The repository is gated: its owner asks readers to accept terms first.
                          repository: org/tiny
                          token:      none
                          try:        accept the terms at %s/org/tiny, then set HF_TOKEN to a token of that account""".formatted(hub.endpoint()));
    }

    @Test
    void a_gated_repository_with_a_token_says_what_the_token_lacks() throws IOException {
        hub.fail("hub", "HEAD", "model", FakeHub.status(403, "X-Error-Code", "GatedRepo"));
        assertThat(failure()).hasMessage("""
                        The repository is gated: its owner asks readers to accept terms first.
                          repository: org/tiny
                          token:      from HF_TOKEN
                          try:        accept the terms at %s/org/tiny with the account of this token
                                      a token with permission to read gated repositories, if this one is fine-grained""".formatted(hub.endpoint()));
        assertNothingFalse();
    }

    @Test
    void a_file_that_is_not_in_the_repository_is_an_error_with_those_that_are() {
        assertThatThrownBy(() -> client().snapshot(REPO, Selection.matching("*.gguf", "config.json"), listener))
                .hasMessage("""
                        The repository lacks requested files.
                          repository: org/tiny
                          missing:    *.gguf
                          it has:     README.md
                                      config.json
                                      model.safetensors
                                      pytorch_model.bin
                                      tokenizer.json
                          try:        pintle pull org/tiny FILES, to download some of these""");
    }

    @Test
    void a_gguf_file_is_fetched_with_its_parts_and_nothing_else() {
        hub.withLarge("tiny-Q4_K_M.gguf", 100)
                .withLarge("Q8_0/tiny-Q8_0-00001-of-00002.gguf", 2000)
                .withLarge("Q8_0/tiny-Q8_0-00002-of-00002.gguf", 1000);
        Path folder = client().snapshot(REPO, HubModel.parse("org/tiny:q8_0").selection(), listener);
        assertThat(GgufSet.in(folder))
                .singleElement()
                .extracting(GgufSet::files)
                .isEqualTo(List.of("Q8_0/tiny-Q8_0-00001-of-00002.gguf", "Q8_0/tiny-Q8_0-00002-of-00002.gguf"));
        assertThat(folder.resolve("config.json")).doesNotExist();
        assertThat(ModelFolders.find("org/tiny:Q8_0", settings).path())
                .isEqualTo(folder.resolve("Q8_0/tiny-Q8_0-00001-of-00002.gguf"));
        assertThatThrownBy(() -> client().snapshot(REPO, Selection.gguf("Q6_K"), listener))
                .hasMessage("""
                        The repository has no such GGUF file.
                          repository: org/tiny
                          it has:     Q8_0  Q8_0/tiny-Q8_0-00001-of-00002.gguf
                                      Q4_K_M  tiny-Q4_K_M.gguf
                          try:        org/tiny:Q8_0
                          but was:    Q6_K""");
    }

    @Test
    void a_repository_of_gguf_files_says_which_there_are() {
        try (FakeHub ggufs = new FakeHub()) {
            ggufs.with("config.json", "{}").withLarge("tiny-Q4_K_M.gguf", 100).withLarge("tiny-Q8_0.gguf", 100);
            settings = settings.withEndpoint(ggufs.endpoint());
            assertThatThrownBy(this::fetchModel).hasMessage("""
                            The repository has its model in GGUF files, of which one has to be named.
                              repository: org/tiny
                              it has:     Q4_K_M  tiny-Q4_K_M.gguf
                                          Q8_0  tiny-Q8_0.gguf
                              try:        org/tiny:Q4_K_M""");
        }
    }

    @Test
    void a_name_that_leads_out_of_the_cache_is_refused() throws IOException {
        for (String evil : List.of("../x", "a/../../../x", "/etc/x", "C:/x", "a//x", "..\\\\x")) {
            String json =
                    "{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"" + evil + "\",\"size\":1}]}";
            hub.fail("hub", "GET", "/api", hub.body(json.getBytes(StandardCharsets.UTF_8)));
            assertThatThrownBy(() -> client().snapshot(REPO, Selection.matching("*"), listener))
                    .hasMessageStartingWith("The server named a file outside the cache.");
        }
        try (Stream<Path> all = Files.walk(home)) {
            assertThat(all.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void an_etag_that_is_no_name_is_refused() throws IOException {
        hub.fail(
                "hub",
                "HEAD",
                "model",
                FakeHub.status(200, "X-Repo-Commit", FakeHub.COMMIT, "ETag", "\"../../x\"", "Content-Length", "5"));
        assertThat(failure()).hasMessageContaining("ETag or X-Linked-Etag");
        assertNothingFalse();
    }

    // ---------------------------------------------------------------- failures that pass

    @Test
    void a_busy_server_is_asked_again_when_it_says() throws IOException {
        hub.fail("hub", "HEAD", "model", FakeHub.status(429, "Retry-After", "7"));
        hub.fail("hub", "HEAD", "model", FakeHub.status(429, "ratelimit", "\"resolvers\";r=0;t=55"));
        hub.fail("cdn", "GET", "model", FakeHub.status(503));
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(pauses).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(55), Duration.ofSeconds(1));
    }

    @Test
    void a_server_that_stays_busy_is_given_up() throws IOException {
        for (int i = 0; i < 6; i++) {
            hub.fail("hub", "HEAD", "model", FakeHub.status(500));
        }
        assertThat(failure()).hasMessage("""
                        The server failed to respond.
                          server: %s
                          status: 500
                          try:    again later; downloaded data is kept""".formatted(hub.endpoint()));
        assertThat(pauses.stream().map(Duration::toSeconds)).containsExactly(1L, 2L, 4L, 8L, 16L);
        assertNothingFalse();
    }

    @Test
    void a_connection_that_breaks_goes_on_where_it_broke() throws IOException {
        for (int i = 0; i < 8; i++) { // more often than would be tried without progress
            hub.fail("cdn", "GET", "model", hub.cutAfter("model.safetensors", 300_000));
        }
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(hub.requests("cdn", "GET")).hasSize(9);
        long last = 0;
        for (FakeHub.Request request : hub.requests("cdn", "GET").subList(1, 9)) {
            long from = Long.parseLong(request.range().replaceAll("\\D", ""));
            assertThat(from).isGreaterThan(last);
            last = from;
        }
        assertThat(partial("model.safetensors")).doesNotExist();
    }

    @Test
    void a_signed_address_that_expired_is_renewed() throws IOException {
        hub.fail("cdn", "GET", "model", FakeHub.status(403));
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(hub.requests("hub", "HEAD")).hasSize(2);
    }

    @Test
    void a_server_that_falls_silent_is_asked_again() throws IOException {
        settings = settings.withTimeouts(Duration.ofSeconds(60), Duration.ofMillis(400));
        hub.fail("cdn", "GET", "model", exchange -> {
            exchange.sendResponseHeaders(200, 3_000_000);
            exchange.getResponseBody().flush();
            return FakeHub.after(1500).answer(exchange);
        });
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(hub.requests("cdn", "GET")).hasSizeGreaterThanOrEqualTo(2); // more where this machine pauses
    }

    @Test
    void a_server_that_cannot_continue_starts_the_file_again() throws IOException {
        hub.fail("cdn", "GET", "model", hub.cutAfter("model.safetensors", 1_000_000));
        hub.fail("cdn", "GET", "model", hub.whole("model.safetensors"));
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(hub.bytesSent()).isEqualTo(4_000_000);
        assertThat(notes).contains("The server cannot resume model.safetensors; starting over.");
    }

    // ---------------------------------------------------------------- false files

    @Test
    void a_file_with_the_wrong_bytes_is_refused() throws IOException {
        hub.fail("cdn", "GET", "model", hub.body(new byte[3_000_000]));
        assertThat(failure()).hasMessageStartingWith("The downloaded file does not match what the server announced.");
        assertNothingFalse();
        assertThat(partial("model.safetensors")).doesNotExist();
    }

    @Test
    void a_small_file_with_the_wrong_bytes_is_refused() throws IOException {
        hub.fail("hub", "GET", "resolve", hub.body("{\"model_type\": \"lIama\"}".getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(() -> client().snapshot(REPO, Selection.matching("config.json"), listener))
                .hasMessageStartingWith("The downloaded file does not match what the server announced.");
        assertNothingFalse();
    }

    @Test
    void a_part_from_another_file_is_found_out_and_replaced() throws IOException {
        Files.createDirectories(partial("model.safetensors").getParent());
        Files.write(partial("model.safetensors"), new byte[1000]);
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(notes)
                .containsExactly(
                        "model.safetensors was resumed from a part that does not belong to it; starting over.");
    }

    @Test
    void a_part_longer_than_the_file_is_replaced() throws IOException {
        Files.createDirectories(partial("model.safetensors").getParent());
        Files.write(partial("model.safetensors"), new byte[3_000_001]);
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
    }

    @Test
    void a_file_longer_than_announced_is_refused() throws IOException {
        hub.fail("cdn", "GET", "model", hub.body(new byte[3_500_000]));
        assertThat(failure()).hasMessageStartingWith("The server's file is longer than announced.");
        assertNothingFalse();
    }

    @Test
    void a_file_shorter_than_announced_is_refused() throws IOException {
        hub.fail("cdn", "GET", "model", hub.body(new byte[2_000_000]));
        hub.fail("cdn", "GET", "model", FakeHub.status(416));
        assertThat(failure()).hasMessage("""
                        The server's file is shorter than announced.
                          file:     model.safetensors
                          expected: 3000000 bytes
                          but was:  nothing after byte 2000000
                          try:      again; if the error persists, the file on the server is damaged""");
        assertNothingFalse();
    }

    @Test
    void another_part_than_was_asked_for_is_refused() throws IOException {
        hub.fail("cdn", "GET", "model", hub.cutAfter("model.safetensors", 1000));
        hub.fail("cdn", "GET", "model", FakeHub.status(206, "Content-Range", "bytes 0-2999999/3000000"));
        assertThat(failure()).hasMessageStartingWith("The server sent a different part of the file than requested.");
        assertNothingFalse();
    }

    @Test
    void a_blob_of_the_wrong_size_is_fetched_again() throws IOException {
        Files.createDirectories(blob("model.safetensors").getParent());
        Files.write(blob("model.safetensors"), new byte[10]);
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
    }

    // ---------------------------------------------------------------- the disk

    @Test
    void too_little_room_is_said_before_anything_is_fetched() {
        free = 60_000_000;
        assertThat(failure()).hasMessage("""
                        There is not enough disk space for the download.
                          cache:  %s
                          needed: 3.0 MB
                          free:   60.0 MB
                          try:    free disk space, or set HF_HUB_CACHE to another disk""".formatted(cache()));
        assertThat(hub.requests("cdn", "GET")).isEmpty();
        assertThat(cache()).doesNotExist();
    }

    @Test
    void a_file_too_large_for_plain_http_is_said_before_anything_is_fetched() {
        String json = "{\"sha\":\"" + FakeHub.COMMIT
                + "\",\"siblings\":[{\"rfilename\":\"model.safetensors\",\"size\":50000000001}]}";
        hub.fail("hub", "GET", "/api", hub.body(json.getBytes(StandardCharsets.UTF_8)));
        assertThat(failure())
                .hasMessageStartingWith("The file is too large for the hub to serve over plain HTTP.")
                .hasMessageContaining("hf download org/tiny");
    }

    @Test
    void a_cache_that_cannot_be_written_is_an_error() throws IOException {
        Files.writeString(cache(), "a file where the folder should be");
        assertThat(failure().reason()).isEqualTo(HubException.Reason.DISK);
    }

    // ---------------------------------------------------------------- two at once, and again

    @Test
    void two_threads_that_want_one_file_fetch_it_once() throws Exception {
        hub.fail("cdn", "GET", "model", FakeHub.after(300));
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            List<Callable<Path>> both = List.of(this::fetchWeights, this::fetchWeights);
            for (Future<Path> done : two.invokeAll(both)) {
                assertWhole(done.get().resolve("model.safetensors"), "model.safetensors");
            }
        } finally {
            two.shutdownNow();
        }
        assertThat(hub.requests("cdn", "GET")).hasSize(1);
        assertThat(notes).containsExactly("Waiting for another download of model.safetensors.");
    }

    @Test
    void an_interrupted_download_goes_on_in_the_next_process_without_sending_a_byte_twice() throws Exception {
        long size = 200_000_000;
        hub.withLarge("model.safetensors", size);
        Thread[] reader = new Thread[1];
        AtomicBoolean interrupted = new AtomicBoolean();
        HubListener interrupting = new HubListener() {
            @Override
            public void progress(String file, long done, long total) {
                if (done > size / 2 && interrupted.compareAndSet(false, true)) {
                    reader[0].interrupt();
                }
            }
        };
        HubException[] stopped = new HubException[1];
        reader[0] = new Thread(() -> stopped[0] =
                catchThrowableOfType(HubException.class, () -> client().snapshot(REPO, WEIGHTS, interrupting)));
        reader[0].start();
        reader[0].join();
        assertThat(stopped[0].reason()).isEqualTo(HubException.Reason.STOPPED);
        assertNothingFalse();
        long kept = Files.size(partial("model.safetensors"));
        assertThat(kept).isBetween(size / 2, size - 1);
        assertThat(client().plan(REPO, WEIGHTS).bytesMissing()).isEqualTo(size - kept);

        hub.forget();
        Path snapshot = fetchWeights();
        assertThat(hub.bytesSent()).isEqualTo(size - kept);
        assertThat(hub.requests("cdn", "GET"))
                .extracting(FakeHub.Request::range)
                .containsExactly("bytes=" + kept + "-");
        assertThat(Files.size(snapshot.resolve("model.safetensors"))).isEqualTo(size);
    }

    /** Another Java process, which fetches the weights and is killed as soon as some of them are here. */
    @Test
    void a_download_goes_on_where_a_killed_process_left_it() throws Exception {
        long size = 50_000_000;
        hub.withLarge("model.safetensors", size);
        hub.fail("cdn", "GET", "model", hub.cutAfterWaiting("model.safetensors", 20_000_000, 60_000));
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        hub.endpoint().toString(),
                        cache().toString())
                .redirectErrorStream(true)
                .start();
        try {
            long end = System.nanoTime() + 30_000_000_000L;
            while (System.nanoTime() < end
                    && (!Files.exists(partial("model.safetensors"))
                            || Files.size(partial("model.safetensors")) < 15_000_000)) {
                Thread.sleep(20);
            }
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertNothingFalse();
        long kept = Files.size(partial("model.safetensors"));
        assertThat(kept).isBetween(15_000_000L, 20_000_000L);

        hub.forget();
        assertWhole(fetchWeights().resolve("model.safetensors"), "model.safetensors");
        assertThat(hub.requests("cdn", "GET"))
                .extracting(FakeHub.Request::range)
                .containsExactly("bytes=" + kept + "-");
    }

    /** Fetches the weights from a hub, args[0], into a cache, args[1]. */
    static final class OtherProcess {
        private OtherProcess() {}

        public static void main(String[] args) {
            HubSettings settings = HubSettings.read(Map.of(), Path.of("/nonexistent"), Path.of("/nonexistent"))
                    .withEndpoint(URI.create(args[0]))
                    .withCache(Path.of(args[1]))
                    .withTimeouts(Duration.ofSeconds(60), Duration.ofSeconds(60));
            HubClient.of(settings).snapshot(REPO, WEIGHTS, HubListener.SILENT);
        }
    }

    @Test
    void a_list_without_sizes_is_completed_file_by_file() {
        hub.hideSizes();
        HubPlan plan = client().plan(REPO, Selection.forModel());
        assertThat(plan.bytes()).isEqualTo(3_000_025);
        assertThat(plan.files().get(2)).isEqualTo(new HubFile("model.safetensors", 3_000_000, 3_000_000));
    }
}
