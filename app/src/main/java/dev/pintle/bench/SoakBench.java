package dev.pintle.bench;

import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import java.util.function.BiConsumer;

/** Many short generations in one process: resident memory must stay where it is. */
public final class SoakBench {
    private static final int NEW_TOKENS = 8;
    private static final int REPORTS = 10;

    private SoakBench() {}

    /**
     * Generates {@code count} answers of up to 8 tokens.
     *
     * @param listener told, ten times, how many answers there are and the resident memory in bytes (-1 where unknown)
     */
    public static void run(LanguageModel model, int count, BiConsumer<Integer, Long> listener) {
        for (int i = 1; i <= count; i++) {
            model.chat("Tell me about number " + i + ".", Decoding.sample(NEW_TOKENS, 1, i));
            if (i % Math.max(1, count / REPORTS) == 0) {
                listener.accept(i, ResidentMemory.now().orElse(-1));
            }
        }
    }
}
