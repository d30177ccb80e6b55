package dev.pintle.bench;

import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Many short generations in one process: memory and handles must stay where they are. */
public final class SoakBench {
    private static final int NEW_TOKENS = 8;
    private static final int REPORTS = 10;

    private SoakBench() {}

    /**
     * What the process holds.
     *
     * @param answers given so far
     * @param resident memory in bytes, -1 where unknown
     * @param nativeObjects as {@link Engine#nativeObjects} counts them
     * @param openFiles -1 where unknown
     */
    public record State(int answers, long resident, long nativeObjects, long openFiles) {}

    /**
     * Generates {@code count} answers of up to 8 tokens.
     *
     * @param listener told ten times what the process holds
     */
    public static void run(LanguageModel model, int count, Consumer<State> listener) {
        for (int i = 1; i <= count; i++) {
            model.chat("Tell me about number " + i + ".", Decoding.sample(NEW_TOKENS, 1, i));
            if (i % Math.max(1, count / REPORTS) == 0) {
                System.gc();
                listener.accept(new State(i, ResidentMemory.now().orElse(-1), Engine.nativeObjects(), openFiles()));
            }
        }
    }

    /** Files and sockets that this process has open; -1 where unknown. */
    static long openFiles() {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        } catch (IOException e) {
            return -1;
        }
    }
}
