package dev.pintle.transformer;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.HeapWeight;
import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a model in the memory order that its CPU multiplies fastest. Packing a 16-bit weight replaces it, so
 * memory does not double; packing memory-mapped weights turns file pages into process memory, so it is only done if the
 * whole model fits. The weights of a small model are copied to the Java heap, in FP32.
 */
public final class Packing implements AutoCloseable {
    private static final double ROOM = 1.1;
    private static final double SHARE_OF_HEAP = 1.0 / 8;

    private final boolean mapped;
    private final long heapRoom;
    private final List<PackedWeight> packed = new ArrayList<>();
    private long bytes;
    private volatile boolean generates;
    private long heapBytes; // of the weights that may be copied to the heap
    private boolean asked;
    private boolean hasRoom;

    /** @param mapped whether weights are memory-mapped, and so need no free memory */
    public Packing(boolean mapped) {
        this(mapped, (long) (SHARE_OF_HEAP * Runtime.getRuntime().maxMemory()));
    }

    /** @param heapRoom bytes of weights that may be copied to the heap */
    Packing(boolean mapped, long heapRoom) {
        this.mapped = mapped;
        this.heapRoom = heapRoom;
    }

    /**
     * A linear map whose weight is used nowhere else: {@link HeapDense} or {@link Packed} if device and dtype allow it,
     * otherwise {@link Dense}.
     */
    public Linear linear(Tensor weight, @Nullable Tensor bias) {
        return onHeap(
                weight, bias, false, counts(weight) ? new Packed(weight, bias, this, false) : new Dense(weight, bias));
    }

    /** The same for a weight that is also used elsewhere and therefore stays. */
    public Linear sharing(Tensor weight) {
        return onHeap(
                weight, null, true, counts(weight) ? new Packed(weight, null, this, true) : new Dense(weight, null));
    }

    private synchronized Linear onHeap(Tensor weight, @Nullable Tensor bias, boolean shared, Linear otherwise) {
        if (!HeapWeight.suits(weight)) {
            return otherwise;
        }
        heapBytes += weight.shape().elements() * Float.BYTES;
        return new HeapDense(weight, bias, otherwise, this, shared);
    }

    /**
     * Says that tokens will be generated, so that weights are packed at their next use: before and after packing, a few of
     * a million products of many rows differ in their last bit, and what a generation reads should not depend on earlier
     * ones.
     */
    public void expectGeneration() {
        generates = true;
    }

    boolean generates() {
        return generates;
    }

    /** Whether the model's weights are small compared with the Java heap. */
    synchronized boolean fitsOnHeap() {
        return heapBytes <= heapRoom;
    }

    private synchronized boolean counts(Tensor weight) {
        if (!weight.device().equals(Device.CPU) || !PackedWeight.suits(weight)) {
            return false;
        }
        bytes += weight.shape().elements() * weight.dtype().bytes();
        return true;
    }

    /** Whether a memory-mapped model would also fit into memory; determined once. */
    synchronized boolean hasRoom() {
        if (!asked) {
            hasRoom = !mapped || Engine.availableMemory().orElse(0) > ROOM * bytes;
            asked = true;
        }
        return hasRoom;
    }

    synchronized PackedWeight pack(Tensor weight) {
        PackedWeight made = PackedWeight.of(weight);
        packed.add(made);
        return made;
    }

    @Override
    public synchronized void close() {
        packed.forEach(PackedWeight::release);
        packed.clear();
    }
}
