package dev.pintle.sae.harvest;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.text.Role;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How texts are read for a store, and how activations are stored.
 *
 * @param window maximum number of tokens per sequence; longer texts are split, and each piece starts a new sequence
 * @param tokensAtOnce approximate number of tokens per batch
 * @param startWithBos whether a plain text gets the start token if the tokenizer adds none, as GPT-2's does not
 * @param specialTokens whether special tokens get rows
 * @param roles whose tokens get rows in conversations; all of a plain text does
 * @param mostTokens reading stops after about this many rows; 0 for all
 * @param dtype of the stored activations: FP32, BF16 or FP16
 * @param shardBytes size of a shard at most
 */
public record HarvestSettings(
        int window,
        int tokensAtOnce,
        boolean startWithBos,
        boolean specialTokens,
        Set<Role> roles,
        long mostTokens,
        DType dtype,
        long shardBytes) {
    /** What activations can be stored in. */
    public static final List<DType> DTYPES = List.of(DType.FP32, DType.BF16, DType.FP16);

    /** Copies the set. */
    public HarvestSettings {
        roles = Set.copyOf(roles);
        if (!DTYPES.contains(dtype)) {
            throw Problem.of("Activations cannot be stored in that dtype.")
                    .fact("expected", "FP32, BF16 or FP16")
                    .fact("but was", dtype)
                    .toIllegalArgument();
        }
        if (window < 2 || tokensAtOnce < 1 || mostTokens < 0) {
            throw Problem.of("A setting of the harvest is out of range.")
                    .fact(
                            "expected",
                            "a window of at least 2 tokens, at least 1 token at once, 0 or more tokens in all")
                    .fact("but was", window + ", " + tokensAtOnce + ", " + mostTokens)
                    .toIllegalArgument();
        }
    }

    /**
     * Refuses shards that are too small, as far as that can be told before the model is loaded.
     *
     * @param points hook points to store
     * @param config of the model
     * @throws IllegalArgumentException if a shard has no room for the tokens that are read at once
     */
    public void requireRoom(Set<HookPoint> points, ModelConfig config) {
        Map<String, Integer> sizes = config.dims();
        long values = points.stream()
                .mapToLong(point -> point.site().axes().stream()
                        .skip(2) // batch tokens
                        .mapToLong(axis -> sizes.getOrDefault(axis, 0))
                        .reduce(1, (a, b) -> a * b))
                .sum();
        requireRoom(ShardFile.METADATA_BYTES + values * dtype.bytes());
    }

    /** @param rowBytes of a row at all hook points */
    void requireRoom(long rowBytes) {
        long least = Math.max(tokensAtOnce, window);
        if (shardBytes / rowBytes < least) {
            throw Problem.of("Shards of that size are too small.")
                    .fact(
                            "expected",
                            "room for " + least + " rows, " + (least * rowBytes + (1 << 20) - 1 >> 20) + " MiB")
                    .fact("but was", (shardBytes >> 20) + " MiB")
                    .toIllegalArgument();
        }
    }

    /** Windows of 256 tokens, 2,048 at once, all tokens but special ones, FP32, shards of 256 MiB. */
    public static HarvestSettings usual() {
        return new HarvestSettings(256, 2048, false, false, EnumSet.allOf(Role.class), 0, DType.FP32, 256L << 20);
    }
}
