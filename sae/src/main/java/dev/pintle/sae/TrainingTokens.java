package dev.pintle.sae;

import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.text.Tokenizer;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The token sequences that an autoencoder was trained on, as far as its files say. An autoencoder has never seen what its
 * training left out, and its latents of that mean little: most were trained on sequences that start with a BOS token, whose
 * own activation is unlike all others.
 *
 * @param startWithBos whether each sequence started with the BOS token; null if the files do not say
 * @param contextSize tokens per sequence; 0 if the files do not say
 * @param positions the positions that were trained on, as a Python slice such as {@code 1:-1}; empty for all
 */
public record TrainingTokens(@Nullable Boolean startWithBos, int contextSize, String positions) {
    /** Nothing is known. */
    public static final TrainingTokens UNKNOWN = new TrainingTokens(null, 0, "");

    private static final String END_OF_TEXT = "<|endoftext|>";

    /**
     * The token to put before a plain text so that it starts like the sequences of the training; empty if it does already, or
     * the files do not say. Some tokenizers, GPT-2's and Pythia's among them, add none themselves.
     *
     * @param ids the text's tokens, as the model's tokenizer encodes them
     */
    public OptionalInt missingStart(int[] ids, Tokenizer tokenizer) {
        OptionalInt start = startId(tokenizer);
        boolean missing = Boolean.TRUE.equals(startWithBos)
                && start.isPresent()
                && (ids.length == 0 || ids[0] != start.getAsInt());
        return missing ? start : OptionalInt.empty();
    }

    /** A prompt's tokens, after {@link #missingStart} if it is plain text and one is missing. */
    public TokenizedPrompt started(TokenizedPrompt prompt, Tokenizer tokenizer) {
        OptionalInt start = missingStart(prompt.ids(), tokenizer);
        return start.isPresent() && prompt.prompt().ending() == Prompt.Ending.PLAIN
                ? prompt.after(start.getAsInt())
                : prompt;
    }

    /** What TransformerLens takes for BOS: that of the tokenizer, or else its EOS, or else {@code <|endoftext|>}. */
    static OptionalInt startId(Tokenizer tokenizer) {
        if (tokenizer.bosId().isPresent()) {
            return tokenizer.bosId();
        }
        if (tokenizer.eosId().isPresent()) {
            return tokenizer.eosId();
        }
        Integer id = tokenizer.specialTokens().get(END_OF_TEXT);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** A text's tokens with {@link #missingStart} before them, if one is missing. */
    public int[] started(int[] ids, Tokenizer tokenizer) {
        OptionalInt start = missingStart(ids, tokenizer);
        if (start.isEmpty()) {
            return ids;
        }
        int[] all = new int[ids.length + 1];
        all[0] = start.getAsInt();
        System.arraycopy(ids, 0, all, 1, ids.length);
        return all;
    }
}
