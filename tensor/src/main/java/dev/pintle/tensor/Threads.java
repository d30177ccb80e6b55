package dev.pintle.tensor;

import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/**
 * Chooses the number of threads for the next operation on the CPU.
 *
 * <p>libtorch delegates FP32 products to OpenBLAS, which has its own thread pool; both pools wait for their slowest
 * thread. For a small operation that wait costs more than the work, and a hundred times more on a busy machine. So
 * small operations run on the calling thread, and products inside an operation that libtorch already parallelises are
 * not parallelised again.
 */
final class Threads {
    /** Operations with fewer FLOPs take less time than waking a thread. */
    static final double WORTH_THREADS = 3e7;

    /** The same for operations that read fewer bytes. */
    private static final double WORTH_THREADS_BYTES = 4e6;

    /** After this many small operations in a row, the next ones are expected to be small too. */
    private static final int MANY_SMALL = 64;

    private static volatile int torchThreads = LibTorch.threadCount();
    private static volatile int blasThreads = -1;
    private static volatile int smallInARow;

    private Threads() {}

    /**
     * For a product that OpenBLAS or oneDNN parallelises itself.
     *
     * @param flops multiplications and additions
     * @param bytes read at memory speed; 0 if packing dominates
     */
    static void forProduct(double flops, double bytes) {
        int threads = Math.max(threadsFor(flops), threadsForReading(bytes));
        setTorch(threads);
        setBlas(threads);
    }

    /** For an operation that libtorch parallelises, with products inside. */
    static void forSpread(double flops) {
        setTorch(threadsFor(flops));
        setBlas(1);
    }

    /**
     * For a memory-bound operation that libtorch parallelises.
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
     * libtorch discards the kernels compiled by oneDNN whenever the thread count changes, and recompiling them takes
     * longer than most products. So the count is raised at once, and lowered only after many small operations in a row:
     * a large model keeps all threads, a small one soon has one.
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
