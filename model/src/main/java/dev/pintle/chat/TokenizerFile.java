package dev.pintle.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** A {@code tokenizer.json}: its vocabulary, its special tokens, and the text that the native tokenizer reads. */
final class TokenizerFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path path;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, String> tokens = new HashMap<>();
    private final Map<String, Integer> specialTokens = new LinkedHashMap<>();

    private TokenizerFile(Path path) {
        this.path = path;
    }

    static TokenizerFile read(Path path) {
        TokenizerFile file = new TokenizerFile(path);
        JsonNode root = file.parse();
        JsonNode vocabulary = root.path("model").path("vocab");
        if (vocabulary.isObject()) {
            vocabulary
                    .fields()
                    .forEachRemaining(
                            entry -> file.add(entry.getKey(), entry.getValue().asInt()));
        } else if (vocabulary.isArray()) {
            for (int id = 0; id < vocabulary.size(); id++) {
                file.add(vocabulary.get(id).path(0).asText(), id);
            }
        } else {
            throw new TokenizerException(
                    "The tokenizer has no vocabulary.", null, "file", path.toString(), "expected", "model.vocab");
        }
        for (JsonNode added : root.path("added_tokens")) {
            String token = added.path("content").asText();
            file.add(token, added.path("id").asInt());
            if (added.path("special").asBoolean()) {
                file.specialTokens.put(token, added.path("id").asInt());
            }
        }
        return file;
    }

    private void add(String token, int id) {
        ids.put(token, id);
        tokens.put(id, token);
    }

    private JsonNode parse() {
        if (!Files.isRegularFile(path)) {
            throw new TokenizerException(
                    "There is no tokenizer here.",
                    null,
                    "file",
                    path.toString(),
                    "try",
                    "a model folder that holds tokenizer.json (tokenizer.model alone is not supported)");
        }
        try {
            JsonNode root = JSON.readTree(Files.readString(path));
            if (root.isObject()) {
                return root;
            }
            throw new TokenizerException(
                    "The tokenizer file is not a JSON object.",
                    null,
                    "file",
                    path.toString(),
                    "try",
                    "download it again");
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? "unknown"
                    : "line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new TokenizerException(
                    "The tokenizer file is damaged.",
                    e,
                    "file",
                    path.toString(),
                    "not JSON at",
                    place,
                    "try",
                    "download it again");
        } catch (IOException e) {
            throw new TokenizerException("The tokenizer file cannot be read.", e, "file", path.toString());
        }
    }

    Path path() {
        return path;
    }

    Map<String, Integer> ids() {
        return ids;
    }

    Map<Integer, String> tokens() {
        return tokens;
    }

    Map<String, Integer> specialTokens() {
        return specialTokens;
    }

    /** The file's text, without truncation and padding, which transformers switches off, too. */
    String text() {
        return write(plain());
    }

    /**
     * The file's text with every special token called something that no user can type. The ids stay, because a token that
     * is also in the vocabulary is renamed there as well.
     */
    String text(Map<String, String> newNames) {
        ObjectNode root = plain();
        for (JsonNode added : root.path("added_tokens")) {
            String name = newNames.get(added.path("content").asText());
            if (name != null) {
                ((ObjectNode) added).put("content", name);
            }
        }
        JsonNode vocabulary = root.path("model").path("vocab");
        newNames.forEach((token, name) -> {
            if (vocabulary instanceof ObjectNode byToken && byToken.has(token)) {
                byToken.set(name, byToken.remove(token));
            }
        });
        if (vocabulary.isArray()) {
            for (JsonNode piece : vocabulary) {
                String name = newNames.get(piece.path(0).asText());
                if (name != null) {
                    ((ArrayNode) piece).set(0, name);
                }
            }
        }
        return write(root);
    }

    private ObjectNode plain() {
        ObjectNode root = (ObjectNode) parse();
        root.putNull("truncation");
        root.putNull("padding");
        return root;
    }

    private String write(ObjectNode root) {
        try {
            return JSON.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new TokenizerException("The tokenizer file cannot be read.", e, "file", path.toString());
        }
    }
}
