package dev.pintle.model;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Norm, rotation and gated activation as one kernel each, for 16-bit activations on a GPU. */
final class FusedOps {
    private static final int THREADS = 256;
    private static final Map<Key, FusedOps> LOADED = new ConcurrentHashMap<>();
    private static final Map<Key, CudaProgram> PROGRAMS = new ConcurrentHashMap<>();

    private final CudaKernel rmsNorm;
    private final CudaKernel rope;
    private final CudaKernel siluTimes;

    private record Key(Device device, DType dtype) {}

    private FusedOps(CudaProgram program) {
        this.rmsNorm = program.kernel("rms_norm");
        this.rope = program.kernel("rope");
        this.siluTimes = program.kernel("silu_times");
    }

    /** Empty where the tensor is not 16 bits wide on a GPU, or its last axis not a multiple of 8. */
    static Optional<FusedOps> on(Tensor x) {
        boolean narrow = x.dtype() == DType.BF16 || x.dtype() == DType.FP16;
        if (x.device().kind() != Device.Kind.CUDA || !narrow || x.size(-1) % 8 != 0) {
            return Optional.empty();
        }
        return Optional.of(LOADED.computeIfAbsent(new Key(x.device(), x.dtype()), FusedOps::load));
    }

    private static FusedOps load(Key key) {
        return new FusedOps(program(key.device, key.dtype));
    }

    /** The kernels of ops.cu. */
    static CudaProgram program(Device device, DType dtype) {
        return PROGRAMS.computeIfAbsent(
                new Key(device, dtype),
                key -> CudaProgram.compile(
                        "ops.cu", source("ops.cu"), Map.of("BF16", key.dtype == DType.BF16 ? 1 : 0), key.device));
    }

    /** A CUDA source of this package. */
    static String source(String name) {
        return CudaProgram.source(FusedOps.class, "cuda/" + name);
    }

    /**
     * x / rms(x) · gain.
     *
     * @param x `[…, width]`
     * @param gain `[width]` in FP32
     */
    Tensor rmsNorm(Tensor x, Tensor gain, double eps) {
        Tensor dense = x.contiguous();
        long width = x.size(-1);
        Tensor out = Tensor.empty(x.dtype(), x.device(), x.shape().toArray());
        rmsNorm.launch(Grid.of(x.shape().elements() / width), THREADS, out, dense, gain, (int) width, (float) eps);
        return out;
    }

    /**
     * The rotation of {@link Rope.Turn#apply}.
     *
     * @param x `[batch, heads, tokens, dHead]`, all of whose elements turn
     */
    Tensor rope(Tensor x, Rope.Turn turn) {
        Tensor mapped = x.transpose(1, 2); // [batch, tokens, heads, dHead]: how a linear map left it
        boolean inPlace = mapped.stride(3) == 1
                && mapped.stride(2) == x.size(3)
                && mapped.stride(0) == mapped.stride(1) * x.size(2);
        Tensor dense = inPlace ? mapped : mapped.contiguous();
        Tensor out = Tensor.empty(x.dtype(), x.device(), x.shape().toArray());
        int perRow = turn.cos().size(0) > 1 ? 1 : 0;
        rope.launch(
                new Grid((int) x.size(2), (int) x.size(0), 1),
                THREADS,
                out,
                dense,
                turn.cos(),
                turn.sin(),
                (int) x.size(1),
                (int) x.size(2),
                (int) x.size(3),
                (int) dense.stride(1),
                perRow);
        return out;
    }

    /** silu(gate) · up. */
    Tensor siluTimes(Tensor gate, Tensor up) {
        Tensor out = Tensor.empty(gate.dtype(), gate.device(), gate.shape().toArray());
        long eighths = gate.shape().elements() / 8;
        siluTimes.launch(
                Grid.of((eighths + THREADS - 1) / THREADS),
                THREADS,
                out,
                gate.contiguous(),
                up.contiguous(),
                Math.toIntExact(eighths));
        return out;
    }
}
