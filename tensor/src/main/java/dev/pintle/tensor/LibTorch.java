package dev.pintle.tensor;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_cuda;
import org.jspecify.annotations.Nullable;

/** Loads libtorch once, configures its threads, and translates its errors. */
final class LibTorch {
    private static final int SHOWN = 80;
    private static final int THREADS;
    private static final @Nullable PintleException FAILURE;
    static final Pattern GPU_IS_FULL =
            Pattern.compile("CUDA out of memory\\. Tried to allocate ([^ ]+ [^ ]+?)\\. GPU (\\d+) ");

    static {
        // Otherwise JavaCPP would read the process size from /proc on every allocation, and throw if it looks large.
        setIfAbsent("org.bytedeco.javacpp.maxBytes", "0");
        setIfAbsent("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        int threads = 1;
        PintleException failure;
        try {
            threads = threads(System.getenv("PINTLE_THREADS"));
            failure = start(threads);
        } catch (PintleException e) {
            // thrown here, it would surface once as a failed initialiser, and from then on as a missing class
            failure = e;
        }
        THREADS = threads;
        FAILURE = failure;
    }

    private LibTorch() {}

    private static @Nullable PintleException start(int threads) {
        try {
            NativeLibraries.unpack();
            if (isForGpu()) {
                // libtorch checks once whether its CUDA part is loaded, so it comes first
                Loader.load(torch_cuda.class);
                // cuDNN plans attention anew for each number of rows and tokens, which takes 0.15 s; other kernels
                // start at once
                torch.globalContext().setSDPUseCuDNN(false);
            }
            torch.set_num_threads(threads);
            return null;
        } catch (IOException e) {
            return Problem.of("libtorch could not be unpacked.")
                    .fact("folder", Engine.nativeCacheFolder())
                    .fact("cause", e)
                    .fact(
                            "try",
                            "free space there (libtorch takes 0.5 GB, for CUDA 2 GB), or another folder:"
                                    + " JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=FOLDER")
                    .toException(e);
        } catch (LinkageError | RuntimeException e) {
            return Problem.of("libtorch could not be loaded.")
                    .fact("platform", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
                    .fact("cause", firstLine(e))
                    .fact("try", hint())
                    .toException(e);
        }
    }

    /**
     * @throws PintleException if no libtorch works on this machine
     */
    static void load() {
        if (FAILURE != null) {
            throw FAILURE;
        }
    }

    static int threadCount() {
        return THREADS;
    }

    private static String hint() {
        return isForGpu()
                ? "PINTLE_GPU=0 to use the CPU, or PINTLE_CUDA_LIBS=FOLDER:FOLDER with the CUDA 13 libraries"
                : "pintle doctor, on a platform that libtorch is published for";
    }

    /** Whether this process was started with libtorch for CUDA. */
    static boolean isForGpu() {
        return "-gpu".equals(System.getProperty("org.bytedeco.javacpp.platform.extension"));
    }

    /**
     * @throws PintleException if it is not a valid number of threads
     */
    static int threads(@Nullable String asked) {
        if (asked == null || asked.isBlank()) {
            return Runtime.getRuntime().availableProcessors();
        }
        if (!asked.strip().matches("[1-9]\\d{0,3}")) {
            throw Problem.of("PINTLE_THREADS is not a valid number of threads.")
                    .fact("expected", "a whole number from 1 to 9999")
                    .fact("but was", asked.length() <= SHOWN ? asked : asked.substring(0, SHOWN) + "…")
                    .fact("try", "unset it, for one thread per core")
                    .toException();
        }
        return Integer.parseInt(asked.strip());
    }

    private static void setIfAbsent(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }

    /** Runs a libtorch call; exceptions become a sentence with the operands as facts. */
    static <T> T call(String operation, Supplier<T> body, Tensor... operands) {
        try {
            return body.get();
        } catch (PintleException | IllegalStateException e) {
            throw e;
        } catch (RuntimeException e) {
            throw translated(operation, e, operands);
        }
    }

    private static RuntimeException translated(String operation, RuntimeException error, Tensor... operands) {
        String why = firstLine(error);
        Matcher gpu = GPU_IS_FULL.matcher(why);
        if (gpu.find()) {
            return gpuIsFull(operation, gpu.group(1), Integer.parseInt(gpu.group(2)), operands)
                    .toException(error);
        }
        boolean memory = why.contains("allocate memory") || why.contains("out of memory");
        Problem problem = Problem.of(
                memory ? "Out of memory in " + operation + "." : "libtorch rejected the operation " + operation + ".");
        for (Tensor operand : operands) {
            problem = problem.fact("operand", operand.describe());
        }
        problem = problem.fact("libtorch", why);
        if (memory) {
            problem = problem.fact("try", "a smaller batch, a shorter prompt, or a smaller dtype");
        }
        return problem.toException(error);
    }

    private static Problem gpuIsFull(String operation, String wanted, int index, Tensor... operands) {
        Device gpu = Device.cuda(index);
        Problem problem = Problem.of("Not enough memory on " + gpu + ".").fact("operation", operation);
        for (Tensor operand : operands) {
            problem = problem.fact("operand", operand.describe());
        }
        GpuMemory memory = GpuMemory.of(gpu);
        return problem.fact("wanted", wanted)
                .fact("available", String.format(Locale.ROOT, "%.2f GB", memory.available() / 1e9))
                .fact("memory", memory)
                .fact("try", "a smaller batch, a shorter prompt, or a smaller dtype");
    }

    // libtorch appends its own stack trace after the first lines; it does not help a caller.
    private static String firstLine(Throwable error) {
        List<String> lines = Arrays.asList(String.valueOf(error.getMessage()).split("\n"));
        String first = lines.isEmpty() ? "" : lines.get(0);
        int stack = first.indexOf("Exception raised from");
        return (stack < 0 ? first : first.substring(0, stack)).strip();
    }
}
