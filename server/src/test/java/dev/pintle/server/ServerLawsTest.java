package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Soak;
import dev.pintle.testkit.TestDevice;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that join, leave, hang up and swap vectors at random: every answer has the bits that it has alone, and in the end
 * everything is free.
 */
@Tag("slow")
class ServerLawsTest {
    private static final int CLIENTS = 16;
    private static final int ROUNDS = Soak.times(200, 2000); // of each dtype

    private static final List<String> QUESTIONS = List.of(
            "Tell me about the whale.",
            "What is honey?",
            "Tell me about the sea, and about the old harbour.",
            "Where does the wolf live?");

    private static final List<String> STEERINGS = List.of(
            "[]",
            "[{'vector': 'pirate', 'strength': 0.4}]",
            "[{'vector': 'pirate', 'strength': 0.4, 'positions': 'generated'}]",
            "[{'vector': 'pirate', 'strength': 0}]",
            "[{'vector': 'other', 'op': 'ablate'}, {'vector': 'pirate', 'strength': -0.3, 'positions': 'role:user'}]",
            "[{'vector': 'other', 'op': 'clamp', 'low': -0.05, 'high': 0.05}]",
            "[{'vector': 'other', 'op': 'rotate', 'strength': 0.3, 'positions': {'prompt': [[0, 4]], 'generated':"
                    + " [[2, 6]]}}]",
            "[{'vector': 'pirate', 'strength': 0.5, 'when': {'vector': 'other', 'at': 2, 'above': 0}}]",
            "[{'sae': 'parley-7m-sae-l3', 'latent': 146, 'value': 4}, {'sae': 'parley-7m-sae-l3', 'latent': 628, 'op':"
                    + " 'scale', 'value': 2}]");

    private static final List<String> CAPTURES = List.of(
            "[{'point': 'blocks.3.hook_resid_post', 'positions': 'generated'}]",
            "[{'point': 'blocks.*.hook_resid_post', 'reduce': {'mean': true}}]",
            "[{'point': 'blocks.3.hook_resid_post', 'see': 'before', 'reduce': {'project': ['pirate', 'other']}}]",
            "[{'point': 'blocks.3.hook_resid_post', 'reduce': {'latents': {'sae': 'parley-7m-sae-l3', 'top': 8}}}]");

