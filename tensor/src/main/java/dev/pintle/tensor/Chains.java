package dev.pintle.tensor;

/**
 * Products of FP32 rows with one weight, in which each element is a sum of pieces, and each piece one chain of fused
 * multiply-adds in the order of the inputs. Implementations differ in speed, not in a single bit.
 */
sealed interface Chains permits PlainChains, VectorChains {
    /** The number of parts of the weight, which may be used concurrently. */
    int parts();

    /**
     * Adds the products of some rows with a part of the weight to {@code sums}.
     *
     * @param x `[rows, in]`
     * @param first the first of the rows to multiply
     * @param count the number of rows to multiply
     * @param cuts where pieces begin and end, from 0 to `in`
     * @param sums `[rows, out]`
     * @param to the first of the rows of {@code sums} to add to
     */
    void add(int part, float[] x, int first, int count, int[] cuts, float[] sums, int to);

    /**
     * The fastest implementation on this CPU.
     *
     * @param weight `[out, in]`
     */
    static Chains of(float[] weight, int out, int in) {
        return VECTORS ? new VectorChains(weight, out, in) : new PlainChains(weight, out, in);
    }

    /** Whether the vector instructions of the CPU can be used: the process has the module {@code jdk.incubator.vector}. */
    boolean VECTORS = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() && VectorChains.isFast();
}
