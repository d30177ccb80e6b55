package dev.pintle.model;

import dev.pintle.transformer.Hook;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
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
 * way, need not compute them again. The least recently used go first. For one thread.
 *
 * @param <P> the keys and values of some consecutive tokens
 */
final class PrefixCache<P> {
    private final Grain grain;
    private final long most; // nodes
    private final Consumer<P> dropped;
    private final List<Node<P>> top = new ArrayList<>();
    private final Set<Node<P>> oldestFirst = new LinkedHashSet<>(); // by identity, as nodes are

    /**
     * What is kept together.
     *
     * @param tokens of a node
     * @param whole whether only whole nodes can be used: where chunks of other sizes would change bits
     */
    record Grain(int tokens, boolean whole) {
        private static final int LEAST = 16; // tokens that are worth copying
    }

    /**
     * @param most nodes that are kept
     * @param dropped told of what is no longer kept
     */
    PrefixCache(Grain grain, long most, Consumer<P> dropped) {
        this.grain = grain;
        this.most = most;
        this.dropped = dropped;
    }

    /** Number of nodes. */
    int size() {
        return oldestFirst.size();
    }

    /** What a row can begin with: so many tokens of these parts. */
    record Beginning<P>(List<P> parts, int tokens) {
        static <P> Beginning<P> none() {
            return new Beginning<>(List.of(), 0);
        }
    }

    /**
     * The longest beginning of a prompt that is kept, without its last token, which has to be run.
     */
    Beginning<P> find(Sequence prompt) {
        List<P> parts = new ArrayList<>();
        int tokens = 0;
        int needed = prompt.tokens.length - 1;
        Node<P> end = null;
        for (int common = grain.tokens; common == grain.tokens && tokens < needed; tokens += common) {
            common = 0;
            Node<P> best = null;
            for (Node<P> child : childrenOf(end)) {
                int its = Math.min(child.common(prompt, tokens), needed - tokens);
                if (its > common && (!grain.whole || its == grain.tokens)) {
                    common = its;
                    best = child;
                }
            }
            if (best != null) {
                parts.add(best.part);
                end = best;
            }
        }
        if (tokens < Grain.LEAST) {
            return Beginning.none();
        }
        touch(end);
        return new Beginning<>(parts, tokens);
    }

    /**
     * Keeps what a row has computed for the tokens of a sequence.
     *
     * @param computed number of the tokens that it has computed
     * @param part of the tokens from one position to another, exclusive
     */
    void keep(Sequence sequence, int computed, BiFunction<Integer, Integer, P> part) {
        int size = grain.tokens;
        long whole = Math.min(most, Math.min(sequence.length(), computed) / size);
        Node<P> end = null;
        for (int from = 0; from < whole * size; from += size) {
            Node<P> next = null;
            for (Node<P> child : childrenOf(end)) {
                if (child.common(sequence, from) == size) {
                    next = child;
                }
            }
            if (next == null) {
                next = new Node<>(
                        end,
                        Arrays.copyOfRange(sequence.tokens, from, from + size),
                        List.copyOf(sequence.acting.subList(from, from + size)),
                        part.apply(from, from + size));
                childrenOf(end).add(next);
            }
            end = next;
        }
        touch(end);
        while (oldestFirst.size() > most) {
            dropOldest();
        }
    }

    /** Drops what was used least recently; false if nothing is kept. */
    boolean dropOldest() {
        if (oldestFirst.isEmpty()) {
            return false;
        }
        Node<P> oldest = oldestFirst.iterator().next();
        oldestFirst.remove(oldest);
        childrenOf(oldest.parent).remove(oldest);
        dropped.accept(oldest.part);
        return true;
    }

    private List<Node<P>> childrenOf(@Nullable Node<P> node) {
        return node == null ? top : node.children;
    }

    private void touch(@Nullable Node<P> end) {
        for (Node<P> node = end; node != null; node = node.parent) {
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
            return common - beyond >= Math.max(Grain.LEAST, (tokens.length - beyond) / 2);
        }
    }

    private static final class Node<P> {
        private final @Nullable Node<P> parent; // null at the top
        private final int[] tokens;
        private final List<List<Hook>> acting;
        private final P part;
        private final List<Node<P>> children = new ArrayList<>();

        Node(@Nullable Node<P> parent, int[] tokens, List<List<Hook>> acting, P part) {
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
