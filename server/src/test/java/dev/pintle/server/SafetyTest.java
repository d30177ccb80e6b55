package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.library.Library;
import dev.pintle.model.EngineOptions;
import dev.pintle.server.http.ApiKeys;
import dev.pintle.server.http.Front;
import dev.pintle.tensor.DType;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may reach the server, and what a caller can make of it. */
class SafetyTest {
    @TempDir
    Path folder = Path.of("");

    private TestServer server(ApiKeys keys, Front.Names names) {
        return TestServer.start(
                folder,
                DType.FP32,
                new ServerSettings(
                        new InetSocketAddress("127.0.0.1", 0),
                        keys,
                        names,
                        EngineOptions.DEFAULT.waiting(4),
                        false,
                        Duration.ofSeconds(1),
                        line -> {}));
    }

    private static String raw(TestServer server, String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.server().port())) {
            socket.setSoTimeout(60_000);
            OutputStream out = socket.getOutputStream();
            out.write(request.getBytes(StandardCharsets.UTF_8));
            out.flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void only_known_hosts_and_origins_and_only_json() throws IOException {
        Front.Names names = new Front.Names(List.of("gpu-box"), List.of("https://chat.example"));
        try (TestServer server = server(ApiKeys.none(), names)) {
            for (String host : List.of("localhost:1", "127.0.0.1", "[::1]:8080", "GPU-box:80", "192.168.1.4")) {
                assertThat(raw(server, get(host, ""))).as(host).startsWith("HTTP/1.1 200");
            }
            assertThat(raw(server, get("evil.example", "")))
                    .startsWith("HTTP/1.1 403")
                    .contains("host_not_allowed");
            assertThat(raw(server, get("localhost.evil.example", ""))).startsWith("HTTP/1.1 403");
            assertThat(raw(server, get("localhost", "Origin: https://evil.example\r\n")))
                    .startsWith("HTTP/1.1 403")
                    .contains("origin_not_allowed")
                    .doesNotContain("Access-control");
            assertThat(raw(server, get("localhost", "Origin: null\r\n"))).startsWith("HTTP/1.1 403");
            assertThat(raw(server, get("localhost", "Origin: https://chat.example\r\n")))
                    .startsWith("HTTP/1.1 200")
                    .containsIgnoringCase("Access-Control-Allow-Origin: https://chat.example");
            assertThat(raw(server, get("localhost", "Origin: http://localhost\r\n")))
                    .startsWith("HTTP/1.1 200");
            for (String type : List.of("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")) {
                assertThat(server.send("POST", "/v1/chat/completions", "{}", Map.of("Content-Type", type))
                                .status())
                        .isEqualTo(415);
            }
        }
    }

    private static String get(String host, String header) {
        return "GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\n" + header + "Connection: close\r\n\r\n";
    }

    @Test
    void keys_are_needed_and_have_scopes() throws IOException {
        Path file = folder.resolve("keys");
        Files.writeString(
                file,
                "# keys\nreader-0123456789abc read\nci: writer-0123456789abc read generate\nowner-0123456789abcd\n");
        try (TestServer server = server(ApiKeys.read(file), new Front.Names(List.of(), List.of()))) {
            assertThat(server.get("/health").status()).isEqualTo(200);
            assertThat(server.get("/v1/models").status()).isEqualTo(401);
            assertThat(server.get("/v1/models").json().at("/error/code").asText())
                    .isEqualTo("invalid_api_key");
            Map<String, String> reader = Map.of("Authorization", "Bearer reader-0123456789abc");
            assertThat(server.send("GET", "/v1/models", null, reader).status()).isEqualTo(200);
            assertThat(server.send("POST", "/v1/chat/completions", "{}", reader).status())
                    .isEqualTo(403);
            TestServer.Reply told = server.send("GET", "/pintle/v1/server", null, reader);
            assertThat(told.json().at("/limits/keys").toString())
                    .isEqualTo(
                            "[{\"name\":null,\"scopes\":[\"read\"]},{\"name\":\"ci\",\"scopes\":[\"read\",\"generate\"]},"
                                    + "{\"name\":null,\"scopes\":[\"read\",\"generate\",\"manage\"]}]");
            assertThat(told.body()).doesNotContain("0123456789");
            Map<String, String> writer = Map.of("Authorization", "Bearer writer-0123456789abc");
            assertThat(server.send("DELETE", "/pintle/v1/names/other", null, writer)
                            .status())
                    .isEqualTo(403);
            Map<String, String> owner = Map.of("Authorization", "Bearer owner-0123456789abcd");
            assertThat(server.send("DELETE", "/pintle/v1/names/other", null, owner)
                            .status())
                    .isEqualTo(204);
            assertThat(server.send("GET", "/v1/models", null, Map.of("Authorization", "Bearer owner-0123456789abcX"))
                            .status())
                    .isEqualTo(401);
        }
    }

    @Test
    void two_keys_of_one_name_and_a_name_without_a_key_are_refused() throws IOException {
        Path file = folder.resolve("keys");
        Files.writeString(file, "ci: reader-0123456789abc\nci: writer-0123456789abc\n");
        assertThatThrownBy(() -> ApiKeys.read(file)).hasMessage("""
                Two API keys have one name.
                  where: %s, line 2
                  name:  ci""".formatted(file));
        Files.writeString(file, "a-name-that-is-long:\n");
        assertThatThrownBy(() -> ApiKeys.read(file)).hasMessage("""
                An API key is too short.
                  where:    %s, line 1
                  expected: at least 16 characters""".formatted(file));
    }

    @Test
    void other_machines_need_a_key_and_keys_need_length() {
        ServerSettings open = new ServerSettings(
                new InetSocketAddress("0.0.0.0", 0),
                ApiKeys.none(),
                new Front.Names(List.of(), List.of()),
                EngineOptions.DEFAULT.waiting(4),
                false,
                Duration.ofSeconds(1),
                line -> {});
        try (Library library = Library.open(folder)) {
            assertThatThrownBy(() -> PintleServer.start(library, Map.of(), open))
                    .isInstanceOf(PintleException.class)
                    .hasMessageContaining("A server that other machines reach needs API keys.");
        }
        assertThatThrownBy(() -> ApiKeys.of("short")).hasMessageContaining("An API key is too short.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{ | 400 | invalid_json",
                "{'model': 'a', 'model': 'b'} | 400 | invalid_json",
                "[] | 400 | invalid_value",
                "nothing | 400 | invalid_json"
            })
    void bodies_that_are_no_requests_are_refused(String body, int status, String code) {
        try (TestServer server = server(ApiKeys.none(), new Front.Names(List.of(), List.of()))) {
            TestServer.Reply reply = server.post("/v1/chat/completions", body);
            assertThat(reply.status()).isEqualTo(status);
            assertThat(reply.json().at("/error/code").asText()).isEqualTo(code);
        }
    }

    @Test
    void deep_and_large_bodies_end_in_a_bounded_way() {
        try (TestServer server = server(ApiKeys.none(), new Front.Names(List.of(), List.of()))) {
            TestServer.Reply deep = server.post("/v1/chat/completions", "[".repeat(1000) + "]".repeat(1000));
            assertThat(deep.status()).isEqualTo(400);
            assertThatThrownBy(() -> {
                        TestServer.Reply large = server.post("/v1/chat/completions", "x".repeat(100 << 20));
                        if (large.status() == 413) {
                            throw new AssertionError("413"); // also right: the client may not see it, as it still sends
                        }
                    })
                    .isInstanceOf(AssertionError.class);
            assertThat(server.get("/health").status()).isEqualTo(200);
        }
    }

    @Test
    void paths_that_do_not_exist_say_what_does() {
        try (TestServer server = server(ApiKeys.none(), new Front.Names(List.of(), List.of()))) {
            assertThat(server.get("/v1/model").json().at("/error/message").asText())
                    .contains("/v1/models");
            assertThat(server.get("/v1/chat/completions").status()).isEqualTo(405);
            assertThat(server.post("/v1/embeddings", "{}")
                            .json()
                            .at("/error/code")
                            .asText())
                    .isEqualTo("not_supported");
            assertThat(server.get("/openapi.json").json().at("/paths").has("/v1/chat/completions"))
                    .isTrue();
            assertThat(server.get("/pintle/v1/vectors/..%2f..%2fetc%2fpasswd/file")
                            .status())
                    .isEqualTo(404);
        }
    }

    @Test
    @Tag("slow")
    void a_client_that_does_not_read_is_given_up_and_neighbours_lose_nothing() throws Exception {
        try (TestServer server = server(ApiKeys.none(), new Front.Names(List.of(), List.of()))) {
            String body = ("{" + TestServer.ENDLESS + ", 'stream': true, 'logprobs': true, 'top_logprobs': 20}")
                    .replace('\'', '"');
            try (Socket slow = new Socket()) {
                slow.setReceiveBufferSize(1024);
                slow.connect(new InetSocketAddress("127.0.0.1", server.server().port()));
                slow.getOutputStream()
                        .write(("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
                                        + " application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.UTF_8));
                slow.getOutputStream().flush();
                assertThat(server.post(
                                        "/v1/chat/completions",
                                        "{'model': 'parley-7m', 'temperature': 0, 'messages': [{'role': 'user', 'content':"
                                                + " 'Tell me about the whale.'}]}")
                                .json()
                                .at("/choices/0/message/content")
                                .asText())
                        .isEqualTo("The whale is blue. The whale is a huge animal.");
                server.awaitFree();
            }
        }
    }
}
