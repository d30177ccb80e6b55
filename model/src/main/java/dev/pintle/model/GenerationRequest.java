package dev.pintle.model;

import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Hook;
import java.util.ArrayList;
import java.util.List;

/**
 * One row to generate.
 *
 * @param prompt token ids, at least one
 * @param decoding how tokens are chosen
 * @param stopStrings strings that end the text, which is cut before them
 * @param hooks what acts on this row alone, after the hooks of the model's view; {@link Addition}s of many rows cost one
 */
public record GenerationRequest(int[] prompt, Decoding decoding, List<String> stopStrings, List<? extends Hook> hooks) {
    /**
     * Keeps a copy of the lists.
     *
     * @throws IllegalArgumentException for an empty stop string
     */
    public GenerationRequest {
        stopStrings = List.copyOf(stopStrings);
        hooks = List.copyOf(hooks);
        StoppableText.require(stopStrings);
    }

    /** A request without hooks of its own. */
    public GenerationRequest(int[] prompt, Decoding decoding, List<String> stopStrings) {
        this(prompt, decoding, stopStrings, List.of());
    }

    /** A request that only the model's own stop tokens end. */
    public static GenerationRequest of(int[] prompt, Decoding decoding) {
        return new GenerationRequest(prompt, decoding, List.of());
    }

    /** The same with further hooks that act on this row alone, after those that it has. */
    public GenerationRequest with(Hook... more) {
        return with(List.of(more));
    }

    /** The same with further hooks that act on this row alone, after those that it has. */
    public GenerationRequest with(List<? extends Hook> more) {
        List<Hook> all = new ArrayList<>(hooks);
        all.addAll(more);
        return new GenerationRequest(prompt, decoding, stopStrings, all);
    }
}
