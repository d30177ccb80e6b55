package dev.pintle.model;

import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvPart;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Keys and values of a token depend on the tokens up to it, and on what hooks did to them. So a node of the tree holds some
 * consecutive tokens together with the hooks that acted on each of them: themselves, not their names, since hooks are values.
 * The path from the root to a node is what its keys and values depend on. Whether a hook acts on a token is asked with the
 * prompt's length of the row that computed it, and again with that of the row that wants to begin with it: what was
 * generated in the last turn is part of the prompt in the next, and steering of generated tokens no longer acts on it.
 *
 * A path is touched from its end to its beginning, so that a node is always older than its parent, and the oldest is a leaf.
 */
/**
 * Keys and values of what rows have read and written, so that other rows that begin with the same tokens, steered in the same
 * way, need not compute them again. The least recently used go first. For one thread, and where chunks change no bit.
 */
final class PrefixCache {
    private static final int LEAST = 16; // tokens that are worth copying
    private static final int TOKENS = 16; // of a node

    private final ModelConfig config;
    private final long most; // nodes
    private final List<Node> top = new ArrayList<>();
    private final Set<Node> oldestFirst = new LinkedHashSet<>(); // by identity, as nodes are

    /** @param bytes that keys and values may take */
    PrefixCache(ModelConfig config, long bytes) {
        this.config = config;
        this.most = bytes / KvPart.bytes(config, TOKENS);
    }

    /** Bytes that the keys and values take. */
    long bytes() {
        return oldestFirst.size() * KvPart.bytes(config, TOKENS);
    }

    /** What a row can begin with: so many tokens of these parts. */
    record Beginning(List<KvPart> parts, int tokens) {
        static final Beginning NONE = new Beginning(List.of(), 0);
    }

    /** The longest beginning of a prompt that is kept, without its last token, whose logits are needed. */
    Beginning find(Sequence prompt) {
        List<KvPart> parts = new ArrayList<>();
        int tokens = 0;
        Node end = null;
        for (int common = TOKENS; common == TOKENS; tokens += common) {
            common = 0;
            Node best = null;
            for (Node child : childrenOf(end)) {
                int itsCommon = child.common(prompt, tokens);
                if (itsCommon > common) {
                    common = itsCommon;
                    best = child;
                }
            }
            if (best != null) {
                parts.add(best.part);
                end = best;
            }
        }
        int found = Math.min(tokens, prompt.tokens.length - 1);
        if (found < LEAST) {
            return Beginning.NONE;
        }
        touch(end);
        return new Beginning(parts, found);
    }

    /** Keeps what a row has computed for the tokens of a sequence. */
    void keep(Sequence sequence, KvRows rows, int row) {
        long whole = Math.min(most, Math.min(sequence.length(), rows.length(row)) / TOKENS);
        Node end = null;
        for (int from = 0; from < whole * TOKENS; from += TOKENS) {
            Node next = null;
            for (Node child : childrenOf(end)) {
                if (child.common(sequence, from) == TOKENS) {
                    next = child;
                }
            }
            if (next == null) {
                next = new Node(
                        end,
                        Arrays.copyOfRange(sequence.tokens, from, from + TOKENS),
                        List.copyOf(sequence.acting.subList(from, from + TOKENS)),
                        rows.part(row, from, from + TOKENS));
                childrenOf(end).add(next);
            }
            end = next;
        }
        touch(end);
        while (oldestFirst.size() > most) {
            Node oldest = oldestFirst.iterator().next();
            oldestFirst.remove(oldest);
            childrenOf(oldest.parent).remove(oldest);
        }
    }

    private List<Node> childrenOf(@Nullable Node node) {
        return node == null ? top : node.children;
    }

    private void touch(@Nullable Node end) {
        for (Node node = end; node != null; node = node.parent) {
            oldestFirst.remove(node);
            oldestFirst.add(node);
        }
    }

    /** The tokens of a row, and the hooks that act on each. */
    static final class Sequence {
        private final int[] tokens;
        private final List<List<Hook>> acting = new ArrayList<>(); // up to where a hook acts that is not repeatable

        /** @param hooks all that run on the row */
        Sequence(int[] tokens, List<? extends Hook> hooks, int promptLength) {
            this.tokens = tokens;
            List<Hook> last = List.of();
            for (int position = 0; position < tokens.length; position++) {
                List<Hook> here = new ArrayList<>();
                for (Hook hook : hooks) {
                    if (hook.actsOn(position, promptLength)) {
                        here.add(hook);
                    }
                }
                if (!here.stream().allMatch(Hook::isRepeatable)) {
                    break;
                }
                last = here.equals(last) ? last : List.copyOf(here);
                acting.add(last);
            }
        }

        private int length() {
            return acting.size();
        }

        /** Whether most of what two prompts need beyond so many tokens is the same. */
        boolean isMostlyThatOf(Sequence other, int beyond) {
            int common = beyond;
            while (common < Math.min(length(), other.length())
                    && tokens[common] == other.tokens[common]
                    && acting.get(common).equals(other.acting.get(common))) {
                common++;
            }
            return common - beyond >= Math.max(LEAST, (tokens.length - beyond) / 2);
        }
    }

    private static final class Node {
        private final @Nullable Node parent; // null at the top
        private final int[] tokens;
        private final List<List<Hook>> acting;
        private final KvPart part;
        private final List<Node> children = new ArrayList<>();

        Node(@Nullable Node parent, int[] tokens, List<List<Hook>> acting, KvPart part) {
            this.parent = parent;
            this.tokens = tokens;
            this.acting = acting;
            this.part = part;
        }

        /** Number of its first tokens that a sequence has from a position on. */
        int common(Sequence sequence, int from) {
            int count = 0;
            while (count < tokens.length
                    && from + count < sequence.length()
                    && tokens[count] == sequence.tokens[from + count]
                    && acting.get(count).equals(sequence.acting.get(from + count))) {
                count++;
            }
            return count;
        }
    }
}
