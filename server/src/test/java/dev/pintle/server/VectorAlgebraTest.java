package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.sae.profile.LatentEffects;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorComparison;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.steering.files.VectorJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vectors compared, combined and exported, and what a fit would read, with the library's own numbers. */
@Tag("any-java")
class VectorAlgebraTest {
    private static final String OWN = "/pintle/v1";

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

    private static JsonNode post(String path, String json, int status) {
        TestServer.Reply reply = server.post(OWN + path, json);
        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        return reply.json();
    }

    private static SteeringVector vector(long seed) {
        return TestServer.vector(server.model(), seed);
    }

    @Test
    void two_vectors_are_compared_as_the_command_does() {
        JsonNode compared = post("/vectors/compare", "{'vectors': ['pirate', 'other']}", 200);
        VectorComparison two =
                VectorComparison.of(vector(1).direction(), vector(2).direction());
        assertThat(compared.at("/cosines/0/1").asDouble()).isEqualTo(two.cosine());
        assertThat(compared.get("comparison").toString()).isEqualTo(Json.line(two));
    }

    @Test
    void a_difference_and_what_is_left_without_another_vector_are_kept() {
        post("/vectors/combine", "{'a': 'pirate', 'op': 'minus', 'b': 'other', 'unit': false, 'name': 'apart'}", 201);
        assertThat(server.library().vector("apart").direction())
                .isEqualTo(vector(1).minus(vector(2)).direction());
        post("/vectors/combine", "{'a': 'pirate', 'op': 'without', 'b': 'other', 'name': 'rest'}", 201);
        assertThat(server.library().vector("rest").direction())
                .isEqualTo(vector(1).without(vector(2)).unit().direction());
        assertThat(post("/vectors/combine", "{'a': 'pirate', 'op': 'minus', 'b': 'pirate'}", 400)
                        .at("/error/param")
                        .asText())
                .isEqualTo("b");
        assertThat(post("/vectors/combine", "{'a': 'pirate', 'op': 'times', 'b': 'other'}", 400)
                        .at("/error/param")
                        .asText())
                .isEqualTo("op");
        assertThat(post("/vectors/combine", "{'a': 'pirate', 'op': 'minus', 'b': 'nobody'}", 404)
                        .at("/error/code")
                        .asText())
                .isEqualTo("vector_not_found");
    }

    @Test
    void a_vector_promotes_what_its_unembedding_says() {
        JsonNode told = post("/vectors/effects", "{'model': 'parley-7m', 'vector': 'pirate', 'top': 4}", 200);
        LatentEffects effects = LatentEffects.of(server.model(), vector(1).direction(), 4);
        assertThat(told.at("/effects/0/promoted").toString()).isEqualTo(Json.line(effects.promoted()));
        assertThat(told.at("/effects/0/suppressed").toString()).isEqualTo(Json.line(effects.suppressed()));
    }

    @Test
    void a_vector_s_record_is_that_of_the_command_and_says_which_presets_use_it() {
        server.send(
                "PUT",
                OWN + "/presets/salty",
                "{\"model\": \"parley-7m\", \"steering\": [{\"vector\": \"pirate\", \"strength\": 0.1}]}",
                java.util.Map.of());
        String hash = server.library().vectors().hashOf("pirate");
        JsonNode shown = server.get(OWN + "/vectors/" + hash).json();
        assertThat(shown.at("/records/0").toString()).isEqualTo(Json.line(VectorJson.of(vector(1))));
        assertThat(shown.at("/used_by/presets").toString()).isEqualTo("[\"salty\"]");
        assertThat(shown.at("/used_by/sweeps")).isEmpty();
        JsonNode job = post(
                "/vectors/sweep",
                "{'model': 'parley-7m', 'vectors': ['pirate'], 'strengths': [0.1], 'max_new_tokens': 4, 'style': 'pirate', 'questions': ['Hello']}",
                202);
        JsonNode sweeps = server.get(OWN + "/vectors/" + hash).json().at("/used_by/sweeps");
        assertThat(sweeps).hasSize(1);
        assertThat(sweeps.at("/0/id")).isEqualTo(job.get("id"));
        assertThat(sweeps.at("/0/kind").asText()).isEqualTo("sweep");
        assertThat(server.get(OWN + "/vectors/" + server.library().vectors().hashOf("other"))
                        .json()
                        .at("/used_by/sweeps"))
                .isEmpty();
    }

