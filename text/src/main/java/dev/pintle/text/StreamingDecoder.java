package dev.pintle.text;

import java.util.Arrays;

/*
 * A token may be part of a character, and its text may depend on the token before it: some tokenizers write a space
 * only between tokens. So every step decodes a window: the most recently emitted tokens, as context, and the pending
 * ones. Bytes that do not form a character yet decode to U+FFFD at the end of the window and are held back. A character
 * has at most four bytes, so only the end of a longer run of U+FFFD can still become something else. Tokenizers with
 * byte fallback decode a run of byte tokens as a whole, and until the run is complete even its first characters show as
 * U+FFFD; in that case nothing is emitted until the context decodes to the same text as before.
 */
/** Assembles generated text token by token, emitting complete characters only. Not thread-safe. */
public final class StreamingDecoder {
    private static final char UNFINISHED = '\ufffd';
    private static final int MAX_UNFINISHED = 3;

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
     * The text completed by one more token: often a piece of a word, sometimes empty. An embedding may have more rows
     * than the tokenizer has tokens; the ids of such rows have no text.
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
        boolean tooMany = window.length - context > MAX_UNFINISHED + 1;
        int end = tooMany ? Math.max(finished, text.length() - MAX_UNFINISHED) : finished;
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

    /** The text still held back at the end of a generation: U+FFFD for bytes that never completed a character. */
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
