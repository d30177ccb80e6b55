package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What a block computes between its products, as one kernel each, for 16-bit activations on a GPU. */
final class FusedOps {
    private static final int THREADS = 256;
    private static final int EIGHT = 8; // elements a thread takes at once
    private static final Map<Key, FusedOps> LOADED = new ConcurrentHashMap<>();

    private final CudaKernel rmsNorm;
    private final CudaKernel rope;
    private final CudaKernel siluTimes;
    private final CudaKernel turnHeads;
    private final CudaKernel embedNormed;
    private final CudaKernel addNormed;
    private final CudaKernel gated;

    private record Key(Device device, DType dtype) {}

    private FusedOps(CudaProgram program) {
        this.rmsNorm = program.kernel("rms_norm");
        this.rope = program.kernel("rope");
        this.siluTimes = program.kernel("silu_times");
        this.turnHeads = program.kernel("turn_heads");
        this.embedNormed = program.kernel("embed_normed");
        this.addNormed = program.kernel("add_normed");
        this.gated = program.kernel("gated");
    }

    /** Empty where the tensor is not 16 bits wide on a GPU, or its last axis not a multiple of 8. */
    static Optional<FusedOps> on(Tensor x) {
        boolean narrow = x.dtype() == DType.BF16 || x.dtype() == DType.FP16;
        if (x.device().kind() != Device.Kind.CUDA || !narrow || x.size(-1) % 8 != 0) {
            return Optional.empty();
        }
        return Optional.of(of(x.device(), x.dtype()));
    }

    /** The kernels for a 16-bit dtype, compiled on first use. */
    static FusedOps of(Device device, DType dtype) {
        return LOADED.computeIfAbsent(
                new Key(device, dtype),
                key -> new FusedOps(CudaSources.program("ops.cu", key.dtype, Map.of(), key.device)));
    }

    /**
     * x / rms(x) · gain.
     *
     * @param x `[…, width]`
     * @param gain `[width]` in FP32
     */
    Tensor rmsNorm(Tensor x, Tensor gain, double eps) {
        Tensor out = Tensor.empty(x.dtype(), x.device(), x.shape().toArray());
        rmsNorm(x.contiguous(), gain, eps, out);
        return out;
    }

    private void rmsNorm(Tensor x, Tensor gain, double eps, Tensor to) {
        rmsNorm.launch(Grid.of(rows(x)), THREADS, to, x, gain, width(x), (float) eps);
    }

    /** The norm of a dense tensor, written into one of as many elements. */
    void rmsNormInto(Tensor x, RmsNorm norm, Tensor to) {
        rmsNorm(x, norm.weight(), norm.eps(), to);
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

    /**
     * Normalises the heads of queries and keys where the family does, and turns them, in place.
     *
     * @param mapped queries, keys and values, `[batch·tokens, (nHeads + 2 nKvHeads) dHead]`
     * @param turn of a pass, all of whose elements turn
     * @param kept gets the keys and values too, `[batch, nKvHeads, capacity, dHead]` from slot {@code past} on; or null
     */
    void turnHeads(
            Tensor mapped,
            Attention.Parts parts,
            Rope.Turn turn,
            KvCache.@Nullable Entry kept,
            int past,
            ModelConfig c) {
        int tokens = (int) turn.cos().size(2);
        RmsNorm queryNorm = parts.queryNorm() instanceof RmsNorm norm ? norm : null;
        RmsNorm keyNorm = parts.keyNorm() instanceof RmsNorm norm ? norm : null;
        turnHeads.launch(
                new Grid(tokens, (int) rows(mapped) / tokens, 1),
                THREADS,
                mapped,
                queryNorm == null ? null : queryNorm.weight(),
                keyNorm == null ? null : keyNorm.weight(),
                turn.cos(),
                turn.sin(),
                kept == null ? null : kept.keys(),
                kept == null ? null : kept.values(),
                c.nHeads(),
                c.nKvHeads(),
                c.dHead(),
                tokens,
                turn.cos().size(0) > 1 ? 1 : 0,
                kept == null ? 0 : (int) kept.keys().size(2),
                past,
                queryNorm == null ? 0f : (float) queryNorm.eps());
    }

    /**
     * The embedding of tokens and its norm.
     *
     * @param scale by which the embedding is multiplied
     * @param ids `[rows]` INT32
     * @param to `[rows, dModel]`
     * @param normed `[rows, dModel]`
     */
    void embedNormed(Tensor embedding, double scale, Tensor ids, Tensor to, Tensor normed, RmsNorm norm) {
        embedNormed.launch(
                Grid.of(rows(to)),
                THREADS,
                to,
                normed,
                embedding,
                norm.weight(),
                ids,
                width(to),
                (float) norm.eps(),
                (float) scale);
    }

    /**
     * Adds to the residual stream, and normalises the sum for the next product. All are `[rows, width]`.
     *
     * @param post norm of the product before it is added, or {@link Norm#NONE}
     * @param steer FP32 that is added last, or null
     * @param to gets the sum; may be {@code resid}
     * @param normed gets the norm of the sum; null, as is {@code norm}, where it is not needed
     */
    void addNormed(
            Tensor resid,
            Tensor product,
            Norm post,
            @Nullable Tensor steer,
            Tensor to,
            @Nullable Tensor normed,
            @Nullable RmsNorm norm) {
        RmsNorm before = post instanceof RmsNorm rms ? rms : null;
        addNormed.launch(
                Grid.of(rows(product)),
                THREADS,
                to,
                normed,
                resid,
                product,
                steer,
                norm == null ? null : norm.weight(),
                before == null ? null : before.weight(),
                width(product),
                norm == null ? 0f : (float) norm.eps(),
                before == null ? 0f : (float) before.eps());
    }

    /**
     * activation(gate) · up.
     *
     * @param gateUp side by side, `[rows, 2 dMlp]`
     * @param to `[rows, dMlp]`
     */
    void gated(Tensor gateUp, Mlp.Activation activation, Tensor to) {
        int width = width(to);
        int blocks = (width / EIGHT + THREADS - 1) / THREADS;
        gated.launch(
                Grid.of(rows(to) * blocks), THREADS, to, gateUp, width, activation == Mlp.Activation.GELU_TANH ? 1 : 0);
    }

    private static int width(Tensor x) {
        return (int) x.size(-1);
    }

    private static long rows(Tensor x) {
        return x.shape().elements() / x.size(-1);
    }

    /** silu(gate) · up. */
    Tensor siluTimes(Tensor gate, Tensor up) {
        Tensor out = Tensor.empty(gate.dtype(), gate.device(), gate.shape().toArray());
        long eighths = gate.shape().elements() / EIGHT;
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
