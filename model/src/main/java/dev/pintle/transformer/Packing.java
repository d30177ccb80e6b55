package dev.pintle.transformer;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Packs a model's linear maps for decoding: each when it has been used with few rows a few times, so that who only reads
 * prompts does not wait for it. The packed weight takes the place of the one as stored, so memory does not double; mapped
 * pages of a checkpoint become memory of the process.
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

    /** Counts a weight among those to be packed. */
    synchronized boolean expects(Tensor weight) {
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
