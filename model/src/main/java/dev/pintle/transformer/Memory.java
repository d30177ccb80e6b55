package dev.pintle.transformer;

import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Refuses work that cannot fit, before it begins: an operating system that promises more memory than it has ends the program
 * without a word when the promise is called in, and a GPU says how much is missing, but not what would fit.
 */
public final class Memory {
    /** Less than this is not worth asking the operating system for. */
    private static final long SMALL = 256L << 20;

    private static final int FP32_BYTES = 4;

    private Memory() {}

    /** @throws dev.pintle.base.PintleException with both sizes and the dtype that would fit */
    public static void requireRoomForWeights(
            ModelConfig config, DType dtype, Device device, Supplier<OptionalLong> available) {
        boolean joins = !device.equals(Device.CPU);
        long moving = joins ? config.blockWeights() : 0;
        long bytes = (config.weights() + moving) * dtype.bytes();
        OptionalLong free = bytes > SMALL ? available.get() : OptionalLong.empty();
        if (free.isEmpty() || bytes <= free.getAsLong()) {
            return;
        }
        throw Problem.of("The model does not fit in " + memoryOf(device) + ".")
                .fact(
                        "needs",
                        Sizes.text(bytes) + " for " + config.weights() + " weights in " + dtype
                                + (joins ? ", those of a block twice while they are joined" : ""))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact(
                        "try",
                        dtype.bytes() > 2
                                ? "bf16, which needs " + Sizes.text(config.weights() * 2)
                                        + (device.equals(Device.CPU)
                                                ? "; weights stored in bf16 are then not copied at all"
                                                : "")
                                : "a smaller model" + (device.equals(Device.CPU) ? "" : ", or --device cpu"))
                .toException();
    }

    /**
     * Estimates keys and values, the widest moment of a block, what is captured and logits.
     *
     * @throws dev.pintle.base.PintleException with both sizes and the number of tokens that would fit
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
        long wide =
                device.equals(Device.CPU) ? FP32_BYTES : dtype.bytes(); // a GPU computes in 16 bits, a block in FP32
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
                .fact("tokens a row", batch.tokens())
                .fact("needs", "about " + Sizes.text(bytes))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact("fits", "about " + (long) (share * batch.batch() * batch.tokens()) + " tokens in all")
                .fact("try", "fewer rows at once, smaller chunks, fewer hook points, or logits of the last token only")
                .toException();
    }

    /**
     * Keys, values and logits of a recorded decoding step.
     *
     * @param rows decoded at once
     * @param slots tokens of a row, prompt included
     * @throws dev.pintle.base.PintleException with both sizes and how many rows would fit
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
        throw Problem.of("Keys and values of the tokens do not fit in " + memoryOf(device) + ".")
                .fact("rows", rows)
                .fact("tokens a row", slots)
                .fact("needs", Sizes.text(bytes))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact(
                        "fits",
                        fitting > 0
                                ? fitting + " row(s) of that length"
                                : "one row of about " + free.getAsLong() * slots * rows / bytes + " tokens")
                .fact("try", "fewer rows at once, or fewer new tokens")
                .toException();
    }

    private static String memoryOf(Device device) {
        return device.equals(Device.CPU) ? "memory" : "the memory of " + device;
    }
}
