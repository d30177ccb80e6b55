package dev.pintle.family;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weights for measuring speed and memory: normally distributed matrices with the usual initialisation scale, norm
 * weights of 1. Matrices are slices of one pool of random numbers, each at its own offset, since drawing billions of
 * numbers would take minutes.
 */
public final class RandomWeights implements WeightSource {
    private static final double DEVIATION = 0.02;
    private static final int POOL = 1 << 24;

    private final Tensor pool; // [POOL]

    /** Draws the pool in the current scope. */
    public RandomWeights(long seed, Device device, DType dtype) {
        pool = Tensor.randn(seed, DType.FP32, Device.CPU, POOL)
                .times(DEVIATION)
                .to(dtype)
                .to(device);
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public Tensor take(String name, long... shape) {
        Tensor made = Tensor.empty(pool.dtype(), pool.device(), shape);
        if (shape.length == 1) {
            return made.fillInPlace(name.endsWith(".bias") ? 0 : 1);
        }
        Tensor flat = made.reshape(-1);
        long count = flat.size(0);
        long from = Math.floorMod(name.hashCode() * 7919L, POOL);
        for (long at = 0; at < count; from = 0) {
            long part = Math.min(count - at, POOL - from);
            flat.narrow(0, at, part).copyFrom(pool.narrow(0, from, part));
            at += part;
        }
        return made;
    }

    @Override
    public @Nullable Tensor find(String name) {
        return null;
    }

    @Override
    public Set<String> names() {
        return Set.of();
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        return false;
    }

    @Override
    public String place() {
        return "random weights";
    }

    @Override
    public void close() {
        pool.close();
    }
}
