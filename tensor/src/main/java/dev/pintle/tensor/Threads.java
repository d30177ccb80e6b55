package dev.pintle.tensor;

import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/**
 * Chooses how many threads the next operation on the processor uses.
 *
 * <p>libtorch leaves FP32 products to OpenBLAS, whose threads are not libtorch's; both pools wait for their slowest
 * thread. For a small operation that waiting costs more than the work, and on a machine that is busy with something else a
 * hundred times more. So small operations run on the calling thread, and products inside an operation that libtorch itself
 * spreads over threads are never spread again.
 */
final class Threads {
    /** Operations with fewer multiplications and additions take less time than waking a thread. */
    private static final double WORTH_THREADS = 3e7;

    /** Operations that read fewer bytes, likewise. */
    private static final double WORTH_THREADS_BYTES = 4e6;

    /** Small operations after which the next are expected to be small. */
    private static final int MANY_SMALL = 64;

    private static volatile int torchThreads = LibTorch.threadCount();
    private static volatile int blasThreads = -1;
    private static volatile int smallInARow;

    private Threads() {}

    /**
     * For a product that OpenBLAS or oneDNN computes by itself.
     *
     * @param flops multiplications and additions
     * @param bytes read at the speed of memory, 0 where packing them is what takes time
     */
    static void forProduct(double flops, double bytes) {
        int threads = Math.max(threadsFor(flops), threadsForReading(bytes));
        setTorch(threads);
        setBlas(threads);
    }

    /** For an operation that libtorch spreads over its own threads, with products inside. */
    static void forSpread(double flops) {
        setTorch(threadsFor(flops));
        setBlas(1);
    }

    /**
     * For an operation that libtorch spreads over its own threads and that takes as long as reading memory.
     *
     * @param bytes read
     */
    static void forReading(double bytes) {
        setTorch(threadsForReading(bytes));
    }

    private static int threadsForReading(double bytes) {
        return bytes < WORTH_THREADS_BYTES ? 1 : LibTorch.threadCount();
    }

    private static int threadsFor(double flops) {
        return flops < WORTH_THREADS ? 1 : LibTorch.threadCount();
    }

    /*
     * libtorch throws away the kernels that oneDNN has compiled whenever the number changes, and compiling them again takes
     * longer than most products. So more threads are taken at once and given up only after many small operations in a row:
     * a large model keeps all of them, a small one soon has one.
     */
    private static void setTorch(int threads) {
        int now = torchThreads;
        if (threads >= now) {
            smallInARow = 0;
        } else if (smallInARow++ < MANY_SMALL) {
            return;
        }
        if (now != threads) {
            torch.set_num_threads(threads);
            torchThreads = threads;
        }
    }

    private static void setBlas(int threads) {
        if (blasThreads != threads) {
            openblas_nolapack.blas_set_num_threads(threads);
            blasThreads = threads;
        }
    }
}
