package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The operations of a block between its matrix products, as one kernel each, for 16-bit activations on a GPU. */
final class FusedOps {
    private static final int THREADS = 256;
    private static final int EIGHT = 8; // elements per thread
    private static final Map<Key, FusedOps> LOADED = new ConcurrentHashMap<>();

    private final CudaKernel rmsNorm;
    private final CudaKernel turnHeads;
    private final CudaKernel embedNormed;
    private final CudaKernel addNormed;
    private final CudaKernel gated;

    private record Key(Device device, DType dtype) {}

    private FusedOps(CudaProgram program) {
        this.rmsNorm = program.kernel("rms_norm");
        this.turnHeads = program.kernel("turn_heads");
        this.embedNormed = program.kernel("embed_normed");
        this.addNormed = program.kernel("add_normed");
        this.gated = program.kernel("gated");
    }

    /** The kernels for a 16-bit dtype, compiled on first use. */
    static FusedOps of(Device device, DType dtype) {
        return LOADED.computeIfAbsent(
                new Key(device, dtype),
                key -> new FusedOps(CudaSources.program("ops.cu", key.dtype, Map.of(), key.device)));
    }

    /** Writes the norm of a contiguous tensor into one with as many elements. */
    void rmsNormInto(Tensor x, RmsNorm norm, Tensor to) {
        rmsNorm.launch(Grid.of(rows(x)), THREADS, to, x, norm.weight(), width(x), (float) norm.eps());
    }

    /**
     * Normalises the heads of queries and keys, if the family does, and rotates them in place.
     *
     * @param mapped queries, keys and values, `[batch·tokens, (nHeads + 2 nKvHeads) dHead]`
     * @param turn rotation of a pass; must cover all elements of a head
     * @param kept also receives the keys and values, `[batch, nKvHeads, capacity, dHead]`, from slot {@code past} on;
     *     or null
     */
    void turnHeads(
            Tensor mapped, HeadNorms norms, Rope.Turn turn, KvCache.@Nullable Entry kept, int past, ModelConfig c) {
        int tokens = (int) turn.cos().size(2);
        RmsNorm queryNorm = norms.queries() instanceof RmsNorm norm ? norm : null;
        RmsNorm keyNorm = norms.keys() instanceof RmsNorm norm ? norm : null;
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
     * Writes the embedding of the next token of each row, and its norm.
     *
     * @param scale factor on the embedding
     * @param slots `[rows]` INT32: the slot that a row belongs to, or −1
     * @param ids the next token of each slot, INT32
     * @param to `[rows, dModel]`
     * @param normed `[rows, dModel]`
     */
    void embedNormed(Tensor embedding, double scale, Tensor slots, Tensor ids, Tensor to, Tensor normed, RmsNorm norm) {
        embedNormed.launch(
                Grid.of(rows(to)),
                THREADS,
                to,
                normed,
                embedding,
                norm.weight(),
                slots,
                ids,
                width(to),
                (float) norm.eps(),
                (float) scale);
    }

    /**
     * Adds to the residual stream and normalises the sum for the next product. All tensors are `[rows, width]`.
     *
     * @param post norm applied to the product before it is added, or null
     * @param to receives the sum; may be {@code resid}
     * @param normed receives the normalised sum; null, like {@code norm}, if it is not needed
     */
    void addNormed(
            Tensor resid,
            Tensor product,
            @Nullable RmsNorm post,
            Tensor to,
            @Nullable Tensor normed,
            @Nullable RmsNorm norm) {
        addNormed.launch(
                Grid.of(rows(product)),
                THREADS,
                to,
                normed,
                resid,
                product,
                norm == null ? null : norm.weight(),
                post == null ? null : post.weight(),
                width(product),
                norm == null ? 0f : (float) norm.eps(),
                post == null ? 0f : (float) post.eps());
    }

    /**
     * Computes activation(gate) · up.
     *
     * @param gateUp gate and up side by side, `[rows, 2 dMlp]`
     * @param to `[rows, dMlp]`
     */
    void gated(Tensor gateUp, Activation activation, Tensor to) {
        int width = width(to);
        int blocks = (width / EIGHT + THREADS - 1) / THREADS;
        gated.launch(
                Grid.of(rows(to) * blocks), THREADS, to, gateUp, width, activation == Activation.GELU_TANH ? 1 : 0);
    }

    private static int width(Tensor x) {
        return (int) x.size(-1);
    }

    private static long rows(Tensor x) {
        return x.shape().elements() / x.size(-1);
    }
}
