package dev.pintle.tensor;

import dev.pintle.base.Problem;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.BytePointer;

/** Turns the return codes of CUDA libraries into errors. */
final class CudaCalls {
    private CudaCalls() {}

    /** For the runtime library. */
    static void runtime(String call, int code) {
        if (code != cudart.cudaSuccess) {
            throw failed(call, text(cudart.cudaGetErrorString(code)));
        }
    }

    /** For the driver. */
    static void driver(String call, int code) {
        if (code != cudart.CUDA_SUCCESS) {
            throw failed(call, "driver error " + code);
        }
    }

    /** For the kernel compiler. */
    static void compiler(String call, int code) {
        if (code != nvrtc.NVRTC_SUCCESS) {
            throw failed(call, text(nvrtc.nvrtcGetErrorString(code)));
        }
    }

    private static RuntimeException failed(String call, String why) {
        return Problem.of("CUDA call failed: " + call + ".")
                .fact("cause", why)
                .fact("try", "pintle doctor, or --device cpu")
                .toException();
    }

    private static String text(BytePointer message) {
        return message == null ? "unknown" : message.getString();
    }
}
