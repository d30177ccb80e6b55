package dev.pintle.transformer;

import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A linear map on a CPU that packs its weight when tokens are generated, or after its third small-batch use, so callers
 * that only run prompts never pay for packing. The packed weight replaces the stored one, which is released unless it is
 * used elsewhere.
 */
public final class Packed implements Linear {
    private static final int FEW_ROWS = 16;
    private static final int USES_BEFORE_PACKING = 3;

    private final Tensor stored; // [out, in], released once packed unless shared
    private final @Nullable Tensor bias;
    private final Packing packing;
    private final boolean shared;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private int uses;
    private volatile @Nullable PackedWeight packed;

    /**
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     * @param shared whether the weight is used elsewhere, so that it must stay after packing
     */
    Packed(Tensor weight, @Nullable Tensor bias, Packing packing, boolean shared) {
        this.stored = weight;
        this.bias = bias;
        this.packing = packing;
        this.shared = shared;
    }

    @Override
    public Tensor forward(Tensor x) {
        if (packed == null && (packing.generates() || x.shape().elements() <= FEW_ROWS * x.size(-1))) {
            packAfterSomeUses();
        }
        lock.readLock().lock();
        try {
            PackedWeight ready = packed;
            if (Linear.hasOneTokenEach(x)) {
                return ready == null ? x.linearOfRows(stored, bias) : ready.linearOfRows(x, bias);
            }
            return ready == null ? x.linear(stored, bias) : ready.linear(x, bias);
        } finally {
            lock.readLock().unlock();
        }
    }

    private void packAfterSomeUses() {
        lock.writeLock().lock();
        try {
            if (packed == null && (packing.generates() || uses++ >= USES_BEFORE_PACKING) && packing.hasRoom()) {
                packed = packing.pack(stored);
                if (!shared) {
                    stored.close();
                }
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
