package dev.pintle.cli;

import dev.pintle.model.Decoding;
import dev.pintle.model.GenerationRequest;
import java.util.List;

/**
 * How an answer is decoded, and what ends it besides the model's own stop tokens.
 *
 * @param stopStrings strings that end the text; they are not part of it
 */
record AnswerSettings(Decoding decoding, List<String> stopStrings) {
    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException for an empty stop string, so that it is refused before a model is loaded
     */
    AnswerSettings {
        stopStrings = new GenerationRequest(new int[0], decoding, stopStrings).stopStrings();
    }

    /** A request for one answer. */
    GenerationRequest request(int[] prompt) {
        return new GenerationRequest(prompt, decoding, stopStrings);
    }
}
