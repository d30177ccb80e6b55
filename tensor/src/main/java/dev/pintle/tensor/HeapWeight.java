package dev.pintle.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/*
 * FP32 products in which a row's bits depend on that row and on the weight alone.
 *
 * OpenBLAS has several kernels and chooses by the number of rows. Its usual one sums each element in a fixed way: the
 * inputs are cut into pieces of a few hundred, each piece is one chain of fused multiply-adds, and the pieces are added
 * up. The number of rows does not matter, and that of threads only for some numbers of inputs. For few rows it takes
 * other kernels, which sum differently, and even its usual one would spend most of the time on packing the weight.
 *
 * So products are computed here, in Java, with the same chains and hence the same bits. Without vector instructions, those
 * of many rows are left to OpenBLAS; with them, it is not faster, and its threads spin for a while after each product,
 * which takes the CPU from ours. Where the pieces end depends on the processor; they are found by comparing with OpenBLAS.
 * If no cut agrees, all products are computed here.
 */
/**
 * A weight `[out, in]` on the Java heap, in FP32, whose product with a row has the same bits whatever other rows there
 * are. Products with 16-bit weights are rounded once.
 */
public final class HeapWeight {
    /** Up to this number of rows, plain loops are faster than OpenBLAS, which packs the weight anew each time. */
    private static final int FEW_ROWS = 16;

    private static final int ROWS_AT_ONCE = 64;
    private static final double FLOPS_PER_ELEMENT_READ = 40;

    /** Above this number of multiplications, OpenBLAS no longer uses its kernels for small matrices. */
    private static final long SMALL_PRODUCT = 1L << 21;

    private static final int[] PIECES = {320, 384, 256, 352, 448, 512, 640, 768, 1024, 128, 192, 240};
    private static final int[] PIECE_STEPS = {4, 16, 8, 1, 2, 6, 12, 24, 32};
    private static final boolean HAS_FMA = "aarch64".equals(System.getProperty("os.arch"))
            || Engine.cpuCapability().startsWith("AVX");
    private static final Map<List<Integer>, Optional<int[]>> KNOWN_CUTS =
            new ConcurrentHashMap<>(); // by out, in and whether there is a bias, which begins the sums

    private final Tensor stored; // [out, in]; after construction, only read without vector instructions
    private final @Nullable Tensor bias;
    private final float @Nullable [] biasValues;
    private final Chains chains;
    private final int in;
    private final int out;
    private final int[] cuts; // where pieces begin and end, from 0 to in
    private final boolean agrees; // whether these are OpenBLAS's

    private HeapWeight(Tensor stored, @Nullable Tensor bias) {
        this.stored = stored;
        this.bias = bias;
        this.biasValues = bias == null ? null : bias.toFloats();
        this.out = stored.shape().intSize(0);
        this.in = stored.shape().intSize(1);
        this.chains = Chains.of(stored.toFloats(), out, in);
        Optional<int[]> found = stored.dtype() == DType.FP32
                ? KNOWN_CUTS.computeIfAbsent(List.of(out, in, bias == null ? 0 : 1), shape -> cuts())
                : Optional.empty();
        this.cuts = found.orElse(new int[] {0, in});
        this.agrees = found.isPresent();
    }

    /**
     * Whether products are faster this way, or at least as fast and exact: FP32 on a CPU with FMA instructions, which Java
     * computes slowly otherwise, and 16 bits where Java uses vector instructions.
     */
    public static boolean suits(Tensor weight) {
        DType dtype = weight.dtype();
        return HAS_FMA
                && (dtype == DType.FP32 || (usesVectors() && (dtype == DType.BF16 || dtype == DType.FP16)))
                && weight.device().equals(Device.CPU)
                && weight.shape().rank() == 2
                && weight.shape().elements() > 0;
    }

    /** Whether products use the vector instructions of the CPU, for which Java needs a module that is not loaded by itself. */
    public static boolean usesVectors() {
        return Chains.VECTORS;
    }

