package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/*
 * Encoding many tokens in bounded memory.
 *
 * The dense encoding of 100,000 tokens by 65,536 latents would take 26 GB, nearly all of it zeros. So tokens are
 * processed in blocks whose dense encoding fits a budget, and only the active latents of each block are kept. The
 * budget is small on a CPU, where a larger one gains nothing, and larger on a GPU, which small blocks would leave idle.
 */
/** Encodes and decodes tokens block by block. */
final class SparseCoder {
    private static final long DENSE_BYTES_CPU = 128L << 20;
    private static final long DENSE_BYTES_CUDA = 1L << 30;

    private final SparseAutoencoder sae;

    SparseCoder(SparseAutoencoder sae) {
        this.sae = sae;
    }

    /** Number of tokens per block. */
    static long tokensAtOnce(Device device, int dSae) {
        long bytes = device.equals(Device.CPU) ? DENSE_BYTES_CPU : DENSE_BYTES_CUDA;
        return Math.max(1, bytes / (4L * dSae));
    }

    /** The largest k latents of each token, `[tokens, k]`, on the device. */
    Tensor.TopK top(Tensor activations, int k) {
        int kept = Math.min(k, sae.dSae());
        List<Tensor> values = new ArrayList<>();
        List<Tensor> indices = new ArrayList<>();
        try (TensorScope scope = TensorScope.open("encode in blocks")) {
            forEachBlock(activations, block -> {
                try (TensorScope inner = TensorScope.open("block")) {
                    Tensor.TopK top = sae.encode(block).topK(kept);
                    values.add(inner.keep(top.values()));
                    indices.add(inner.keep(top.indices()));
                }
            });
            return new Tensor.TopK(scope.keep(Tensor.cat(values, 0)), scope.keep(Tensor.cat(indices, 0)));
        }
    }

    /** The active latents among the k largest of each token. */
    SparseLatents topActive(Tensor activations, int k) {
        int kept = Math.min(k, sae.dSae());
        List<SparseLatents> parts = new ArrayList<>();
        forEachBlock(activations, block -> {
            try (TensorScope inner = TensorScope.open("block")) {
                requireFinite(block);
                Tensor.TopK top = sae.encode(block).topK(kept);
                parts.add(withoutZeros(top.values().toFloats(), top.indices().toInts(), kept));
            }
        });
        return SparseLatents.joined(sae.dSae(), parts);
    }

    /** Every active latent of each token. */
    SparseLatents allActive(Tensor activations) {
        List<SparseLatents> parts = new ArrayList<>();
        forEachBlock(activations, block -> {
            try (TensorScope inner = TensorScope.open("block")) {
                requireFinite(block);
                Tensor latents = sae.encode(block).reshape(-1);
                Tensor places = latents.nonZero();
                parts.add(atPlaces(
                        places.toLongs(), latents.indexSelect(0, places).toFloats(), Math.toIntExact(block.size(0))));
            }
        });
        return SparseLatents.joined(sae.dSae(), parts);
    }

    /** Encodes and decodes activations `[tokens, dModel]`; the result is `[tokens, dModel]` FP32. */
    Tensor reconstruct(Tensor activations) {
        return mapped(activations, block -> {
            Weights weights = sae.weights();
            Frame frame = weights.frame(block);
            Tensor latents = sae.gate().apply(weights.preActivations(frame));
            return frame.outside(weights.sums(latents).plus(weights.decoderBias()));
        });
    }

    /**
     * Applies a function to activations `[tokens, dModel]` block by block; it may allocate a dense `[tokens, dSae]`.
     */
    Tensor mapped(Tensor activations, UnaryOperator<Tensor> function) {
        try (TensorScope scope = TensorScope.open("blocks of tokens")) {
            List<Tensor> parts = new ArrayList<>();
            forEachBlock(activations, block -> {
                try (TensorScope inner = TensorScope.open("block")) {
                    parts.add(inner.keep(function.apply(block)));
                }
            });
            return scope.keep(
                    parts.isEmpty()
                            ? Tensor.zeros(DType.FP32, activations.device(), 0, sae.dModel())
                            : parts.size() == 1 ? parts.get(0) : Tensor.cat(parts, 0));
        }
    }

    private interface Block {
        void accept(Tensor activations);
    }

    private void forEachBlock(Tensor activations, Block body) {
        sae.requireActivations(activations);
        long size = tokensAtOnce(activations.device(), sae.dSae());
        for (long start = 0; start < activations.size(0); start += size) {
            body.accept(activations.narrow(0, start, Math.min(size, activations.size(0) - start)));
        }
    }

    private SparseLatents withoutZeros(float[] values, int[] indices, int width) {
        int tokens = values.length / width;
        int[] starts = new int[tokens + 1];
        int[] latents = new int[values.length];
        float[] activations = new float[values.length];
        int at = 0;
        for (int t = 0; t < tokens; t++) {
            for (int i = t * width; i < (t + 1) * width; i++) {
                if (values[i] != 0) {
                    latents[at] = indices[i];
                    activations[at++] = values[i];
                }
            }
            starts[t + 1] = at;
        }
        return new SparseLatents(sae.dSae(), starts, Arrays.copyOf(latents, at), Arrays.copyOf(activations, at));
    }

    private SparseLatents atPlaces(long[] places, float[] values, int tokens) {
        int[] starts = new int[tokens + 1];
        int[] latents = new int[places.length];
        for (int i = 0; i < places.length; i++) {
            latents[i] = (int) (places[i] % sae.dSae());
            starts[(int) (places[i] / sae.dSae()) + 1]++;
        }
        for (int t = 0; t < tokens; t++) {
            starts[t + 1] += starts[t];
        }
        return new SparseLatents(sae.dSae(), starts, latents, values);
    }

    private void requireFinite(Tensor activations) {
        double largest = activations.abs().max(1, false).max(0, false).item();
        if (!Double.isFinite(largest)) {
            throw Problem.of("The activations contain values that are not finite.")
                    .fact("autoencoder", sae.name())
                    .fact("expected", "finite numbers")
                    .fact("but was", largest)
                    .fact("try", "--dtype fp32 or bf16; fp16 overflows at 65504")
                    .toIllegalArgument();
        }
    }
}
