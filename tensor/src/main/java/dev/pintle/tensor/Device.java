package dev.pintle.tensor;

import dev.pintle.base.Problem;
import org.bytedeco.pytorch.global.torch;

/**
 * The device that holds a tensor's memory.
 *
 * @param kind CPU or GPU
 * @param index index of the GPU; 0 for the CPU
 */
public record Device(Kind kind, int index) {
    /** The kinds of device. */
    public enum Kind {
        /** Host memory. */
        CPU,
        /** An NVIDIA GPU. */
        CUDA
    }

    /** The CPU. */
    public static final Device CPU = new Device(Kind.CPU, 0);

    /** GPU number {@code index}. */
    public static Device cuda(int index) {
        return new Device(Kind.CUDA, index);
    }

    /** The first GPU that libtorch can use, otherwise the CPU. */
    public static Device best() {
        LibTorch.load();
        return torch.cuda_is_available() ? cuda(0) : CPU;
    }

    /**
     * Parses {@code cpu}, {@code cuda}, {@code cuda:1} or {@code best}.
     *
     * @throws IllegalArgumentException listing the choices
     */
    public static Device parse(String name) {
        if (name.equals("best")) {
            return best();
        }
        if (name.equals("cpu")) {
            return CPU;
        }
        if (name.equals("cuda")) {
            return cuda(0);
        }
        if (name.matches("cuda:\\d{1,3}")) {
            return cuda(Integer.parseInt(name.substring(5)));
        }
        throw Problem.of("There is no such device.")
                .fact("but was", name)
                .fact("choose", "cpu, cuda, cuda:N, best")
                .toIllegalArgument();
    }

    org.bytedeco.pytorch.Device toTorch() {
        if (kind == Kind.CPU) {
            return new org.bytedeco.pytorch.Device(torch.DeviceType.CPU);
        }
        GpuMemory.prepare(index);
        return new org.bytedeco.pytorch.Device(torch.DeviceType.CUDA, (byte) index);
    }

    /** {@code cpu} or {@code cuda:0}. */
    @Override
    public String toString() {
        return kind == Kind.CPU ? "cpu" : "cuda:" + index;
    }
}
