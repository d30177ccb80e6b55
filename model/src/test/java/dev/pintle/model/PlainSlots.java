package dev.pintle.model;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.gpu.ProgramHook;
import dev.pintle.transformer.gpu.RowProgram;
import dev.pintle.transformer.gpu.Slots;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Slots on a CPU, one plain pass per row, which fail if they are used wrongly. */
final class PlainSlots implements Slots {
    private final LoadedTransformer model;
    private final int count;
    private final int pages;
    private final TensorScope owner = TensorScope.owner("pages");
    private final Map<Integer, Slot> used = new HashMap<>();
    private final Map<Integer, Integer> users = new HashMap<>(); // by page in use
    private final Map<Integer, List<Tensor>> content = new HashMap<>(); // by page: keys and values by layer
    private final Deque<Integer> free = new ArrayDeque<>();
    private final Deque<Choice[]> results = new ArrayDeque<>();
    private final Deque<List<float[]>> kept = new ArrayDeque<>();
    private final Deque<List<List<float[]>>> read = new ArrayDeque<>();
    private List<float[]> last = List.of();
    private List<List<float[]>> lastRead = List.of();
    private int mostRows;
    private int mostTogether;
    private int launches;

    private static final class Slot {
        private final KvCache cache;
        private final List<Integer> pages;
        private final Joining sequence;
        private final ProgramHook hook;
        private int token;
        private int position;

        Slot(KvCache cache, List<Integer> pages, Joining sequence) {
            this.cache = cache;
            this.pages = pages;
            this.sequence = sequence;
            this.hook = new ProgramHook(sequence.program());
            this.token = sequence.token();
            this.position = sequence.position();
        }
    }

    PlainSlots(LoadedTransformer model, int count, int pages) {
        this.model = model;
        this.count = count;
        this.pages = pages;
        for (int page = 0; page < pages; page++) {
            free.add(page);
        }
    }

    int mostRows() {
        return mostRows;
    }

    /** Prompts that were run in one pass, at most. */
    int mostTogether() {
        return mostTogether;
    }

    int launches() {
        return launches;
    }

