package dev.pintle.model;

import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.KvPart;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * Prompts are run without padding, those of one length together, so that their keys and values do not depend on other
 * prompts, and without what is known of them already; from then on all rows advance by one token per step. A row that ends makes room for the next prompt. Every
 * row's numbers have the same bits as if it were alone.
 */
/** Generates on a CPU for rows that join and leave while others decode. */
final class ContinuousBatch {
    private static final int MOST_ROWS = 64;
    private static final int MOST_PROMPT_TOKENS = 4096; // run at once
    private static final int FIRST_CAPACITY = 64; // tokens after a prompt for which there is room at first

    private final ForwardPass forward;
    private final ModelConfig config;
    private final List<Hook> hooks;
    private final Overflow overflow;
    private final boolean together;
    private final Limits limits;
    private final @Nullable PrefixCache<KvPart> prefixes;
    private final KvRows kept;
    private final List<Lane> active = new ArrayList<>(); // by row of `kept`
    private final List<Integer> next = new ArrayList<>(); // the token that each lane is fed
    private long reserved; // bytes of the longest that the active rows can become

    /**
     * What rows may take together; one row and its twin are allowed in any case.
     *
     * @param roomBytes of keys and values
     */
    record Limits(int mostRows, long roomBytes) {}

    /**
     * @param hooks of all rows, before their own
     * @param limits what rows may take together
     * @param together whether prompts of one length may be run together, and in parts
     * @param prefixes what prompts may begin with, if they may be run in parts; null for none
     */
    ContinuousBatch(
            ForwardPass forward,
            ModelConfig config,
            List<Hook> hooks,
            Overflow overflow,
            boolean together,
            Limits limits,
            @Nullable PrefixCache<KvPart> prefixes) {
        this.forward = forward;
        this.config = config;
        this.hooks = hooks;
        this.overflow = overflow;
        this.together = together;
        this.limits = limits;
        this.prefixes = prefixes;
        this.kept = new KvRows(config);
    }

    private int mostRows() {
        return Math.min(MOST_ROWS, limits.mostRows);
    }

    /** Generates until no more rows come and all have ended. */
    void write(Arrivals arrivals) {
        Deque<GenerationRow> waiting = new ArrayDeque<>();
        RowHooks own = new RowHooks(List.of());
        try (InferenceMode mode = InferenceMode.begin()) {
            boolean more = true;
            while (more || !active.isEmpty() || !waiting.isEmpty()) {
                boolean changed = leave();
                int free = mostRows()
                        - active.size()
                        - waiting.stream().mapToInt(Lane::count).sum();
                more = arrivals.addTo(waiting, free, active.isEmpty() && waiting.isEmpty());
                waiting.removeIf(GenerationRow::hasEnded);
                changed |= admit(waiting, arrivals);
                changed |= leave(); // what ended with its first token
                if (changed) {
                    own.close();
                    own = Lane.hooksOf(active);
                }
                if (!active.isEmpty()) {
                    RowHooks now = own;
                    guarded(active.stream().map(Lane::row).distinct().toList(), arrivals, () -> step(now, arrivals));
                }
            }
        } finally {
            own.close();
        }
    }

    /** Runs the prompts of waiting rows for which there is room. */
    private boolean admit(Deque<GenerationRow> waiting, Arrivals arrivals) {
        int before = active.size();
        while (!waiting.isEmpty() && hasRoom(waiting.element(), List.of())) {
            List<GenerationRow> joining = joining(waiting);
            joining.forEach(GenerationRow::begin);
            guarded(joining, arrivals, () -> runPrompts(Lane.of(joining), arrivals));
        }
        return active.size() > before;
    }

