package dev.pintle.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.text.Message;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A service with OpenAI's {@code POST /chat/completions} API: OpenAI itself, vLLM, llama.cpp's server, Ollama, and many
 * more.
 *
 * @param base base URL including the version, such as {@code https://api.openai.com/v1}
 * @param model the service's name for the model
 * @param key sent as a bearer token if set
 * @param patience maximum wait for one response
 */
public record ChatEndpoint(URI base, String model, Secret key, Duration patience) {
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(500_000, 100, 4 << 20);
    private static final long MAX_ANSWER_BYTES = 4 << 20;
    private static final int MAX_ATTEMPTS = 3;
    private static final Duration MAX_PAUSE = Duration.ofSeconds(30);
    private static final BoundedHttp HTTP = new BoundedHttp();

    /** The service's answer, or why there is none. */
    public sealed interface Said {
        /** The text of the answer, not empty. */
        record Text(String text) implements Said {}

        /**
         * @param why in words, without the key
         */
        record Nothing(String why) implements Said {}
    }

    /**
     * An endpoint configured by {@code OPENAI_BASE_URL} and {@code OPENAI_API_KEY}.
     *
     * @param url overrides the variable, unless it is ""
     * @throws IllegalArgumentException if there is no valid URL
     */
    public static ChatEndpoint of(String url, String model, Map<String, String> variables) {
        String address = url.isBlank() ? variables.getOrDefault("OPENAI_BASE_URL", "") : url;
        return new ChatEndpoint(
                WebAddress.require(address, "the address of a chat service, such as http://127.0.0.1:8080/v1"),
                model,
                new Secret(variables.getOrDefault("OPENAI_API_KEY", "")),
                Duration.ofSeconds(60));
    }

    /**
     * Requests one answer at temperature 0. A busy server is retried, up to three attempts in total.
     *
     * @param maxTokens maximum number of tokens in the answer
     */
    public Said ask(List<Message> messages, int maxTokens) {
        String last = "";
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            Reply reply = HTTP.post(
                    URI.create(base + "/chat/completions"),
                    key.isSet() ? Map.of("Authorization", "Bearer " + key.value()) : Map.of(),
                    body(messages, maxTokens),
                    new BoundedHttp.Limits(patience, MAX_ANSWER_BYTES));
            if (reply instanceof Reply.Failure failure) {
                return new Said.Nothing(failure.why());
            }
            Reply.Answer answer = (Reply.Answer) reply;
            if (answer.isOk()) {
                return read(answer.body());
            }
            last = "status " + answer.status();
            boolean busy = Set.of(429, 502, 503, 504).contains(answer.status());
            if (!busy
                    || attempt == MAX_ATTEMPTS - 1
                    || !pause(answer.retryAfter().orElse(Duration.ofSeconds(1L << attempt)))) {
                break;
            }
        }
        return new Said.Nothing(last);
    }

    private static boolean pause(Duration asked) {
        if (asked.compareTo(MAX_PAUSE) > 0) {
            return false;
        }
        try {
            TimeUnit.MILLISECONDS.sleep(asked.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private String body(List<Message> messages, int maxTokens) {
        ObjectNode body = Json.object().put("model", model);
        ArrayNode turns = body.putArray("messages");
        messages.forEach(m -> turns.addObject().put("role", m.role()).put("content", m.content()));
        body.put("temperature", 0).put("max_tokens", maxTokens).put("stream", false);
        return body.toString();
    }

    private static Said read(byte[] body) {
        try {
            JsonNode content = ForeignJson.read(body, LIMITS).at("/choices/0/message/content");
            if (content.isTextual() && !content.textValue().isBlank()) {
                return new Said.Text(content.textValue().strip());
            }
            return new Said.Nothing("a response without text");
        } catch (JsonProcessingException e) {
            return new Said.Nothing("a response that is not JSON");
        }
    }
}
