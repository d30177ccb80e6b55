package dev.pintle.transformer;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The packed weights of a model. Packing replaces a weight, so memory does not double; mapped pages of a checkpoint become memory
 * of the process, and are only packed where all of the model fits.
 */
public final class Packing implements AutoCloseable {
    private static final double ROOM = 1.1;

    private final boolean mapped;
    private final List<PackedWeight> packed = new ArrayList<>();
    private long bytes;
    private boolean asked;
    private boolean hasRoom;

    /** @param mapped whether weights are pages of a file, which need no memory that must be free */
    public Packing(boolean mapped) {
        this.mapped = mapped;
    }

    /** A linear map whose weight is used by nothing else: {@link Packed} where the device and dtype allow, else {@link Dense}. */
    public Linear linear(Tensor weight, @Nullable Tensor bias) {
        return counts(weight) ? new Packed(weight, bias, this, false) : new Dense(weight, bias);
    }

    /** The same for a weight that something else reads too, which therefore stays. */
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

    /** Whether a mapped model also fits into memory; asked once. */
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
