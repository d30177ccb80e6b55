package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.model.PrefixCache.Beginning;
import dev.pintle.model.PrefixCache.Grain;
import dev.pintle.model.PrefixCache.Sequence;
import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.gpu.Draw;
import dev.pintle.transformer.gpu.RowProgram;
import dev.pintle.transformer.gpu.Slots;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Prompts are run one at a time, in chunks that begin at multiples of CHUNK, so that their keys and values depend on nothing
 * but the prompt: not on other prompts, and not on what is known of them already. A prompt's last token is left to the first
 * step, which also chooses the first token of the answer. Between two chunks, all rows advance by one token; if many prompts
 * wait, several chunks are run at a time, since rows that join early cost the same steps as those that join late. Where exactness
 * has been given up, short prompts are run together instead, see PromptGroup.
 *
 * A step is launched before the last one is read, so that the GPU never waits for the CPU. So a row that turns out to have
 * ended is in one more step, whose token for it is dropped.
 */
/** Generates on a GPU for rows that join and leave while others decode, with recorded steps. */
final class SlotBatch {
    /** Tokens of a prompt that are run at once, and of what is kept of prompts. */
    static final int CHUNK = 512;

    private static final int MOST_TOKENS = 2048; // of prompts, run between two steps
    private static final int MOST_TOGETHER = 4 * PromptGroup.MOST_TOKENS; // the same if prompts are run together
    private static final int WAVES = 16; // steps between which the prompts that wait are run, unless they are too long

    private final ForwardPass forward;
    private final ModelConfig config;
    private final List<Hook> hooks;
    private final Overflow overflow;
    private final Slots slots;
    private final boolean fast;
    private final @Nullable PrefixCache<List<Integer>> prefixes;
    private final Deque<Integer> free = new ArrayDeque<>(); // slots
    private final List<Running> active = new ArrayList<>();
    private final Deque<List<Running>> inFlight = new ArrayDeque<>(); // the rows of each step
    private final Set<GenerationRow> alone = Collections.newSetFromMap(new IdentityHashMap<>()); // not run with others
    private @Nullable Prompting prompting;

    /** A lane that decodes. */
    private static final class Running {
        private final Lane lane;
        private final int slot;
        private final List<RowProgram.Read> reads;
        private int launched; // steps
        private int read; // steps

        Running(Lane lane, int slot, List<RowProgram.Read> reads) {
            this.lane = lane;
            this.slot = slot;
            this.reads = reads;
        }

        /** Tells hooks what they read in a step; each is told of one row, whose position is known. */
        void tellHooks(int row, Slots slots) {
            if (reads.isEmpty()) {
                return;
            }
            int position = lane.promptLength() - 1 + read;
            Layout layout =
                    new Layout(new int[][] {{position}}, new int[] {lane.promptLength()}, new int[] {lane.index()});
            for (RowProgram.Read one : reads) {
                if (one.hook().actsOn(position, lane.promptLength())) {
                    try (TensorScope scope = TensorScope.open("tell a hook")) {
                        one.hook().read(one.at(), slots.read(row, one.index()), layout, 0);
                    }
                }
            }
        }

        /** Whether it needs more steps than are launched. */
        boolean goesOn() {
            return !lane.hasEnded() && launched < lane.row().most();
        }

        boolean isReported() {
            return !lane.row().request().reporting().isNone();
        }
    }

    /** A row whose prompt is being run. */
    private static final class Prompting implements AutoCloseable {
        private final GenerationRow row;
        private final List<Started> lanes = new ArrayList<>();

        Prompting(GenerationRow row) {
            this.row = row;
        }

        @Override
        public void close() {
            lanes.forEach(lane -> lane.cache.close());
        }
    }

    /** The prompt of a lane. */
    private static final class Started {
        private final Lane lane;
        private final int slot;
        private final Sequence sequence;
        private final List<Integer> known; // pages
        private final KvCache cache;
        private int done; // tokens

        Started(Lane lane, int slot, Sequence sequence, List<Integer> known, KvCache cache) {
            this.lane = lane;
            this.slot = slot;
            this.sequence = sequence;
            this.known = known;
            this.cache = cache;
            this.done = known.size() * Slots.PAGE;
        }

        /** Tokens that are run before the lane joins: all but the last. */
        int needed() {
            return lane.promptLength() - 1;
        }
    }

