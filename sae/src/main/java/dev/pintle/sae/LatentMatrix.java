package dev.pintle.sae;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * A matrix with one row per latent, in whichever layout the file has.
 *
 * Files store it in either orientation, and 1 GiB is never transposed: a matrix product takes a transposed operand as a
 * view. Products are in FP32 whatever the weights' dtype, since thresholds are finer than 16 bits can resolve. 16-bit
 * weights are widened one block of latents at a time, into a buffer that stays in cache and has the matrix's own
 * layout, so that widening reads memory sequentially.
 */
/**
 * Encoder or decoder weights, in the layout of the file.
 *
 * @param stored `[dSae, dModel]`, or `[dModel, dSae]`
 * @param axes which of the two
 */
public record LatentMatrix(Tensor stored, Axes axes) {
    /** The order of a matrix's axes. */
    public enum Axes {
        /** `[dSae, dModel]` */
        LATENTS_FIRST,
        /** `[dModel, dSae]` */
        MODEL_FIRST
    }

    private static final long BLOCK_CPU = 256;
    private static final long BLOCK_CUDA = 16_384;

    /** Number of latents. */
    public int dSae() {
        return stored.shape().intSize(latentsFirst() ? 0 : 1);
    }

    private boolean latentsFirst() {
        return axes == Axes.LATENTS_FIRST;
    }

    /** Width of the activations. */
    public int dModel() {
        return stored.shape().intSize(latentsFirst() ? 1 : 0);
    }

    /** The matrix as `[dSae, dModel]`, a view. */
    private Tensor byLatent() {
        return latentsFirst() ? stored : stored.transpose(0, 1);
    }

    /**
     * Dot products of activations with every row.
     *
     * @param x `[n, dModel]` FP32
     * @param bias `[dSae]` FP32, or null for none
     * @return `[n, dSae]` FP32
     */
    Tensor products(Tensor x, @Nullable Tensor bias) {
        Tensor rows = byLatent();
        if (stored.dtype() == DType.FP32) {
            return x.linear(rows, bias);
        }
        if (stored.device().kind() == Device.Kind.CUDA) {
            return productsOnGpu(x, bias);
        }
        try (TensorScope scope = TensorScope.open("products in blocks")) {
            List<Tensor> parts = new ArrayList<>();
            Tensor buffer = buffer();
            for (long start = 0; start < dSae(); start += block()) {
                parts.add(x.linear(widened(rows, buffer, start))); // [n, block]
            }
            Tensor product = Tensor.cat(parts, -1);
            return scope.keep(bias == null ? product : product.plus(bias));
        }
    }

    /**
     * A GPU multiplies 16-bit matrices fifteen times as fast as FP32 ones, with exact products accumulated in FP32.
     * Activations that are representable in 16 bits need one such product; others are split into three 16-bit parts,
     * each holding the 8 or more bits that the previous one left over.
     */
    private Tensor productsOnGpu(Tensor x, @Nullable Tensor bias) {
        try (TensorScope scope = TensorScope.open("products of 16-bit numbers")) {
            Tensor high = x.to(stored.dtype());
            Tensor rest = x.minus(high);
            Tensor product = high.linearToFp32(byLatent());
            if (rest.abs().max(1, false).max(0, false).item() != 0) {
                Tensor middle = rest.to(stored.dtype());
                Tensor low = rest.minus(middle).to(stored.dtype());
                product =
                        product.plusInPlace(middle.linearToFp32(byLatent())).plusInPlace(low.linearToFp32(byLatent()));
            }
            return scope.keep(bias == null ? product : product.plusInPlace(bias));
        }
    }

    /**
     * Sums of rows.
     *
     * @param weights `[n, dSae]` FP32
     * @return `[n, dModel]` FP32
     */
    Tensor sums(Tensor weights) {
        Tensor rows = byLatent();
        if (stored.dtype() == DType.FP32) {
            return weights.matmul(rows);
        }
        try (TensorScope scope = TensorScope.open("sums in blocks")) {
            Tensor sum = Tensor.zeros(DType.FP32, stored.device(), weights.size(0), dModel());
            Tensor buffer = buffer();
            for (long start = 0; start < dSae(); start += block()) {
                try (TensorScope inner = TensorScope.open("block")) {
                    Tensor some = weights.narrow(1, start, Math.min(block(), dSae() - start));
                    sum.plusInPlace(some.matmul(widened(rows, buffer, start)));
                }
            }
            return scope.keep(sum);
        }
    }

    /** Norms of the rows, `[dSae]` FP32. */
    Tensor norms() {
        Tensor rows = byLatent();
        try (TensorScope scope = TensorScope.open("lengths of rows")) {
            List<Tensor> parts = new ArrayList<>();
            Tensor buffer = buffer();
            for (long start = 0; start < dSae(); start += block()) {
                parts.add(widened(rows, buffer, start).norm(1, false));
            }
            return scope.keep(Tensor.cat(parts, 0));
        }
    }

    /** Consecutive rows, `[count, dModel]` FP32; a view if the weights are FP32. */
    Tensor rows(int from, int count) {
        return byLatent().narrow(0, from, count).to(DType.FP32);
    }

    /** The rows of the given latents only, in the given order, FP32. */
    LatentMatrix only(int... latents) {
        Tensor picked =
                stored.indexSelect(latentsFirst() ? 0 : 1, indices(latents).to(stored.device()));
        return new LatentMatrix(
                (latentsFirst() ? picked : picked.transpose(0, 1))
                        .to(DType.FP32)
                        .contiguous(),
                Axes.LATENTS_FIRST);
    }

    /** Indices `[n]` INT64 on the CPU. */
    static Tensor indices(int... latents) {
        return Tensor.of(Arrays.stream(latents).asLongStream().toArray(), latents.length);
    }

    /** One row, copied to the Java heap. */
    Vec row(int latent) {
        try (TensorScope scope = TensorScope.open("row of a latent")) {
            return stored.select(latentsFirst() ? 0 : 1, latent).toVec();
        }
    }

    private long block() {
        return stored.device().equals(Device.CPU) ? BLOCK_CPU : BLOCK_CUDA;
    }

    private Tensor buffer() {
        long size = Math.min(block(), dSae());
        return latentsFirst()
                ? Tensor.empty(DType.FP32, stored.device(), size, dModel())
                : Tensor.empty(DType.FP32, stored.device(), dModel(), size).transpose(0, 1);
    }

    private Tensor widened(Tensor rows, Tensor buffer, long start) {
        long count = Math.min(block(), dSae() - start);
        return buffer.narrow(0, 0, count).copyFrom(rows.narrow(0, start, count));
    }
}
