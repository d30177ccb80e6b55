package dev.pintle.quantised;

import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.CodedBlocks;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Workers;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A weight `[out, in]` as codes: an element is what its code stands for, times a scale that a run of elements of a row
 * shares. The product is computed in FP32, as everywhere; where the reference rounds it to 16 bits, here it is not.
 */
abstract class CodedMatrix {
    private static final List<BlockFormat> FORMATS = List.of(
            BlockFormat.INT4_G128,
            BlockFormat.INT4_G32,
            BlockFormat.INT8_G128,
            BlockFormat.INT8_G32,
            BlockFormat.NF4_G64,
            BlockFormat.FP4_G64,
            BlockFormat.E4M3_G128,
            BlockFormat.E4M3_G32);
    private static final int ELEMENTS_AT_ONCE = 1 << 21;
    private static final int ROWS_AT_ONCE = 32; // a multiple of this
    private static final int ROWS_OF_PART = 8;
    private static final double WORK = 20; // per element, in FLOPs

    private final Parts parts;
    private final String scales;
    private final int out;
    private final int in;
    private final int run;
    private final Codes codes;
    private final float largest;

    /**
     * @param scales name of the tensor of scales, for messages
     * @param run elements of a row with a scale in common; the last run may be shorter
     */
    CodedMatrix(Parts parts, String scales, int out, int in, int run, Codes codes) {
        this.parts = parts;
        this.scales = scales;
        this.out = out;
        this.in = in;
        this.run = run;
        this.codes = codes;
        this.largest = codes.largest();
    }

    /**
     * One row in the order of its columns in memory.
     *
     * @param codes `[in]`, unsigned
     * @param scales of each run
     * @param zeros what is subtracted from the codes of each run; 0 for tables
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Row(byte[] codes, float[] scales, int[] zeros) {}

    /** Rows that are on the heap, read by several threads. */
    interface Rows {
        /** @param row of the matrix */
        void read(int row, Row to);
    }

    /** Reads some rows; their number is a multiple of 32, except for the last ones. */
    abstract Rows rows(int from, int count);

    /** Which column of the weight each column of {@link Row} is; null where they are the same. */
    int @Nullable [] columns() {
        return null;
    }

    int out() {
        return out;
    }

    int in() {
        return in;
    }

    /** Elements of a row with a scale in common. */
    int run() {
        return run;
    }

    /** The format that holds the values exactly in memory; empty if there is none. */
    Optional<BlockFormat> format() {
        return FORMATS.stream()
                .filter(format -> in % format.block() == 0 && run % format.block() == 0 && codes.suit(format))
                .findFirst();
    }

    /**
     * The weight in a format.
     *
     * @param owner owns the memory
     */
    QuantisedWeight kept(BlockFormat format, TensorScope owner) {
        int rowBytes = Math.multiplyExact(in / format.block(), format.bytes());
        Tensor all = owner.adopt(Tensor.empty(DType.UINT8, Device.CPU, (long) rowBytes * out));
        inBands((from, count, rows) -> {
            byte[] blocks = new byte[Math.multiplyExact(rowBytes, count)];
            share(count, (row, room) -> {
                read(rows, from + row, room);
                for (int b = 0; b < in / format.block(); b++) {
                    int element = b * format.block();
                    CodedBlocks.put(
                            format,
                            room.scales[element / run],
                            room.zeros[element / run],
                            room.codes,
                            element,
                            blocks,
                            row * rowBytes + b * format.bytes());
                }
            });
            all.narrow(0, (long) from * rowBytes, blocks.length)
                    .copyFrom(Tensor.ofBytes(blocks, DType.UINT8, blocks.length));
        });
        QuantisedWeight weight = QuantisedWeight.of(all, format, out, in);
        int[] order = columns();
        return order == null ? weight : weight.withColumns(order);
    }

    /** The weight `[out, in]` in FP32. */
    Tensor decoded() {
        Tensor all = Tensor.empty(DType.FP32, Device.CPU, out, in);
        int[] order = columns();
        inBands((from, count, rows) -> {
            float[] values = new float[Math.multiplyExact(count, in)];
            share(count, (row, room) -> {
                read(rows, from + row, room);
                decode(room, order, values, row * in);
            });
            all.narrow(0, from, count).copyFrom(Tensor.of(values, count, in));
        });
        return all;
    }

    private void decode(Row row, int @Nullable [] order, float[] to, int at) {
        float[] table = codes instanceof Codes.Table known ? known.values() : null;
        for (int r = 0; r < row.scales.length; r++) {
            float scale = row.scales[r];
            int zero = row.zeros[r];
            int end = Math.min(in, (r + 1) * run);
            for (int i = r * run; i < end; i++) {
                float before = table == null ? (row.codes[i] & 0xFF) - zero : table[row.codes[i] & 0xFF];
                to[at + (order == null ? i : order[i])] = before * scale;
            }
        }
    }

    private void read(Rows rows, int row, Row to) {
        rows.read(row, to);
        for (float scale : to.scales) {
            if (!(Math.abs(scale) * largest <= Float.MAX_VALUE)) {
                throw parts.problem("A scale of a quantised weight is not a number that a weight can have.", scales)
                        .fact("row", row)
                        .fact("expected", "finite numbers, also once they are multiplied")
                        .fact("but was", scale)
                        .fact("try", "another copy of the model")
                        .toException();
            }
        }
    }

    private interface Band {
        void accept(int from, int count, Rows rows);
    }

    private void inBands(Band band) {
        int atOnce = Math.max(1, ELEMENTS_AT_ONCE / in / ROWS_AT_ONCE) * ROWS_AT_ONCE;
        for (int from = 0; from < out; from += atOnce) {
            int count = Math.min(atOnce, out - from);
            try (TensorScope scope = TensorScope.open("read rows")) {
                band.accept(from, count, rows(from, count));
            }
        }
    }

    private interface OneRow {
        void accept(int row, Row room);
    }

    private void share(int count, OneRow body) {
        int pieces = (count + ROWS_OF_PART - 1) / ROWS_OF_PART;
        Workers.share(pieces, WORK * count * in, piece -> {
            int runs = (in + run - 1) / run;
            Row room = new Row(new byte[in], new float[runs], new int[runs]);
            for (int row = piece * ROWS_OF_PART; row < Math.min(count, (piece + 1) * ROWS_OF_PART); row++) {
                body.accept(row, room);
            }
        });
    }
}