    @Test
    void files_for_other_tools_come_with_how_they_are_loaded(@TempDir Path folder) throws Exception {
        String hash = server.library().vectors().hashOf("pirate");
        JsonNode export =
                server.get(OWN + "/vectors/" + hash + "/export?for=llama.cpp").json();
        assertThat(export.get("loads").asText())
                .isEqualTo("llama-cli -m MODEL.gguf --control-vector-scaled pirate.gguf:STRENGTH"
                        + " --control-vector-layer-range 3 3");
        Path file = folder.resolve("pirate.gguf");
        Files.write(file, download("/vectors/" + hash + "/file?for=llama.cpp"));
        assertThat(Files.size(file)).isEqualTo(export.get("bytes").asLong());
        assertThat(VectorFiles.readAll(file, VectorHints.none()).get(0).direction())
                .isEqualTo(vector(1).direction());
        assertThat(server.get(OWN + "/vectors/" + hash + "/export?for=excel").body())
                .contains("There is no export for that tool.");
    }

    private static byte[] download(String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + OWN + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray())
                .body();
    }

    // ---------------------------------------------------------------- fits

    @Test
    void a_preview_says_where_tokens_differ_and_what_is_read() {
        JsonNode plan = post(
                "/vectors/fit/preview",
                "{'model': 'parley-7m', 'positive': 'Talk like a pirate.', 'negative': 'Talk as usual.'}",
                200);
        assertThat(plan.get("method").asText()).isEqualTo("after-last-difference");
        JsonNode pair = plan.at("/pairs/0");
        int length = pair.at("/positive/tokens").size();
        assertThat(pair.at("/negative/tokens")).hasSize(length); // padded
        int first = pair.get("first_difference").asInt();
        for (int i = 0; i < first; i++) {
            assertThat(pair.at("/positive/tokens/" + i)).isEqualTo(pair.at("/negative/tokens/" + i));
        }
        assertThat(pair.at("/positive/tokens/" + first)).isNotEqualTo(pair.at("/negative/tokens/" + first));
        int tail = pair.get("equal_tail").asInt();
        assertThat(pair.at("/positive/at")).hasSize(tail);
        assertThat(pair.at("/positive/at/0").asInt()).isEqualTo(length - tail);
        assertThat(plan.get("tokens_read").asInt()).isEqualTo(2 * tail);
    }

    @Test
    void pasted_data_is_read_like_a_file_and_fits_all_layers() {
        String data = "{\\\"positive\\\": \\\"Ahoy, the whale be mighty\\\", \\\"negative\\\": \\\"Hello, the whale is"
                + " large\\\"}\\n{\\\"positive\\\": \\\"Arr, honey be sweet\\\", \\\"negative\\\": \\\"Well, honey is"
                + " sweet\\\"}\\n";
        String fields = "\"model\": \"parley-7m\", \"data\": {\"format\": \"jsonl\", \"text\": \"" + data + "\"}";
        JsonNode plan = server.send("POST", OWN + "/vectors/fit/preview", "{" + fields + "}", java.util.Map.of())
                .json();
        assertThat(plan.get("method").asText()).as(plan.toString()).isEqualTo("last-position");
        assertThat(plan.get("total").asInt()).isEqualTo(2);
        assertThat(plan.at("/pairs/1/positive/at")).hasSize(1);
        JsonNode job = server.send(
                        "POST",
                        OWN + "/vectors/fit",
                        "{" + fields + ", \"layers\": [1, 2, 3], \"name\": \"pasted\"}",
                        java.util.Map.of())
                .json();
        assertThat(job.at("/asked/route").asText()).as(job.toString()).isEqualTo("/vectors/fit");
        server.get(OWN + "/jobs/" + job.get("id").asText() + "/events");
        JsonNode ended = server.get(OWN + "/jobs/" + job.get("id").asText()).json();
        assertThat(ended.at("/result/layers")).as(ended.toString()).hasSize(3);
        assertThat(ended.get("seconds").asDouble()).isPositive();
        assertThat(post("/vectors/compare", "{'vectors': ['pasted'], 'across_layers': true}", 200)
                        .get("cosines"))
                .hasSize(3);
        assertThat(post("/vectors/compare", "{'vectors': ['pasted', 'pirate'], 'at': 3}", 200)
                        .get("cosines"))
                .hasSize(2);
    }

    @Test
    void data_that_cannot_be_read_is_refused_without_a_path_of_this_machine() {
        TestServer.Reply reply = server.post(
                OWN + "/vectors/fit/preview", "{'model': 'parley-7m', 'data': {'format': 'jsonl', 'text': 'no json'}}");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.json().at("/error/param").asText()).isEqualTo("data.text");
        assertThat(reply.body()).doesNotContain("pintle-data");
        JsonNode same = post(
                "/vectors/fit/preview",
                "{'model': 'parley-7m', 'pairs': [{'positive': 'The whale', 'negative': 'The whale'}], 'method':"
                        + " 'last-position'}",
                200);
        assertThat(same.at("/pairs/0/reads_the_same").asBoolean()).isTrue();
        assertThat(same.get("unusable").asInt()).isEqualTo(1);
        assertThat(List.of(post("/vectors/fit/preview", "{'model': 'parley-7m'}", 400)
                        .at("/error/param")
                        .asText()))
                .containsExactly("pairs");
    }
}
