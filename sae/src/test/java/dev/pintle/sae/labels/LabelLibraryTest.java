package dev.pintle.sae.labels;

import static dev.pintle.testkit.FakeService.bytes;
import static dev.pintle.testkit.FakeService.flood;
import static dev.pintle.testkit.FakeService.status;
import static dev.pintle.testkit.FakeService.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.hub.HubSettings;
import dev.pintle.testkit.FakeService;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelLibraryTest {
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final String PIRATE = "{\"index\": \"5\", \"explanations\": [{\"description\": \"ships\"},"
            + " {\"description\": \"pirates at sea\", \"scores\": [{\"value\": 0.8}]}]}";

    @TempDir
    private Path folder = Path.of("");

    private final FakeService service = new FakeService();

    @AfterEach
    void stop() {
        service.close();
    }

    private LabelSettings settings(String... variables) {
        Map<String, String> all = new HashMap<>(Map.of(
                "HF_HOME", folder.toString(),
                "HF_ENDPOINT", service.address().toString(),
                "GOODFIRE_BASE_URL", service.address().toString(),
                "NEURONPEDIA_BASE_URL", service.address().toString(),
                "NEURONPEDIA_BUCKET_URL", service.address() + "/bucket"));
        for (int i = 0; i < variables.length; i += 2) {
            all.put(variables[i], variables[i + 1]);
        }
        return LabelSettings.of(all, HubSettings.read(all, folder, folder))
                .withPatience(Duration.ofMinutes(1), Duration.ZERO);
    }

    private LabelLibrary.Lookup ask(String source, LabelSettings settings, Integer... latents) {
        try (LabelLibrary library = LabelLibrary.open(folder, settings)) {
            return library.labels(LabelSource.parse(source, settings), List.of(latents), Progress.SILENT);
        }
    }

    private static List<String> sentences(LabelLibrary.Lookup lookup) {
        return lookup.problems().stream().map(Problem::toString).toList();
    }

    // ---------------------------------------------------------------- one latent a request

    @Test
    void neuronpedia_is_asked_once_and_then_the_store() {
        service.on("/api/feature/m/s/5", text(PIRATE));
        LabelSettings settings = settings("NEURONPEDIA_API_KEY", "secret");
        LabelLibrary.Lookup first = ask("neuronpedia:m/s", settings, 5, 6);
        assertThat(first.labels()).containsExactly(Map.entry(5, "pirates at sea"));
        assertThat(first.without()).containsExactly(6);
        assertThat(first.problems()).isEmpty();
        assertThat(first.labelOrAbsence(6)).isEqualTo("(no label)");
        assertThat(service.requests())
                .hasSize(2)
                .allMatch(request -> request.apiKey().equals("secret"));
        assertThat(ask("neuronpedia:m/s", settings, 5, 6)).isEqualTo(first);
        assertThat(service.requests()).hasSize(2);
    }

    @Test
    void goodfire_is_asked_for_many_at_once_and_keeps_some_back() {
        service.on("/api/inference/v1/features/lookup", (exchange, request) -> {
            String reply = request.body().contains("[0,")
                    ? "{\"features\": [{\"uuid\": \"a\", \"label\": \"first\", \"index_in_sae\": 0}]}"
                    : "{\"features\": []}";
            text(reply).to(exchange, request);
        });
        Integer[] latents = IntStream.range(0, 60).boxed().toArray(Integer[]::new);
        LabelLibrary.Lookup lookup = ask("goodfire:org/model", settings("GOODFIRE_API_KEY", "secret"), latents);
        assertThat(lookup.labels()).containsExactly(Map.entry(0, "first"));
        assertThat(lookup.without()).hasSize(59);
        assertThat(service.requests()).hasSize(2);
        assertThat(service.requests().get(0).authorization()).isEqualTo("Bearer secret");
        assertThat(service.requests().get(0).body()).endsWith("],\"model\":\"org/model\"}");
    }

    @Test
    void a_service_that_hangs_costs_its_patience_once_and_loses_nothing() {
        service.on("/5", text(PIRATE)).on("/6", service.silence());
        LabelLibrary.Lookup lookup = ask("neuronpedia:m/s", settings().withPatience(SHORT, Duration.ZERO), 5, 6, 7, 8);
        assertThat(lookup.labels()).containsOnlyKeys(5);
        assertThat(lookup.unknown()).containsExactly(6, 7, 8);
        assertThat(lookup.labelOrAbsence(7)).isEqualTo("(not known: the source did not answer)");
        assertThat(sentences(lookup)).containsExactly("""
                        The source of labels cannot be used.
                          source:   %s
                          expected: labels
                          but was:  no response within 2 s""".formatted(service.address()));
        assertThat(service.requests()).hasSize(2);
    }

    @Test
    void a_service_that_lies_is_not_believed() {
        service.on("/5", text("<html>welcome</html>"))
                .on("/6", text(PIRATE))
                .on("/7", text("{\"index\": 7, \"explanations\": \"none\"}"))
                .on("/lookup", text("{\"features\": [{\"label\": \"other\", \"index_in_sae\": 99}]}"));
        LabelLibrary.Lookup lookup = ask("neuronpedia:m/s", settings(), 5, 6, 7);
        assertThat(lookup.labels()).isEmpty();
        assertThat(lookup.unknown()).containsExactly(5, 6);
        assertThat(sentences(lookup)).hasSize(2);
        assertThat(sentences(lookup).get(0)).endsWith("but was:  a response that is not JSON");
        assertThat(sentences(lookup).get(1)).endsWith("but was:  a response about latent 5 instead of 6");
        LabelLibrary.Lookup goodfire = ask("goodfire:org/model", settings(), 5);
        assertThat(goodfire.unknown()).containsExactly(5);
        assertThat(sentences(goodfire).get(0)).endsWith("a response about latents that were not requested");
    }

    @Test
    void a_service_that_floods_is_cut_off() {
        service.on("/lookup", flood());
        LabelLibrary.Lookup lookup = ask("goodfire:org/model", settings(), 5);
        assertThat(lookup.unknown()).containsExactly(5);
        assertThat(sentences(lookup).get(0)).endsWith("but was:  a response of more than 1048576 bytes");
    }

    @Test
    void a_service_that_is_gone_or_refuses_is_a_state_and_no_error() {
        service.on("/lookup", status(401));
        assertThat(sentences(ask("goodfire:org/model", settings(), 1)).get(0))
                .endsWith("but was:  status 401: the service did not accept the key");
        service.on("/lookup", status(404));
        LabelLibrary.Lookup gone = ask("goodfire:org/model", settings(), 1);
        assertThat(sentences(gone).get(0)).endsWith("but was:  status 404");
        assertThat(gone.unknown()).containsExactly(1);
        LabelSettings nobody = settings("GOODFIRE_BASE_URL", "http://127.0.0.1:1");
        assertThat(sentences(ask("goodfire:org/model", nobody, 1)).get(0)).endsWith("but was:  no connection");
    }

    @Test
    void a_key_is_not_carried_to_where_a_service_points() {
        try (FakeService other = new FakeService()) {
            other.on("/", text(PIRATE));
            service.on("/5", status(302, "Location", other.address() + "/api/feature/m/s/5"));
            LabelLibrary.Lookup lookup = ask("neuronpedia:m/s", settings("NEURONPEDIA_API_KEY", "secret"), 5);
            assertThat(lookup.unknown()).containsExactly(5);
            assertThat(sentences(lookup).get(0)).endsWith("but was:  status 302");
            assertThat(other.requests()).isEmpty();
        }
    }

    @Test
    void a_busy_service_is_asked_again_unless_it_wants_too_long_a_pause() {
        int[] count = {0};
        service.on("/5", (exchange, request) -> {
            (count[0]++ == 0 ? status(429, "Retry-After", "0") : text(PIRATE)).to(exchange, request);
        });
        assertThat(ask("neuronpedia:m/s", settings(), 5).labels()).containsOnlyKeys(5);
        service.on("/6", status(429, "Retry-After", "3600"));
        LabelLibrary.Lookup lookup = ask("neuronpedia:m/s", settings(), 6);
        assertThat(sentences(lookup).get(0)).endsWith("status 429: the service asks for fewer requests");
    }

    @Test
    void offline_the_store_answers_alone() {
        service.on("/5", text(PIRATE));
        ask("neuronpedia:m/s", settings(), 5);
        LabelSettings offline = settings("HF_HUB_OFFLINE", "1");
        LabelLibrary.Lookup lookup = ask("neuronpedia:m/s", offline, 5, 6);
        assertThat(lookup.labels()).containsOnlyKeys(5);
        assertThat(lookup.unknown()).containsExactly(6);
        assertThat(sentences(lookup)).containsExactly("""
                        The source of labels was not queried, because Pintle is offline.
                          source: neuronpedia:m/s
                          try:    without HF_HUB_OFFLINE""");
        assertThat(service.requests()).hasSize(1);
        assertThat(sentences(ask("goodfire-dump:org/model", offline, 5))).hasSize(1);
    }

    // ---------------------------------------------------------------- all at once

    private static byte[] gzip(String text) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return packed.toByteArray();
    }

    private void bucket() {
        String head = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
        String key = "<Contents><Key>v1/m/s/explanations/%s</Key></Contents>";
        service.on(
                        "list-type=2",
                        text(head + key.formatted("batch-0.jsonl.gz") + key.formatted("note.txt")
                                + "<NextContinuationToken>a+b</NextContinuationToken></ListBucketResult>"))
                .on("continuation-token=a%2Bb", text(head + key.formatted("batch-1.jsonl.gz") + "</ListBucketResult>"))
                .on(
                        "batch-0",
                        bytes(gzip("{\"index\": \"3\", \"description\": \"dogs\", \"embedding\": [1]}\nbroken\n")))
                .on("batch-1", bytes(gzip("{\"index\": \"4\", \"description\": \"many cats\"}\n")));
    }

    @Test
    void an_export_is_fetched_once_page_by_page_and_searched() {
        bucket();
        LabelLibrary.Lookup lookup = ask("neuronpedia-export:m/s", settings(), 3, 4, 5);
        assertThat(lookup.labels()).containsExactly(Map.entry(3, "dogs"), Map.entry(4, "many cats"));
        assertThat(lookup.without()).containsExactly(5);
        assertThat(sentences(lookup).get(0)).isEqualTo("""
                        Some lines of the labels were skipped.
                          source:  %s/bucket/v1/m/s/explanations/batch-0.jsonl.gz
                          lines:   1
                          such as: line 2: broken""".formatted(service.address()));
        int requests = service.requests().size();
        ask("neuronpedia-export:m/s", settings(), 3);
        assertThat(service.requests()).hasSize(requests);
        try (LabelLibrary library = LabelLibrary.open(folder, settings())) {
            assertThat(library.search("neuronpedia-export:m/s", "cat", 10)).containsOnlyKeys(4);
            assertThat(library.kept("neuronpedia-export:m/s")).hasSize(2);
        }
    }

    @Test
    void an_export_that_breaks_off_goes_on_at_the_file_that_failed() {
        bucket();
        service.on("batch-1", status(500));
        LabelLibrary.Lookup broken = ask("neuronpedia-export:m/s", settings(), 3, 4);
        assertThat(broken.labels()).containsOnlyKeys(3);
        assertThat(broken.unknown()).containsExactly(4);
        assertThat(sentences(broken).get(1)).endsWith("but was:  status 500");
        service.on("batch-0", status(500)).on("batch-1", bytes(gzip("{\"index\": \"4\", \"description\": \"cats\"}")));
        assertThat(ask("neuronpedia-export:m/s", settings(), 3, 4).labels()).containsOnlyKeys(3, 4);
    }

    @Test
    void a_dump_is_fetched_from_the_hub_or_any_address() {
        service.on(
                        "/datasets/nickjiang/feature_labels/resolve/main/goodfire/org/model.json",
                        (exchange, request) -> status(302, "Location", service.address() + "/elsewhere")
                                .to(exchange, request))
                .on("/elsewhere", text("{\"58644\": \"Roleplay as a pirate\", \"29446\": \"Pirate speech\"}"));
        LabelLibrary.Lookup lookup = ask("goodfire-dump:org/model", settings(), 58644, 1);
        assertThat(lookup.labels()).containsExactly(Map.entry(58644, "Roleplay as a pirate"));
        assertThat(lookup.without()).containsExactly(1);
        LabelLibrary.Lookup direct = ask(service.address() + "/elsewhere", settings(), 29446);
        assertThat(direct.labels()).containsOnlyKeys(29446);
        service.on("/page", text("<html>not labels</html>"));
        assertThat(sentences(ask(service.address() + "/page", settings(), 1)))
                .last()
                .asString()
                .endsWith("but was:  no labels in it");
    }

    // ---------------------------------------------------------------- the store

    @Test
    void search_ranks_labels_and_reads_odd_queries_as_words() {
        try (LabelLibrary library = LabelLibrary.open(folder, settings())) {
            library.keep(
                    "file",
                    "1",
                    Map.of(
                            1, "pirates",
                            2, "a long text about ships in which a pirate is mentioned once",
                            3, "privateer",
                            4, "naïve \"quotes\""));
            assertThat(library.search("file", "pirate", 10)).containsOnlyKeys(1, 2);
            assertThat(library.search("file", "pirate", 10).keySet()).first().isEqualTo(1);
            assertThat(library.search("file", "p*", 10)).containsOnlyKeys(1, 2, 3);
            assertThat(library.search("file", "Pirate AND ship", 10)).isEmpty(); // "and" is a word like others
            assertThat(library.search("file", "ship pirate", 1)).containsOnlyKeys(2);
            assertThat(library.search("file", "naive \"quotes", 10)).containsOnlyKeys(4);
            assertThat(library.search("other", "pirate", 10)).isEmpty();
            library.keep("file", "1", Map.of(9, "not read: the stamp is the same"));
            assertThat(library.kept("file")).hasSize(4);
            library.keep("file", "2", Map.of(9, "new"));
            assertThat(library.kept("file")).containsExactly(Map.entry(9, "new"));
            assertThat(library.search("file", "pirate", 10)).isEmpty();
            assertThatThrownBy(() -> library.search("file", " *\" ", 10)).hasMessage("""
                            There is nothing to search for.
                              expected: at least one word
                              but was:   *"\s""");
        }
    }

    @Test
    void a_damaged_store_is_set_aside() throws IOException {
        Files.writeString(folder.resolve("labels.sqlite"), "this is no database, ".repeat(400));
        try (LabelLibrary library = LabelLibrary.open(folder, settings())) {
            library.keep("file", "1", Map.of(1, "a"));
            assertThat(library.kept("file")).hasSize(1);
        }
        assertThat(folder.resolve("labels.sqlite.damaged")).exists();
    }

    @Test
    void a_source_that_is_none_is_refused_with_the_forms() {
        assertThatThrownBy(() -> LabelSource.parse("neuronpedia:one", settings()))
                .hasMessage("""
                        There is no such source of labels.
                          expected: a file, neuronpedia:MODEL/SOURCE, neuronpedia-export:MODEL/SOURCE, goodfire:MODEL, goodfire-dump:MODEL, or the address of a file
                          but was:  neuronpedia:one""");
        for (String bad :
                List.of("https://a b", "https:///x", "goodfire-dump:a b", "neuronpedia:../../x", "labels.jsonl", "")) {
            assertThatThrownBy(() -> LabelSource.parse(bad, settings()))
                    .hasMessageStartingWith("There is no such source of labels.");
        }
        assertThatThrownBy(() -> settings("GOODFIRE_BASE_URL", "goodfire")).hasMessage("""
                        The address of the service is not valid.
                          expected: an address in GOODFIRE_BASE_URL such as https://api.goodfire.ai
                          but was:  goodfire""");
    }
}