    /**
     * @param hooks of all rows, before their own
     * @param slots all of them free, as they are afterwards
     * @param mostRows that run together, at most; two are allowed in any case, for a row and its twin
     * @param keptPages that may hold prompts' keys and values for other rows, at most half of the slots' pages
     * @param fast whether prompts may be run together, though their bits may then depend on each other
     */
    SlotBatch(
            ForwardPass forward,
            ModelConfig config,
            List<Hook> hooks,
            Overflow overflow,
            Slots slots,
            int mostRows,
            long keptPages,
            boolean fast) {
        this.fast = fast;
        this.forward = forward;
        this.config = config;
        this.hooks = hooks;
        this.overflow = overflow;
        this.slots = slots;
        long nodes = Math.min(keptPages, slots.allPages() / 2) / (CHUNK / Slots.PAGE);
        this.prefixes = nodes > 0 ? new PrefixCache<>(new Grain(CHUNK, true), nodes, slots::release) : null;
        for (int slot = 0; slot < Math.min(slots.count(), Math.max(2, mostRows)); slot++) {
            free.add(slot);
        }
    }

    /** Pages that a row and its twin may come to take. */
    static int pages(GenerationRow row) {
        return Lane.count(row) * Slots.pages(row.longest());
    }

    /** Generates until no more rows come and all have ended. */
    void write(Arrivals arrivals) {
        Deque<GenerationRow> waiting = new ArrayDeque<>();
        try (InferenceMode mode = InferenceMode.begin()) {
            boolean more = true;
            while (more || !isIdle() || !waiting.isEmpty()) {
                int rows = waiting.stream().mapToInt(Lane::count).sum();
                more = arrivals.addTo(waiting, free.size() - rows, isIdle() && waiting.isEmpty());
                waiting.removeIf(GenerationRow::hasEnded);
                runPrompts(waiting, arrivals);
                boolean launched = launch();
                if (inFlight.size() == 2 || (!launched && !inFlight.isEmpty())) {
                    read(arrivals);
                }
            }
        } finally {
            end();
        }
    }

    private boolean isIdle() {
        return active.isEmpty() && inFlight.isEmpty() && prompting == null;
    }

    /** Leaves all slots free. */
    private void end() {
        while (!inFlight.isEmpty()) {
            inFlight.removeFirst();
            slots.await();
        }
        stopPrompting();
        active.forEach(running -> slots.leave(running.slot));
        active.clear();
        while (prefixes != null && prefixes.dropOldest()) {
            // each gives back its pages
        }
    }

    // ---------------------------------------------------------------- prompts

    /** Runs some of what waits, at least one chunk. */
    private void runPrompts(Deque<GenerationRow> waiting, Arrivals arrivals) {
        long tokens = waiting.stream()
                .mapToLong(row -> (long) Lane.count(row) * row.request().prompt().length)
                .sum();
        long budget = fast ? MOST_TOGETHER : Math.max(1, Math.min(MOST_TOKENS, tokens / WAVES));
        while (budget > 0 && (prompting != null || !waiting.isEmpty())) {
            int together = prompting == null && fast ? runTogether(waiting, arrivals) : 0;
            budget -= together;
            if (together > 0) {
                continue;
            }
            if (prompting == null && !begin(waiting, arrivals)) {
                return;
            }
            Prompting now = prompting;
            if (now == null) {
                continue; // its hooks did not fit
            }
            try {
                budget -= advance(now, arrivals);
            } catch (RuntimeException e) {
                Lane.fail(now.row, e, arrivals);
            }
            if (now.row.hasEnded()) {
                stopPrompting();
            }
        }
    }

    /**
     * Runs some prompts in one pass; their rows join.
     *
     * @return tokens run; 0 if the first prompt has to be run by itself
     */
    private int runTogether(Deque<GenerationRow> waiting, Arrivals arrivals) {
        if (alone.contains(waiting.element())) {
            return 0;
        }
        List<GenerationRow> others =
                waiting.stream().filter(row -> !alone.contains(row)).toList();
        PromptGroup group = PromptGroup.of(others, hooks, this::fit);
        if (group.isEmpty()) {
            return 0;
        }
        List<GenerationRow> rows = group.lanes().stream().map(Lane::row).toList();
        waiting.removeAll(rows);
        rows.forEach(GenerationRow::begin);
        group.lanes().forEach(lane -> lane.began(0));
        try (KvCache cache = forward.newCache(group.width())) {
            try {
                group.run(forward, hooks, cache, arrivals);
            } catch (RuntimeException e) { // which of them it was shows when each is run by itself
                alone.addAll(rows);
                for (int i = rows.size() - 1; i >= 0; i--) {
                    waiting.addFirst(rows.get(i));
                }
                return 0;
            }
            for (int i = 0; i < rows.size(); i++) {
                if (!rows.get(i).hasEnded()) {
                    joinAfterGroup(group.lanes().get(i), cache, i, arrivals);
                }
            }
        }
        return group.width() * rows.size();
    }

