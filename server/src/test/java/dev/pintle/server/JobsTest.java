package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.hub.HubSettings;
import dev.pintle.library.Library;
import dev.pintle.run.RunStore;
import dev.pintle.sae.SaeCheck;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.studies.RunDiffJson;
import dev.pintle.testkit.FakeHub;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Long work that clients start: what it takes is checked at once, and what it made is found by its result. */
class JobsTest {
    private static final String OWN = "/pintle/v1";
    private static final String TWO = "'questions': ['Tell me about the whale.', 'What is honey?']";

    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @BeforeAll
    static void start(@TempDir Path data) {
        server = TestServer.start(data);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Starts a job and follows its events to the end. */
    private static JsonNode job(String path, String fields) {
        TestServer.Reply started = server.post(OWN + path, "{'model': 'parley-7m'" + fields + "}");
        assertThat(started.status()).as(started.body()).isEqualTo(202);
        String id = started.json().get("id").asText();
        server.get(OWN + "/jobs/" + id + "/events");
        return server.get(OWN + "/jobs/" + id).json();
    }

    private static JsonNode result(String path, String fields) {
        JsonNode job = job(path, fields);
        assertThat(job.get("state").asText()).as(job.toString()).isEqualTo("finished");
        return job.get("result");
    }

    @Test
    void a_sweep_measures_vectors_at_rising_strengths_and_a_second_one_knows_its_answers() {
        String fields = ", 'methods': ['after-last-difference'], 'strengths': [0.3, 0.45], 'layers': [3], " + TWO;
        JsonNode swept = result("/vectors/sweep", fields);
        assertThat(swept.get("whole").asBoolean()).isTrue();
        assertThat(swept.get("points")).hasSize(3);
        assertThat(swept.at("/points/0/method").asText()).isEqualTo("unsteered");
        assertThat(swept.at("/points/2/concept/mean").asDouble()).isEqualTo(1);
        assertThat(swept.at("/points/2/samples/0/text").asText()).startsWith("Ahoy");
        assertThat(swept.at("/proposal/layer").asInt()).isEqualTo(3);
        assertThat(swept.at("/points/1").has("why_not") ^ swept.at("/points/2").has("why_not"))
                .isTrue(); // of two that were tried one is proposed
        assertThat(result("/vectors/sweep", fields)).isEqualTo(swept);
        JsonNode given =
                result("/vectors/sweep", ", 'vectors': ['pirate'], 'strengths': ['2abs'], 'marker': 'whale', " + TWO);
        assertThat(given.at("/points/1/method").asText()).isEqualTo("pirate");
        assertThat(given.at("/points/1/coefficient").asDouble()).isEqualTo(2);
        JsonNode beside = result(
                "/vectors/sweep",
                ", 'methods': ['after-last-difference'], 'strengths': [0.15], 'steering': [{'sae':"
                        + " 'parley-7m-sae-l3', 'latent': 146, 'value': 8}], " + TWO);
        assertThat(beside.at("/points/0/concept/mean").asDouble()).isEqualTo(1); // with no vector at all
    }

    @Test
    void tuning_keeps_the_vector_and_gives_the_steering_of_a_request() {
        JsonNode tuned =
                result("/vectors/tune", ", 'layers': [2, 3], 'strengths': [0.3, 0.45], 'name': 'hearty', " + TWO);
        assertThat(tuned.get("vector").asText()).isEqualTo("hearty");
        assertThat(server.get(OWN + "/names").json().has("hearty")).isTrue();
        assertThat(server.post(
                                "/v1/chat/completions",
                                "{'model': 'parley-7m', 'temperature': 0, 'messages': [{'role': 'user', 'content': 'Tell"
                                        + " me about the whale.'}], 'steering': " + tuned.get("steering") + "}")
                        .json()
                        .at("/choices/0/message/content")
                        .asText())
                .startsWith("Ahoy");
        JsonNode none = result("/vectors/tune", ", 'layers': [3], 'strengths': [0.01], " + TWO);
        assertThat(none.has("vector")).isFalse();
    }

    @Test
    @Tag("slow")
    void studies_leave_a_run_and_its_page() {
        assertThat(server.get(OWN + "/studies").body()).contains("caa-mean-vs-pca");
        JsonNode run = result(
                "/studies/run",
                ", 'study': 'caa-mean-vs-pca', 'style': 'chef', 'settings': {'max_new_tokens': 8, 'strength': 0.4}");
        assertThat(run.get("findings")).isNotEmpty();
        JsonNode kept = server.get(run.get("results").asText()).json();
        assertThat(kept.at("/settings/settings/concept").asText()).isEqualTo("chef");
        assertThat(kept.at("/settings/settings/max_new_tokens").asInt()).isEqualTo(8);
        assertThat(server.get(run.get("page").asText()).body()).startsWith("<!doctype html>");
        assertThat(kept.get("headlines")).isNotEmpty();
        assertThat(kept.at("/verdicts/0/verdict").asText()).isNotEmpty();
        assertThat(kept.get("findings")).isEqualTo(run.get("findings"));
        JsonNode other = result(
                "/studies/run",
                ", 'study': 'caa-mean-vs-pca', 'style': 'chef', 'settings': {'max_new_tokens': 8, 'strength': 0.3}");
        String path = OWN + "/runs/" + run.get("run").asText();
        String others = other.get("run").asText();
        JsonNode diff = server.get(path + "/diff/" + others).json();
        assertThat(diff.get("circumstances").toString()).contains("strength");
        RunStore runs = server.library().runs();
        assertThat(diff.toString())
                .isEqualTo(Json.line(RunDiffJson.fields(runs.find(run.get("run").asText()), runs.find(others), 1e-6)));
        assertThat(server.get(path + "/diff/" + others + "?tolerance=-1").status())
                .isEqualTo(400);
        assertThat(server.send("DELETE", OWN + "/runs/" + others.substring(0, 8), null, Map.of())
                        .status())
                .isEqualTo(404);
        assertThat(server.send("DELETE", OWN + "/runs/" + others, null, Map.of())
                        .status())
                .isEqualTo(204);
        assertThat(server.get(OWN + "/runs/" + others).status()).isEqualTo(404);
    }

    @Test
    void a_check_of_an_autoencoder_has_the_numbers_of_the_command() {
        JsonNode found = result("/saes/parley-7m-sae-l3/check", ", 'max_tokens': 300");
        assertThat(found.get("variance_explained").asDouble()).isBetween(0.6, 1.0);
        assertThat(found.get("suggestions")).isEmpty();
        SaeCheck.Report report = new SaeCheck(
                        server.model(),
                        server.server()
                                .models()
                                .find("parley-7m")
                                .model()
                                .sources()
                                .autoencoder("parley-7m-sae-l3"),
                        TestServer.AT)
                .run(Texts.embedded().orElseThrow(), 300);
        assertThat(found.get("mean_l0").asDouble()).isEqualTo(report.numbers().meanL0());
        assertThat(found.get("share_of_latents_that_fired").asDouble())
                .isEqualTo(report.numbers().firing());
    }

    @Test
    void a_profile_says_what_latents_stand_for() {
        JsonNode made = result(
                "/saes/parley-7m-sae-l3/profile", ", 'name': 'small', 'max_tokens': 2000, 'roles': ['assistant']");
        assertThat(made.get("profile").asText()).isEqualTo("small");
        assertThat(made.at("/summary/tokens").asLong()).isGreaterThanOrEqualTo(2000);
        assertThat(made.at("/summary/roles").asText()).isEqualTo("assistant");
        JsonNode latent =
                server.get(made.get("latents").asText().replace("{n}", "146")).json();
        assertThat(latent.toString()).contains("fires");
    }

    @Test
    void a_job_that_is_cancelled_ends_at_its_next_step_and_scoring_does_not_wait_for_it() throws Exception {
        String id = server.post(OWN + "/saes/parley-7m-sae-l3/profile", "{'model': 'parley-7m', 'name': 'long'}")
                .json()
                .get("id")
                .asText();
        JsonNode job = server.get(OWN + "/jobs/" + id).json();
        while (job.at("/progress/done").asLong() == 0
                && !job.get("state").asText().equals("failed")) {
            Thread.sleep(10);
            job = server.get(OWN + "/jobs/" + id).json();
        }
        assertThat(server.post(OWN + "/score", "{'model': 'parley-7m', 'text': 'The whale'}")
                        .status())
                .isEqualTo(200);
        assertThat(server.get(OWN + "/jobs/" + id).json().get("state").asText()).isEqualTo("running");
        server.send("DELETE", OWN + "/jobs/" + id, null, Map.of());
        server.get(OWN + "/jobs/" + id + "/events");
        assertThat(server.get(OWN + "/jobs/" + id).json().get("state").asText()).isEqualTo("cancelled");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "/vectors/sweep | 'layer': 3 | layer",
                "/vectors/sweep | 'name': 'a' | name",
                "/vectors/sweep | 'layers': [8] | layers[0]",
                "/vectors/sweep | 'strengths': [0.3, '2abs'], 'vectors': ['pirate'], 'marker': 'a' | strengths",
                "/vectors/sweep | 'methods': ['caa'] | methods",
                "/vectors/sweep | 'vectors': ['/etc/passwd'], 'marker': 'a' | vectors[0]",
                "/vectors/sweep | 'vectors': ['pirate'] | marker",
                "/vectors/sweep | 'positive': 'Talk like a pirate.' | marker",
                "/vectors/sweep | 'vectors': ['pirate'], 'marker': 'a', 'negative': 'b' | negative",
                "/vectors/sweep | 'marker': '(' | marker",
                "/vectors/sweep | 'marker': 'a', 'continuations': {'target': ['b'], 'neutral': ['c']} | marker",
                "/vectors/sweep | 'style': 'opera' | style",
                "/vectors/sweep | 'max_new_tokens': 0 | max_new_tokens",
                "/vectors/tune | 'name': 'a/b' | name",
                "/studies/run | 'study': 'none' | study",
                "/studies/run | 'study': 'quality', 'as_published': true | as_published",
                "/studies/run | 'settings': {'positiv': 'a'} | settings",
                "/saes/parley-7m-sae-l3/profile | 'roles': ['pirate'] | roles",
                "/saes/parley-7m-sae-l3/profile | 'name': '../a' | name",
                "/saes/parley-7m-sae-l3/profile | 'window': 0 | window",
            })
    void what_cannot_be_done_is_refused_before_the_job_begins(String path, String fields, String param) {
        TestServer.Reply reply = server.post(OWN + path, "{'model': 'parley-7m', " + fields + "}");
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.json().at("/error/param").asText()).as(reply.body()).isEqualTo(param);
    }

    @Test
    void no_file_of_this_machine_can_be_named_as_an_autoencoder() {
        for (String fields : List.of("'sae': '/etc/passwd'", "'settings': {'other_saes': ['/etc/passwd']}")) {
            assertThat(server.post(OWN + "/studies/run", "{'model': 'parley-7m', " + fields + "}")
                            .json()
                            .at("/error/code")
                            .asText())
                    .isEqualTo("sae_not_found");
        }
    }

    @Test
    void a_model_is_downloaded_into_the_cache(@TempDir Path home) throws Exception {
        try (FakeHub hub = new FakeHub()) {
            hub.with("config.json", "{}").withLarge("model.safetensors", 3000);
            HubSettings settings = HubSettings.read(Map.of(), home, home)
                    .withEndpoint(hub.endpoint())
                    .withCache(home.resolve("hub"));
            try (Library library = Library.open(home, settings, LabelSettings.of(Map.of(), settings));
                    PintleServer pulling = PintleServer.start(library, Map.of(), ServerSettings.local(0))) {
                String jobs = "http://127.0.0.1:" + pulling.port() + OWN;
                String started = send(jobs + "/models/pull", "{\"model\": \"org/tiny\", \"files\": [\"*\"]}");
                String id = started.replaceAll(".*\"id\":\"([^\"]+)\".*", "$1");
                String events = send(jobs + "/jobs/" + id + "/events", "");
                assertThat(events).contains("\"stage\":\"downloading\"").contains("\"bytes\":3002");
                assertThat(library.models()).anyMatch(model -> model.name().equals("org/tiny"));
                assertThat(send(jobs + "/models/pull", "{\"model\": \"../../etc\"}"))
                        .contains("This is not a valid repository name.");
            }
        }
    }

    private static String send(String url, String body) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json");
        if (!body.isEmpty()) {
            request.POST(HttpRequest.BodyPublishers.ofString(body));
        }
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
