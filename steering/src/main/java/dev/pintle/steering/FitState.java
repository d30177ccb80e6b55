package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The progress of a fit, in a file, so that an interrupted fit can resume. The file is safetensors: sums, kept rows and
 * counts per hook point, with a hash of what is fitted as metadata. Writes are throttled so that they take at most a
 * twentieth of the time; the file is replaced atomically, and deleted when the fit is done.
 */
final class FitState {
    private static final String KEY = "fit";
    private static final int SHARE = 20;

    private final @Nullable Path file;
    private final Duration every;
    private String key = "";
    private long next;

    /**
     * @param file null for none
     * @param every minimum time between writes; zero to write after every chunk, whatever the cost
     */
    FitState(@Nullable Path file, Duration every) {
        this.file = file;
        this.every = every;
        this.next = System.nanoTime() + every.toNanos();
    }

    /**
     * What has been read so far.
     *
     * @param comparisons number read
     * @param norms one per hook point: summed activation norms
     * @param normed number of norms in each sum
     * @param read the reader's counts: sequences, tokens computed, tokens of prompts in full, passes, milliseconds
     */
    record Done(int comparisons, double[] norms, long normed, long[] read) {}

    /**
     * Resumes where the file left off.
     *
     * @param what hash of model, method, prompts and hook points
     * @return what has been read, or null if the fit starts from scratch
     * @throws dev.pintle.base.PintleException if the file belongs to a different fit
     */
    @Nullable
    Done restore(String what, List<DirectionStream> directions) {
        key = what;
        if (file == null || !Files.exists(file)) {
            return null;
        }
        try (TensorScope scope = TensorScope.open("resume a fit");
                Checkpoint from = SafeTensors.open(file)) {
            if (!what.equals(from.metadata().get(KEY))) {
                throw Problem.of("The interrupted fit is for a different model, method, hook point or set of prompts.")
                        .fact("file", file)
                        .fact("expected", what.substring(0, 12))
                        .fact("but was", from.metadata().getOrDefault(KEY, "no fit at all"))
                        .fact("try", "the same arguments as the first time, or another file")
                        .toException();
            }
            for (int point = 0; point < directions.size(); point++) {
                directions.get(point).restore(from, point + ".");
            }
            long[] counts = from.tensor("counts").toLongs();
            long[] read = new long[counts.length - 2];
            System.arraycopy(counts, 2, read, 0, read.length);
            return new Done((int) counts[0], from.tensor("norms").toDoubles(), counts[1], read);
        }
    }

    /** Writes the file, unless it was written recently. */
    void save(List<DirectionStream> directions, Done done) {
        long began = System.nanoTime();
        if (file == null || began < next) {
            return;
        }
        try (TensorScope scope = TensorScope.open("save a fit")) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int point = 0; point < directions.size(); point++) {
                directions.get(point).save(tensors, point + ".");
            }
            long[] counts = new long[2 + done.read.length];
            counts[0] = done.comparisons;
            counts[1] = done.normed;
            System.arraycopy(done.read, 0, counts, 2, done.read.length);
            tensors.put("counts", Tensor.of(counts, counts.length));
            tensors.put("norms", Tensor.of(done.norms, done.norms.length));
            SafeTensors.write(file, tensors, Map.of(KEY, key));
        }
        long now = System.nanoTime();
        next = every.isZero() ? now : now + Math.max(every.toNanos(), SHARE * (now - began));
    }

    /** Deletes the file once the fit is done. */
    void delete() {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
