package dev.pintle.model;

import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/*
 * Matrix products of a short prompt do not fill a GPU, so several prompts in one pass take less time than one after another.
 * They are as long as each other or nearly: shorter ones are followed by padding, which no token before it attends to, so that
 * attention needs no mask. But a product's bits may depend on the number of tokens, so prompts run together only where the
 * exactness of answers has been given up.
 *
 * Only hooks that add a vector may act on padding: what others compute of it could be seen.
 */
/** Prompts that are run in one pass. */
record PromptGroup(List<Lane> lanes) {
    /** Tokens of a pass, padding included, at most. */
    static final int MOST_TOKENS = 2048;

    private static final int GRAIN = 64; // tokens by which a prompt may be longer than the one that has waited longest

    /**
     * The prompt that has waited longest, with others that are about as long; none if it has to be run by itself.
     *
     * @param waiting in the order of their arrival, not empty
     * @param fits whether so many rows can join together
     */
    static PromptGroup of(Collection<GenerationRow> waiting, List<Hook> hooks, Predicate<List<Lane>> fits) {
        List<Lane> chosen = new ArrayList<>();
        if (!hooks.stream().allMatch(Addition.class::isInstance)) {
            return new PromptGroup(chosen);
        }
        Lane first = new Lane(waiting.iterator().next(), false);
        int longest = (tokens(first) + GRAIN - 1) / GRAIN * GRAIN;
        if (!suits(first)) {
            return new PromptGroup(chosen);
        }
        List<Lane> others = waiting.stream()
                .skip(1)
                .map(row -> new Lane(row, false))
                .filter(lane -> suits(lane) && tokens(lane) <= longest)
                .sorted(Comparator.comparingInt(PromptGroup::tokens).reversed())
                .toList();
        chosen.add(first);
        for (Lane lane : others) {
            int width = Math.max(tokens(first), tokens(chosen.size() > 1 ? chosen.get(1) : lane));
            if ((chosen.size() + 1) * width > MOST_TOKENS) {
                break;
            }
            chosen.add(lane);
            if (!fits.test(chosen)) {
                chosen.remove(lane);
                break;
            }
        }
        return new PromptGroup(chosen.size() > 1 && fits.test(chosen) ? chosen : List.of());
    }

    private static boolean suits(Lane lane) {
        return Lane.count(lane.row()) == 1
                && tokens(lane) > 0
                && tokens(lane) <= SlotBatch.CHUNK
                && lane.hooks().stream().allMatch(Addition.class::isInstance);
    }

    /** Tokens that are run: all but the last. */
    private static int tokens(Lane lane) {
        return lane.promptLength() - 1;
    }

    boolean isEmpty() {
        return lanes.isEmpty();
    }

    /** Tokens of the longest prompt. */
    int width() {
        return lanes.stream().mapToInt(PromptGroup::tokens).max().orElse(0);
    }

    /**
     * Runs the prompts.
     *
     * @param cache empty; receives their keys and values, a row each
     */
    void run(ForwardPass forward, List<Hook> hooks, KvCache cache, Lane.Failures failures) {
        try (RowHooks own = Lane.hooksOf(lanes);
                TensorScope scope = TensorScope.open("run prompts")) {
            List<Hook> with = new ArrayList<>(hooks);
            with.add(own);
            int width = width();
            forward.run(
                    TokenBatch.of(lanes.stream()
                            .map(lane -> Arrays.copyOf(Arrays.copyOf(lane.prompt(), tokens(lane)), width))
                            .toList()),
                    RunOptions.reading().continuing(cache),
                    with,
                    Lane.each(lanes, Lane::promptLength),
                    Lane.each(lanes, Lane::index));
            Lane.fail(lanes, own, failures);
        }
    }
}
