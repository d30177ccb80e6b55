package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.testkit.ChildJvm;
import dev.pintle.testkit.Soak;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What connections cost and leave, clients that are slow to ask, and models that are unloaded under them. */
class ConnectionsTest {
    private static final String ASK =
            "{'model': 'parley-7m', 'temperature': 0, 'messages': [{'role': 'user', 'content':"
                    + " 'Tell me about the whale.'}]}";
    private static final String ANSWER = "The whale is blue. The whale is a huge animal.";
    private static final int CONNECTIONS = Soak.times(2000, 20_000);

    @TempDir
    Path folder = Path.of("");

    private static String answered(TestServer.Reply reply) {
        return reply.json().at("/choices/0/message/content").asText();
    }

    // ---------------------------------------------------------------- many

    private static long openFiles() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pintle-server"))
                .count();
    }

    private static void callOnce(int port) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream()
                    .write("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.UTF_8));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void thousands_of_connections_one_after_the_other_leave_no_file_and_no_thread() throws Exception {
        assumeThat(Path.of("/proc/self/fd")).exists();
        try (TestServer server = TestServer.start(folder)) {
            int port = server.server().port();
            for (int i = 0; i < 100; i++) {
                callOnce(port);
            }
            long files = openFiles();
            long threads = threads();
            for (int i = 0; i < CONNECTIONS; i++) {
                callOnce(port);
            }
            for (int i = 0; i < 600 && openFiles() > files + 10; i++) { // the last ones may still be closing
                Thread.sleep(50);
            }
            assertThat(openFiles()).isLessThanOrEqualTo(files + 10);
            assertThat(threads()).isLessThanOrEqualTo(threads + 10);
            assertThat(server.server().running()).isZero();
        }
    }

    // ---------------------------------------------------------------- slow

    /** In a JVM of its own, since the JDK's server reads once how long a request may take to arrive. */
    @Test
    @Tag("slow")
    void a_client_that_sends_a_byte_at_a_time_is_cut_off_and_neighbours_lose_nothing() {
        ChildJvm child = ChildJvm.run(
                SlowClients.class,
                List.of("--add-modules=jdk.incubator.vector", "-Xmx512m", "-Dsun.net.httpserver.maxReqTime=2"),
                Map.of(),
                120,
                folder.toString());
        assertThat(child.output()).contains("12 cut off, neighbours have their answers, 0 requests run");
        assertThat(child.status()).isZero();
    }

    /** Serves slow clients, half of them slow in the header, half in the body. */
    static final class SlowClients {
        private static final int EACH = 6;

        private SlowClients() {}

        public static void main(String[] arguments) throws Exception {
            try (TestServer server = TestServer.start(Path.of(arguments[0]))) {
                int port = server.server().port();
                ExecutorService clients = Executors.newCachedThreadPool();
                List<Future<Boolean>> slow = new ArrayList<>();
                for (int i = 0; i < EACH; i++) {
                    slow.add(clients.submit(() -> isCutOff(port, "", "POST /v1/chat/completions HTTP/1.1\r\n")));
                    slow.add(clients.submit(() -> isCutOff(
                            port,
                            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: 100000\r\n\r\n",
                            "{\"model\": \"parley-7m\"")));
                }
                boolean whole = true;
                while (slow.stream().anyMatch(one -> !one.isDone())) {
                    whole &= answered(server.post("/v1/chat/completions", ASK)).equals(ANSWER);
                    Thread.sleep(100);
                }
                int cut = 0;
                for (Future<Boolean> one : slow) {
                    cut += one.get() ? 1 : 0;
                }
                for (int i = 0; i < 200 && server.server().running() > 0; i++) {
                    Thread.sleep(50);
                }
                clients.shutdownNow();
                System.out.println(cut + " cut off, neighbours " + (whole ? "have" : "lack") + " their answers, "
                        + server.server().running() + " requests run");
            }
        }

        /** Sends bytes until the server has closed the connection; false if that takes a minute. */
        private static boolean isCutOff(int port, String atOnce, String slowly) throws Exception {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                OutputStream out = socket.getOutputStream();
                out.write(atOnce.getBytes(StandardCharsets.UTF_8));
                socket.setSoTimeout(1);
                for (int i = 0; i < 300; i++) {
                    out.write(slowly.charAt(Math.min(i, slowly.length() - 1)));
                    Thread.sleep(200);
                    try {
                        if (socket.getInputStream().read() < 0) {
                            return true;
                        }
                    } catch (java.net.SocketTimeoutException e) {
                        continue; // still open
                    }
                }
                return false;
            } catch (SocketException e) {
                return true; // reset
            }
        }
    }

    // ---------------------------------------------------------------- unloaded

    @Test
    @Tag("slow")
    void a_request_to_a_model_that_is_being_unloaded_has_its_whole_answer_or_is_refused() throws Exception {
        try (TestServer server = TestServer.start(folder)) {
            AtomicInteger answered = new AtomicInteger();
            AtomicInteger refused = new AtomicInteger();
            ExecutorService clients = Executors.newFixedThreadPool(8);
            for (int round = 0; round < Soak.times(3, 20); round++) {
                AtomicBoolean going = new AtomicBoolean(true);
                List<Future<?>> asking = new ArrayList<>();
                for (int client = 0; client < 8; client++) {
                    int kind = client % 4;
                    asking.add(clients.submit(() -> {
                        while (going.get()) {
                            (isAnswered(server, kind) ? answered : refused).incrementAndGet();
                        }
                    }));
                }
                int enough = answered.get() + 20;
                while (answered.get() < enough && asking.stream().noneMatch(Future::isDone)) {
                    Thread.sleep(1);
                }
                assertThat(server.post("/pintle/v1/models/unload", "{'model': 'parley-7m'}")
                                .status())
                        .isEqualTo(204);
                enough = refused.get() + 8;
                while (refused.get() < enough && asking.stream().noneMatch(Future::isDone)) {
                    Thread.sleep(1);
                }
                going.set(false);
                for (Future<?> one : asking) {
                    one.get();
                }
                load(server);
            }
            clients.shutdown();
            assertThat(refused.get()).isPositive();
            assertThat(answered(server.post("/v1/chat/completions", ASK))).isEqualTo(ANSWER);
        }
    }

    /** Whether a request had its answer, whole; otherwise it was refused, with a reason. */
    private static boolean isAnswered(TestServer server, int kind) {
        TestServer.Reply reply = switch (kind) {
            case 0 -> server.post("/v1/chat/completions", ASK);
            case 1 ->
                server.post(
                        "/v1/chat/completions",
                        ASK.substring(0, ASK.length() - 1)
                                + ", 'steering': [{'sae': 'parley-7m-sae-l3', 'latent': 146, 'value': 0}]}");
            case 2 -> server.post("/pintle/v1/score", "{'model': 'parley-7m', 'text': 'The whale is blue.'}");
            default ->
                server.post(
                        "/v1/completions",
                        "{'model': 'parley-7m', 'prompt': 'The whale', 'max_tokens': 0, 'echo': true, 'logprobs':"
                                + " 1}");
        };
        JsonNode json = reply.json();
        if (json.has("error")) {
            assertThat(json.at("/error/code").asText())
                    .as(reply.body())
                    .isIn("model_not_found", "model_unloaded", "shutting_down", "cancelled");
            return false;
        }
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        if (kind < 2) {
            assertThat(answered(reply)).isEqualTo(ANSWER);
        }
        return true;
    }

    private static void load(TestServer server) {
        JsonNode job = server.post("/pintle/v1/models/load", "{'model': 'parley-7m', 'dtype': 'fp32', 'device': 'cpu'}")
                .json();
        String path = "/pintle/v1/jobs/" + job.get("id").asText();
        server.get(path + "/events");
        assertThat(server.get(path).json().get("state").asText()).isEqualTo("finished");
    }
}
