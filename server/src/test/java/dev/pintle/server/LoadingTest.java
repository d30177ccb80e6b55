package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How models are loaded over HTTP. */
class LoadingTest {
    private static final String MODELS = "/pintle/v1/models/";

    @TempDir
    private Path folder;

    @Test
    void a_model_is_loaded_rounded_and_with_the_template_of_a_model() {
        try (TestServer server = TestServer.start(folder)) {
            assertThat(server.post(MODELS + "unload", "{'model': 'parley-7m', 'dtype': 'fp32'}")
                            .status())
                    .as("unloading takes no dtype")
                    .isEqualTo(400);
            assertThat(server.post(MODELS + "unload", "{'model': 'parley-7m'}").status())
                    .isEqualTo(204);
            refused(server, "'quantise': 'int3'", "quantise");
            refused(server, "'chat_template': '/etc/passwd'", "chat_template");
            String path = "/pintle/v1/jobs/"
                    + server.post(
                                    MODELS + "load",
                                    "{'model': 'parley-7m', 'dtype': 'fp32', 'device': 'cpu', 'quantise': 'int8',"
                                            + " 'chat_template': 'parley-7m'}")
                            .json()
                            .get("id")
                            .asText();
            server.get(path + "/events");
            assertThat(server.get(path).json().get("state").asText()).isEqualTo("finished");
            TestServer.Reply answer = server.post(
                    "/v1/chat/completions",
                    "{'model': 'parley-7m', 'max_tokens': 3, 'messages': [{'role': 'user', 'content': 'Hello'}]}");
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        }
    }

    private static void refused(TestServer server, String field, String param) {
        TestServer.Reply reply = server.post(MODELS + "load", "{'model': 'parley-7m', 'device': 'cpu', " + field + "}");
        assertThat(reply.status()).as(reply.body()).isEqualTo(400);
        assertThat(reply.json().at("/error/param").asText()).isEqualTo(param);
    }
}