    private Slot at(int slot) {
        return Objects.requireNonNull(used.get(slot), () -> "slot " + slot + " is free");
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public int allPages() {
        return pages;
    }

    @Override
    public int freePages() {
        return free.size();
    }

    @Override
    public boolean hasRoom(List<RowProgram> programs) {
        return true;
    }

    @Override
    public void join(int slot, Joining sequence) {
        require(!used.containsKey(slot), "slot " + slot + " is taken");
        List<Integer> own = new ArrayList<>(sequence.known());
        own.forEach(page -> users.merge(page, 1, Integer::sum));
        while (own.size() < Slots.pages(sequence.longest())) {
            int page = free.removeFirst();
            require(users.put(page, 1) == null, "page " + page + " is in use");
            own.add(page);
        }
        KvCache cache = model.forward().newCache();
        int known = sequence.known().size() * PAGE;
        if (sequence.prompt() == null && known > 0) {
            restore(slot, sequence.known(), cache);
        } else if (sequence.prompt() != null) {
            require(sequence.prompt().slots() >= sequence.position(), "the prompt is not complete");
            mostTogether = Math.max(mostTogether, sequence.prompt().batch());
            cache = sequence.prompt().select(sequence.promptRow());
            cache.truncate(sequence.position());
            for (int page = sequence.known().size(); (page + 1) * PAGE <= sequence.position(); page++) {
                List<Tensor> some = new ArrayList<>();
                try (TensorScope scope = TensorScope.open("page")) {
                    for (int layer = 0; layer < model.config().nLayers(); layer++) {
                        KvCache.Entry entry = cache.entry(layer);
                        some.add(owner.adopt(
                                entry.keys().narrow(2, page * PAGE, PAGE).copy()));
                        some.add(owner.adopt(
                                entry.values().narrow(2, page * PAGE, PAGE).copy()));
                    }
                }
                content.put(own.get(page), some);
            }
        }
        used.put(slot, new Slot(cache, own, sequence));
    }

    @Override
    public void restore(int slot, List<Integer> known, KvCache cache) {
        require(!used.containsKey(slot), "slot " + slot + " is taken");
        cache.restore(known.size() * PAGE);
        try (TensorScope scope = TensorScope.open("restore")) {
            for (int i = 0; i < known.size(); i++) {
                require(users.containsKey(known.get(i)), "page " + known.get(i) + " is free");
                List<Tensor> some = Objects.requireNonNull(content.get(known.get(i)));
                for (int layer = 0; layer < model.config().nLayers(); layer++) {
                    KvCache.Entry entry = cache.entry(layer);
                    entry.keys().narrow(2, i * PAGE, PAGE).copyFrom(some.get(2 * layer));
                    entry.values().narrow(2, i * PAGE, PAGE).copyFrom(some.get(2 * layer + 1));
                }
            }
        }
    }

    @Override
    public List<Integer> retain(int slot, int from, int to) {
        List<Integer> some = List.copyOf(at(slot).pages.subList(from, to));
        some.forEach(page -> users.merge(page, 1, Integer::sum));
        return some;
    }

    @Override
    public void release(List<Integer> retained) {
        for (int page : retained) {
            if (users.merge(page, -1, Integer::sum) == 0) {
                users.remove(page);
                free.addFirst(page);
            }
        }
    }

    @Override
    public void leave(int slot) {
        Slot left = at(slot);
        used.remove(slot);
        left.cache.close();
        release(left.pages);
    }

    @Override
    public void launch(int[] slots, boolean[] keep) {
        require(results.size() < 2, "two steps are in flight");
        require(new HashSet<>(Arrays.stream(slots).boxed().toList()).size() == slots.length, "a slot twice");
        mostRows = Math.max(mostRows, slots.length);
        launches++;
        Choice[] choices = new Choice[slots.length];
        List<float[]> logits = new ArrayList<>();
        List<List<float[]>> reads = new ArrayList<>();
        Set<Integer> going = new HashSet<>();
        for (int row = 0; row < slots.length; row++) {
            Slot slot = at(slots[row]);
            going.add(slots[row]);
            require(slot.position < slot.pages.size() * PAGE, "beyond the pages");
            try (TensorScope scope = TensorScope.open("row")) {
                float[] some = model.forward()
                        .run(
                                TokenBatch.of(new int[] {slot.token}),
                                RunOptions.lastLogits().continuing(slot.cache),
                                List.of(slot.hook),
                                new int[] {slot.sequence.position() + 1})
                        .logits()
                        .toFloats();
                NextToken next = NextToken.of(some);
                choices[row] = new Choice(next.best(), next.logProbability(next.best()));
                logits.add(keep[row] ? some : new float[0]);
                List<float[]> read = new ArrayList<>();
                for (int i = 0; i < slot.sequence.program().reads().size(); i++) {
                    read.add(slot.hook.read(i));
                }
                reads.add(read);
            }
            slot.position++;
        }
        for (int row = 0; row < slots.length; row++) {
            Slot slot = at(slots[row]);
            int leads = slot.sequence.leads();
            if (leads != -2) {
                slot.token = choices[row].id();
            }
            if (leads >= 0) {
                require(going.contains(leads), "a twin does not go along");
                at(leads).token = choices[row].id();
            }
        }
        results.add(choices);
        kept.add(logits);
        read.add(reads);
    }

    @Override
    public Choice[] await() {
        last = kept.removeFirst();
        lastRead = read.removeFirst();
        return results.removeFirst();
    }

    @Override
    public Tensor read(int row, int index) {
        float[] some = lastRead.get(row).get(index);
        return Tensor.of(some, 1, 1, some.length);
    }

    @Override
    public float[] logits(int row) {
        require(last.get(row).length > 0, "logits were not kept");
        return last.get(row);
    }

    @Override
    public void close() {
        require(used.isEmpty(), "slots are in use: " + used.keySet());
        require(free.size() == pages, "pages are in use: " + (pages - free.size()));
        owner.close();
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
