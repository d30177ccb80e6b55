package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Cosines and sines of a model's positions, computed once: otherwise, a pass over 512 tokens would start with half a
 * millisecond in which the CPU computes them and the GPU waits.
 */
public final class RopeTables {
    private static final int FEWEST_POSITIONS = 1024;

    private final DType precise;
    private final Device device;
    private final TensorScope owner;
    private final Map<Rope, Rope.Turn> tables = new IdentityHashMap<>();
    private final Map<Rope, HeapTable> heapTables = new IdentityHashMap<>();

    /** @param owner owns the tables, including outgrown ones, since a pass may still read them */
    public RopeTables(DType precise, Device device, TensorScope owner) {
        this.precise = precise;
        this.device = device;
        this.owner = owner;
    }

    /** Cosines and sines for positions from 0 on, each with at least {@code positions} rows `[rotated / 2]`. */
    public synchronized Rope.Turn table(Rope rope, int positions) {
        Rope.Turn table = tables.get(rope);
        if (table == null || table.cos().size(0) < positions) {
            int enough = Math.max(FEWEST_POSITIONS, 2 * Integer.highestOneBit(positions - 1));
            table = rope.table(enough, precise, device);
            owner.adopt(table.cos());
            owner.adopt(table.sin());
            tables.put(rope, table);
        }
        return table;
    }

    /** {@link #table} on the Java heap. */
    public synchronized HeapTable heapTable(Rope rope, int positions) {
        HeapTable known = heapTables.get(rope);
        Rope.Turn table = table(rope, positions);
        if (known == null || known.of() != table) {
            known = new HeapTable(table, table.cos().toFloats(), table.sin().toFloats());
            heapTables.put(rope, known);
        }
        return known;
    }

    /**
     * Cosines and sines on the Java heap, in FP32.
     *
     * @param of what they are copies of
     * @param cos `[positions, rotated / 2]`
     * @param sin of the same shape
     */
    public record HeapTable(Rope.Turn of, float[] cos, float[] sin) {}

    /** The rotation for a pass; padding uses that of position 0. */
    public Rope.Turn turn(Rope rope, Layout layout) {
        if (!rope.dependsOnLength()) {
            return turnAlike(rope, layout);
        }
        List<Rope> each = IntStream.range(0, layout.batch())
                .mapToObj(row -> rope.ofLength(layout.begunWith(row)))
                .toList();
        if (each.stream().distinct().count() == 1) {
            return turnAlike(each.get(0), layout);
        }
        List<Rope.Turn> turns = IntStream.range(0, layout.batch())
                .mapToObj(row -> turnAlike(each.get(row), layout.only(row)))
                .toList();
        return new Rope.Turn(
                Tensor.cat(turns.stream().map(Rope.Turn::cos).toList(), 0),
                Tensor.cat(turns.stream().map(Rope.Turn::sin).toList(), 0),
                turns.get(0).inPairs());
    }

    private Rope.Turn turnAlike(Rope rope, Layout layout) {
        Rope.Turn table = table(rope, layout.maxPosition() + 1);
        int tokens = layout.tokens();
        if (layout.isRegular()) {
            int first = layout.position(0, 0);
            return new Rope.Turn(
                    shaped(table.cos().narrow(0, first, tokens), 1, tokens),
                    shaped(table.sin().narrow(0, first, tokens), 1, tokens),
                    table.inPairs());
        }
        int[] positions = layout.flatPositions();
        for (int i = 0; i < positions.length; i++) {
            positions[i] = Math.max(0, positions[i]);
        }
        Tensor at = Tensor.of(positions, positions.length).to(device);
        return new Rope.Turn(
                shaped(table.cos().rows(at), layout.batch(), tokens),
                shaped(table.sin().rows(at), layout.batch(), tokens),
                table.inPairs());
    }

    private static Tensor shaped(Tensor table, int rows, int tokens) {
        return table.reshape(rows, 1, tokens, table.size(-1));
    }
}
