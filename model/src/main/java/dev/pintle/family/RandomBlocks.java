package dev.pintle.family;

import dev.pintle.base.Problem;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@link RandomWeights} whose matrices are quantised, for measuring speed and memory: blocks of random bytes whose scales give
 * elements about the usual deviation.
 */
public final class RandomBlocks implements WeightSource {
    /** Matrices in Q4_K but for some in Q6_K, as in most GGUF files of this name. */
    private static final String MIX = "Q4_K_M";

    private static final int POOL_BLOCKS = 1 << 12;

    /** Where a block has FP16 numbers, and their bits. */
    private static final Map<BlockFormat, Map<Integer, Integer>> HALVES = Map.of(
            BlockFormat.Q8_0, Map.of(0, 0x0c6c),
            BlockFormat.Q4_K, Map.of(0, 0x0875, 2, 0x142e),
            BlockFormat.Q6_K, Map.of(208, 0x00fc));

    private final RandomWeights others;
    private final String mix;
    private final long seed;

    /** @param mix {@code Q8_0}, {@code Q4_K}, {@code Q6_K} or {@code Q4_K_M} */
    public RandomBlocks(long seed, Device device, DType dtype, String mix) {
        if (!mix.equals(MIX) && format(mix).isEmpty()) {
            throw Problem.of("There are no random weights of this kind.")
                    .fact("expected", "Q8_0, Q4_K, Q6_K or " + MIX)
                    .fact("but was", mix)
                    .toIllegalArgument();
        }
        this.others = new RandomWeights(seed, device, dtype);
        this.mix = mix;
        this.seed = seed;
    }

    private static Optional<BlockFormat> format(String name) {
        return BlockFormat.named(name).filter(HALVES::containsKey);
    }

    @Override
    public Optional<QuantisedWeight> quantised(String name, TensorScope owner, int out, int in) {
        boolean more = name.contains("v_proj") || name.contains("down_proj");
        boolean larger = name.startsWith("lm_head") || (more && name.hashCode() % 2 == 0);
        BlockFormat format = format(mix).orElse(larger ? BlockFormat.Q6_K : BlockFormat.Q4_K);
        if (in % format.block() != 0) {
            return Optional.empty();
        }
        int rowBytes = in / format.block() * format.bytes();
        byte[] pool = new byte[Math.max(rowBytes, POOL_BLOCKS * format.bytes())];
        new Random(seed ^ name.hashCode()).nextBytes(pool);
        for (int block = 0; block + format.bytes() <= pool.length; block += format.bytes()) {
            int at = block;
            HALVES.getOrDefault(format, Map.of()).forEach((place, bits) -> {
                pool[at + place] = bits.byteValue();
                pool[at + place + 1] = (byte) (bits >> Byte.SIZE);
            });
        }
        Tensor bytes = owner.adopt(Tensor.empty(DType.UINT8, Device.CPU, (long) out * rowBytes));
        try (TensorScope scope = TensorScope.open("random blocks")) {
            Tensor blocks = Tensor.ofBytes(pool, DType.UINT8, pool.length);
            long all = (long) out * rowBytes;
            for (long at = 0; at < all; at += pool.length) {
                long part = Math.min(all - at, pool.length);
                bytes.narrow(0, at, part).copyFrom(blocks.narrow(0, 0, part));
            }
        }
        return Optional.of(QuantisedWeight.of(bytes, format, out, in));
    }

    @Override
    public Tensor take(String name, long... shape) {
        if (shape.length != 2) {
            return others.take(name, shape);
        }
        try (TensorScope scope = TensorScope.open("random blocks")) {
            int out = Math.toIntExact(shape[0]);
            return quantised(name, scope, out, Math.toIntExact(shape[1]))
                    .map(blocks -> scope.keep(blocks.decoded(0, out)))
                    .orElseGet(() -> scope.keep(others.take(name, shape)));
        }
    }

    @Override
    public boolean has(String name) {
        return others.has(name);
    }

    @Override
    public @Nullable Tensor find(String name) {
        return others.find(name);
    }

    @Override
    public Set<String> names() {
        return others.names();
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        return false;
    }

    @Override
    public String place() {
        return "random weights in " + mix;
    }

    @Override
    public void close() {
        others.close();
    }
}
