package dev.pintle.spark;

import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.library.KnownModel;
import dev.pintle.library.Library;
import dev.pintle.model.Quantisation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The memory that an executor needs for models: weights, keys and values lie outside the Java heap, so Spark counts them as
 * {@code spark.executor.memoryOverhead}.
 */
public final class ExecutorMemory {
    /** Rows that are answered together, their longest prompt in tokens, and libtorch with its working memory. */
    private static final int ROWS = 64;

    private static final int PROMPT = 256;
    private static final long WORKING = 1L << 30;

    private ExecutorMemory() {}

    /**
     * Bytes outside the heap while a model answers; empty where the model's sizes cannot be told.
     *
     * @param maxNewTokens longest answer
     */
    public static OptionalLong needed(KnownModel model, ModelSpec spec, int maxNewTokens) {
        OptionalLong weights = model.weightBytes(spec.dtype());
        OptionalLong keys = model.keyBytes(spec.dtype(), PROMPT + maxNewTokens);
        if (weights.isEmpty() || keys.isEmpty()) {
            return OptionalLong.empty();
        }
        double rounded = spec.quantisation() == Quantisation.NONE || model.quantised()
                ? 1
                : spec.quantisation().bits() / (8.0 * spec.dtype().bytes());
        return OptionalLong.of((long) (weights.getAsLong() * rounded) + ROWS * keys.getAsLong() + WORKING);
    }

    /**
     * What the largest of the models needs; 0 if that can be told of none.
     *
     * @param beside bytes of what is loaded beside a model, such as an autoencoder
     * @param available bytes that an executor has
     * @throws dev.pintle.base.PintleException if a model is not on the driver's machine, or needs more
     */
    static long require(Library library, List<ModelSpec> models, int maxNewTokens, long beside, long available) {
        long most = 0;
        for (ModelSpec spec : models) {
            KnownModel model = library.known(spec.name());
            Problem obstacle = model.obstacle();
            if (obstacle != null) {
                throw obstacle.toException();
            }
            long needed = beside + needed(model, spec, maxNewTokens).orElse(0);
            if (needed > available) {
                throw Problem.of("A model does not fit in an executor's memory.")
                        .fact("model", spec.name())
                        .fact(
                                "needs",
                                Sizes.text(needed) + " outside the Java heap: weights in " + spec.dtype() + ", keys and"
                                        + " values of " + ROWS + " rows, 1 GB to work in"
                                        + (beside == 0 ? "" : ", an autoencoder"))
                        .fact("available", Sizes.text(available))
                        .fact("try", "--executor-memory with more, a dtype or --quantise with fewer bits")
                        .toException();
            }
            most = Math.max(most, needed);
        }
        return most;
    }

    /** Bytes of the autoencoders that steering needs, each counted once. */
    static long ofAutoencoders(Library library, List<JobSteering> steerings) {
        return steerings.stream()
                .flatMap(steering -> steering.autoencoders().stream())
                .distinct()
                .mapToLong(name -> bytes(library.autoencoderFile(name)))
                .sum();
    }

    /** Size of an autoencoder, which is a file or a folder. */
    static long bytes(Path fileOrFolder) {
        try (Stream<Path> files = Files.walk(fileOrFolder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException | UncheckedIOException e) {
            throw Problem.of("The autoencoder cannot be read.")
                    .fact("file", fileOrFolder)
                    .fact("cause", e)
                    .toException(e);
        }
    }
}
