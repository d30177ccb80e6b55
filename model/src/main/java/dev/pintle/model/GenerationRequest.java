package dev.pintle.model;

import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Hook;
import java.util.ArrayList;
import java.util.List;

/**
 * A request to generate one row.
 *
 * @param prompt token ids, at least one
 * @param decoding how tokens are chosen
 * @param stopStrings strings that end the text; they are not part of it
 * @param hooks hooks for this row only, applied after those of the model's view; {@link Addition}s of many rows cost no
 *     more than one
 * @param reporting what is reported of each generated token
 */
public record GenerationRequest(
        int[] prompt, Decoding decoding, List<String> stopStrings, List<? extends Hook> hooks, Reporting reporting) {
    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException for an empty stop string
     */
    public GenerationRequest {
        stopStrings = List.copyOf(stopStrings);
        hooks = List.copyOf(hooks);
        StoppableText.require(stopStrings);
    }

    /** A request of which nothing more is reported. */
    public GenerationRequest(int[] prompt, Decoding decoding, List<String> stopStrings, List<? extends Hook> hooks) {
        this(prompt, decoding, stopStrings, hooks, Reporting.none());
    }

    /** A request without hooks of its own. */
    public GenerationRequest(int[] prompt, Decoding decoding, List<String> stopStrings) {
        this(prompt, decoding, stopStrings, List.of());
    }

    /** A request without stop strings, which only the model's own stop tokens end. */
    public static GenerationRequest of(int[] prompt, Decoding decoding) {
        return new GenerationRequest(prompt, decoding, List.of());
    }

    /** A copy with more hooks for this row only, applied after the existing ones. */
    public GenerationRequest with(Hook... more) {
        return with(List.of(more));
    }

    /** A copy with more hooks for this row only, applied after the existing ones. */
    public GenerationRequest with(List<? extends Hook> more) {
        List<Hook> all = new ArrayList<>(hooks);
        all.addAll(more);
        return new GenerationRequest(prompt, decoding, stopStrings, all, reporting);
    }

    /** A copy of which something else is reported. */
    public GenerationRequest reporting(Reporting what) {
        return new GenerationRequest(prompt, decoding, stopStrings, hooks, what);
    }
}
