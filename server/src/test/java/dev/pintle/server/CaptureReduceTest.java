package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.SparseLatents;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("any-java")
class CaptureReduceTest {
    private static final String POINT = "'point': 'blocks.3.hook_resid_post'";
    private static final String SAE = "parley-7m-sae-l3";
    private static final int NEIGHBOURS = 16;

    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @BeforeAll
    static void start(@TempDir Path folder) {
        server = TestServer.start(folder);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static TestServer.Reply chat(String question, String more) {
        return server.post(
                "/v1/chat/completions",
                "{'model': 'parley-7m', 'temperature': 0, 'messages': [{'role': 'user', 'content': '" + question
                        + "'}], 'steering': [{'vector': 'pirate', 'strength': 0.3}], " + more + "}");
    }

    private static JsonNode captures(String more) {
        TestServer.Reply reply = chat("Tell me about the whale.", more);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json().at("/choices/0/pintle/captures");
    }

    private static ByteBuffer bytes(JsonNode base64) {
        return ByteBuffer.wrap(Base64.getDecoder().decode(base64.asText())).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static float[] floats(JsonNode base64) {
        ByteBuffer bytes = bytes(base64);
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /** The activations of an unreduced capture, by token. */
    private static List<float[]> rows(JsonNode whole) {
        float[] values = floats(whole.get("data"));
        int n = whole.at("/shape/0").asInt();
        int width = whole.at("/shape/1").asInt();
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            rows.add(Arrays.copyOfRange(values, i * width, (i + 1) * width));
        }
        return rows;
    }

    private static float[] mean(List<float[]> rows) {
        double[] sum = new double[rows.get(0).length];
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                sum[i] += row[i];
            }
        }
        return Vec.of(Arrays.stream(sum).map(value -> value / rows.size()).toArray())
                .toArray();
    }

    private static final String ALL = "'max_tokens': 9, 'capture': [{" + POINT + "}, {" + POINT
            + ", 'reduce': {'mean': true}}, {" + POINT + ", 'reduce': {'project': ['pirate', 'other']}}, {" + POINT
            + ", 'reduce': {'latents': {'sae': '" + SAE + "', 'top': 5}}}]";

    @Test
    void what_is_reduced_equals_reducing_what_is_not() {
        JsonNode all = captures(ALL);
        List<float[]> rows = rows(all.get(0));
        for (JsonNode one : all) {
            assertThat(one.get("positions")).isEqualTo(all.at("/0/positions"));
            assertThat(one.get("token_ids")).isEqualTo(all.at("/0/token_ids"));
        }
        assertThat(all.get(0).has("reduced")).isFalse();

        assertThat(floats(all.at("/1/data"))).isEqualTo(mean(rows));
        assertThat(all.at("/1/shape").toString()).isEqualTo("[" + rows.get(0).length + "]");
        assertThat(all.at("/1/reduced").toString()).isEqualTo("{\"mean\":true,\"tokens\":" + rows.size() + "}");

        float[] components = new float[2 * rows.size()];
        for (int i = 0; i < components.length; i++) {
            Vec unit = TestServer.vector(server.model(), 1 + i % 2).direction().unit();
            components[i] = (float) Vec.of(rows.get(i / 2)).dot(unit);
        }
        assertThat(floats(all.at("/2/data"))).isEqualTo(components);
        assertThat(all.at("/2/shape").toString()).isEqualTo("[" + rows.size() + ",2]");
        assertThat(all.at("/2/reduced/project/1/vector").asText()).isEqualTo("other");
        assertThat(all.at("/2/reduced/project/1/at").asText()).isEqualTo("blocks.3.hook_resid_post");

        requireLatents(all.get(3), rows);
    }

    private static void requireLatents(JsonNode found, List<float[]> rows) {
        SparseAutoencoder sae =
                server.server().models().find("parley-7m").model().sources().autoencoder(SAE);
        float[] activations = floats(found.get("data"));
        ByteBuffer indices = bytes(found.get("indices"));
        assertThat(found.at("/reduced/latents/top").asInt()).isEqualTo(5);
        assertThat(activations).hasSize(5 * rows.size());
        try (TensorScope scope = TensorScope.open("expected latents")) {
            int width = rows.get(0).length;
            float[] flat = new float[rows.size() * width];
            for (int t = 0; t < rows.size(); t++) {
                System.arraycopy(rows.get(t), 0, flat, t * width, width);
            }
            SparseLatents expected =
                    sae.encodeTop(Tensor.of(flat, rows.size(), width).to(sae.device()), 5);
            for (int i = 0; i < activations.length; i++) {
                boolean active = i % 5 < expected.count(i / 5);
                assertThat(indices.getInt(Integer.BYTES * i)).isEqualTo(active ? expected.latent(i / 5, i % 5) : -1);
                assertThat(activations[i]).isEqualTo(active ? expected.activation(i / 5, i % 5) : 0);
            }
        }
    }