    /**
     * Copies a weight for which {@link #suits} holds to the heap. Unless {@link #usesVectors}, it must stay open as long as
     * this is used.
     *
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     */
    public static HeapWeight of(Tensor weight, @Nullable Tensor bias) {
        try (TensorScope scope = TensorScope.open("copy a weight to the heap")) {
            return new HeapWeight(weight, bias);
        }
    }

    /**
     * x · weightᵀ + bias.
     *
     * @param x `[…, in]` on the CPU, in the weight's dtype
     * @return `[…, out]`
     */
    public Tensor linear(Tensor x) {
        long rows = x.shape().elements() / in;
        if (agrees && !Chains.VECTORS && rows > FEW_ROWS && rows * in * out > SMALL_PRODUCT) {
            return x.linear(stored, bias);
        }
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = out;
        return Tensor.of(multiply(x.toFloats(), cuts), shape).to(x.dtype());
    }

    private float[] multiply(float[] x, int[] pieces) {
        int rows = x.length / in;
        float[] product = new float[Math.multiplyExact(rows, out)];
        addBias(product, 0, rows);
        int tiles = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
        Workers.share(tiles * chains.parts(), work(rows), i -> {
            int first = i / chains.parts() * ROWS_AT_ONCE;
            int count = Math.min(ROWS_AT_ONCE, rows - first);
            chains.add(i % chains.parts(), x, first, count, pieces, product, first);
        });
        return product;
    }

    /** FLOPs of a product, or as many as take the time of reading the weight. */
    private double work(int rows) {
        return Math.max(2.0 * rows, Chains.VECTORS ? FLOPS_PER_ELEMENT_READ : 0) * in * out;
    }

    private void addBias(float[] product, int first, int count) {
        for (int row = first; row < first + count && biasValues != null; row++) {
            System.arraycopy(biasValues, 0, product, row * out, out);
        }
    }

    /**
     * Multiplies some rows, with the bits of {@link #linear}.
     *
     * @param x `[rows, in]`
     * @param first the first of the rows to multiply
     * @param count the number of rows to multiply
     * @param product `[rows, out]`, zeros in the rows that are computed
     * @param to the first of the product's rows to compute
     */
    public void multiply(float[] x, int first, int count, float[] product, int to) {
        addBias(product, to, count);
        Workers.share(chains.parts(), work(count), part -> chains.add(part, x, first, count, cuts, product, to));
    }

    /** Width of the result. */
    public int out() {
        return out;
    }

    // ---------------------------------------------------------------- agreement with OpenBLAS

    /** Cuts with which products have the bits of OpenBLAS's; empty if there are none. */
    private Optional<int[]> cuts() {
        long few = Math.max(FEW_ROWS, SMALL_PRODUCT / ((long) in * out)) + 1;
        long many = (long) (Threads.WORTH_THREADS / (2.0 * in * out)) + few;
        return candidates(in).stream()
                .filter(tried -> agree(FEW_ROWS, few, tried) && agree(few, few, tried) && agree(many, many, tried))
                .findFirst();
    }

    /**
     * Whether the first rows of a product have OpenBLAS's bits.
     *
     * @param rows computed by OpenBLAS; many of them in several threads
     */
    private boolean agree(long first, long rows, int[] tried) {
        Tensor x = Tensor.randn(1, DType.FP32, Device.CPU, rows, in);
        float[] expected = x.linear(stored, bias).narrow(0, 0, first).toFloats();
        return Arrays.equals(expected, multiply(x.narrow(0, 0, first).toFloats(), tried));
    }

    /** As OpenBLAS cuts: pieces of one length, and what remains in halves if it is longer than a piece. */
    private static List<int[]> candidates(int inputs) {
        List<int[]> candidates = new ArrayList<>();
        candidates.add(new int[] {0, inputs});
        for (int length : PIECES) {
            for (int step : PIECE_STEPS) {
                List<Integer> cuts = new ArrayList<>(List.of(0));
                for (int at = 0; at < inputs; ) {
                    int left = inputs - at;
                    int half = (left / 2 + step - 1) / step * step;
                    at += left >= 2 * length ? length : left > length ? half : left;
                    cuts.add(at);
                }
                candidates.add(cuts.stream().mapToInt(cut -> cut).toArray());
            }
        }
        return candidates;
    }
}
