package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/** CUDA C++ compiled at run time for the installed GPU (NVRTC). It stays loaded for the life of the process. */
public final class CudaProgram {
    private static final int OVERLAP_CAPABILITY =
            90; // from this compute capability on, kernels of a stream may overlap
    private static final int CLUSTER_CAPABILITY = 90;

    /** Shared memory that every thread block needs in addition, in bytes. */
    public static final int RESERVED_SHARED = 1024;

    private final Device device;
    private final CUmod_st module;
    private final Map<String, Integer> allowed = new ConcurrentHashMap<>(); // shared memory, by kernel

    private CudaProgram(Device device, CUmod_st module) {
        this.device = device;
        this.module = module;
    }

    /**
     * Compiles a program, in about a second.
     *
     * @param name for errors
     * @param macros names and values of preprocessor macros
     * @throws dev.pintle.base.PintleException with the compiler's log if the source does not compile
     */
    public static CudaProgram compile(String name, String source, Map<String, Integer> macros, Device device) {
        LibTorch.load();
        CudaCalls.runtime("cudaSetDevice", cudart.cudaSetDevice(device.index())); // the driver needs a context
        List<String> options = new ArrayList<>();
        options.add("--gpu-architecture=sm_" + capability(device));
        options.add("--std=c++17");
        macros.forEach((key, value) -> options.add("-D" + key + "=" + value));
        try (_nvrtcProgram program = new _nvrtcProgram();
                BytePointer text = new BytePointer(source, StandardCharsets.UTF_8);
                BytePointer title = new BytePointer(name, StandardCharsets.UTF_8);
                PointerPointer<BytePointer> flags = new PointerPointer<>(options.toArray(String[]::new))) {
            CudaCalls.compiler(
                    "nvrtcCreateProgram",
                    nvrtc.nvrtcCreateProgram(
                            program, text, title, 0, (PointerPointer<?>) null, (PointerPointer<?>) null));
            if (nvrtc.nvrtcCompileProgram(program, options.size(), flags) != nvrtc.NVRTC_SUCCESS) {
                throw Problem.of("A kernel does not compile.")
                        .fact("program", name)
                        .fact("options", String.join(" ", options))
                        .fact("log", log(program))
                        .toException();
            }
            return new CudaProgram(device, load(program));
        }
    }

    /** What kernels with 16-bit numbers have in common, to come before a source that is compiled with -DBF16=1 or 0. */
    public static String halves() {
        return source(CudaProgram.class, "cuda/half.cuh");
    }

    /** The text of a resource in a class's package. */
    public static String source(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("The resource " + name + " is missing.");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The GPU's compute capability: 90 for 9.0. */
    public static int capability(Device device) {
        LibTorch.load();
        return 10 * attribute(cudart.cudaDevAttrComputeCapabilityMajor, device)
                + attribute(cudart.cudaDevAttrComputeCapabilityMinor, device);
    }

    /** The number of multiprocessors, each of which runs its own blocks. */
    public static int processors(Device device) {
        LibTorch.load();
        return attribute(cudart.cudaDevAttrMultiProcessorCount, device);
    }

    /** Whether thread blocks can form clusters, which read each other's shared memory. */
    public static boolean hasClusters(Device device) {
        return capability(device) >= CLUSTER_CAPABILITY;
    }

    /** Shared memory of a processor, in bytes, of which each thread block needs {@link #RESERVED_SHARED} more than it uses. */
    public static int processorSharedBytes(Device device) {
        LibTorch.load();
        return attribute(cudart.cudaDevAttrMaxSharedMemoryPerMultiprocessor, device);
    }

    /** Shared memory that a thread block can have, in bytes. */
    public static int sharedBytes(Device device) {
        LibTorch.load();
        return attribute(cudart.cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    }

    private static int attribute(int which, Device device) {
        int[] value = new int[1];
        CudaCalls.runtime("cudaDeviceGetAttribute", cudart.cudaDeviceGetAttribute(value, which, device.index()));
        return value[0];
    }

    /** Name, memory and compute capability. */
    static String describe(Device device) {
        try (cudaDeviceProp properties = new cudaDeviceProp()) {
            CudaCalls.runtime("cudaGetDeviceProperties", cudart.cudaGetDeviceProperties(properties, device.index()));
            return String.format(
                    Locale.ROOT,
                    "%s, %.0f GiB, compute capability %d.%d",
                    properties.name().getString(),
                    properties.totalGlobalMem() / (double) (1L << 30),
                    properties.major(),
                    properties.minor());
        }
    }

    private static String log(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            nvrtc.nvrtcGetProgramLogSize(program, size);
            try (BytePointer log = new BytePointer(size.get())) {
                nvrtc.nvrtcGetProgramLog(program, log);
                return log.getString();
            }
        }
    }

    private static CUmod_st load(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            CudaCalls.compiler("nvrtcGetCUBINSize", nvrtc.nvrtcGetCUBINSize(program, size));
            try (BytePointer code = new BytePointer(size.get())) {
                CudaCalls.compiler("nvrtcGetCUBIN", nvrtc.nvrtcGetCUBIN(program, code));
                CUmod_st module = new CUmod_st();
                CudaCalls.driver("cuModuleLoadData", cudart.cuModuleLoadData(module, code));
                return module;
            }
        } finally {
            nvrtc.nvrtcDestroyProgram(program);
        }
    }

    /** A kernel declared {@code extern "C"}. */
    public CudaKernel kernel(String name) {
        return kernel(name, 0);
    }

    /**
     * A kernel declared {@code extern "C"}.
     *
     * @param sharedBytes dynamic shared memory of each thread block
     */
    public CudaKernel kernel(String name, int sharedBytes) {
        CUfunc_st function = new CUfunc_st();
        CudaCalls.driver("cuModuleGetFunction " + name, cudart.cuModuleGetFunction(function, module, name));
        allowed.compute(name, (key, before) -> { // all kernels of this name are one to the driver: the largest counts
            if (sharedBytes > 0 && (before == null || sharedBytes > before)) {
                CudaCalls.driver(
                        "cuFuncSetAttribute " + name,
                        cudart.cuFuncSetAttribute(
                                function, cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes));
                return sharedBytes;
            }
            return before;
        });
        return new CudaKernel(name, function, device, capability(device) >= OVERLAP_CAPABILITY, sharedBytes);
    }
}
