package dev.pintle.model;

import dev.pintle.hub.Sizes;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Refuses work on the processor that cannot fit, before it begins: an operating system that promises more memory than it
 * has ends the program without a word when the promise is called in. A GPU reports the same by itself.
 */
final class Memory {
    /** Less than this is not worth asking the operating system for. */
    private static final long SMALL = 256L << 20;

    private static final int FP32_BYTES = 4;

    private Memory() {}

    /** @throws dev.pintle.problem.PintleException with both sizes and the dtype that would fit */
    static void requireRoomForWeights(
            ModelConfig config, DType dtype, Device device, Supplier<OptionalLong> available) {
        long bytes = config.weights() * dtype.bytes();
        OptionalLong free = bytes > SMALL && device.equals(Device.CPU) ? available.get() : OptionalLong.empty();
        if (free.isEmpty() || bytes <= free.getAsLong()) {
            return;
        }
        throw Problem.of("The model does not fit in memory.")
                .fact("needs", Sizes.text(bytes) + " for " + config.weights() + " weights in " + dtype)
                .fact("available", Sizes.text(free.getAsLong()))
                .fact(
                        "try",
                        dtype.bytes() > 2
                                ? "bf16, which needs " + Sizes.text(config.weights() * 2)
                                        + "; weights stored in bf16 are then not copied at all"
                                : "a smaller model")
                .toException();
    }

    /**
     * Estimates keys and values, the widest moment of a block, what is captured and logits.
     *
     * @throws dev.pintle.problem.PintleException with both sizes and the number of tokens that would fit
     */
    static void requireRoomForRun(
            ModelConfig c,
            DType dtype,
            Device device,
            TokenBatch batch,
            RunOptions options,
            Supplier<OptionalLong> available) {
        long cached = options.cache() == null && batch.tokens() <= options.chunk() ? 0 : KvCache.bytes(c, dtype, 1, 1);
        long held = cached + (long) options.capture().size() * c.dModel() * dtype.bytes();
        held += options.logits() == RunOptions.Logits.ALL ? (long) c.dVocab() * (FP32_BYTES + dtype.bytes()) : 0;
        long passing = FP32_BYTES * (3L * c.dMlp() + 4L * c.dModel() + 2L * c.nHeads() * c.dHead());
        long atOnce = Math.min(batch.tokens(), options.chunk());
        long bytes = batch.batch() * (batch.tokens() * held + atOnce * passing);
        OptionalLong free = bytes > SMALL && device.equals(Device.CPU) ? available.get() : OptionalLong.empty();
        if (free.isEmpty() || bytes <= free.getAsLong()) {
            return;
        }
        double share = free.getAsLong() / (double) bytes;
        throw Problem.of("The run does not fit in memory.")
                .fact("rows", batch.batch())
                .fact("tokens a row", batch.tokens())
                .fact("needs", "about " + Sizes.text(bytes))
                .fact("available", Sizes.text(free.getAsLong()))
                .fact("fits", "about " + (long) (share * batch.batch() * batch.tokens()) + " tokens in all")
                .fact("try", "fewer rows at once, smaller chunks, fewer hook points, or logits of the last token only")
                .toException();
    }
}
