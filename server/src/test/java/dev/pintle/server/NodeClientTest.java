package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's client for JavaScript, where .ci/install-test-tools has installed it. */
@Tag("slow")
class NodeClientTest {
    @TempDir
    Path folder = Path.of("");

    @Test
    void openai_for_javascript_chats_streams_steers_cancels_and_hears_of_errors() throws Exception {
        Path project = Golden.parley().resolve("../..").normalize();
        Path tools = project.resolve(".ci/node");
        assumeTrue(
                Files.isDirectory(tools.resolve("node_modules/openai")) && hasNode(),
                "needs node and the package openai: .ci/install-test-tools installs them");
        Path script = tools.resolve("openai.mjs"); // beside node_modules, where node looks for packages
        Files.copy(project.resolve("server/src/test/clients/openai.mjs"), script, StandardCopyOption.REPLACE_EXISTING);
        try (TestServer server = TestServer.start(folder)) {
            Process node = new ProcessBuilder("node", script.toString(), server.url())
                    .redirectErrorStream(true)
                    .start();
            String out = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(node.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(node.exitValue()).as(out).isZero();
            JsonNode said = Json.parse(out);
            String answer = "The whale is blue. The whale is a huge animal.";
            assertThat(said.get("text").asText()).isEqualTo(answer);
            assertThat(said.get("streamed").asText()).isEqualTo(answer);
            assertThat(said.get("choices").asInt()).isEqualTo(2);
            assertThat(said.get("logprobs").asInt()).isEqualTo(14);
            assertThat(said.get("usage").asInt()).isEqualTo(16 + 28);
            assertThat(said.get("streamedUsage").asInt()).isEqualTo(30);
            assertThat(said.get("steered").asText()).isNotEqualTo(answer);
            assertThat(said.get("acted").asInt()).isEqualTo(1);
            assertThat(said.get("error").toString())
                    .isEqualTo("{\"name\":\"BadRequestError\",\"status\":400,\"code\":\"unknown_parameter\",\"param\":"
                            + "\"steerin\"}");
            assertThat(said.get("streamError").asText()).contains("overflowed");
            assertThat(said.get("cancelled").asInt()).isEqualTo(1);
            server.awaitFree();
        }
    }

    private static boolean hasNode() throws InterruptedException {
        try {
            return new ProcessBuilder("node", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
