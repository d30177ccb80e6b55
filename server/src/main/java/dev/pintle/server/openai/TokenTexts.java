package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.model.GeneratedToken;
import dev.pintle.model.GeneratedToken.Alternative;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.text.TokenBytes;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Tokens with their log-probabilities, as OpenAI's clients read them. */
final class TokenTexts {
    private final TokenBytes bytes;

    TokenTexts(TokenBytes bytes) {
        this.bytes = bytes;
    }

    /** The text of a token; empty if its bytes are not whole characters. */
    String text(int id) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.of(id)))
                    .toString();
        } catch (CharacterCodingException e) {
            return "";
        }
    }

    /** An entry of {@code logprobs.content}. */
    ObjectNode entry(GeneratedToken token) {
        ObjectNode entry = entry(token.id(), token.logProbability());
        ArrayNode top = entry.putArray("top_logprobs");
        token.alternatives().forEach(other -> top.add(entry(other.id(), other.logProbability())));
        return entry;
    }

    private ObjectNode entry(int id, double logProbability) {
        ObjectNode entry = Json.object();
        entry.put("token", text(id));
        JsonNumbers.put(entry, "logprob", logProbability);
        ArrayNode raw = entry.putArray("bytes");
        for (byte one : bytes.of(id)) {
            raw.add(Byte.toUnsignedInt(one));
        }
        return entry;
    }

    /** Alternatives by text, as completions give them. */
    ObjectNode byText(List<Alternative> alternatives) {
        ObjectNode all = Json.object();
        alternatives.forEach(other -> JsonNumbers.put(all, text(other.id()), other.logProbability()));
        return all;
    }
}