    private boolean fit(List<Lane> lanes) {
        int pages = lanes.stream().mapToInt(lane -> pages(lane.row())).sum();
        return free.size() >= lanes.size()
                && slots.hasRoom(lanes.stream().map(this::program).toList())
                && makeRoom(pages);
    }

    private void joinAfterGroup(Lane lane, KvCache cache, int row, Arrivals arrivals) {
        int slot = free.removeFirst();
        try {
            join(lane, slot, List.of(), cache, row, -1);
        } catch (RuntimeException e) {
            free.add(slot);
            Lane.fail(lane.row(), e, arrivals);
            return;
        }
        if (prefixes != null) {
            Sequence sequence = new Sequence(lane.prompt(), all(lane), lane.promptLength());
            prefixes.keep(
                    sequence,
                    lane.promptLength() - 1,
                    (from, to) -> slots.retain(slot, from / Slots.PAGE, to / Slots.PAGE));
        }
    }

    /** Begins with the first row that waits; false if there is no room for it yet. */
    private boolean begin(Deque<GenerationRow> waiting, Arrivals arrivals) {
        GenerationRow row = waiting.element();
        if (pages(row) > slots.allPages()) {
            waiting.remove();
            Lane.fail(row, tooLong(row), arrivals);
            return true;
        }
        List<Lane> lanes = Lane.of(List.of(row));
        List<RowProgram> programs = lanes.stream().map(this::program).toList();
        if (free.size() < lanes.size() || !slots.hasRoom(programs) || !makeRoom(pages(row))) {
            return false;
        }
        waiting.remove();
        alone.remove(row);
        row.begin();
        Prompting begun = new Prompting(row);
        prompting = begun;
        try {
            for (Lane lane : lanes) {
                start(lane, begun);
            }
        } catch (RuntimeException e) {
            Lane.fail(row, e, arrivals);
            stopPrompting();
        }
        return true;
    }

    private RuntimeException tooLong(GenerationRow row) {
        return Problem.of("The request does not fit into the memory for keys and values.")
                .fact("prompt and answer", row.longest() + " tokens")
                .fact("there is room for", slots.allPages() / Lane.count(row) * Slots.PAGE + " tokens")
                .fact("try", "fewer new tokens, or one engine of the model at a time")
                .toException();
    }

    /** Drops kept prompts until so many pages are free. */
    private boolean makeRoom(int pages) {
        while (slots.freePages() < pages) {
            if (prefixes == null || !prefixes.dropOldest()) {
                return false;
            }
        }
        return true;
    }

    private void start(Lane lane, Prompting begun) {
        Sequence sequence = new Sequence(lane.prompt(), all(lane), lane.promptLength());
        Beginning<List<Integer>> beginning = prefixes == null ? Beginning.none() : prefixes.find(sequence);
        List<Integer> known = beginning.parts().stream().flatMap(List::stream).toList();
        KvCache cache = forward.newCache(Math.max(1, lane.promptLength() - 1));
        int slot = free.removeFirst();
        Started started = new Started(lane, slot, sequence, known, cache);
        begun.lanes.add(started); // first, so that it is given back if the rest fails
        lane.began(started.done);
        if (!known.isEmpty()) {
            slots.restore(slot, known, cache);
        }
    }

    /**
     * Runs a chunk of a prompt; if it was the last one, the row joins.
     *
     * @return tokens run, at least 1
     */
    private int advance(Prompting now, Arrivals arrivals) {
        for (Started one : now.lanes) {
            if (one.done < one.needed()) {
                int to = Math.min((one.done / CHUNK + 1) * CHUNK, one.needed());
                run(one, to, arrivals);
                int count = to - one.done;
                one.done = to;
                if (!isComplete(now) || now.row.hasEnded()) {
                    return count;
                }
                join(now);
                return count;
            }
        }
        join(now); // nothing had to be run
        return 1;
    }

    private static boolean isComplete(Prompting now) {
        return now.lanes.stream().allMatch(one -> one.done == one.needed());
    }

    private void run(Started one, int to, Arrivals arrivals) {
        try (RowHooks own = Lane.hooksOf(List.of(one.lane));
                TensorScope scope = TensorScope.open("run a prompt")) {
            List<Hook> with = new ArrayList<>(hooks);
            with.add(own);
            forward.run(
                    TokenBatch.of(Arrays.copyOfRange(one.lane.prompt(), one.done, to)),
                    RunOptions.reading().continuing(one.cache),
                    with,
                    new int[] {one.lane.promptLength()},
                    new int[] {one.lane.index()});
            Lane.fail(List.of(one.lane), own, arrivals);
        }
    }

