package dev.pintle.tensor;

import dev.pintle.base.Problem;
import dev.pintle.tensor.BlockFormat.Unpacked;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * The weight stays as it is in its file, usually memory-mapped, so that loading costs nothing and the memory taken is that of
 * the file. A product with few rows takes one row of the weight at a time: bytes are multiplied where they lie, and other formats
 * unpacked into a buffer that stays in the L1 cache. For many rows, a piece of the weight at a time is decoded and multiplied by
 * libtorch.
 */
/** A weight `[out, in]` in a {@link BlockFormat}, on the CPU. */
public final class QuantisedWeight {
    private static final int FEW_ROWS = 16; // above, decoding the weight pays off
    private static final int ROWS_OF_PART = 32; // of the weight, that one thread computes at a time
    private static final int PIECE = 1 << 20; // elements that are decoded at a time
    private static final double FLOPS_PER_ELEMENT_READ = 40;

    private final Tensor bytes; // UINT8 [rows, bytes of a row]; owns the memory
    private final BlockFormat format;
    private final int in;
    private final int[] rows; // of the memory, by row of the weight
    private final int @Nullable [] columns; // of the weight, by column of the memory; null where they are the same
    private final NativeRows memory;

    private QuantisedWeight(
            Tensor bytes, BlockFormat format, int in, int[] rows, int @Nullable [] columns, NativeRows memory) {
        this.bytes = bytes;
        this.format = format;
        this.in = in;
        this.rows = rows;
        this.columns = columns;
        this.memory = memory;
    }

    /**
     * A weight in memory, which is shared and must stay open as long as this is used.
     *
     * @param bytes UINT8 `[…]` on the CPU, contiguous: the rows one after the other
     * @param out rows of the weight
     * @param in elements of a row
     * @throws IllegalArgumentException if a row is not a whole number of blocks, or there is another number of bytes
     */
    public static QuantisedWeight of(Tensor bytes, BlockFormat format, int out, int in) {
        long needed = format.rowBytes(in) * out;
        if (in % format.block() != 0 || out < 1 || bytes.shape().elements() != needed || bytes.dtype() != DType.UINT8) {
            throw Problem.of("These bytes are not a weight in this format.")
                    .fact("format", format + ", blocks of " + format.block())
                    .fact("weight", "[" + out + ", " + in + "]")
                    .fact("expected", needed + " bytes")
                    .fact("but was", bytes.describe())
                    .toIllegalArgument();
        }
        NativeRows memory = new NativeRows(bytes, out, Math.toIntExact(format.rowBytes(in)));
        return new QuantisedWeight(bytes, format, in, IntStream.range(0, out).toArray(), null, memory);
    }

    /**
     * Rounds a weight.
     *
     * @param weight `[out, in]` on the CPU; `in` is a multiple of 32
     * @param format {@link BlockFormat#Q8_0} or {@link BlockFormat#Q4_1}
     * @param owner owns the memory
     */
    public static QuantisedWeight round(Tensor weight, BlockFormat format, TensorScope owner) {
        int out = weight.shape().intSize(0);
        int in = weight.shape().intSize(1);
        Tensor bytes = owner.adopt(Tensor.empty(DType.UINT8, Device.CPU, format.rowBytes(in) * out));
        int atOnce = Math.max(1, PIECE / in);
        for (int from = 0; from < out; from += atOnce) {
            int count = Math.min(atOnce, out - from);
            try (TensorScope scope = TensorScope.open("round rows")) {
                float[] values = weight.narrow(0, from, count).to(DType.FP32).toFloats();
                byte[] rounded = Rounding.toBlocks(values, format);
                bytes.narrow(0, format.rowBytes(in) * from, rounded.length)
                        .copyFrom(Tensor.ofBytes(rounded, DType.UINT8, rounded.length));
            }
        }
        return of(bytes, format, out, in);
    }

    /** Storage format. */
    public BlockFormat format() {
        return format;
    }

    /** Rows of the weight: the width of a product. */
    public int out() {
        return rows.length;
    }

    /** Elements of a row. */
    public int in() {
        return in;
    }

    /** Bytes of its rows. */
    public long size() {
        return rows.length * format.rowBytes(in);
    }

    /** Some rows of this weight in another order, sharing its memory. */
    public QuantisedWeight select(int[] which) {
        return new QuantisedWeight(
                bytes, format, in, Arrays.stream(which).map(row -> rows[row]).toArray(), columns, memory);
    }

