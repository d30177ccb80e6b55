package dev.pintle.sae.corpus;

import dev.pintle.text.ModelText;
import dev.pintle.text.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Cuts documents into the sequences that a model reads, and says which of their tokens count. */
public final class TextWindows {
    private final ModelText text;
    private final int window;
    private final Set<Role> roles;
    private final boolean specialTokens;
    private final OptionalInt start;
    private final OptionalInt bos;

    /**
     * @param text the model's tokenizer and chat template
     * @param window maximum number of tokens per sequence, at least 2; longer texts are split, and each piece starts with the
     *     BOS token if the text does
     * @param roles whose tokens count in conversations; all of a plain text counts. Without the system role, what the
     *     template writes before the first other message does not count either, since that may include a default system
     *     prompt
     * @param specialTokens whether special tokens count
     * @param start token to put before plain texts that do not begin with it; empty to read them as they are tokenized
     */
    public TextWindows(ModelText text, int window, Set<Role> roles, boolean specialTokens, OptionalInt start) {
        this.text = text;
        this.window = Math.max(2, window);
        this.roles = Set.copyOf(roles);
        this.specialTokens = specialTokens;
        this.start = start;
        this.bos = text.tokenizer().bosId().isPresent() ? text.tokenizer().bosId() : start;
    }

    /**
     * A piece of a document that the model reads as one sequence.
     *
     * @param ids the tokens
     * @param skip number of leading tokens (a repeated BOS token) that do not belong to this piece
     * @param counted which tokens count; never those skipped
     * @param document 0-based number of the document in the collection
     * @param from position in the document of the first token after those skipped
     */
    public record Window(int[] ids, int skip, boolean[] counted, long document, int from) {
        /** Position in its document of one of the tokens. */
        public int position(int token) {
            return from + token - skip;
        }

        /** How many tokens count. */
        public int count() {
            int count = 0;
            for (boolean counts : counted) {
                count += counts ? 1 : 0;
            }
            return count;
        }
    }

    /**
     * The windows of a document, in order.
     *
     * @param number of the document in its collection, from 0
     */
    public List<Window> of(Document document, long number) {
        int[] ids = document.tokens(text);
        if (document instanceof Document.Plain
                && start.isPresent()
                && (ids.length == 0 || ids[0] != start.getAsInt())) {
            int[] started = new int[ids.length + 1];
            started[0] = start.getAsInt();
            System.arraycopy(ids, 0, started, 1, ids.length);
            ids = started;
        }
        boolean[] counted = counted(document, ids);
        boolean begins = bos.isPresent() && ids.length > 0 && ids[0] == bos.getAsInt();
        List<Window> windows = new ArrayList<>();
        for (int from = 0; from < ids.length; ) {
            int lead = from > 0 && begins ? 1 : 0; // each piece starts with BOS, as a text does
            int count = Math.min(ids.length - from, window - lead);
            int[] piece = new int[count + lead];
            if (lead == 1) {
                piece[0] = ids[0];
            }
            System.arraycopy(ids, from, piece, lead, count);
            boolean[] pieceCounted = new boolean[piece.length];
            System.arraycopy(counted, from, pieceCounted, lead, count);
            windows.add(new Window(piece, lead, pieceCounted, number, from));
            from += count;
        }
        return windows;
    }

    private boolean[] counted(Document document, int[] ids) {
        boolean[] counted = new boolean[ids.length];
        List<Role> whose = roles.size() == Role.values().length ? List.of() : document.roles(text);
        boolean opened = whose.isEmpty() || roles.contains(Role.SYSTEM);
        for (int t = 0; t < ids.length; t++) {
            Role role = whose.isEmpty() ? Role.OTHER : whose.get(t);
            opened = opened || (role != Role.HEADER && role != Role.SYSTEM);
            counted[t] = (whose.isEmpty() || (opened && roles.contains(role)))
                    && (specialTokens || !text.tokenizer().isSpecial(ids[t]));
        }
        return counted;
    }
}
