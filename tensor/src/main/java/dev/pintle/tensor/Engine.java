package dev.pintle.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.global.torch;

/** Describes the tensor engine and its configuration, for reports and {@code pintle doctor}. */
public final class Engine {
    private Engine() {}

    /** Version of libtorch and its Java binding, such as {@code 2.10.0-1.5.13}; "unknown" outside its jar. */
    public static String version() {
        try {
            String version = Loader.getVersion("org.bytedeco", "pytorch");
            return version == null ? "unknown" : version;
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** Threads per operation: {@code PINTLE_THREADS}, otherwise the number of cores. */
    public static int threads() {
        return LibTorch.threadCount();
    }

    /** The vector instruction set libtorch uses on this CPU, such as {@code AVX2}. */
    public static String cpuCapability() {
        LibTorch.load();
        try (BytePointer name = torch.get_cpu_capability()) {
            return name.getString();
        }
    }

    /** Whether the CPU has 16-bit multiplication; otherwise such products are computed in FP32. */
    public static boolean multipliesHalf() {
        LibTorch.load();
        return HalfProducts.hasInstructions();
    }

    /** Whether libtorch sees a GPU. */
    public static boolean cudaAvailable() {
        LibTorch.load();
        return torch.cuda_is_available();
    }

    /** A description of the GPU, or why none is used. */
    public static String gpu() {
        String why = System.getProperty("pintle.gpu.unused"); // the launcher's reason
        if (why != null) {
            return "none used: " + why;
        }
        if (!LibTorch.isForGpu()) {
            return "none used: this build of libtorch is CPU-only; PINTLE_GPU=1 ./pintle builds for CUDA";
        }
        if (!cudaAvailable()) {
            return "none used: libtorch for CUDA is installed but finds no GPU; check the driver with nvidia-smi";
        }
        return CudaProgram.describe(Device.cuda(0));
    }

    /** Waits until the device has finished all submitted work; returns immediately for the CPU. */
    public static void synchronize(Device device) {
        if (!device.equals(Device.CPU)) {
            torch.synchronizeDevice((byte) device.index());
        }
    }

    /** A GPU's memory usage; peaks count from the start of the process. */
    public static GpuMemory gpuMemory(Device device) {
        return GpuMemory.of(device);
    }

    /** Limits the GPU memory available to tensors from now on. */
    public static void limitGpuMemory(Device device, long bytes) {
        GpuMemory.limit(device, bytes);
    }

    /** Bytes available for new tensors on a device; empty if the operating system does not say. */
    public static OptionalLong availableMemory(Device device) {
        return device.equals(Device.CPU)
                ? availableMemory()
                : OptionalLong.of(gpuMemory(device).available());
    }

    /**
     * Bytes that can still be allocated in host memory without swapping, as estimated by the operating system; empty if
     * it does not say.
     */
    public static OptionalLong availableMemory() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("MemAvailable:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException | UncheckedIOException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * The number of live libtorch objects that the garbage collector would release if nothing else did; 0 if that is
     * disabled by {@code org.bytedeco.javacpp.nopointergc}.
     */
    public static long nativeObjects() {
        LibTorch.load();
        return Pointer.totalCount();
    }

    /** The folder into which native libraries are unpacked. */
    public static String nativeCacheFolder() {
        try {
            return Loader.getCacheDir().toString();
        } catch (IOException e) {
            return "no writable folder: " + e.getMessage();
        }
    }
}
