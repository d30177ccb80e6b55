package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The calls of docs/server.md answer, and its table has every route. */
class ServerDocumentTest {
    private static final Pattern CALL =
            Pattern.compile("curl (?:-X (\\w+) )?http://127\\.0\\.0\\.1:8080(\\S+) [^']*'[^']*' -d '([^']+)'");

    @TempDir
    Path folder = Path.of("");

    @Test
    void every_call_of_the_document_is_answered() throws IOException {
        String text = Files.readString(Golden.parley().resolve("../../docs/server.md"));
        int calls = 0;
        try (TestServer server = TestServer.start(folder)) {
            Matcher call = CALL.matcher(text);
            while (call.find()) {
                String method = call.group(1) == null ? "POST" : call.group(1);
                TestServer.Reply reply = server.send(method, call.group(2), call.group(3), Map.of());
                assertThat(reply.status())
                        .as(call.group() + "\n" + reply.body())
                        .isIn(200, 202);
                calls++;
            }
        }
        assertThat(calls).isEqualTo(8);
    }
}