    /**
     * The same memory with its columns in another order, as weights are stored that were quantised in the order of their
     * columns' importance.
     *
     * @param order `[in]`: which column of the result each column of this weight is; each once
     */
    public QuantisedWeight withColumns(int[] order) {
        int[] sorted = order.clone();
        Arrays.sort(sorted);
        if (columns != null || !Arrays.equals(sorted, IntStream.range(0, in).toArray())) {
            throw Problem.of("This is not an order of the columns.")
                    .fact("expected", in + " columns, each once")
                    .fact("but was", order.length + " columns")
                    .toIllegalArgument();
        }
        return new QuantisedWeight(bytes, format, in, rows, order.clone(), memory);
    }

    /**
     * x · weightᵀ + bias for tokens of one sequence. Few tokens are multiplied as by {@link #linearOfRows}; for many, the weight
     * is decoded in pieces, which are rounded to BF16 if x is and the CPU multiplies BF16.
     *
     * @param x `[…, in]` on the CPU
     * @param bias `[out]`, or null for none
     * @return `[…, out]` in x's dtype
     */
    public Tensor linear(Tensor x, @Nullable Tensor bias) {
        return x.shape().elements() / in <= FEW_ROWS ? linearOfRows(x, bias) : inPieces(x, bias);
    }

    /**
     * The same for rows of different sequences: sums are in FP32, also of an FP64 x, and a row's bits do not depend on the other
     * rows.
     */
    public Tensor linearOfRows(Tensor x, @Nullable Tensor bias) {
        float[] values = inOrderOfMemory(x.toFloats());
        int count = values.length / in;
        float[] product = new float[Math.multiplyExact(count, out())];
        float[] sums = format.hasOffsets() ? sumsOfGroups(values) : new float[0];
        float[] added = bias == null ? null : bias.toFloats();
        int parts = (out() + ROWS_OF_PART - 1) / ROWS_OF_PART;
        bytes.handle(); // fails if the memory is closed
        boolean stored = StoredDots.suits(format);
        float[] ordered = stored ? StoredDots.inOrderOfLanes(values) : values;
        Workers.share(parts, Math.max(2.0 * count, FLOPS_PER_ELEMENT_READ) * out() * in, part -> {
            int end = Math.min(out(), (part + 1) * ROWS_OF_PART);
            if (stored) {
                multiplyStored(part * ROWS_OF_PART, end, ordered, added, count, product);
            } else {
                multiply(part * ROWS_OF_PART, end, values, sums, added, count, product);
            }
        });
        Reference.reachabilityFence(bytes);
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = out();
        try (TensorScope scope = TensorScope.open("quantised product")) {
            return scope.keep(Tensor.of(product, shape).to(x.dtype()));
        }
    }

    private float[] inOrderOfMemory(float[] x) {
        if (columns == null) {
            return x;
        }
        float[] ordered = new float[x.length];
        for (int row = 0; row < x.length; row += in) {
            for (int i = 0; i < in; i++) {
                ordered[row + i] = x[row + columns[i]];
            }
        }
        return ordered;
    }

    private void multiply(
            int from, int end, float[] x, float[] sums, float @Nullable [] bias, int count, float[] product) {
        Unpacked row = format.room(in);
        float[] some = new float[BlockDots.MOST_ROWS];
        int groups = in / format.group();
        for (int o = from; o < end; o++) {
            read(o, row);
            int first = 0;
            while (first < count) {
                int together = first + BlockDots.MOST_ROWS <= count ? BlockDots.MOST_ROWS : 1;
                if (format.hasValues()) {
                    BlockDots.FASTEST.multiply(row.values(), x, first, together, some);
                } else {
                    BlockDots.FASTEST.multiply(row, format.group(), x, first, together, in, some);
                }
                for (int i = 0; i < together; i++) {
                    float sum = some[i];
                    if (format.hasOffsets()) {
                        sum += dot(row.offsets(), sums, (first + i) * groups, groups);
                    }
                    product[(first + i) * out() + o] = bias == null ? sum : sum + bias[o];
                }
                first += together;
            }
        }
    }

