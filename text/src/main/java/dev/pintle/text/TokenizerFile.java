package dev.pintle.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.GitLfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A parsed {@code tokenizer.json}: its vocabulary, its special tokens, and the tree for the native tokenizer. */
final class TokenizerFile {
    private static final long MAX_BYTES = 128L << 20;
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(8_000_000, 32, 16 << 20);

    private final Path path;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, String> tokens = new HashMap<>();
    private final Map<String, Integer> specialTokens = new LinkedHashMap<>();
    private int highestId = -1;
    private @Nullable TokenizerWork work;
    private @Nullable ObjectNode first;

    private TokenizerFile(Path path) {
        this.path = path;
    }

    static TokenizerFile read(Path path) {
        GitLfs.requireContent(path);
        TokenizerFile file = new TokenizerFile(path);
        ObjectNode root = file.parse();
        file.first = root;
        JsonNode vocabulary = root.path("model").path("vocab");
        if (vocabulary.isObject()) {
            vocabulary
                    .properties()
                    .forEach(entry -> file.add(entry.getKey(), entry.getValue().asInt()));
        } else {
            for (int id = 0; id < vocabulary.size(); id++) {
                file.add(vocabulary.get(id).path(0).asText(), id);
            }
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
        highestId = Math.max(highestId, id);
    }

    private ObjectNode parse() {
        if (Files.notExists(path) || Files.isDirectory(path)) {
            throw new TokenizerException(
                    "There is no tokenizer here.",
                    null,
                    "file",
                    path.toString(),
                    "try",
                    "a model folder that contains tokenizer.json (tokenizer.model alone is not supported)");
        }
        try {
            JsonNode root = ForeignJson.read(ForeignFile.bytes(path, MAX_BYTES), LIMITS);
            if (!(root instanceof ObjectNode object)) {
                throw new TokenizerException(
                        "The tokenizer file is not a JSON object.",
                        null,
                        "file",
                        path.toString(),
                        "try",
                        "download it again");
            }
            JsonNode vocabulary = root.path("model").path("vocab");
            if (!vocabulary.isObject() && !vocabulary.isArray()) {
                throw new TokenizerException(
                        "The tokenizer has no vocabulary.", null, "file", path.toString(), "expected", "model.vocab");
            }
            object.putNull("truncation");
            object.putNull("padding");
            ((ObjectNode) object.path("model")).put("type", TokenizerCheck.typeOf(object.path("model")));
            work = TokenizerCheck.of(object, path);
            return object;
        } catch (JsonProcessingException e) {
            throw new TokenizerException(
                    "The tokenizer file is damaged.",
                    e,
                    "file",
                    path.toString(),
                    "not JSON at",
                    ForeignJson.place(e),
                    "found",
                    ForeignJson.why(e),
                    "try",
                    "download it again");
        } catch (IOException e) {
            throw new TokenizerException(
                    "The tokenizer file cannot be read.", e, "file", path.toString(), "found", ForeignFile.why(e));
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

    int highestId() {
        return highestId;
    }

    Map<String, Integer> specialTokens() {
        return specialTokens;
    }

    /** The worst-case work of this tokenizer on a text. */
    TokenizerWork work() {
        return Objects.requireNonNull(work, "no file was read");
    }

    /**
     * The tree for the native tokenizer: the file without truncation and padding, which transformers disables as well.
     * Can only be taken once, because the tree is large.
     */
    ObjectNode root() {
        ObjectNode root = first;
        first = null;
        return root == null ? parse() : root;
    }

    /**
     * The same, with every special token renamed to something no user can type. Ids stay the same, because a token that
     * is also in the vocabulary is renamed there as well.
     */
    ObjectNode root(Map<String, String> newNames) {
        ObjectNode root = parse();
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
        return root;
    }
}
