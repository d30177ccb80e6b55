package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Message;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiTest {
    private static final String OWN = "/pintle/v1";

    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @TempDir
    Path folder = Path.of("");

    @BeforeAll
    static void start(@TempDir Path data) {
        server = TestServer.start(data);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String answer(String model, String more) {
        return server.post(
                        "/v1/chat/completions",
                        "{'model': '" + model + "', 'temperature': 0, 'messages': [{'role': 'user', 'content': 'Tell me"
                                + " about the whale.'}]" + more + "}")
                .json()
                .at("/choices/0/message/content")
                .asText();
    }

    private static int put(String path, String json) {
        return server.send("PUT", OWN + path, json.replace('\'', '"'), Map.of()).status();
    }

    @Test
    void a_preset_is_a_model_that_any_client_can_choose() {
        String steering = "[{'vector': 'pirate', 'strength': 0.4}]";
        assertThat(put("/presets/sailor", "{'model': 'parley-7m', 'steering': " + steering + "}"))
                .isEqualTo(200);
        assertThat(server.get("/v1/models").body()).contains("parley-7m:sailor");
        assertThat(server.get("/v1/models/parley-7m:sailor")
                        .json()
                        .at("/pintle/kind")
                        .asText())
                .isEqualTo("preset");
        String steered = answer("parley-7m", ", 'steering': " + steering);
        assertThat(answer("parley-7m:sailor", "")).isEqualTo(steered);
        assertThat(answer("parley-7m:sailor@0.5", ""))
                .isEqualTo(answer("parley-7m", ", 'steering': [{'vector': 'pirate', 'strength': 0.2}]"));
        assertThat(answer("parley-7m:sailor", ", 'steering': []")).isEqualTo(answer("parley-7m", ""));
        assertThat(put("/presets/wrong", "{'model': 'parley-7m', 'steering': [{'vector': 'nobody', 'strength': 1}]}"))
                .isEqualTo(400);
        assertThat(server.send("DELETE", OWN + "/presets/sailor", null, Map.of())
                        .status())
                .isEqualTo(204);
        assertThat(server.get("/v1/models").body()).doesNotContain("sailor");
    }

    @Test
    void moving_a_name_swaps_the_vector_and_a_moved_name_is_not_moved_blindly() {
        JsonNode names = server.get(OWN + "/names").json();
        String pirate = names.get("pirate").asText();
        String other = names.get("other").asText();
        assertThat(put("/names/hot", "{'vector': '" + pirate + "'}")).isEqualTo(200);
        String first = answer("parley-7m", ", 'steering': [{'vector': 'hot', 'strength': 0.5}]");
        assertThat(put("/names/hot", "{'vector': 'sha256:" + other + "'}")).isEqualTo(200);
        String second = answer("parley-7m", ", 'steering': [{'vector': 'hot', 'strength': 0.5}]");
        assertThat(first).isEqualTo(answer("parley-7m", ", 'steering': [{'vector': 'pirate', 'strength': 0.5}]"));
        assertThat(second).isEqualTo(answer("parley-7m", ", 'steering': [{'vector': 'other', 'strength': 0.5}]"));
        TestServer.Reply late =
                server.send("PUT", OWN + "/names/hot", "{\"vector\": \"" + pirate + "\"}", Map.of("If-Match", pirate));
        assertThat(late.status()).isEqualTo(412);
        assertThat(late.json().at("/error/code").asText()).isEqualTo("version_mismatch");
        assertThat(server.send("DELETE", OWN + "/vectors/" + other, null, Map.of())
                        .status())
                .isEqualTo(412);
    }

    @Test
    void a_file_that_is_uploaded_is_the_vector_and_the_same_file_the_same_vector() throws Exception {
        Path file = folder.resolve("v.safetensors");
        VectorFiles.write(TestServer.vector(server.model(), 9), file);
        JsonNode first = upload(file, "?name=ninth");
        JsonNode again = upload(file, "");
        assertThat(again.get("hash")).isEqualTo(first.get("hash"));
        assertThat(answer("parley-7m", ", 'steering': [{'vector': 'ninth', 'strength': 0.1}]"))
                .isNotEmpty();
        byte[] back = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + OWN + "/vectors/"
                                        + first.get("hash").asText() + "/file?format=gguf"))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray())
                .body();
        assertThat(new String(back, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("GGUF");
        HttpResponse<String> broken = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + OWN + "/vectors"))
                                .header("Content-Type", "application/octet-stream")
                                .POST(HttpRequest.BodyPublishers.ofString("nothing"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(broken.statusCode()).isEqualTo(400);
        assertThat(broken.body()).contains("vector_unusable").doesNotContain("pintle-upload");
    }

    private static JsonNode upload(Path file, String query) throws IOException, InterruptedException {
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + OWN + "/vectors" + query))
                                .header("Content-Type", "application/octet-stream")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(Files.readAllBytes(file)))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        return Json.parse(response.body());
    }

    @Test
    void activations_are_those_of_the_model_to_the_bit() {
        int[] ids = server.model().chatTokens(List.of(Message.user("Hello")));
        List<Vec> expected = server.model().activations(ids, TestServer.AT);
        JsonNode reply = server.post(
                        OWN + "/activations",
                        "{'model': 'parley-7m', 'messages': [{'role': 'user', 'content': 'Hello'}], 'points':"
                                + " ['blocks.3.hook_resid_post']}")
                .json();
        float[] values = new float[ids.length * server.model().config().dModel()];
        ByteBuffer.wrap(Base64.getDecoder()
                        .decode(reply.at("/activations/0/data").asText()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        for (int t = 0; t < ids.length; t++) {
            float[] row = Arrays.copyOfRange(
                    values,
                    t * expected.get(t).size(),
                    (t + 1) * expected.get(t).size());
            assertThat(row).isEqualTo(expected.get(t).toArray());
        }
    }

    @Test
    void a_score_is_what_generation_reports() {
        JsonNode written = server.post(
                        "/v1/chat/completions",
                        "{'model': 'parley-7m', 'temperature': 0, 'tokens': true, 'max_tokens': 6, 'messages': [{'role':"
                                + " 'user', 'content': 'Hello'}]}")
                .json()
                .at("/choices/0/pintle/tokens");
        int[] prompt = server.model().chatTokens(List.of(Message.user("Hello")));
        StringBuilder ids = new StringBuilder();
        for (int id : prompt) {
            ids.append(id).append(',');
        }
        written.forEach(token -> ids.append(token.get("id")).append(','));
        JsonNode scored = server.post(
                        OWN + "/score",
                        "{'model': 'parley-7m', 'ids': [" + ids.substring(0, ids.length() - 1)
                                + "], 'twin': {'steering': [{'vector': 'pirate', 'strength': 0.3}]}, 'top': 2}")
                .json();
        for (int i = 0; i < written.size(); i++) {
            JsonNode token = scored.at("/tokens/" + (prompt.length + i));
            assertThat(token.get("logprob").asDouble())
                    .isEqualTo(written.at("/" + i + "/logprob").asDouble());
            assertThat(token.at("/twin/kl").asDouble()).isPositive();
            assertThat(token.get("top")).hasSize(2);
        }
    }

    @Test
    void the_twin_of_a_score_has_the_form_that_a_chats_has() {
        String ask = "{'model': 'parley-7m', 'text': 'The whale is blue.', 'steering': [{'vector': 'pirate',"
                + " 'strength': 0.3}], 'twin': ";
        JsonNode unsteered = server.post(OWN + "/score", ask + "'unsteered'}").json();
        JsonNode none = server.post(OWN + "/score", ask + "{'steering': []}}").json();
        assertThat(unsteered.get("tokens")).isEqualTo(none.get("tokens"));
        assertThat(unsteered.at("/tokens/1/twin/kl").asDouble()).isPositive();
        assertThat(server.post(OWN + "/score", ask + "[]}")
                        .json()
                        .at("/error/param")
                        .asText())
                .isEqualTo("twin");
        assertThat(server.post(OWN + "/score", ask + "{'steering': [{'vector': 'nobody', 'strength': 1}]}}")
                        .json()
                        .at("/error/param")
                        .asText())
                .isEqualTo("twin.steering[0].vector");
    }

    @Test
    void tokens_and_templates_are_shown() {
        JsonNode tokens = server.post(
                        OWN + "/tokenize",
                        "{'model': 'parley-7m', 'messages': [{'role': 'user', 'content': 'Hello whale'}]}")
                .json();
        assertThat(tokens.get("count").asInt()).isEqualTo(tokens.get("tokens").size());
        assertThat(tokens.get("tokens").toString()).contains("\"role\":\"user\"", "\"role\":\"header\"");
        JsonNode text = server.post(OWN + "/detokenize", "{'model': 'parley-7m', 'ids': [309, 1328]}")
                .json();
        assertThat(text.get("text").asText()).isEqualTo("The whale");
        assertThat(server.post(
                                OWN + "/template",
                                "{'model': 'parley-7m', 'messages': [{'role': 'user', 'content': 'Hello whale'}]}")
                        .json()
                        .get("prompt")
                        .asText())
                .contains("Hello whale");
    }

    @Test
    void an_autoencoder_reads_a_text_and_its_labels_are_searched() {
        JsonNode saes = server.get(OWN + "/saes").json();
        assertThat(saes.at("/saes/0/id").asText()).isEqualTo("parley-7m-sae-l3");
        JsonNode found =
                server.get(OWN + "/saes/parley-7m-sae-l3/latents?query=pirate").json();
        assertThat(found.get("latents")).isNotEmpty();
        JsonNode encoded = server.post(
                        OWN + "/saes/parley-7m-sae-l3/encode",
                        "{'model': 'parley-7m', 'text': 'Ahoy, matey', 'top': 3}")
                .json();
        encoded.get("tokens").forEach(token -> {
            assertThat(token.get("latents").size()).isBetween(1, 3);
            assertThat(token.get("left_out").asDouble()).isPositive();
        });
        assertThat(server.get(OWN + "/saes/parley-7m-sae-l3/latents/146")
                        .json()
                        .get("label")
                        .asText())
                .isNotEmpty();
        assertThat(server.get(OWN + "/saes/nowhere").json().at("/error/code").asText())
                .isEqualTo("sae_not_found");
    }

    @Test
    void completions_echo_the_prompts_log_probabilities() {
        JsonNode reply = server.post(
                        "/v1/completions",
                        "{'model': 'parley-7m', 'prompt': ['The whale is', 'Honey'], 'max_tokens': 2, 'temperature': 0,"
                                + " 'echo': true, 'logprobs': 1}")
                .json();
        assertThat(reply.get("choices")).hasSize(2);
        JsonNode first = reply.at("/choices/0");
        assertThat(first.get("text").asText()).startsWith("The whale is");
        JsonNode logprobs = first.get("logprobs");
        assertThat(logprobs.at("/token_logprobs/0").isNull()).isTrue();
        assertThat(logprobs.at("/token_logprobs/1").asDouble()).isNegative();
        assertThat(logprobs.get("tokens")).hasSize(logprobs.get("text_offset").size());
        JsonNode scoring = server.post(
                        "/v1/completions",
                        "{'model': 'parley-7m', 'prompt': 'The whale is', 'max_tokens': 0, 'echo': true, 'logprobs': 1}")
                .json();
        assertThat(scoring.at("/choices/0/logprobs/token_logprobs/1")).isEqualTo(logprobs.at("/token_logprobs/1"));
    }

    @Test
    void a_second_turn_begins_with_the_first_one_in_the_cache() {
        String turns =
                "[{'role': 'user', 'content': 'Tell me about the whale and about the sea.'}, {'role': 'assistant',"
                        + " 'content': 'The whale is blue.'}, {'role': 'user', 'content': 'Why?'}]";
        String ask = "{'model': 'parley-7m', 'temperature': 0, 'max_tokens': 4, 'messages': " + turns + "}";
        server.post("/v1/chat/completions", ask);
        assertThat(server.post("/v1/chat/completions", ask)
                        .json()
                        .at("/usage/prompt_tokens_details/cached_tokens")
                        .asInt())
                .isPositive();
    }

    @Test
    void a_fit_is_a_job_whose_vector_is_that_of_the_command() throws Exception {
        JsonNode started = server.post(
                        OWN + "/vectors/fit",
                        "{'model': 'parley-7m', 'positive': 'The assistant should talk like a pirate.', 'negative': 'The"
                                + " assistant should act normally.', 'layers': [3], 'name': 'fitted'}")
                .json();
        String id = started.get("id").asText();
        String events = server.get(OWN + "/jobs/" + id + "/events").body();
        assertThat(events).contains("\"state\":\"finished\"");
        JsonNode job = server.get(OWN + "/jobs/" + id).json();
        SteeringVector expected = SteeringVector.fit(
                server.model(),
                TestServer.AT,
                Contrast.afterLastDifference(ContrastPair.ofSystemPrompts(
                        "The assistant should talk like a pirate.", "The assistant should act normally.")));
        assertThat(job.at("/result/layers/0/sha256").asText()).isEqualTo(expected.hash());
        assertThat(answer("parley-7m", ", 'steering': [{'vector': 'fitted', 'strength': 0.45}]"))
                .contains("whale");
        assertThat(server.post(OWN + "/vectors/fit", "{'model': 'parley-7m', 'positive': 'a'}")
                        .json()
                        .at("/error/param")
                        .asText())
                .isEqualTo("pairs");
        assertThat(server.get(OWN + "/jobs/none").status()).isEqualTo(404);
    }

    @Test
    void a_request_can_be_cancelled_by_its_id_and_its_client_is_told() throws Exception {
        CompletableFuture<TestServer.Reply> reply = CompletableFuture.supplyAsync(
                () -> server.post("/v1/chat/completions", "{" + TestServer.ENDLESS + "}"));
        JsonNode running = server.get(OWN + "/requests").json().get("requests");
        while (running.isEmpty() && !reply.isDone()) {
            Thread.sleep(10);
            running = server.get(OWN + "/requests").json().get("requests");
        }
        assertThat(running).as("requests that run before the answer has ended").isNotEmpty();
        JsonNode one = server.get(OWN + "/requests").json().at("/running/0");
        assertThat(one.get("model").asText()).isEqualTo("parley-7m");
        assertThat(one.get("max_tokens").asInt()).isEqualTo(3900);
        assertThat(one.at("/steering/0/strength").asDouble()).as(one.toString()).isEqualTo(4);
        assertThat(server.send("DELETE", OWN + "/requests/" + running.get(0).asText(), null, Map.of())
                        .status())
                .isEqualTo(204);
        assertThat(reply.get(30, TimeUnit.SECONDS).json().at("/error/code").asText())
                .isEqualTo("cancelled");
        assertThat(server.send("DELETE", OWN + "/requests/req-0", null, Map.of())
                        .status())
                .isEqualTo(404);
    }

    @Test
    void metrics_are_told_as_json_too() {
        server.post("/v1/completions", "{'model': 'parley-7m', 'prompt': 'The whale', 'max_tokens': 3}");
        JsonNode metrics = server.get(OWN + "/metrics").json();
        assertThat(metrics.at("/pintle_generated_tokens/0/value").asDouble())
                .as(metrics.toString())
                .isGreaterThanOrEqualTo(3);
        assertThat(metrics.at("/pintle_request_seconds/0/count").asLong()).isPositive();
        JsonNode about = server.get(OWN + "/server").json();
        assertThat(about.at("/models/0/config/layers").asInt())
                .isEqualTo(server.model().config().nLayers());
        assertThat(about.at("/limits/keys_needed").asBoolean()).isFalse();
    }

    @Test
    void models_are_listed_and_only_known_ones_are_loaded() {
        JsonNode models = server.get(OWN + "/models").json();
        assertThat(models.at("/models/0/served").asBoolean()).isTrue();
        long weights = server.model().config().weights();
        assertThat(models.at("/models/0/needs/fp32").asLong()).isEqualTo(4 * weights);
        assertThat(models.at("/models/0/loaded/dtype").asText())
                .isEqualTo(server.model().dtype().toString());
        assertThat(models.at("/machine/devices/0/available_bytes").asLong()).isPositive();
        assertThat(server.post(OWN + "/models/load", "{'model': '/etc'}").status())
                .isEqualTo(404);
        assertThat(server.post(OWN + "/models/load", "{'model': 'parley-7m'}").status())
                .isEqualTo(412);
        assertThat(server.post(OWN + "/models/unload", "{'model': 'other'}").status())
                .isEqualTo(404);
    }

    @Test
    void a_preset_that_cannot_be_scaled_scores_texts_too() {
        assertThat(put(
                        "/presets/without",
                        "{'model': 'parley-7m', 'steering': [{'vector': 'pirate', 'op': 'ablate'}]}"))
                .isEqualTo(200);
        assertThat(server.post(OWN + "/score", "{'model': 'parley-7m:without', 'text': 'The whale'}")
                        .status())
                .isEqualTo(200);
        assertThat(server.post(OWN + "/score", "{'model': 'parley-7m:without@0.5', 'text': 'The whale'}")
                        .status())
                .isEqualTo(400);
        server.send("DELETE", OWN + "/presets/without", null, Map.of());
    }

    @Test
    void several_prompts_share_the_seed_that_the_reply_names() {
        String ask = "{'model': 'parley-7m', 'prompt': ['The whale', 'Honey'], 'max_tokens': 12";
        JsonNode first = server.post("/v1/completions", ask + "}").json();
        JsonNode again = server.post("/v1/completions", ask + ", 'seed': " + first.at("/pintle/seed") + "}")
                .json();
        assertThat(again.at("/choices/1/text")).isEqualTo(first.at("/choices/1/text"));
    }

    @Test
    void metrics_count_answers_tokens_and_refusals() {
        answer("parley-7m", "");
        server.post("/v1/chat/completions", "{'model': 'none'}");
        String metrics = server.get("/metrics").body();
        assertThat(metrics)
                .contains("pintle_answers_total{end=\"stop_token\"}")
                .contains("pintle_refused_total{code=\"model_not_found\"}")
                .contains("pintle_generated_tokens_total")
                .contains("pintle_rows{model=\"parley-7m\"} 0.0");
        assertThat(server.get(OWN + "/runs").json().get("runs")).isEmpty();
    }
}