    /** Lets a row decode; if it can't, none of its lanes does. */
    private void join(Prompting now) {
        int before = active.size();
        try {
            joinLanes(now);
        } catch (RuntimeException e) {
            List<Running> joined = active.subList(before, active.size());
            joined.forEach(running -> slots.leave(running.slot));
            joined.clear();
            throw e;
        }
        if (prefixes != null && !now.row.hasFailed()) {
            for (Started one : now.lanes) {
                prefixes.keep(
                        one.sequence,
                        one.done,
                        (from, to) -> slots.retain(one.slot, from / Slots.PAGE, to / Slots.PAGE));
            }
        }
        now.close();
        prompting = null;
    }

    private void joinLanes(Prompting now) {
        for (int i = now.lanes.size() - 1; i >= 0; i--) { // a twin before the row that leads it
            Started one = now.lanes.get(i);
            int leads = one.lane.isTwin() ? -2 : now.lanes.size() > 1 ? now.lanes.get(1).slot : -1;
            boolean known = one.done == one.known.size() * Slots.PAGE;
            join(one.lane, one.slot, one.known, known ? null : one.cache, 0, leads);
        }
    }

    private void join(Lane lane, int slot, List<Integer> known, @Nullable KvCache cache, int cacheRow, int leads) {
        Draw draw = lane.isTwin() ? Draw.MOST_PROBABLE : lane.row().sampler().onGpu();
        int[] prompt = lane.prompt();
        RowProgram program = program(lane);
        slots.join(
                slot,
                new Slots.Joining(
                        known,
                        cache,
                        cacheRow,
                        prompt[prompt.length - 1],
                        prompt.length - 1,
                        lane.row().longest(),
                        draw,
                        program,
                        leads));
        active.add(new Running(lane, slot, program.reads()));
    }

    private void stopPrompting() {
        Prompting now = prompting;
        if (now != null) {
            now.lanes.forEach(one -> free.add(one.slot));
            now.close();
            prompting = null;
        }
    }

    private List<Hook> all(Lane lane) {
        List<Hook> all = new ArrayList<>(hooks);
        all.addAll(lane.hooks());
        return all;
    }

    private RowProgram program(Lane lane) {
        return RowProgram.of(config, all(lane), lane.promptLength(), lane.row().most());
    }

    // ---------------------------------------------------------------- steps

    /** Launches a step for the rows that need one; false if none does. */
    private boolean launch() {
        List<Running> going = active.stream().filter(Running::goesOn).toList();
        if (going.isEmpty()) {
            return false;
        }
        boolean[] keep = new boolean[going.size()];
        for (int row = 0; row < keep.length; row++) {
            keep[row] = going.get(row).isReported();
            going.get(row).launched++;
        }
        slots.launch(going.stream().mapToInt(running -> running.slot).toArray(), keep);
        inFlight.add(going);
        return true;
    }

    /** Reads the oldest step; rows that have ended leave. */
    private void read(Arrivals arrivals) {
        List<Running> rows = inFlight.removeFirst();
        Choice[] choices = slots.await();
        List<Lane> lanes = rows.stream().map(running -> running.lane).toList();
        for (int at = 0; at < choices.length; at++) {
            if (!lanes.get(at).hasEnded()) {
                try {
                    rows.get(at).tellHooks(at, slots);
                } catch (RuntimeException e) {
                    Lane.fail(lanes.get(at).row(), e, arrivals);
                }
            }
            rows.get(at).read++;
        }
        for (int at = 0; at < choices.length; at++) {
            Lane lane = lanes.get(at);
            if (!lane.isTwin() && !lane.hasEnded()) {
                int row = at;
                int twin = rows.get(at).isReported() ? lanes.indexOf(new Lane(lane.row(), true)) : -1;
                try {
                    if (rows.get(at).isReported()) {
                        Lane.take(
                                lane.row(),
                                choices[row].id(),
                                slots.logits(row),
                                twin < 0 ? null : slots.logits(twin),
                                overflow);
                    } else {
                        lane.row().take(choices[row], overflow);
                    }
                } catch (RuntimeException e) {
                    Lane.fail(lane.row(), e, arrivals);
                }
            }
        }
        active.removeIf(running -> {
            boolean ended = running.lane.hasEnded();
            if (ended) {
                slots.leave(running.slot);
                free.add(running.slot);
            }
            return ended;
        });
    }
}