    /** Does something for rows; if it fails, so do those that have not ended. */
    private static void guarded(List<GenerationRow> rows, Lane.Failures failures, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            List<GenerationRow> left =
                    rows.stream().filter(row -> !row.hasEnded()).toList();
            failures.failed(left, e);
            left.forEach(GenerationRow::fail);
        }
    }

    /** Takes the first waiting row, and others whose prompts may be run with it. */
    private List<GenerationRow> joining(Deque<GenerationRow> waiting) {
        List<GenerationRow> joining = new ArrayList<>();
        int lanes = 0;
        int length = waiting.element().request().prompt().length;
        for (Iterator<GenerationRow> rows = waiting.iterator(); rows.hasNext(); ) {
            GenerationRow row = rows.next();
            int more = Lane.count(row);
            boolean suits = joining.isEmpty()
                    || (together
                            && row.request().prompt().length == length
                            && (long) (lanes + more) * length <= MOST_PROMPT_TOKENS);
            if (suits && hasRoom(row, joining)) {
                joining.add(row);
                lanes += more;
                rows.remove();
            }
        }
        return joining;
    }

    private boolean hasRoom(GenerationRow row, List<GenerationRow> joining) {
        int lanes = active.size() + joining.stream().mapToInt(Lane::count).sum();
        long bytes = reserved
                + Lane.count(row) * bytes(row)
                + joining.stream()
                        .mapToLong(one -> Lane.count(one) * bytes(one))
                        .sum();
        return lanes == 0 || (lanes + Lane.count(row) <= mostRows() && bytes <= limits.roomBytes);
    }

    /** Bytes that a lane of a row may come to take. */
    private long bytes(GenerationRow row) {
        return KvRows.bytes(config, row.longest());
    }

    /** Runs prompts of one length and takes their first tokens. */
    private void runPrompts(List<Lane> joining, Lane.Failures failures) {
        int first = active.size();
        List<float[]> logits = new ArrayList<>();
        List<Lane> left = new ArrayList<>(joining);
        while (!left.isEmpty()) {
            logits.addAll(together ? begin(left, failures) : begin(left.remove(0), failures));
        }
        List<Lane> begun = List.copyOf(active.subList(first, active.size()));
        List<Integer> chosen = Lane.take(begun, logits::get, overflow, failures);
        for (int i = 0; i < chosen.size(); i++) {
            next.set(first + i, chosen.get(i));
        }
    }

    /**
     * Runs prompts of one length that can begin with equally many tokens; their lanes join. Of prompts that begin alike it
     * runs one, so that the others can begin with what this one computes.
     *
     * @param left prompts to be run, of which it removes some, at least the first
     * @return logits `[dVocab]` of each
     */
    private List<float[]> begin(List<Lane> left, Lane.Failures failures) {
        List<Lane> some = new ArrayList<>();
        List<PrefixCache.Sequence> sequences = new ArrayList<>();
        KvRows rows = new KvRows(config);
        for (Iterator<Lane> lanes = left.iterator(); lanes.hasNext(); ) {
            Lane lane = lanes.next();
            PrefixCache.Sequence prompt = sequence(lane, lane.prompt());
            PrefixCache.Beginning<KvPart> beginning =
                    prefixes == null ? PrefixCache.Beginning.none() : prefixes.find(prompt);
            int known = some.isEmpty() ? beginning.tokens() : rows.length(0);
            if (beginning.tokens() == known
                    && (prefixes == null || sequences.stream().noneMatch(one -> prompt.isMostlyThatOf(one, known)))) {
                rows.add(beginning.parts(), known, lane.promptLength() + FIRST_CAPACITY);
                some.add(lane);
                sequences.add(prompt);
                lanes.remove();
            }
        }
        int known = rows.length(0);
        try (RowHooks own = Lane.hooksOf(some);
                TensorScope scope = TensorScope.open("run prompts")) {
            Tensor logits = forward.step(
                    some.stream()
                            .map(lane -> Arrays.copyOfRange(lane.prompt(), known, lane.promptLength()))
                            .toArray(int[][]::new),
                    rows,
                    withOwn(own),
                    Lane.each(some, Lane::promptLength),
                    Lane.each(some, Lane::index));
            Lane.fail(some, own, failures);
            for (int at = 0; at < some.size(); at++) {
                some.get(at).began(known);
                keep(some.get(at), sequences.get(at), rows, at);
            }
            join(some, rows);
            return byLane(logits);
        }
    }

    /** Runs one prompt by itself. */
    private List<float[]> begin(Lane lane, Lane.Failures failures) {
        try (KvCache cache = forward.newCache();
                RowHooks own = Lane.hooksOf(List.of(lane));
                TensorScope scope = TensorScope.open("run a prompt")) {
            Tensor logits = forward.run(
                            TokenBatch.of(lane.prompt()),
                            RunOptions.lastLogits().continuing(cache),
                            withOwn(own),
                            new int[] {lane.promptLength()},
                            new int[] {lane.index()})
                    .logits();
            Lane.fail(List.of(lane), own, failures);
            KvRows row = new KvRows(config);
            row.add(cache, 0);
            join(List.of(lane), row);
            return byLane(logits);
        }
    }

    private void join(List<Lane> lanes, KvRows rows) {
        kept.addAll(rows);
        for (Lane lane : lanes) {
            active.add(lane);
            next.add(0);
            reserved += bytes(lane.row());
        }
    }

    private PrefixCache.Sequence sequence(Lane lane, int[] tokens) {
        List<Hook> all = new ArrayList<>(hooks);
        all.addAll(lane.hooks());
        return new PrefixCache.Sequence(tokens, all, lane.promptLength());
    }

    /** Lets others begin with what a lane has computed, if its hooks have not failed. */
    private void keep(Lane lane, PrefixCache.Sequence sequence, KvRows rows, int at) {
        if (prefixes != null && !lane.row().hasFailed()) {
            prefixes.keep(sequence, rows.length(at), (from, to) -> rows.part(at, from, to));
        }
    }

    /** The rows of logits `[lanes, dVocab]`. */
    private List<float[]> byLane(Tensor logits) {
        float[] all = logits.toFloats();
        int dVocab = config.dVocab();
        return IntStream.range(0, all.length / dVocab)
                .mapToObj(lane -> Arrays.copyOfRange(all, lane * dVocab, (lane + 1) * dVocab))
                .toList();
    }

    private List<Hook> withOwn(RowHooks own) {
        List<Hook> all = new ArrayList<>(hooks);
        all.add(own);
        return all;
    }

    /** Removes the lanes of rows that have ended; the last one takes the place of a removed one. */
    private boolean leave() {
        int before = active.size();
        for (int lane = before - 1; lane >= 0; lane--) {
            if (active.get(lane).hasEnded()) {
                if (prefixes != null) {
                    int[] computed = Arrays.copyOf(active.get(lane).row().tokens(), kept.length(lane));
                    keep(active.get(lane), sequence(active.get(lane), computed), kept, lane);
                }
                reserved -= bytes(active.get(lane).row());
                kept.remove(lane);
                Lane.replaceByLast(active, lane);
                Lane.replaceByLast(next, lane);
            }
        }
        return active.size() < before;
    }

    private void step(RowHooks own, Lane.Failures failures) {
        try (TensorScope scope = TensorScope.open("generate a token")) {
            int[][] ids = next.stream().map(id -> new int[] {id}).toArray(int[][]::new);
            Tensor logits = forward.step(
                    ids, kept, withOwn(own), Lane.each(active, Lane::promptLength), Lane.each(active, Lane::index));
            Lane.fail(active, own, failures);
            List<Integer> chosen = Lane.take(active, byLane(logits)::get, overflow, failures);
            for (int lane = 0; lane < ids.length; lane++) {
                next.set(lane, chosen.get(lane));
            }
        }
    }
}
