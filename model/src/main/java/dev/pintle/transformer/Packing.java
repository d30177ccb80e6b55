package dev.pintle.transformer;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The packed weights of a model. Packing replaces a weight, so memory does not double. Packing memory-mapped weights
 * turns file pages into process memory, so it is only done if the whole model fits.
 */
public final class Packing implements AutoCloseable {
    private static final double ROOM = 1.1;

    private final boolean mapped;
    private final List<PackedWeight> packed = new ArrayList<>();
    private long bytes;
    private boolean asked;
    private boolean hasRoom;

    /** @param mapped whether weights are memory-mapped, and so need no free memory */
    public Packing(boolean mapped) {
        this.mapped = mapped;
    }

    /**
     * A linear map whose weight is used nowhere else: {@link Packed} if device and dtype allow it, otherwise
     * {@link Dense}.
     */
    public Linear linear(Tensor weight, @Nullable Tensor bias) {
        return counts(weight) ? new Packed(weight, bias, this, false) : new Dense(weight, bias);
    }

    /** The same for a weight that is also used elsewhere and therefore stays. */
    public Linear sharing(Tensor weight) {
        return counts(weight) ? new Packed(weight, null, this, true) : new Dense(weight, null);
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
