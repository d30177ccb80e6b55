package dev.pintle.spark;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads one part of a collection of texts. A part that was begun goes on where it stopped, on whatever executor. */
interface PartTask extends Task<PartTask.Read> {
    /**
     * What the driver hears.
     *
     * @param rows documents, or activations, of the part
     * @param tokens that the model read
     */
    record Read(long rows, long tokens) implements Serializable {}

    /** The output folder. */
    String out();

    /** Number of the part, from 1. */
    int number();

    /** Number of parts. */
    int of();

    /** Reads what has not been read yet. */
    Read read();

    default Part part() {
        return new Part(number(), of());
    }

    /** Exists when the part has been read. */
    default Path done() {
        return Path.of(out(), "done", number() + "-of-" + of() + ".json");
    }

    @Override
    default Read compute() {
        Read read = read();
        AtomicFile.writeText(
                done(), Json.line(Json.object().put("rows", read.rows()).put("tokens", read.tokens())) + "\n");
        return read;
    }

    /** The collection in a file or folder that every executor sees; the embedded texts where none is named. */
    static Texts texts(String place) {
        return place.isEmpty()
                ? Texts.embedded()
                        .orElseThrow(() -> Problem.of("The texts bundled with Pintle are missing.")
                                .fact("try", "--texts PATH")
                                .toException())
                : Texts.of(Path.of(place));
    }

    /** @throws IllegalArgumentException if there is no part */
    static void requireParts(int parts) {
        if (parts < 1 || parts > 100_000) {
            throw Problem.of("A collection is read in at least one part.")
                    .fact("expected", "1 to 100000 parts")
                    .fact("but was", parts)
                    .toIllegalArgument();
        }
    }

    /** Runs the tasks that are left. */
    static JobResult run(
            OutputFolder folder, List<? extends PartTask> tasks, LazyCluster cluster, JobListener listener) {
        List<? extends PartTask> left =
                tasks.stream().filter(task -> !Files.exists(task.done())).toList();
        List<TaskFailure> failures = new ArrayList<>();
        Stage stage = new Stage("reading", tasks.size() - left.size(), tasks.size(), listener);
        cluster.run(
                left,
                (Read read) -> stage.done(read.rows(), read.tokens()),
                failure -> stage.failed(failure, failures),
                listener);
        folder.write(failures);
        return new JobResult(tasks.size(), stage.done(), failures);
    }
}
