package dev.pintle.tensor;

import dev.pintle.tensor.CudaKernel.Grid;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The largest elements of long rows on a GPU, about ten times as fast as libtorch's selection; see topk.cu. */
final class GpuTopK {
    private static final int THREADS = 1024;
    private static final int CAPACITY = 4096; // must match the kernel
    private static final int MIN_WIDTH = 4096; // rows for which libtorch is slower
    private static final Map<Device, CudaKernel> KERNELS = new ConcurrentHashMap<>();

    private GpuTopK() {}

    static boolean suits(Tensor x, int k) {
        if (x.dtype() != DType.FP32
                || x.device().kind() != Device.Kind.CUDA
                || x.shape().rank() == 0) {
            return false;
        }
        long width = x.size(-1);
        long shares = (width + THREADS - 1) / THREADS;
        return width >= MIN_WIDTH
                && width <= Integer.MAX_VALUE
                && k >= 1
                && k <= THREADS
                && (k - 1) * shares <= CAPACITY;
    }

    static Tensor.TopK of(Tensor x, int k) {
        long[] sizes = x.shape().toArray();
        long width = sizes[sizes.length - 1];
        long rows = x.shape().elements() / width;
        sizes[sizes.length - 1] = k;
        Tensor values = Tensor.empty(DType.FP32, x.device(), sizes);
        Tensor indices = Tensor.empty(DType.INT64, x.device(), sizes);
        if (rows > 0) {
            kernel(x.device()).launch(Grid.of(rows), THREADS, values, indices, x.contiguous(), (int) width, k);
        }
        return new Tensor.TopK(values, indices);
    }

    private static CudaKernel kernel(Device device) {
        return KERNELS.computeIfAbsent(
                device,
                d -> CudaProgram.compile("topk.cu", CudaProgram.source(GpuTopK.class, "cuda/topk.cu"), Map.of(), d)
                        .kernel("top_k"));
    }
}
