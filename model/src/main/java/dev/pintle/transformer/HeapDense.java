package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.HeapWeight;
import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear map on a CPU that copies its weight to the Java heap at its first use, unless the model is too large for
 * that.
 */
public final class HeapDense implements Linear {
    private final Tensor stored; // [out, in]
    private final @Nullable Tensor bias;
    private final Linear otherwise;
    private final Packing packing;
    private final boolean shared;
    private final DType dtype;
    private @Nullable HeapWeight weight;

    /**
     * @param stored `[out, in]`
     * @param bias `[out]`, or null for none
     * @param otherwise the same map for a model that is too large
     * @param packing decides whether it is
     * @param shared whether the weight is used elsewhere, so that it must stay
     */
    HeapDense(Tensor stored, @Nullable Tensor bias, Linear otherwise, Packing packing, boolean shared) {
        this.stored = stored;
        this.bias = bias;
        this.otherwise = otherwise;
        this.packing = packing;
        this.shared = shared;
        this.dtype = stored.dtype();
    }

    @Override
    public Tensor forward(Tensor x) {
        return isOnHeap() ? weight().linear(x) : otherwise.forward(x);
    }

    /** Whether the model is small enough for its weights to be on the heap. */
    public boolean isOnHeap() {
        return packing.fitsOnHeap();
    }

    /** Dtype of input and result. */
    public DType dtype() {
        return dtype;
    }

    /** The weight on the heap, copied if need be. */
    public synchronized HeapWeight weight() {
        HeapWeight ready = weight;
        if (ready == null) {
            ready = HeapWeight.of(stored, bias);
            weight = ready;
            if (HeapWeight.usesVectors() && !shared) {
                stored.close();
            }
        }
        return ready;
    }
}
