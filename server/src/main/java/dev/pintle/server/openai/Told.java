package dev.pintle.server.openai;

import dev.pintle.model.GeneratedToken;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/*
 * Streamed tokens must be those of the whole reply. A token whose text is held back, since a stop string may have begun, is
 * held back with it. At the end, tokens that lie wholly in the stop string are left out.
 */
/** Which tokens may be told, as the text of an answer grows. */
final class Told {
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int raw; // length of the text of all tokens
    private int told; // length of the text that was emitted

    private record Waiting(GeneratedToken token, int start, int end) {}

    /**
     * Takes a token and the text that was emitted with it.
     *
     * @return the tokens that may be told now
     */
    List<GeneratedToken> add(GeneratedToken token, String emitted) {
        waiting.add(new Waiting(token, raw, raw + token.text().length()));
        raw += token.text().length();
        told += emitted.length();
        List<GeneratedToken> ready = new ArrayList<>();
        while (!waiting.isEmpty() && waiting.element().end <= told) {
            ready.add(waiting.remove().token);
        }
        return ready;
    }

    /**
     * Takes the last text, which came without a token.
     *
     * @return the remaining tokens of the text
     */
    List<GeneratedToken> finish(String emitted) {
        told += emitted.length();
        List<GeneratedToken> ready = new ArrayList<>();
        while (!waiting.isEmpty() && (waiting.element().end <= told || waiting.element().start < told)) {
            ready.add(waiting.remove().token);
        }
        return ready;
    }

    /** The tokens of a whole answer that may be told. */
    static List<GeneratedToken> of(List<GeneratedToken> tokens, String text) {
        Told told = new Told();
        List<GeneratedToken> all = new ArrayList<>();
        for (GeneratedToken token : tokens) {
            all.addAll(told.add(token, ""));
        }
        all.addAll(told.finish(text));
        return all;
    }
}
