package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Reading;
import dev.pintle.transformer.RowChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/*
 * A place is where recorded steps stop between blocks: place 0 is before block 0, place l + 1 after block l. The operations
 * of a row are ordered by place, then as its hooks are called.
 */
/** What hooks do to one row within recorded steps: operations as the kernel in rows.cu reads them. */
public final class RowProgram {
    static final int WORDS = 16; // of an operation
    static final int MOST_OPERATIONS = 256;
    static final int MOST_CONDITIONS = 32;
    static final int MOST_READS = 64;
    private static final int NUMBERS = 6; // the first word with a number
    private static final int MOST_LATENTS = 64; // of one hook
    private static final int MOST_RANGES = 16; // of consecutive tokens on which a hook acts

    private final int places;
    private final List<Operation> operations = new ArrayList<>();
    private final List<Vec> vectors = new ArrayList<>();
    private final Map<Vec, Integer> known = new HashMap<>();
    private final List<Read> reads = new ArrayList<>();
    private int conditions;

    /** Kinds of operations, in the order of the kernel's enum. */
    private enum Kind {
        ADD,
        PROJECT,
        BOUND,
        TURN,
        JUDGE,
        UNLESS,
        LATENT,
        WRITE,
        ROUND,
        READ
    }

    /**
     * What a hook reads of a row.
     *
     * @param index of the row's reads
     */
    public record Read(Reading hook, HookPoint at, int index) {}

    /**
     * An operation.
     *
     * @param order place, times 2, and 1 more for hooks on the input of the block that follows
     */
    private record Operation(int order, int[] words) {}

    private RowProgram(int places) {
        this.places = places;
    }

    /** Nothing. */
    static RowProgram none(ModelConfig config) {
        return new RowProgram(config.nLayers() + 1);
    }

    /** Why hooks can't be part of a recorded step, as a clause; empty if they can. */
    public static Optional<String> obstacle(
            ModelConfig config, List<? extends Hook> hooks, int promptLength, int newTokens) {
        for (Hook hook : hooks) {
            Optional<String> obstacle = obstacle(hook, promptLength, newTokens);
            if (obstacle.isPresent()) {
                return obstacle;
            }
        }
        RowProgram program = of(config, hooks, promptLength, newTokens);
        return program.operations.size() > MOST_OPERATIONS
                        || program.conditions > MOST_CONDITIONS
                        || program.reads.size() > MOST_READS
                ? Optional.of("a row has at most " + MOST_OPERATIONS + " operations, " + MOST_CONDITIONS
                        + " conditions and " + MOST_READS + " captures")
                : Optional.empty();
    }

    private static Optional<String> obstacle(Hook hook, int promptLength, int newTokens) {
        List<int[]> ranges = ranges(hook, promptLength, newTokens);
        if (ranges.isEmpty()) {
            return Optional.empty();
        }
        String where = " at " + new TreeSet<>(hook.points()).first();
        if (ranges.size() > MOST_RANGES) {
            return Optional.of("a hook acts on more than " + MOST_RANGES + " ranges of tokens" + where);
        }
        if (hook instanceof Reading) {
            return hook.points().stream().allMatch(RowProgram::isBetweenBlocks)
                    ? Optional.empty()
                    : Optional.of("a hook reads the inside of a block" + where);
        }
        Optional<RowChange> change = hook.rowChange();
        if (change.isEmpty()) {
            return Optional.of("a hook does more than change single activations" + where);
        }
        boolean between = isBetweenBlocks(change.get().at())
                && change.get().conditions().stream().allMatch(condition -> isBetweenBlocks(condition.judged()));
        if (!between) {
            return Optional.of("a hook changes the inside of a block" + where);
        }
        if (change.get().formula() instanceof RowChange.Edited edited
                && edited.latents().size() > MOST_LATENTS) {
            return Optional.of("a hook changes more than " + MOST_LATENTS + " latents" + where);
        }
        return Optional.empty();
    }

    private static boolean isBetweenBlocks(HookPoint point) {
        return point.site() == Site.RESID_POST || point.site() == Site.RESID_PRE;
    }

    /**
     * What hooks do from a prompt's last token on.
     *
     * @param hooks without an {@link #obstacle}, in the order in which they are called
     * @param newTokens maximum number of tokens that are generated
     */
    public static RowProgram of(ModelConfig config, List<? extends Hook> hooks, int promptLength, int newTokens) {
        RowProgram program = none(config);
        for (Hook hook : hooks) {
            List<int[]> ranges = ranges(hook, promptLength, newTokens);
            if (!ranges.isEmpty()) {
                program.add(hook, ranges);
            }
        }
        program.operations.sort(Comparator.comparingInt(Operation::order)); // stable
        return program;
    }

    /** The ranges of positions, the ends exclusive, on which a hook acts. */
    private static List<int[]> ranges(Hook hook, int promptLength, int newTokens) {
        List<int[]> ranges = new ArrayList<>();
        int end = promptLength - 1 + newTokens;
        for (int from = promptLength - 1; from < end; from++) {
            int to = from;
            while (to < end && hook.actsOn(to, promptLength)) {
                to++;
            }
            if (to > from) {
                ranges.add(new int[] {from, to == end ? Integer.MAX_VALUE : to});
                from = to;
            }
        }
        return ranges;
    }

