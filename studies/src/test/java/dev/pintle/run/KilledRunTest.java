package dev.pintle.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledRunTest {
    private static final int KILLS = 40;
    private static final int LONGEST_MS = 700;

    @TempDir
    private Path folder = Path.of("");

    private Process start() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StageProgram.class.getName(),
                        runs().toString())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(said().toFile()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private Path runs() {
        return folder.resolve("runs");
    }

    private Path said() {
        return folder.resolve("said.txt");
    }

    private List<Path> everything() {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.map(folder::relativize).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How long a process takes to begin its run, which depends on what else the machine does; it is killed then. */
    private int millisecondsUntilBegun() throws IOException, InterruptedException {
        long started = System.nanoTime();
        Process process = start();
        while (Files.readString(said()).isEmpty() && process.isAlive()) {
            Thread.sleep(5);
        }
        process.destroyForcibly().waitFor();
        return (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
    }

    /** Stages that a process has said it kept. */
    private List<String> kept() throws IOException {
        return Files.readAllLines(said()).stream()
                .filter(line -> line.startsWith("kept "))
                .map(line -> line.substring(5))
                .toList();
    }

    @Test
    @Tag("slow")
    void a_run_that_is_killed_at_any_moment_loses_no_finished_stage_and_is_resumed()
            throws IOException, InterruptedException {
        Random random = new Random(42);
        int untilBegun = millisecondsUntilBegun();
        int kills = 1;
        boolean finished = false;
        while (!finished && kills < KILLS) {
            Process process = start();
            process.waitFor(random.nextInt(untilBegun + LONGEST_MS), TimeUnit.MILLISECONDS);
            process.destroyForcibly().waitFor();
            kills++;
            RunStore.Listing listing = RunStore.in(runs()).list();
            assertThat(listing.unusable()).isEmpty();
            assertThat(listing.runs()).hasSizeLessThanOrEqualTo(1);
            assertThat(kept()).doesNotHaveDuplicates();
            if (!listing.runs().isEmpty()) {
                StoredRun run = listing.runs().get(0);
                assertThat(run.state()).isNotEqualTo(StoredRun.State.RUNNING);
                assertThat(run.stages()).containsAll(kept());
                finished = run.finished().isPresent();
            }
        }
        assertThat(kept()).as("stages kept by processes that were killed").hasSizeGreaterThan(10);
        if (!finished) {
            assertThat(start().waitFor()).isZero();
        }
        assertThat(RunStore.in(runs()).list().runs())
                .as(() -> "runs after the last process; on disk: " + everything())
                .hasSize(1);
        StoredRun whole = RunStore.in(runs()).find("");
        assertThat(Files.readAllLines(said()).stream()
                        .filter(line -> line.startsWith("begun "))
                        .distinct())
                .containsExactly("begun " + whole.id());
        for (int stage = 0; stage < StageProgram.STAGES; stage++) {
            assertThat(Files.readAllBytes(whole.folder().resolve("stages").resolve(StageProgram.name(stage) + ".json")))
                    .isEqualTo(StageProgram.content(stage));
        }
        try (Stream<Path> left = Files.walk(whole.folder())) {
            assertThat(left.map(Path::toString)).noneMatch(name -> name.endsWith(".part"));
        }
        assertThat(kills).isGreaterThan(10);
    }

    @Test
    @Tag("slow")
    void a_run_of_another_living_process_is_left_to_it() throws IOException, InterruptedException {
        Process other = start();
        try {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (kept().isEmpty() && System.nanoTime() < end) {
                Thread.sleep(10);
            }
            StoredRun theirs = RunStore.in(runs()).list().runs().get(0);
            assertThat(theirs.state()).isEqualTo(StoredRun.State.RUNNING);
            try (OpenRun ours = RunStore.in(runs()).begin(StageProgram.key(), theirs.manifest())) {
                assertThat(ours.resumed()).isFalse();
                assertThat(ours.id()).isNotEqualTo(theirs.id());
            }
            other.destroyForcibly().waitFor();
            assertThat(RunStore.in(runs()).find(theirs.id()).state()).isEqualTo(StoredRun.State.STOPPED);
        } finally {
            other.destroyForcibly();
        }
    }
}
