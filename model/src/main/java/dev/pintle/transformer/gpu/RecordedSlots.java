package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaGraph;
import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/*
 * Decoding on a GPU with one CUDA graph launch per token.
 *
 * A step of an 8B model consists of 160 kernels; launched one by one, they leave the GPU idle most of the time. Here the
 * whole step, including the choice of the tokens, is recorded once for a number of rows and then replayed with one call.
 * Whatever changes between steps is read from memory: which sequences the rows are, their tokens, positions and pages of
 * keys and values, and what hooks do to them. So sequences join and leave between two steps, and a step always continues
 * those that are there, each from its own length. A recording is made for the next larger of a few numbers of rows.
 */
/** Decodes sequences on a GPU with recorded steps. */
final class RecordedSlots implements Slots {
    private static final int MOST_RECORDINGS = 24;
    private static final int KEPT_THREADS = 256; // as in the kernel
    private static final int KEPT_BLOCKS = 64;
    private static final int[] ROWS = {1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 160, 192, 224, 256};

    private final TensorScope owner = TensorScope.owner("logits that are kept");
    private final SlotMemory memory;
    private final ModelConfig config;
    private final Function<StepKind, Runnable> kernels;
    private final Function<Integer, StepKind.Products> products;
    private final CudaKernel moveTokens;
    private final CudaKernel keepLogits;
    private final Map<StepKind, CudaGraph> recordings = new LinkedHashMap<>(16, 0.75f, true);
    private final CudaGraph.Mark[] marks;
    private final Deque<Integer> freePages = new ArrayDeque<>();
    private final List<List<Integer>> pages = new ArrayList<>(); // by slot; empty if it is free
    private final int[] users; // by page
    private final int[] positions; // of the token that each slot is fed next
    private final Deque<Launch> inFlight = new ArrayDeque<>();
    private final @Nullable Tensor[] kept = new Tensor[2]; // [rows or more, dVocab] FP32, pinned
    private int[] rows = new int[0]; // what the device's `slots` holds
    private int launched;
    private @Nullable Launch last; // that was read

    /**
     * A launched step.
     *
     * @param slots of its rows
     * @param positions of the tokens that they were fed
     * @param kept rows whose logits are kept, in order
     * @param turn 0 or 1
     */
    private record Launch(int[] slots, int[] positions, List<Integer> kept, int turn) {}

    /**
     * Takes over the memory.
     *
     * @param pages of the pool
     * @param kernels what launches a step
     * @param products how products of a number of rows are computed
     */
    RecordedSlots(
            SlotMemory memory,
            ModelConfig config,
            int pages,
            Function<StepKind, Runnable> kernels,
            Function<Integer, StepKind.Products> products) {
        this.memory = memory;
        this.config = config;
        this.kernels = kernels;
        this.products = products;
        Device device = memory.device();
        CudaProgram program = CudaSources.program(
                "rows.cu", memory.dtype(), Map.of("WIDTH", config.dModel(), "HEAD", config.dHead()), device);
        this.moveTokens = program.kernel("move_tokens");
        this.keepLogits = program.kernel("keep_logits");
        this.marks = new CudaGraph.Mark[] {new CudaGraph.Mark(device), new CudaGraph.Mark(device)};
        this.users = new int[pages];
        this.positions = new int[memory.most];
        for (int page = 0; page < pages; page++) {
            freePages.add(page);
        }
        for (int slot = 0; slot < memory.most; slot++) {
            this.pages.add(List.of());
        }
    }

    @Override
    public int count() {
        return memory.most;
    }

    @Override
    public int allPages() {
        return users.length;
    }

    @Override
    public int freePages() {
        return freePages.size();
    }

    @Override
    public boolean hasRoom(List<RowProgram> programs) {
        return memory.changes.hasRoom(programs);
    }

