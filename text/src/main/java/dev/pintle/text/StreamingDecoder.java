package dev.pintle.text;

import java.util.Arrays;

/*
 * A token may be part of a character, and a token's text may depend on the one before it: some tokenizers write a space
 * only between tokens. So every step decodes a window: the tokens written last, as context, and those still to be written.
 * Bytes that are no character yet decode to U+FFFD at the window's end and are held back. A character has at most four
 * bytes, so of a longer run of U+FFFD only the end may still become something. Tokenizers that fall back on bytes decode a
 * run of byte tokens as a whole, and while the run is unfinished even its first characters show as U+FFFD: then nothing is
 * written until the context reads as before.
 */
/**
 * Puts the text of a generation together token by token: whole characters only, never half of one. Not safe to use from
 * several threads at once.
 */
public final class StreamingDecoder {
    private static final char UNFINISHED = '\ufffd';
    private static final int MOST_UNFINISHED = 3;

    private final Tokenizer tokenizer;
    private final boolean skipSpecialTokens;
    private int[] window = new int[0];
    private int context;
    private String contextText = "";
    private int written;

    StreamingDecoder(Tokenizer tokenizer, boolean skipSpecialTokens) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
    }

    /**
     * The text that a further token completes: often a piece of a word, sometimes nothing yet. Embeddings may have more rows
     * than the tokenizer has tokens; an id of such a row has no text.
     */
    public String add(int id) {
        if (!tokenizer.knows(id)) {
            return "";
        }
        window = Arrays.copyOf(window, window.length + 1);
        window[window.length - 1] = id;
        String text = tokenizer.decode(window, skipSpecialTokens);
        int finished = text.length();
        while (finished > 0 && text.charAt(finished - 1) == UNFINISHED) {
            finished--;
        }
        boolean tooMany = window.length - context > MOST_UNFINISHED + 1;
        int end = tooMany ? Math.max(finished, text.length() - MOST_UNFINISHED) : finished;
        if (end <= written || !(tooMany || text.startsWith(contextText))) {
            return "";
        }
        String ready = text.substring(written, end);
        written = end;
        if (end == text.length()) {
            window = Arrays.copyOfRange(window, context, window.length);
            context = window.length;
            contextText = tokenizer.decode(window, skipSpecialTokens);
            written = contextText.length();
        }
        return ready;
    }

    /** What is held back at the end of a generation: U+FFFD for bytes that never became a character. */
    public String finish() {
        String text = tokenizer.decode(window, skipSpecialTokens);
        String rest = text.length() > written ? text.substring(written) : "";
        window = new int[0];
        context = 0;
        contextText = "";
        written = 0;
        return rest;
    }
}
