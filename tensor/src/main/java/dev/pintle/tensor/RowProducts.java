package dev.pintle.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/*
 * A library of matrix kernels chooses among them by the number of rows, and each kernel sums in its own order: a row's
 * bits then depend on how many other rows there are. So rows of different sequences are multiplied in tiles, and a tile
 * has at most as many rows as were seen to give the bits of one row alone.
 */
/** Products on the CPU in which a row's bits do not depend on the other rows. */
final class RowProducts {
    private static final int[] COUNTS = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};
    private static final int MOST = 64;
    private static final int[] LOOKED_AT = {0, 1, 7, 31, 63};

    /**
     * Smaller weights are multiplied row by row: libtorch has yet other kernels for them, whose results differ in so few
     * elements that a comparison might miss it.
     */
    private static final long SMALL = 1L << 16;

    private static final Map<Kind, Integer> TILES = new ConcurrentHashMap<>();

    private RowProducts() {}

    /**
     * What decides which kernel is taken, besides the number of rows.
     *
     * @param packed whether the weight is in the kernel's own memory order
     */
    record Kind(long in, long out, DType dtype, boolean packed) {}

    /**
     * Multiplies in tiles.
     *
     * @param x `[…, in]`, rows of different sequences
     * @param product maps `[rows, in]` to `[rows, out]`
     * @return `[…, out]`
     */
    static Tensor apply(Tensor x, Kind kind, UnaryOperator<Tensor> product) {
        long rows = x.shape().elements() / kind.in();
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = kind.out();
        try (TensorScope scope = TensorScope.open("product of rows")) {
            Tensor flat = x.reshape(rows, kind.in());
            int tile = rows == 1 || kind.in() * kind.out() < SMALL ? 1 : tile(kind, product);
            if (rows <= tile) {
                return scope.keep(product.apply(flat).reshape(shape));
            }
            List<Tensor> parts = new ArrayList<>();
            for (long start = 0; start < rows; start += tile) {
                parts.add(product.apply(flat.narrow(0, start, Math.min(tile, rows - start))));
            }
            return scope.keep(Tensor.cat(parts, 0).reshape(shape));
        }
    }

    /** The largest number of rows up to which every number of rows gives the bits of one. */
    private static int tile(Kind kind, UnaryOperator<Tensor> product) {
        Integer known = TILES.get(kind);
        if (known == null) {
            known = measured(kind, product);
            TILES.put(kind, known);
        }
        return known;
    }

    private static int measured(Kind kind, UnaryOperator<Tensor> product) {
        try (TensorScope scope = TensorScope.open("compare rows")) {
            Tensor x = Tensor.randn(1, DType.FP32, Device.CPU, MOST, kind.in()).to(kind.dtype());
            List<double[]> alone = Arrays.stream(LOOKED_AT)
                    .mapToObj(row -> product.apply(x.narrow(0, row, 1)).toDoubles())
                    .toList();
            int tile = 1;
            for (int count : COUNTS) {
                for (int i = 0; i < LOOKED_AT.length; i++) {
                    int row = LOOKED_AT[i];
                    int start = Math.max(0, row - count + 1);
                    double[] together = product.apply(x.narrow(0, start, count))
                            .select(0, row - start)
                            .toDoubles();
                    if (!Arrays.equals(together, alone.get(i))) {
                        return tile;
                    }
                }
                tile = count;
            }
            return tile;
        }
    }
}