    @Test
    void lists_have_the_numbers_that_base64_has() {
        JsonNode all = captures(ALL);
        JsonNode lists = captures(ALL.replace("'reduce'", "'format': 'ndarray', 'reduce'"));
        for (int i = 1; i < 4; i++) {
            assertThat(lists.at("/" + i + "/shape")).isEqualTo(all.at("/" + i + "/shape"));
        }
        float[] mean = floats(all.at("/1/data"));
        for (int i = 0; i < mean.length; i++) {
            assertThat(lists.at("/1/data/" + i).floatValue()).isEqualTo(mean[i]);
        }
        float[] components = floats(all.at("/2/data"));
        for (int i = 0; i < components.length; i++) {
            assertThat(lists.at("/2/data/" + i / 2 + "/" + i % 2).floatValue()).isEqualTo(components[i]);
        }
        float[] latents = floats(all.at("/3/data"));
        for (int i = 0; i < latents.length; i++) {
            JsonNode pair = lists.at("/3/data/" + i / 5 + "/" + i % 5);
            assertThat(pair.path(1).floatValue()).isEqualTo(latents[i]);
        }
    }

    @Test
    void reduced_captures_have_the_same_bits_with_sixteen_neighbours_and_in_a_stream() throws Exception {
        JsonNode alone = captures(ALL);
        ExecutorService clients = Executors.newFixedThreadPool(NEIGHBOURS + 1);
        try {
            List<Future<?>> neighbours = new ArrayList<>();
            for (int i = 0; i < NEIGHBOURS; i++) {
                String question = "Tell me about the number " + i + " and about the sea.";
                neighbours.add(clients.submit(() -> chat(question, ALL.replace("9", "60"))));
            }
            Future<JsonNode> among = clients.submit(() -> captures(ALL));
            assertThat(among.get(2, TimeUnit.MINUTES)).isEqualTo(alone);
            for (Future<?> neighbour : neighbours) {
                neighbour.get(2, TimeUnit.MINUTES);
            }
        } finally {
            clients.shutdownNow();
        }
        List<JsonNode> chunks =
                chat("Tell me about the whale.", "'stream': true, " + ALL).chunks();
        assertThat(chunks.get(chunks.size() - 1).at("/choices/0/pintle/captures"))
                .isEqualTo(alone);
    }

    @Test
    void a_mean_is_small_however_much_is_read() {
        String much = "'max_tokens': 3000, 'capture': [{'point': 'blocks.*.hook_*'";
        TestServer.Reply whole = chat("Hello", much + "}]");
        assertThat(whole.json().at("/error/code").asText()).isEqualTo("capture_too_large");
        assertThat(whole.json().at("/error/message").asText()).contains("reduce");
        JsonNode means =
                chat("Hello", much + ", 'reduce': {'mean': true}}]").json().at("/choices/0/pintle/captures");
        assertThat(means.size()).isGreaterThan(20);
        means.forEach(one -> assertThat(one.at("/reduced/tokens").asInt()).isPositive());
    }

    @Test
    void the_mean_of_no_token_has_no_numbers() {
        JsonNode none = captures("'max_tokens': 1, 'capture': [{" + POINT + ", 'positions': 'generated', 'reduce':"
                + " {'mean': true}}, {" + POINT + ", 'positions': 'generated', 'reduce': {'latents': {'sae': '"
                + SAE + "'}}}]");
        assertThat(none.at("/0/shape").toString()).isEqualTo("[0]");
        assertThat(none.at("/0/data").asText()).isEmpty();
        assertThat(none.at("/0/reduced/tokens").asInt()).isZero();
        assertThat(none.at("/1/shape").toString()).isEqualTo("[0,32]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'reduce': 'mean' | reduce | has the wrong type",
                "'point': 'logits' | point | which tells the most probable tokens",
                "'reduce': {} | reduce | has the wrong type",
                "'reduce': {'mean': false} | reduce.mean | has the wrong type",
                "'reduce': {'median': true} | reduce.median | no such field",
                "'reduce': {'mean': true, 'project': ['pirate']} | reduce | has the wrong type",
                "'reduce': {'project': []} | reduce.project | 1 to 64",
                "'reduce': {'project': ['pirate', 'pirte']} | reduce.project[1] | pirte",
                "'reduce': {'project': ['pirate', 'pirate']} | reduce.project[1] | named twice",
                "'reduce': {'latents': {'top': 3}} | reduce.latents.sae | need an autoencoder",
                "'reduce': {'latents': {'sae': 'parley-7m-sae-l3', 'top': 0}} | reduce.latents.top | 1 to 256",
                "'reduce': {'latents': {'sae': 'nowhere'}} | reduce.latents.sae | nowhere",
                "'point': 'blocks.2.hook_resid_post', 'reduce': {'latents': {'sae': 'parley-7m-sae-l3'}} |"
                        + " reduce.latents.sae | read different places",
                "'point': 'blocks.*.hook_resid_post', 'reduce': {'latents': {'sae': 'parley-7m-sae-l3'}} |"
                        + " reduce.latents.sae | read different places",
                "'point': 'blocks.3.attn.hook_z', 'reduce': {'project': ['pirate']} | reduce.project[0] | one vector per"
                        + " token"
            })
    void what_cannot_be_reduced_is_refused_with_its_path(String fields, String param, String message) {
        String point = fields.contains("'point'") ? "" : POINT + ", ";
        TestServer.Reply reply = chat("Hello", "'capture': [{" + point + fields + "}]");
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.json().at("/error/param").asText()).as(reply.body()).isEqualTo("capture[0]." + param);
        assertThat(reply.json().at("/error/message").asText()).contains(message);
    }
}