    @Override
    public void join(int slot, Joining sequence) {
        List<Integer> own = new ArrayList<>(sequence.known());
        own.forEach(page -> users[page]++);
        int wanted = Slots.pages(sequence.longest());
        while (own.size() < wanted) {
            int page = freePages.removeFirst();
            users[page] = 1;
            own.add(page);
        }
        pages.set(slot, own);
        positions[slot] = sequence.position();
        try (TensorScope scope = TensorScope.open("join")) {
            int[] table = new int[memory.mostPages];
            Arrays.fill(table, -1);
            for (int i = 0; i < own.size(); i++) {
                table[i] = own.get(i);
            }
            memory.tables
                    .narrow(0, (long) slot * memory.mostPages, table.length)
                    .enqueueCopy(Tensor.of(table, table.length));
            put(memory.ids, slot, sequence.token());
            put(memory.positions, slot, sequence.position());
            put(memory.leads, slot, sequence.leads());
            memory.draws.load(slot, sequence.draw(), sequence.position());
            memory.changes.load(slot, sequence.program());
            if (sequence.prompt() != null) {
                move(
                        slot,
                        sequence.prompt(),
                        sequence.promptRow(),
                        sequence.known().size() * PAGE,
                        sequence.position(),
                        true);
            }
        }
    }

    private static void put(Tensor to, int at, int number) {
        to.narrow(0, at, 1).enqueueCopy(Tensor.of(new int[] {number}, 1));
    }

    /** Copies tokens of a cache's row to the pages of a slot, or back. */
    private void move(int slot, KvCache cache, int row, int from, int to, boolean toPages) {
        Tensor table = memory.tables.narrow(0, (long) slot * memory.mostPages, memory.mostPages);
        for (int layer = 0; layer < config.nLayers() && to > from; layer++) {
            KvCache.Entry entry = cache.entry(layer);
            moveTokens.launch(
                    new Grid(to - from, config.nKvHeads(), 1),
                    config.dHead() / 8,
                    memory.keys(layer),
                    memory.values(layer),
                    entry.keys().narrow(0, row, 1),
                    entry.values().narrow(0, row, 1),
                    table,
                    from,
                    (int) (entry.keys().stride(1) / config.dHead()),
                    toPages ? 1 : 0);
        }
    }

    @Override
    public void restore(int slot, List<Integer> known, KvCache cache) {
        try (TensorScope scope = TensorScope.open("restore a prefix")) {
            int[] table = known.stream().mapToInt(page -> page).toArray();
            memory.tables
                    .narrow(0, (long) slot * memory.mostPages, table.length)
                    .enqueueCopy(Tensor.of(table, table.length));
            cache.restore(table.length * PAGE);
            move(slot, cache, 0, 0, table.length * PAGE, false);
        }
    }

    @Override
    public List<Integer> retain(int slot, int from, int to) {
        List<Integer> some = List.copyOf(pages.get(slot).subList(from, to));
        some.forEach(page -> users[page]++);
        return some;
    }

    @Override
    public void release(List<Integer> retained) {
        for (int page : retained) {
            if (--users[page] == 0) {
                freePages.addFirst(page);
            }
        }
    }

    @Override
    public void leave(int slot) {
        release(pages.set(slot, List.of()));
        memory.changes.unload(slot);
    }

    @Override
    public void launch(int[] slots, boolean[] keep) {
        try (TensorScope scope = TensorScope.open("launch a step")) {
            launchIn(slots, keep);
        }
    }

    private void launchIn(int[] slots, boolean[] keep) {
        boolean changing = false;
        int[] fed = new int[slots.length];
        for (int row = 0; row < slots.length; row++) {
            fed[row] = positions[slots[row]]++;
            changing |= memory.changes.changes(slots[row]);
            memory.draws.prepare(slots[row], fed[row]);
        }
        CudaGraph graph = recording(slots.length, changing);
        if (!Arrays.equals(slots, rows)) {
            int[] padded = new int[memory.most];
            Arrays.fill(padded, -1);
            System.arraycopy(slots, 0, padded, 0, slots.length);
            memory.slots.enqueueCopy(Tensor.of(padded, padded.length));
            rows = slots.clone();
        }
        int turn = launched++ & 1;
        graph.launch();
        List<Integer> asked = new ArrayList<>();
        for (int row = 0; row < slots.length; row++) {
            if (keep[row]) {
                asked.add(row);
            }
        }
        keep(asked, turn);
        marks[turn].set();
        inFlight.add(new Launch(slots.clone(), fed, asked, turn));
    }

