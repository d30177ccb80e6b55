package dev.pintle.server.openai;

import dev.pintle.steering.Tokens;
import dev.pintle.transformer.HookPoint;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How large a capture can become, known before anything runs.
 *
 * @param held bytes of activations that are kept until the answer has ended
 * @param told bytes that the reply gives
 * @param linked bytes of a file that has the same
 */
record CaptureSize(long held, long told, long linked) {
    private CaptureSize(long held, long told, long included, int points) {
        this(held, told, told + 2 * Integer.BYTES * included + CaptureFile.header(points));
    }

    /**
     * The size of a capture.
     *
     * @param elements of its whole activations
     * @param longest the most tokens of the answer
     */
    static CaptureSize of(
            @Nullable Reduce reduce, Set<HookPoint> points, Tokens tokens, long elements, int prompt, int longest) {
        long included = 0;
        for (int position = 0; position < prompt + longest; position++) {
            included += tokens.include(position, prompt) ? 1 : 0;
        }
        long whole = elements * Float.BYTES;
        if (reduce == null) {
            return new CaptureSize(whole, whole, included, points.size());
        }
        if (reduce instanceof Reduce.Project project) {
            long components = included * points.size() * project.vectors().size();
            return new CaptureSize(components * Double.BYTES, components * Float.BYTES, included, points.size());
        }
        if (reduce instanceof Reduce.Latents latents) {
            long told = included * latents.count() * (Float.BYTES + Integer.BYTES);
            return new CaptureSize(whole, told, included, points.size());
        }
        long mean = included == 0 ? 0 : elements / included;
        return new CaptureSize(mean * Double.BYTES, mean * Float.BYTES, included, points.size());
    }
}
