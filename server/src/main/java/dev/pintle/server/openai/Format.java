package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.model.Generated;
import dev.pintle.model.GeneratedToken;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How an endpoint writes its choices. */
interface Format {
    /** The prefix of a reply's id. */
    String idPrefix();

    /** The reply's {@code object}. */
    String object(boolean streamed);

    /** The whole answer. */
    void whole(ObjectNode choice, String text, List<GeneratedToken> tokens);

    /**
     * A part of an answer.
     *
     * @param first whether it is the answer's first part
     */
    void part(ObjectNode choice, boolean first, String text, List<GeneratedToken> tokens);

    /** Whether log-probabilities are part of the choices, so that a token without text must be told. */
    boolean tellsTokens();

    /** OpenAI's word for why an answer ended. */
    static @Nullable String finishReason(Generated.StopReason reason) {
        return switch (reason) {
            case STOP_TOKEN, STOP_STRING -> "stop";
            case LENGTH, CONTEXT_FULL -> "length";
            case NOT_FINITE, CANCELLED -> null;
        };
    }
}
