package dev.pintle.transformer;

import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Refuses work that cannot fit into memory, before it starts: an operating system that overcommits kills the process
 * without a message, and a GPU reports how much is missing, but not what would fit.
 */
public final class Memory {
    /** Below this size, available memory is not even queried. */
    private static final long SMALL = 256L << 20;

    private static final int FP32_BYTES = 4;

    private Memory() {}

    /**
     * @param bits of a weight: those of the dtype, or fewer
     * @throws dev.pintle.base.PintleException naming both sizes and a dtype that would fit
     */
    public static void requireRoomForWeights(
            ModelConfig config, DType dtype, double bits, Device device, Supplier<OptionalLong> available) {
        boolean joins = !device.equals(Device.CPU);
        long moving = joins ? config.blockWeights() : 0;
        long bytes = (long) ((config.weights() + moving) * bits / Byte.SIZE);
        OptionalLong free = bytes > SMALL ? available.get() : OptionalLong.empty();
        if (free.isEmpty() || bytes <= free.getAsLong()) {
            return;
        }
        throw Problem.of("The model does not fit in " + memoryOf(device) + ".")
                .fact(
                        "needs",
                        Sizes.text(bytes) + " for " + config.weights() + " weights "
                                + (bits == Byte.SIZE * dtype.bytes() ? "in " + dtype : "of " + bits + " bits")
                                + (joins ? ", those of one block twice while they are joined" : ""))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact("try", smaller(config, dtype, bits, device))
                .toException();
    }

    /** What may fit. */
    private static String smaller(ModelConfig config, DType dtype, double bits, Device device) {
        boolean cpu = device.equals(Device.CPU);
        if (bits < Byte.SIZE * dtype.bytes()) {
            return "a smaller model, or one in fewer bits";
        }
        if (dtype.bytes() > 2) {
            return "bf16, which needs " + Sizes.text(config.weights() * 2)
                    + (cpu ? "; weights stored in bf16 are then memory-mapped, not copied" : "");
        }
        return cpu ? "--quantise int8 or int4, or a smaller model" : "a smaller model, or --device cpu";
    }

    /**
     * Estimates the KV cache, the peak working memory of a block, captured activations and logits.
     *
     * @throws dev.pintle.base.PintleException naming both sizes and the number of tokens that would fit
     */
    public static void requireRoomForRun(
            ModelConfig c,
            DType dtype,
            Device device,
            TokenBatch batch,
            RunOptions options,
            Supplier<OptionalLong> available) {
        long cached = options.cache() == null && batch.tokens() <= options.chunk() ? 0 : KvCache.bytes(c, dtype, 1, 1);
        long held = cached
                + options.capture().stream()
                                .mapToLong(point -> point.elementsPerToken(c, batch.tokens()))
                                .sum()
                        * dtype.bytes();
        held += options.logits() == RunOptions.Logits.ALL ? (long) c.dVocab() * (FP32_BYTES + dtype.bytes()) : 0;
        long wide = device.equals(Device.CPU) ? FP32_BYTES : dtype.bytes(); // a GPU works in 16 bits, a CPU in FP32
        long passing = wide * (3L * c.dMlp() + 4L * c.dModel() + 2L * c.nHeads() * c.dHead());
        long atOnce = Math.min(batch.tokens(), options.chunk());
        long bytes = batch.batch() * (batch.tokens() * held + atOnce * passing);
        OptionalLong free = bytes > SMALL ? available.get() : OptionalLong.empty();
        if (free.isEmpty() || bytes <= free.getAsLong()) {
            return;
        }
        double share = free.getAsLong() / (double) bytes;
        throw Problem.of("The run does not fit in " + memoryOf(device) + ".")
                .fact("rows", batch.batch())
                .fact("tokens per row", batch.tokens())
                .fact("needs", "about " + Sizes.text(bytes))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact("fits", "about " + (long) (share * batch.batch() * batch.tokens()) + " tokens in total")
                .fact("try", "fewer rows at once, smaller chunks, fewer hook points, or logits of the last token only")
                .toException();
    }

    /**
     * Checks the KV cache and logits of a recorded decoding step.
     *
     * @param rows number of rows decoded together
     * @param slots number of tokens per row, prompt included
     * @throws dev.pintle.base.PintleException naming both sizes and the number of rows that would fit
     */
    public static void requireRoomForDecoding(
            ModelConfig c, DType dtype, Device device, int rows, int slots, Supplier<OptionalLong> available) {
        long logits = (long) rows * c.dVocab() * FP32_BYTES;
        long bytes = KvCache.bytes(c, dtype, rows, slots) + logits;
        OptionalLong free = bytes > SMALL ? available.get() : OptionalLong.empty();
        if (free.isEmpty() || bytes <= free.getAsLong()) {
            return;
        }
        long fitting = free.getAsLong() * rows / bytes;
        throw Problem.of("The KV cache does not fit in " + memoryOf(device) + ".")
                .fact("rows", rows)
                .fact("tokens per row", slots)
                .fact("needs", Sizes.text(bytes))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact(
                        "fits",
                        fitting > 0
                                ? fitting + " row(s) of this length"
                                : "one row of about " + free.getAsLong() * slots * rows / bytes + " tokens")
                .fact("try", "fewer rows at once, or fewer new tokens")
                .toException();
    }

    private static String memoryOf(Device device) {
        return device.equals(Device.CPU) ? "memory" : "the memory of " + device;
    }
}
