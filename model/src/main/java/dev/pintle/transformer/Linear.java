package dev.pintle.transformer;

import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** A linear map x·weightᵀ + bias, with a weight `[out, in]`. */
public final class Linear {
    private static final int FEW_ROWS = 16;
    private static final int USES_BEFORE_PACKING = 3;

    private final Tensor weight;
    private final @Nullable Tensor bias;
    private final @Nullable Packing packing;
    private final boolean shared;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private int uses;
    private volatile @Nullable PackedWeight packed;

    /**
     * A map whose weight stays as it is.
     *
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     */
    public Linear(Tensor weight, @Nullable Tensor bias) {
        this(weight, bias, null, true);
    }

    /**
     * @param packing packs the weight when that pays, or null
     * @param shared whether the weight is used elsewhere, so that it must stay when it has been packed
     */
    public Linear(Tensor weight, @Nullable Tensor bias, @Nullable Packing packing, boolean shared) {
        this.weight = weight;
        this.bias = bias;
        this.packing = packing != null && packing.expects(weight) ? packing : null;
        this.shared = shared;
    }

    /**
     * Maps of one input as one, whose weights are moved together: on a GPU one product keeps all of it busy, small ones do
     * not. Null where only some of them have a bias.
     *
     * @param owner holds the joined weights
     */
    static @Nullable Linear joined(List<Linear> maps, TensorScope owner) {
        List<Tensor> biases =
                maps.stream().map(Linear::bias).filter(Objects::nonNull).toList();
        if (!biases.isEmpty() && biases.size() < maps.size()) {
            return null;
        }
        Tensor weight = Tensor.together(maps.stream().map(Linear::weight).toList());
        return new Linear(owner.adopt(weight), biases.isEmpty() ? null : owner.adopt(Tensor.cat(biases, 0)));
    }

    /** `[out, in]` as stored. */
    public Tensor weight() {
        return weight;
    }

    /** `[out]`, or null for none. */
    @Nullable
    public Tensor bias() {
        return bias;
    }

    /**
     * @param x `[…, in]`
     * @return x·weightᵀ + bias, `[…, out]`
     */
    public Tensor forward(Tensor x) {
        if (packing == null) {
            return x.linear(weight, bias);
        }
        if (packed == null && x.shape().elements() <= FEW_ROWS * x.size(-1)) {
            packAfterSomeUses(packing);
        }
        lock.readLock().lock();
        try {
            PackedWeight ready = packed;
            return ready == null ? x.linear(weight, bias) : ready.linear(x, bias);
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * The same, written into memory that is there.
     *
     * @param x `[n, in]`
     * @param to `[n, out]`
     */
    public void forwardInto(Tensor x, Tensor to) {
        x.linearInto(weight, bias, to);
    }

    private void packAfterSomeUses(Packing how) {
        lock.writeLock().lock();
        try {
            if (packed == null && uses++ >= USES_BEFORE_PACKING && how.hasRoom()) {
                packed = how.pack(weight);
                if (!shared) {
                    weight.close();
                }
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
