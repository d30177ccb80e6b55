package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.serving.CaptureLinks;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureLinksTest {
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

    private static TestServer.Reply chat(String more) {
        return server.post(
                "/v1/chat/completions",
                "{'model': 'parley-7m', 'temperature': 0, 'max_tokens': 6, 'messages': [{'role': 'user', 'content':"
                        + " 'Hello'}], " + more + "}");
    }

    private Path fetched(String href) throws Exception {
        byte[] body = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + href)).build(),
                        HttpResponse.BodyHandlers.ofByteArray())
                .body();
        return Files.write(folder.resolve("capture.safetensors"), body);
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    @Test
    void a_link_has_the_bits_of_an_inline_capture() throws Exception {
        for (String reduce : new String[] {
            "", ", 'reduce': {'mean': true}", ", 'reduce': {'latents': {'sae': 'parley-7m-sae-l3', 'top': 4}}"
        }) {
            String points = reduce.contains("latents") ? "blocks.3.hook_resid_post" : "blocks.*.hook_resid_post";
            String capture = "{'point': '" + points + "'" + reduce;
            JsonNode all = chat("'capture': [" + capture + "}, " + capture + ", 'format': 'link'}]")
                    .json()
                    .at("/choices/0/pintle/captures");
            int count = all.size() / 2;
            String href = all.get(count).get("href").asText();
            assertThat(all.get(count).get("expires_in").asInt()).isEqualTo(600);
            try (Checkpoint file = SafeTensors.open(fetched(href));
                    TensorScope scope = TensorScope.open("a fetched capture")) {
                for (int i = 0; i < count; i++) {
                    JsonNode inline = all.get(i);
                    JsonNode linked = all.get(count + i);
                    String name = linked.get("tensor").asText();
                    assertThat(linked.get("href").asText()).isEqualTo(href);
                    assertThat(linked.has("data")).isFalse();
                    assertThat(linked.get("shape")).isEqualTo(inline.get("shape"));
                    assertThat(linked.get("positions")).isEqualTo(inline.get("positions"));
                    assertThat(bytes(file.tensor(name).toFloats()))
                            .isEqualTo(Base64.getDecoder()
                                    .decode(inline.get("data").asText()));
                    assertThat(file.names().contains(name + ".indices")).isEqualTo(inline.has("indices"));
                }
                assertThat(Arrays.toString(file.tensor("positions").toInts()).replace(" ", ""))
                        .isEqualTo(all.get(0).get("positions").toString());
                assertThat(Arrays.toString(file.tensor("token_ids").toInts()).replace(" ", ""))
                        .isEqualTo(all.get(0).get("token_ids").toString());
            }
            assertThat(server.send("DELETE", href, null, Map.of()).status()).isEqualTo(204);
            assertThat(server.get(href).json().at("/error/code").asText()).isEqualTo("capture_not_found");
        }
    }

    @Test
    void a_stream_links_too_and_what_can_never_be_kept_is_refused() {
        var chunks = chat("'stream': true, 'capture': [{'point': 'blocks.1.hook_resid_post', 'format': 'link'}]")
                .chunks();
        JsonNode capture = chunks.get(chunks.size() - 1).at("/choices/0/pintle/captures/0");
        assertThat(server.get(capture.get("href").asText()).status()).isEqualTo(200);
        assertThat(chat("'capture': [{'point': 'blocks.1.hook_resid_post', 'format': 'file'}]")
                        .json()
                        .at("/error/param")
                        .asText())
                .isEqualTo("capture[0].format");
    }

    @Test
    void space_is_reserved_before_anything_runs_and_freed_where_it_is_not_used() {
        CaptureLinks links = new CaptureLinks("/captures", Duration.ofMinutes(1), 100);
        CaptureLinks.Space first = links.reserve(60);
        assertThatThrownBy(() -> links.reserve(41)).isInstanceOfSatisfying(HttpProblem.class, full -> {
            assertThat(full.status()).isEqualTo(429);
            assertThat(full.headers()).containsEntry("Retry-After", "60");
            assertThat(full.problem().toString()).contains("40 of 100 bytes");
        });
        String href = first.keep(new byte[20]);
        first.close();
        links.reserve(80).close();
        String id = href.substring("/captures/".length());
        assertThat(links.find(id)).hasSize(20);
        links.delete(id);
        links.reserve(100).close();
        assertThatThrownBy(() -> links.find(id)).isInstanceOf(HttpProblem.class);
    }

    @Test
    void a_file_goes_when_its_time_has_passed() throws Exception {
        CaptureLinks links = new CaptureLinks("/captures", Duration.ofMillis(50), 100);
        try (CaptureLinks.Space space = links.reserve(100)) {
            space.keep(new byte[100]);
        }
        for (int i = 0; i < 200; i++) {
            try {
                links.reserve(100).close();
                return;
            } catch (HttpProblem full) {
                Thread.sleep(50);
            }
        }
        throw new AssertionError("The file is still there.");
    }
}