    private static ObjectNode request(Random random) {
        ObjectNode request = Json.object().put("model", TestServer.MODEL).put("logprobs", true);
        var messages = request.putArray("messages");
        String question = QUESTIONS.get(random.nextInt(QUESTIONS.size()));
        messages.addObject().put("role", "user").put("content", question);
        if (random.nextInt(3) == 0) { // the next turn of a conversation that others begin as well
            messages.addObject().put("role", "assistant").put("content", "It is blue.");
            messages.addObject().put("role", "user").put("content", "Why?");
        }
        request.put("max_tokens", 1 + random.nextInt(24));
        if (random.nextBoolean()) {
            request.put("temperature", 0);
        } else {
            request.put("temperature", 0.8).put("seed", random.nextInt(3));
        }
        if (random.nextInt(4) == 0) {
            request.put("top_logprobs", 3);
        }
        try {
            request.set(
                    "steering",
                    Json.parse(STEERINGS.get(random.nextInt(STEERINGS.size())).replace('\'', '"')));
            if (random.nextInt(4) == 0) {
                request.set(
                        "capture",
                        Json.parse(CAPTURES.get(random.nextInt(CAPTURES.size())).replace('\'', '"')));
            }
            if (random.nextInt(6) == 0) {
                request.put("twin", "unsteered").put("tokens", true);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return request;
    }

    /** What must not depend on anything else that happens. */
    private static String essence(JsonNode reply) {
        StringBuilder text = new StringBuilder();
        for (JsonNode choice : reply.get("choices")) {
            text.append(choice.get("message")).append(choice.get("logprobs")).append(choice.get("finish_reason"));
            text.append(choice.at("/pintle/tokens")).append(choice.at("/pintle/captures"));
            text.append(choice.at("/pintle/acted_on"));
        }
        return text.append(reply.at("/usage/completion_tokens")).toString();
    }

    @Test
    void neighbours_do_not_exist_and_every_end_frees_in_fp32(@TempDir Path folder) throws Exception {
        assumeTrue(TestDevice.current().equals(Device.CPU), "skipped: on a GPU, steps are recorded in 16 bits only");
        laws(folder, DType.FP32);
    }

    @Test
    void neighbours_do_not_exist_and_every_end_frees_in_bf16(@TempDir Path folder) throws Exception {
        laws(folder, DType.BF16);
    }

    private static void laws(Path folder, DType dtype) throws Exception {
        Random random = new Random(11);
        List<ObjectNode> kinds = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            kinds.add(request(random));
        }
        Map<Integer, String> alone = new LinkedHashMap<>();
        try (TestServer cold = TestServer.start(folder.resolve("cold"), dtype, settings(0))) {
            for (int i = 0; i < kinds.size(); i++) {
                alone.put(
                        i,
                        essence(cold.send("POST", "/v1/chat/completions", Json.line(kinds.get(i)), Map.of())
                                .json()));
            }
        }
        try (TestServer server = TestServer.start(folder.resolve("warm"), dtype, settings(64 << 20))) {
            ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
            AtomicInteger answered = new AtomicInteger();
            AtomicInteger hungUp = new AtomicInteger();
            List<Future<?>> rounds = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                Random own = new Random(round);
                rounds.add(clients.submit(() -> {
                    int kind = own.nextInt(kinds.size());
                    if (own.nextInt(4) == 0) {
                        hangUp(server, kinds.get(kind), own);
                        hungUp.incrementAndGet();
                        return;
                    }
                    if (own.nextInt(10) == 0) { // a name moves away and back; those who resolved it do not notice
                        swap(server);
                    }
                    JsonNode reply = server.send("POST", "/v1/chat/completions", Json.line(kinds.get(kind)), Map.of())
                            .json();
                    assertThat(essence(reply)).as(kinds.get(kind).toString()).isEqualTo(alone.get(kind));
                    answered.incrementAndGet();
                }));
            }
            for (Future<?> round : rounds) {
                round.get(10, TimeUnit.MINUTES);
            }
            clients.shutdown();
            assertThat(answered.get()).isGreaterThan(ROUNDS / 2);
            assertThat(hungUp.get()).isPositive();
            requireFree(server);
        }
    }

    private static ServerSettings settings(long cacheBytes) {
        ServerSettings local = ServerSettings.local(0);
        return new ServerSettings(
                local.address(),
                local.keys(),
                local.names(),
                local.engine().keeping(cacheBytes),
                false,
                local.slowest(),
                local.log());
    }

    /** Gives another name to a vector, and takes it away: vectors that are in use stay. */
    private static void swap(TestServer server) {
        String hash = server.get("/pintle/v1/names").json().get("other").asText();
        String name = "swap-" + Thread.currentThread().getId();
        assertThat(server.send("PUT", "/pintle/v1/names/" + name, "{\"vector\": \"" + hash + "\"}", Map.of())
                        .status())
                .isEqualTo(200);
        assertThat(server.send("DELETE", "/pintle/v1/names/" + name, null, Map.of())
                        .status())
                .isEqualTo(204);
    }

    /** Begins to read a stream and closes it at a random moment. */
    private static void hangUp(TestServer server, ObjectNode kind, Random random) {
        ObjectNode request = kind.deepCopy().put("stream", true).put("max_tokens", 200);
        HttpRequest post = HttpRequest.newBuilder(URI.create(server.url() + "/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.line(request)))
                .build();
        try {
            HttpResponse<InputStream> response =
                    HttpClient.newHttpClient().send(post, HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                body.readNBytes(random.nextInt(3000));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void requireFree(TestServer server) throws InterruptedException {
        for (int i = 0; i < 300; i++) {
            JsonNode load = server.get("/pintle/v1/server").json().at("/models/0/load");
            if (load.get("unfinished").asInt() == 0 && server.server().running() <= 1) {
                assertThat(load.get("waiting").asInt()).isZero();
                assertThat(load.get("rows").asInt()).isZero();
                assertThat(load.get("reservedBytes").asLong()).isZero();
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("not free: " + server.get("/pintle/v1/server").body());
    }
}