    private void add(Hook hook, List<int[]> ranges) {
        if (!(hook instanceof Reading reading)) {
            add(hook.rowChange().orElseThrow(), ranges);
            return;
        }
        for (HookPoint point : new TreeSet<>(hook.points())) {
            Read read = new Read(reading, point, reads.size());
            reads.add(read);
            for (int[] range : ranges) {
                within(range, () -> add(point, Kind.READ, null, 0, read.index));
            }
        }
    }

    private void add(RowChange change, List<int[]> ranges) {
        List<Integer> conditionsHere = new ArrayList<>();
        for (RowChange.Condition condition : change.conditions()) {
            add(condition.judged(), Kind.JUDGE, condition.unit(), 0, conditions, condition.threshold());
            conditionsHere.add(conditions++);
        }
        for (int[] range : ranges) {
            int length = change.formula() instanceof RowChange.Edited edited
                    ? 2 * edited.latents().size() + 1
                    : 1;
            for (int i = 0; i < conditionsHere.size(); i++) {
                int skipped = conditionsHere.size() - 1 - i + length;
                add(change.at(), Kind.UNLESS, null, skipped, conditionsHere.get(i));
            }
            within(range, () -> add(change.at(), change.formula()));
        }
    }

    /** Adds operations that only act on a range of positions. */
    private void within(int[] range, Runnable adding) {
        int first = operations.size();
        adding.run();
        for (Operation operation : operations.subList(first, operations.size())) {
            operation.words[2] = range[0];
            operation.words[3] = range[1];
        }
    }

    private void add(HookPoint at, RowChange.Formula formula) {
        if (formula instanceof RowChange.Plus plus) {
            add(at, Kind.ADD, plus.vector(), 0, 0);
        } else if (formula instanceof RowChange.Without without) {
            add(at, Kind.PROJECT, without.unit(), 0, 0, without.share());
        } else if (formula instanceof RowChange.Bounded bounded) {
            add(at, Kind.BOUND, bounded.unit(), 0, 0, bounded.low(), bounded.high());
        } else if (formula instanceof RowChange.Turned turned) {
            add(at, Kind.TURN, turned.vector(), 0, 0);
        } else if (formula instanceof RowChange.Edited edited) {
            add(at, edited.latents());
        }
    }

    private void add(HookPoint at, List<RowChange.Latent> latents) {
        for (int i = 0; i < latents.size(); i++) {
            RowChange.Latent latent = latents.get(i);
            RowChange.Scaled scaled = latent.gate() instanceof RowChange.Scaled gate ? gate : null;
            double threshold = latent.gate() instanceof RowChange.Above above ? above.threshold() : 0;
            add(
                    at,
                    Kind.LATENT,
                    latent.encoder(),
                    scaled == null ? 0 : 1,
                    i,
                    latent.bias(),
                    scaled == null ? threshold : scaled.scale(),
                    scaled == null ? 0 : scaled.bias(),
                    latent.factor(),
                    latent.amount(),
                    latent.low(),
                    latent.high());
        }
        for (int i = 0; i < latents.size(); i++) {
            add(at, Kind.WRITE, latents.get(i).decoder(), 0, i);
        }
        add(at, Kind.ROUND, null, 0, 0);
    }

    private void add(HookPoint at, Kind kind, @Nullable Vec vector, int count, int index, double... numbers) {
        int[] words = new int[WORDS];
        words[0] = kind.ordinal();
        words[1] = vector == null
                ? 0
                : known.computeIfAbsent(vector, v -> {
                    vectors.add(v);
                    return vectors.size() - 1;
                });
        words[4] = index;
        words[5] = count;
        for (int i = 0; i < numbers.length; i++) {
            words[NUMBERS + i] = Float.floatToRawIntBits((float) numbers[i]);
        }
        int order = at.site() == Site.RESID_POST ? 2 * (at.layer() + 1) : 2 * at.layer() + 1;
        operations.add(new Operation(order, words));
    }

    /** Whether nothing is done. */
    public boolean isEmpty() {
        return operations.isEmpty();
    }

    /** The vectors that the operations read, `[dModel]`. */
    List<Vec> vectors() {
        return vectors;
    }

    /** What hooks read. */
    public List<Read> reads() {
        return reads;
    }

    /** Index of the first operation of each place, and their number; `[places + 1]`. */
    int[] starts() {
        int[] starts = new int[places + 1];
        for (Operation operation : operations) {
            starts[operation.order / 2 + 1]++;
        }
        for (int place = 0; place < places; place++) {
            starts[place + 1] += starts[place];
        }
        return starts;
    }

    /**
     * The operations, `[operations, 16]`.
     *
     * @param rows where each of the vectors is
     * @param entries where each of the reads goes
     */
    int[] words(int[] rows, int[] entries) {
        int[] all = new int[operations.size() * WORDS];
        for (int i = 0; i < operations.size(); i++) {
            System.arraycopy(operations.get(i).words, 0, all, i * WORDS, WORDS);
            if (!vectors.isEmpty()) {
                all[i * WORDS + 1] = rows[all[i * WORDS + 1]];
            }
            if (all[i * WORDS] == Kind.READ.ordinal()) {
                all[i * WORDS + 4] = entries[all[i * WORDS + 4]];
            }
        }
        return all;
    }
}