    private void multiplyStored(int from, int end, float[] x, float @Nullable [] bias, int count, float[] product) {
        float[] some = new float[BlockDots.MOST_ROWS];
        for (int o = from; o < end; o++) {
            int first = 0;
            while (first < count) {
                int together = first + BlockDots.MOST_ROWS <= count ? BlockDots.MOST_ROWS : 1;
                StoredDots.multiply(memory, rows[o], format, x, first, together, in, some);
                for (int i = 0; i < together; i++) {
                    product[(first + i) * out() + o] = bias == null ? some[i] : some[i] + bias[o];
                }
                first += together;
            }
        }
    }

    private static float dot(float[] a, float[] b, int at, int count) {
        float even = 0;
        float odd = 0;
        int i = 0;
        for (; i + 2 <= count; i += 2) {
            even = Math.fma(a[i], b[at + i], even);
            odd = Math.fma(a[i + 1], b[at + i + 1], odd);
        }
        return (i < count ? Math.fma(a[i], b[at + i], even) : even) + odd;
    }

    private float[] sumsOfGroups(float[] x) {
        int group = format.group();
        float[] sums = new float[x.length / group];
        for (int g = 0; g < sums.length; g++) {
            float sum = 0;
            for (int i = g * group; i < (g + 1) * group; i++) {
                sum += x[i];
            }
            sums[g] = sum;
        }
        return sums;
    }

    private Tensor inPieces(Tensor x, @Nullable Tensor bias) {
        boolean half = x.dtype() == DType.BF16 && HalfProducts.hasInstructions();
        DType dtype = half || x.dtype() == DType.FP64 ? x.dtype() : DType.FP32;
        int atOnce = Math.min(out(), Math.max(1, PIECE / in));
        try (TensorScope scope = TensorScope.open("product in pieces")) {
            Tensor wide = x.to(dtype);
            DecodedPiece memory = dtype == DType.FP64 ? null : new DecodedPiece(dtype, atOnce, in);
            List<Tensor> parts = new ArrayList<>();
            for (int from = 0; from < out(); from += atOnce) {
                int to = Math.min(out(), from + atOnce);
                try (TensorScope piece = TensorScope.open("piece of a weight")) {
                    Tensor rows = memory == null ? decoded(from, to).to(dtype) : memory.fill(this, from, to);
                    parts.add(piece.keep(wide.linear(rows)));
                }
            }
            Tensor product = Tensor.cat(parts, -1);
            return scope.keep((bias == null ? product : product.plus(bias.to(dtype))).to(x.dtype()));
        }
    }

    /**
     * Some rows, exact.
     *
     * @return `[to − from, in]` FP32
     */
    public Tensor decoded(int from, int to) {
        return decoded(IntStream.range(from, to).toArray());
    }

    /**
     * Some rows, exact.
     *
     * @return `[which, in]` FP32
     */
    public Tensor decoded(int[] which) {
        float[] values = new float[Math.multiplyExact(which.length, in)];
        forEachRow(which.length, i -> which[i], (i, row) -> System.arraycopy(row, 0, values, i * in, in));
        return Tensor.of(values, which.length, in);
    }

    /** Receives decoded rows, from several threads. */
    @FunctionalInterface
    interface RowSink {
        /**
         * @param index of the row among those that are decoded
         * @param values of the row, for the sink's use until it returns
         */
        void take(int index, float[] values);
    }

    /**
     * Decodes rows, exact.
     *
     * @param row which row of the weight the i-th is
     */
    void forEachRow(int count, IntUnaryOperator row, RowSink sink) {
        bytes.handle(); // fails if the memory is closed
        int parts = (count + ROWS_OF_PART - 1) / ROWS_OF_PART;
        Workers.share(parts, FLOPS_PER_ELEMENT_READ * count * in, part -> {
            Unpacked unpacked = format.room(in);
            float[] values = new float[in];
            float[] stored = columns == null ? values : new float[in]; // in the order of the memory
            for (int i = part * ROWS_OF_PART; i < Math.min(count, (part + 1) * ROWS_OF_PART); i++) {
                read(row.applyAsInt(i), unpacked);
                format.decode(unpacked, stored, 0, in);
                for (int column = 0; columns != null && column < in; column++) {
                    values[columns[column]] = stored[column];
                }
                sink.take(i, values);
            }
        });
        Reference.reachabilityFence(bytes);
    }

    /** Whether a row's elements are stored in the order of its columns. */
    boolean hasOrderedColumns() {
        return columns == null;
    }

    /** Unpacks a row. */
    void read(int row, Unpacked to) {
        memory.read(rows[row], to.packed());
        format.unpack(to);
    }
}
