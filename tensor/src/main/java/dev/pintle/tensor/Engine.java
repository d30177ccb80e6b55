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

/** What the tensor engine is and how it is set up: for reports and {@code pintle doctor}. */
public final class Engine {
    private Engine() {}

    /** Version of libtorch and of its Java binding, such as {@code 2.10.0-1.5.13}; "unknown" outside its jar. */
    public static String version() {
        try {
            String version = Loader.getVersion("org.bytedeco", "pytorch");
            return version == null ? "unknown" : version;
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** Threads one operation may use; set from {@code PINTLE_THREADS}, else the number of processors. */
    public static int threads() {
        return LibTorch.threadCount();
    }

    /** The vector instructions that libtorch chose on this processor, such as {@code AVX2}. */
    public static String cpuCapability() {
        LibTorch.load();
        try (BytePointer name = torch.get_cpu_capability()) {
            return name.getString();
        }
    }

    /** Whether the processor multiplies 16-bit numbers by itself; else their products are computed in FP32. */
    public static boolean multipliesHalf() {
        LibTorch.load();
        return HalfProducts.hasInstructions();
    }

    /** Whether libtorch sees a GPU. */
    public static boolean cudaAvailable() {
        LibTorch.load();
        return torch.cuda_is_available();
    }

    /** The GPU in words, or why none is used. */
    public static String gpu() {
        String why = System.getProperty("pintle.gpu.unused"); // the launcher's reason
        if (why != null) {
            return "none used: " + why;
        }
        if (!LibTorch.isForGpu()) {
            return "none used: this libtorch is built for the processor alone; PINTLE_GPU=1 ./pintle builds for CUDA";
        }
        if (!cudaAvailable()) {
            return "none used: libtorch for CUDA is here but finds no GPU; see what nvidia-smi says of the driver";
        }
        return CudaProgram.describe(Device.cuda(0));
    }

    /** Waits until the device has done all work it was given; at once on the processor. */
    public static void synchronize(Device device) {
        if (!device.equals(Device.CPU)) {
            torch.synchronizeDevice((byte) device.index());
        }
    }

    /** How much of a GPU's memory is in use; its peaks count from the start of the process. */
    public static GpuMemory gpuMemory(Device device) {
        return GpuMemory.of(device);
    }

    /** Takes at most that many bytes of a GPU's memory for tensors from now on, as if the GPU had no more. */
    public static void limitGpuMemory(Device device, long bytes) {
        GpuMemory.limit(device, bytes);
    }

    /** Bytes that new tensors can have on a device; empty where the operating system does not say. */
    public static OptionalLong availableMemory(Device device) {
        return device.equals(Device.CPU)
                ? availableMemory()
                : OptionalLong.of(gpuMemory(device).available());
    }

    /**
     * Bytes that can still be allocated on the processor without swapping, as the operating system estimates it; empty
     * where it does not say.
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
     * Objects of libtorch that are held now and that the garbage collector would release if nobody did; 0 where that is switched
     * off by {@code org.bytedeco.javacpp.nopointergc}.
     */
    public static long nativeObjects() {
        LibTorch.load();
        return Pointer.totalCount();
    }

    /** Folder that the native libraries are unpacked into. */
    public static String nativeCacheFolder() {
        try {
            return Loader.getCacheDir().toString();
        } catch (IOException e) {
            return "none that can be written: " + e.getMessage();
        }
    }
}
