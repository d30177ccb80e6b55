package dev.pintle.model;

import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
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
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/*
 * Prompts are run without padding, those of one length together, so that their keys and values do not depend on other
 * prompts; from then on all rows advance by one token per step. A row that ends makes room for the next prompt. Every
 * row's numbers have the same bits as if it were alone.
 */
/** Generates on a CPU for rows that join and leave while others decode. */
final class ContinuousBatch {
    private static final int MOST_ROWS = 64;
    private static final int MOST_PROMPT_TOKENS = 4096; // run at once

    private final ForwardPass forward;
    private final ModelConfig config;
    private final List<Hook> hooks;
    private final Overflow overflow;
    private final boolean together;
    private final KvRows kept;
    private final List<GenerationRow> active = new ArrayList<>(); // by row of `kept`
    private final List<Integer> next = new ArrayList<>(); // the token that each row is fed
    private long reserved; // bytes of the longest that the active rows can become

    /**
     * @param hooks of all rows, before their own
     * @param together whether prompts of one length may be run together
     */
    ContinuousBatch(ForwardPass forward, ModelConfig config, List<Hook> hooks, Overflow overflow, boolean together) {
        this.forward = forward;
        this.config = config;
        this.hooks = hooks;
        this.overflow = overflow;
        this.together = together;
        this.kept = new KvRows(config);
    }

    /** Where rows come from. */
    interface Arrivals {
        /**
         * Adds rows that have arrived.
         *
         * @param free number of rows that can still join
         * @param idle whether there is nothing to do, so that it may wait for a row
         * @return whether more may come
         */
        boolean addTo(Deque<GenerationRow> waiting, int free, boolean idle);

        /** Receives rows that can't go on; may throw what prevents it, which ends the batch. */
        void failed(List<GenerationRow> rows, RuntimeException cause);
    }

    /** Generates until every row has ended. */
    void write(List<GenerationRow> rows) {
        Deque<GenerationRow> all = new ArrayDeque<>(rows);
        write(new Arrivals() {
            @Override
            public boolean addTo(Deque<GenerationRow> waiting, int free, boolean idle) {
                waiting.addAll(all);
                all.clear();
                return false;
            }

            @Override
            public void failed(List<GenerationRow> failed, RuntimeException cause) {
                throw cause;
            }
        });
    }

    /** Generates until no more rows come and all have ended. */
    void write(Arrivals arrivals) {
        Deque<GenerationRow> waiting = new ArrayDeque<>();
        RowHooks own = new RowHooks(List.of());
        try (InferenceMode mode = InferenceMode.begin()) {
            boolean more = true;
            while (more || !active.isEmpty() || !waiting.isEmpty()) {
                boolean changed = leave();
                int free = MOST_ROWS - active.size() - waiting.size();
                more = arrivals.addTo(waiting, free, active.isEmpty() && waiting.isEmpty());
                waiting.removeIf(GenerationRow::hasEnded);
                changed |= admit(waiting, arrivals);
                if (changed) {
                    own.close();
                    own = StaticBatch.hooksOf(active);
                }
                if (!active.isEmpty()) {
                    step(own, arrivals);
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
            try {
                runPrompts(joining);
            } catch (RuntimeException e) {
                arrivals.failed(joining, e);
            }
        }
        return active.size() > before;
    }

    /** Takes the first waiting row, and others whose prompts may be run with it. */
    private List<GenerationRow> joining(Deque<GenerationRow> waiting) {
        List<GenerationRow> joining = new ArrayList<>();
        int length = waiting.element().request().prompt().length;
        for (Iterator<GenerationRow> rows = waiting.iterator(); rows.hasNext(); ) {
            GenerationRow row = rows.next();
            boolean suits = joining.isEmpty()
                    || (together
                            && row.request().prompt().length == length
                            && (joining.size() + 1L) * length <= MOST_PROMPT_TOKENS);
            if (suits && hasRoom(row, joining)) {
                joining.add(row);
                rows.remove();
            }
        }
        return joining;
    }

    private boolean hasRoom(GenerationRow row, List<GenerationRow> joining) {
        int rows = active.size() + joining.size();
        long bytes =
                reserved + bytes(row) + joining.stream().mapToLong(this::bytes).sum();
        return rows == 0 || (rows < MOST_ROWS && bytes <= KvRows.room());
    }

    private long bytes(GenerationRow row) {
        return KvRows.bytes(config, row.longest());
    }

    /** Runs prompts of one length and takes their first tokens. */
    private void runPrompts(List<GenerationRow> joining) {
        try (KvCache cache = forward.newCache();
                RowHooks own = StaticBatch.hooksOf(joining);
                TensorScope scope = TensorScope.open("run prompts")) {
            TokenBatch prompts = TokenBatch.of(
                    joining.stream().map(row -> row.request().prompt()).toList());
            List<Choice> choices = choices(
                    forward.run(
                                    prompts,
                                    RunOptions.lastLogits().continuing(cache),
                                    withOwn(own),
                                    each(joining, row -> row.request().prompt().length),
                                    each(joining, GenerationRow::index))
                            .logits(),
                    joining);
            int[] going = IntStream.range(0, joining.size())
                    .filter(row -> !joining.get(row).hasEnded())
                    .toArray();
            kept.add(cache, going);
            for (int row : going) {
                active.add(joining.get(row));
                next.add(choices.get(row).id());
                reserved += bytes(joining.get(row));
            }
        }
    }

    private List<Hook> withOwn(RowHooks own) {
        List<Hook> all = new ArrayList<>(hooks);
        all.add(own);
        return all;
    }

    /** Chooses and takes the next token of each row. */
    private List<Choice> choices(Tensor logits, List<GenerationRow> rows) {
        float[] all = logits.toFloats(); // [rows, dVocab]
        List<Choice> choices = new ArrayList<>();
        for (int row = 0; row < rows.size(); row++) {
            int start = row * config.dVocab();
            Choice choice = rows.get(row).sampler().next(Arrays.copyOfRange(all, start, start + config.dVocab()));
            rows.get(row).take(choice, overflow);
            choices.add(choice);
        }
        return choices;
    }

    /** Removes rows that have ended; the last row takes the place of a removed one. */
    private boolean leave() {
        int before = active.size();
        for (int row = before - 1; row >= 0; row--) {
            if (active.get(row).hasEnded()) {
                reserved -= bytes(active.get(row));
                kept.remove(row);
                StaticBatch.replaceByLast(active, row);
                StaticBatch.replaceByLast(next, row);
            }
        }
        return active.size() < before;
    }

    private void step(RowHooks own, Arrivals arrivals) {
        try {
            step(own);
        } catch (RuntimeException e) {
            arrivals.failed(List.copyOf(active), e);
            active.forEach(row -> row.cancel());
        }
    }

    private void step(RowHooks own) {
        try (TensorScope scope = TensorScope.open("generate a token")) {
            int[] ids = next.stream().mapToInt(id -> id).toArray();
            int[] lengths = each(active, row -> row.request().prompt().length);
            Tensor logits = forward.step(ids, kept, withOwn(own), lengths, each(active, GenerationRow::index));
            List<Choice> choices = choices(logits, active);
            for (int row = 0; row < ids.length; row++) {
                next.set(row, choices.get(row).id());
            }
        }
    }

    private static int[] each(List<GenerationRow> rows, ToIntFunction<GenerationRow> number) {
        return rows.stream().mapToInt(number).toArray();
    }
}
