package dev.pintle.model;

import java.util.List;

/**
 * One row to generate.
 *
 * @param prompt token ids, at least one
 * @param decoding how tokens are chosen
 * @param stopStrings strings that end the text, which is cut before them
 */
public record GenerationRequest(int[] prompt, Decoding decoding, List<String> stopStrings) {
    /** A request that only the model's own stop tokens end. */
    public static GenerationRequest of(int[] prompt, Decoding decoding) {
        return new GenerationRequest(prompt, decoding, List.of());
    }
}
