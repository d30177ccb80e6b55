package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.text.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A conversation in a JSON file: {@code [{"role": "user", "content": "Hello"}]}. */
final class ChatFile {
    private ChatFile() {}

    static List<Message> read(Path file) {
        try {
            JsonNode root = Json.file(file);
            JsonNode array = root.isObject() ? root.path("messages") : root;
            List<Message> messages = new ArrayList<>();
            for (JsonNode message : array) {
                if (!message.path("role").isTextual()
                        || !message.path("content").isTextual()) {
                    throw unusable(file, "message " + messages.size() + " is " + Excerpt.of(message));
                }
                messages.add(new Message(
                        message.get("role").textValue(), message.get("content").textValue()));
            }
            if (messages.isEmpty()) {
                throw unusable(file, "no messages");
            }
            return messages;
        } catch (JsonProcessingException e) {
            throw unusable(file, "not JSON: " + ForeignJson.why(e));
        } catch (IOException e) {
            throw unusable(file, ForeignFile.why(e));
        }
    }

    private static RuntimeException unusable(Path file, String found) {
        return Problem.of("The conversation cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", "[{\"role\": \"user\", \"content\": \"…\"}, …]")
                .fact("but was", found)
                .toException();
    }
}
