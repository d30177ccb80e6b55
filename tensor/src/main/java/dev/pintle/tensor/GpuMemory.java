package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.SizeTPair;
import org.bytedeco.pytorch.Stat;
import org.bytedeco.pytorch.cuda.CUDAAllocator;
import org.bytedeco.pytorch.cuda.DeviceStats;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_cuda;

/**
 * GPU memory usage in bytes.
 *
 * @param total what this process may use: the GPU's memory, or less if {@code PINTLE_GPU_MEMORY} says so
 * @param used currently used by tensors
 * @param peak largest amount used by tensors
 * @param reserved currently reserved by the allocator, to be reused
 * @param peakReserved largest amount reserved by the allocator
 * @param available what is left for new tensors
 */
public record GpuMemory(long total, long used, long peak, long reserved, long peakReserved, long available) {
    private static final String LIMIT = "PINTLE_GPU_MEMORY";
    private static final Set<Integer> PREPARED = ConcurrentHashMap.newKeySet();

    static GpuMemory of(Device device) {
        byte index = (byte) device.index();
        prepare(device.index());
        CUDAAllocator allocator = torch_cuda.getAllocator();
        try (SizeTPair sizes = allocator.getMemoryInfo(index);
                DeviceStats stats = allocator.getDeviceStats(index);
                Stat allocated = stats.allocated_bytes();
                Stat reserved = stats.reserved_bytes()) {
            long whole = sizes.second();
            long total = (long) (whole * allocator.getMemoryFraction(index));
            long unused = reserved.current() - allocated.current();
            long available = Math.min(sizes.first() + unused, total - allocated.current());
            return new GpuMemory(
                    total,
                    allocated.current(),
                    allocated.peak(),
                    reserved.current(),
                    reserved.peak(),
                    Math.max(0, available));
        }
    }

    /**
     * Initialises the GPU in libtorch, and once applies the limit set in the environment.
     *
     * @throws dev.pintle.base.PintleException if there is no such GPU, saying why none is used
     */
    static void prepare(int index) {
        if (PREPARED.contains(index)) {
            return;
        }
        requireUsable(index);
        if (!PREPARED.add(index)) {
            return;
        }
        try (TensorScope scope = TensorScope.open("start the GPU")) {
            Tensor.zeros(DType.UINT8, Device.cuda(index), 1); // the allocator only knows a GPU after its first tensor
        }
        String limit = System.getenv(LIMIT);
        if (limit != null && !limit.isBlank()) {
            limit(Device.cuda(index), ByteCount.parse(LIMIT, limit));
        }
    }

    private static void requireUsable(int index) {
        int usable = Engine.cudaAvailable() ? torch.cuda_device_count() : 0;
        if (index >= usable) {
            throw Problem.of("This device cannot be used.")
                    .fact("device", Device.cuda(index))
                    .fact("GPUs", usable == 0 ? Engine.gpu() : "cuda:0 to cuda:" + (usable - 1))
                    .fact("try", "--device best, or --device cpu")
                    .toException();
        }
    }

    /** Limits the GPU memory of this process for tensors from now on. */
    static void limit(Device device, long bytes) {
        prepare(device.index());
        byte index = (byte) device.index();
        CUDAAllocator allocator = torch_cuda.getAllocator();
        try (SizeTPair sizes = allocator.getMemoryInfo(index)) {
            allocator.setMemoryFraction(Math.min(1, bytes / (double) sizes.second()), index);
        }
    }

    /** In GB, human-readable. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%.2f GB in use, %.2f GB at most, of %.2f GB; %.2f GB taken from the GPU",
                used / 1e9,
                peak / 1e9,
                total / 1e9,
                peakReserved / 1e9);
    }
}
