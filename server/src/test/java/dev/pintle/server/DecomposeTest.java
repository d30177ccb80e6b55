package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.SignedPursuit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.TokenPair;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.transformer.HookPoint;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("any-java")
class DecomposeTest {
    private static final String SAE = "parley-7m-sae-l3";

    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @SuppressWarnings("NullAway.Init")
    private static SteeringVector vector;

    @BeforeAll
    static void start(@TempDir Path folder) {
        server = TestServer.start(folder);
        vector = TestServer.vector(server.model(), 1);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static TestServer.Reply post(String more) {
        return server.post(
                "/pintle/v1/vectors/decompose",
                "{'model': 'parley-7m', 'vector': 'pirate', 'sae': '" + SAE + "'" + more + "}");
    }

    private static JsonNode ask(String more) {
        TestServer.Reply reply = post(more);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json();
    }

    private static Decomposition expected(Decompose how) {
        return autoencoder().decompose(vector, how);
    }

    private static SparseAutoencoder autoencoder() {
        return server.server().models().find("parley-7m").model().sources().autoencoder(SAE);
    }

    private static void requireEqual(JsonNode found, Decomposition expected, String value, int shown) {
        assertThat(found.get("method").asText()).isEqualTo(expected.how().toString());
        assertThat(found.get("vector_norm").asDouble())
                .isEqualTo(expected.vector().norm());
        assertThat(found.get("reconstruction_norm").asDouble())
                .isEqualTo(expected.reconstruction().norm());
        assertThat(found.get("relative_error").asDouble()).isEqualTo(expected.relativeError());
        assertThat(found.get("relative_error_without_bias").asDouble()).isEqualTo(expected.relativeErrorWithoutBias());
        assertThat(found.get("cosine").asDouble()).isEqualTo(expected.cosine());
        assertThat(found.get("bias_share").asDouble()).isEqualTo(expected.biasShare());
        assertThat(found.get("latents").asInt()).isEqualTo(expected.terms().size());
        assertThat(found.get("zero_vector_latents").asInt())
                .isEqualTo(expected.zeroTerms().size());
        requireEqual(found.get("terms"), expected.terms(), value, shown);
        requireEqual(found.get("zero_vector_terms"), expected.zeroTerms(), "activation", shown);
    }

    private static void requireEqual(JsonNode found, List<Term> expected, String value, int shown) {
        assertThat(found).hasSize(Math.min(shown, expected.size()));
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.at("/" + i + "/latent").asInt())
                    .isEqualTo(expected.get(i).latent());
            assertThat((float) found.at("/" + i).get(value).asDouble())
                    .isEqualTo(expected.get(i).activation());
        }
    }

    @Test
    void all_five_ways_give_what_the_library_computes() {
        JsonNode ways = ask(", 'terms': 5, 'ways': ['encode', {'how': 'scaled', 'strength': '12abs'}, {'how': 'scaled',"
                        + " 'strength': 2}, {'how': 'pursuit', 'terms': 7, 'enough': 0.9}, 'nearest', {'how':"
                        + " 'difference', 'strength': 0.5, 'texts': ['The whale', 'Honey is sweet.']}]")
                .get("ways");
        requireEqual(ways.get(0), expected(Decompose.encode()), "activation", 5);
        requireEqual(ways.get(1), expected(Decompose.encodeScaled(12)), "activation", 5);
        requireEqual(ways.get(2), expected(Decompose.encodeScaled(20)), "activation", 5);
        assertThat(ways.at("/2/strength_as_factor").asDouble()).isEqualTo(20);
        requireEqual(ways.get(3), expected(new SignedPursuit(7, 0.9)), "coefficient", 7);
        requireEqual(ways.get(4), expected(Decompose.nearestDecoder(5)), "cosine", 5);
        List<Vec> read = new ArrayList<>();
        for (String text : List.of("The whale", "Honey is sweet.")) {
            read.addAll(server.model()
                    .activations(Prompt.ofText(text).tokens(server.model().text()), TestServer.AT));
        }
        requireEqual(ways.get(5), expected(Decompose.encodeDifference(read, 5)), "change", 5);
    }

    @Test
    void a_difference_is_told_token_by_token_with_labels() {
        JsonNode found = ask(", 'terms': 3, 'way': {'how': 'difference', 'strength': 1, 'positive': 'Talk like a"
                + " pirate.', 'negative': 'Act.'}");
        TokenPair pair = ContrastPair.ofSystemPrompts("Talk like a pirate.", "Act.")
                .tokens(server.model().text());
        List<Vec> read =
                new ArrayList<>(server.model().activations(pair.positive().ids(), TestServer.AT));
        read.addAll(server.model().activations(pair.negative().ids(), TestServer.AT));
        Decomposition expected = expected(Decompose.encodeDifference(read, 10));
        requireEqual(found, expected, "change", 3);
        JsonNode tokens = found.get("by_token");
        assertThat(tokens).hasSize(read.size());
        for (int t = 0; t < tokens.size(); t++) {
            List<Term> terms = expected.byToken().get(t);
            assertThat(tokens.at("/" + t + "/latents").asInt()).isEqualTo(terms.size());
            requireEqual(tokens.at("/" + t + "/terms"), terms, "change", 3);
        }
        assertThat(tokens.at("/" + (read.size() - 1) + "/text").asInt()).isEqualTo(1);
        assertThat(found.get("terms").findValuesAsText("label")).isNotEmpty();
        assertThat(found.get("warnings")).isEmpty();
    }

    @Test
    void a_conversation_can_be_what_a_difference_is_read_from() {
        List<Vec> read =
                server.model().activations(server.model().chatTokens(List.of(Message.user("Hello"))), TestServer.AT);
        JsonNode found =
                ask(", 'way': {'how': 'difference', 'strength': '4abs', 'messages': [{'role': 'user', 'content':"
                        + " 'Hello'}]}");
        requireEqual(found, expected(Decompose.encodeDifference(read, 4)), "change", 8);
    }

    @Test
    void pursuit_is_the_usual_way_and_the_vectors_themselves_can_be_had() {
        Decomposition expected = expected(Decompose.signedPursuit(4));
        JsonNode found = ask(", 'terms': 4, 'vectors': true");
        requireEqual(found, expected, "coefficient", 4);
        assertThat(numbers(found.get("vector"))).isEqualTo(vector.direction().toArray());
        assertThat(numbers(found.get("reconstruction")))
                .isEqualTo(expected.reconstruction().toArray());
        assertThat(numbers(found.get("without_bias")))
                .isEqualTo(expected.withoutBias().toArray());
        assertThat(found.get("warnings")).isEmpty();
    }

    @Test
    void encoding_a_vector_is_warned_of_with_the_share_of_the_bias() {
        JsonNode found = ask(", 'way': 'encode'");
        assertThat(found.at("/warnings/0").asText()).contains("not on differences");
        assertThat(found.get("warnings")).hasSize(found.get("bias_share").asDouble() == 0 ? 1 : 2);
    }

    private static float[] numbers(JsonNode base64) {
        ByteBuffer bytes =
                ByteBuffer.wrap(Base64.getDecoder().decode(base64.asText())).order(ByteOrder.LITTLE_ENDIAN);
        float[] numbers = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(numbers);
        return numbers;
    }

    @Test
    void a_vector_of_another_hook_point_and_texts_that_are_too_long_are_refused_before_anything_runs() {
        server.library()
                .keep(
                        "elsewhere",
                        List.of(new SteeringVector(vector.direction(), HookPoint.residPost(2), vector.origin())),
                        true);
        JsonNode elsewhere = server.post(
                        "/pintle/v1/vectors/decompose",
                        "{'model': 'parley-7m', 'vector': 'elsewhere', 'sae': '" + SAE + "'}")
                .json();
        assertThat(elsewhere.at("/error/param").asText()).isEqualTo("sae");
        assertThat(elsewhere.at("/error/message").asText()).contains("read different places");
        String text = "'" + "whale ".repeat(1500) + "'";
        String way = "{'how': 'difference', 'strength': 1, 'texts': [" + text + "]}";
        JsonNode many =
                post(", 'ways': [" + String.join(", ", way, way, way) + "]").json();
        assertThat(many.at("/error/code").asText()).isEqualTo("context_length_exceeded");
        assertThat(many.at("/error/param").asText()).isEqualTo("ways");
        JsonNode one = post(", 'way': {'how': 'difference', 'strength': 1, 'texts': ['" + "whale ".repeat(9000) + "']}")
                .json();
        assertThat(one.at("/error/param").asText()).isEqualTo("way.texts[0]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                ", 'way': 'decode' | way.how | There is no such way",
                ", 'way': {'terms': 3} | way.how | is missing",
                ", 'way': {'how': 'encode', 'strength': 1} | way.strength | does not have the setting. (way: encode",
                ", 'ways': ['encode', {'how': 'nearest', 'enough': 0.1}] | ways[1].enough | does not have the setting",
                ", 'ways': [{'how': 'encode', 'factr': 1}] | ways[0].factr | There is no such field",
                ", 'ways': ['encode'], 'way': 'encode' | ways | one way, or a list",
                ", 'ways': [] | ways | one way, or a list",
                ", 'terms': 0 | terms | 1 to 100",
                ", 'ways': ['encode', {'how': 'pursuit', 'terms': 101}] | ways[1].terms | 1 to 100",
                ", 'way': {'how': 'pursuit', 'enough': -1} | way.enough | 0 or more, below 1",
                ", 'way': {'how': 'scaled', 'strength': 0} | way.strength | At strength 0",
                ", 'way': {'how': 'scaled', 'strength': 'much'} | way.strength | not a valid strength",
                ", 'way': {'how': 'difference', 'texts': ['a']} | way.strength | needs a strength",
                ", 'way': {'how': 'difference', 'strength': 1} | way.texts | one source of activations",
                ", 'way': {'how': 'difference', 'strength': 1, 'positive': 'a'} | way.texts | one source of activations",
                ", 'way': {'how': 'difference', 'strength': 1, 'texts': ['a'], 'messages': []} | way.texts | one source",
                ", 'way': {'how': 'difference', 'strength': 1, 'messages': [{'role': 1}]} | way.messages[0] | wrong type",
                ", 'wayss': [] | wayss | There is no such field"
            })
    void what_a_way_does_not_have_is_refused_with_its_path(String more, String param, String message) {
        TestServer.Reply reply = post(more);
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.json().at("/error/param").asText()).as(reply.body()).isEqualTo(param);
        assertThat(reply.json().at("/error/message").asText()).contains(message);
    }
}