    private void keep(List<Integer> asked, int turn) {
        if (asked.isEmpty()) {
            return;
        }
        Tensor to = kept[turn];
        if (to == null || to.size(0) < asked.size()) {
            if (to != null) {
                to.close();
            }
            to = owner.adopt(Tensor.pinned(DType.FP32, 2L * asked.size(), config.dVocab()));
            kept[turn] = to;
        }
        for (int i = 0; i < asked.size(); i++) {
            keepLogits.launch(
                    Grid.of(KEPT_BLOCKS),
                    KEPT_THREADS,
                    to.select(0, i),
                    memory.logits(),
                    asked.get(i),
                    config.dVocab());
        }
    }

    @Override
    public Choice[] await() {
        Launch step = inFlight.removeFirst();
        last = step;
        marks[step.turn].await();
        try (TensorScope scope = TensorScope.open("read tokens")) {
            int[] ids = memory.seenIds.toInts();
            float[] logProbs = memory.seenLogProbs.toFloats();
            Choice[] choices = new Choice[step.slots.length];
            for (int row = 0; row < choices.length; row++) {
                int at = (step.positions[row] & 1) * memory.most + step.slots[row];
                choices[row] = new Choice(ids[at], logProbs[at]);
            }
            return choices;
        }
    }

    @Override
    public Tensor read(int row, int index) {
        Launch step = Objects.requireNonNull(last, "no step was read");
        return memory.changes.read(step.slots[row], step.positions[row], index);
    }

    @Override
    public float[] logits(int row) {
        Launch step = last;
        int at = step == null ? -1 : step.kept.indexOf(row);
        if (step == null || at < 0) {
            throw new IllegalStateException("The logits of row " + row + " were not kept.");
        }
        try (TensorScope scope = TensorScope.open("read logits")) {
            return Objects.requireNonNull(kept[step.turn]).select(0, at).toFloats();
        }
    }

    private CudaGraph recording(int count, boolean changing) {
        int most = Math.min(
                memory.most,
                Arrays.stream(ROWS).filter(some -> some >= count).findFirst().orElse(count));
        int blocks = memory.blocksPerRow(most, config.nKvHeads());
        StepKind kind = new StepKind(most, blocks, changing, products.apply(most));
        CudaGraph known = recordings.get(kind);
        if (known != null) {
            return known;
        }
        if (recordings.size() == MOST_RECORDINGS) {
            Launch latest = inFlight.peekLast();
            if (latest != null) {
                marks[latest.turn].await(); // it may be what is closed
            }
            Iterator<CudaGraph> oldest = recordings.values().iterator();
            oldest.next().close();
            oldest.remove();
        }
        CudaGraph fresh = record(kind);
        recordings.put(kind, fresh);
        return fresh;
    }

    /** Records with no row in use, since the work also runs once before it is captured. */
    private CudaGraph record(StepKind kind) {
        int[] none = new int[memory.most];
        Arrays.fill(none, -1);
        rows = new int[0];
        try (TensorScope scope = TensorScope.open("record a decoding step")) {
            memory.slots.copyFrom(Tensor.of(none, none.length));
            return CudaGraph.record(memory.device(), kernels.apply(kind));
        }
    }

    @Override
    public void close() {
        recordings.values().forEach(CudaGraph::close);
        for (CudaGraph.Mark mark : marks) {
            mark.close();
        }
        owner.close();
        memory.close();
    }
}
