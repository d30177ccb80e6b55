package dev.pintle.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.base.Problem;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.library.Library;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sweep on a real cluster of processes, of which some die. */
@Tag("slow")
class ClusterTest {
    private static final List<String> STYLES = List.of("pirate");
    private static final String LAYERS = "0-3";

    @TempDir
    private Path folder = Path.of("");

    private static SweepJob job() {
        return Sweeps.job(STYLES, LAYERS, 0.3);
    }

    @Test
    void neither_a_killed_driver_nor_a_killed_worker_changes_a_bit() throws Exception {
        Path out = folder.resolve("out");
        killDriverMidway(out);
        assertThat(Sweeps.points(out).size()).isBetween(2, 4);
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectories(folder.resolve("home")), 2)) {
            aClusterThatGivesNoExecutorIsToldOf(cluster);
            JobResult result;
            boolean[] killed = new boolean[1];
            JavaSparkContext[] spark = new JavaSparkContext[1];
            try (Library library = Library.open(folder.resolve("data"))) {
                result = job().run(
                                needed -> spark[0] = Clusters.at(cluster.master(), needed, cluster.settings()),
                                OptionalLong.empty(),
                                out,
                                library,
                                state -> {
                                    if (state.stage().equals("answering")
                                            && state.done() > state.before()
                                            && !killed[0]) {
                                        killed[0] = true;
                                        cluster.killWorker();
                                    }
                                });
            } finally {
                if (spark[0] != null) {
                    spark[0].stop();
                }
            }
            assertThat(killed[0]).isTrue();
            assertThat(result).isEqualTo(new JobResult(5, 5, List.of()));
            Map<String, SweepResult> plain = Sweeps.plain(job(), folder.resolve("plain"), true);
            assertThat(Sweeps.plain(job(), folder.resolve("data/sweeps"), false))
                    .isEqualTo(plain);
            assertThat(Sweeps.points(out)).hasSize(5);
            assertThat(inFiles(out)).isEqualTo(plain.get("pirate").points());
        }
    }

    /** Once after some seconds, and then rarely. */
    private static void aClusterThatGivesNoExecutorIsToldOf(LoopbackCluster cluster) {
        Map<String, String> settings = new TreeMap<>(cluster.settings());
        settings.put("spark.executor.cores", "9");
        List<Problem> told = new ArrayList<>();
        long[] seconds = {0};
        try (JavaSparkContext spark = Clusters.at(cluster.master(), 0, settings)) {
            ExecutorWatch watch = new ExecutorWatch(
                    spark,
                    new JobListener() {
                        @Override
                        public void at(State state) {}

                        @Override
                        public void waiting(Problem why) {
                            told.add(why);
                        }
                    },
                    () -> TimeUnit.SECONDS.toNanos(seconds[0]));
            for (; seconds[0] < 200; seconds[0] += 5) {
                watch.look();
            }
        }
        assertThat(told).hasSize(2);
        assertThat(told.get(0).toString())
                .startsWith("The cluster has given no executor so far.\n  master:         " + cluster.master()
                        + "\n  waiting:        15 s\n  asked for:      executors with 9 cores, a heap of 600m, and"
                        + " 384m beside it\n  the master has: ")
                .containsPattern("the master has: [012] workers?|no worker");
    }

    /** All points of Parquet files, layers and strengths rising, under the names that a result shows. */
    private static List<SweepPoint> inFiles(Path out) throws IOException {
        List<SweepPoint> points = new ArrayList<>();
        for (String file : Sweeps.points(out).keySet()) {
            for (SweepPoint point : SweepRows.read(out.resolve("points").resolve(file))) {
                points.add(new SweepPoint(
                        point.method().replaceFirst("#.*", ""),
                        point.layer(),
                        point.strength(),
                        point.coefficient(),
                        point.samples()));
            }
        }
        points.sort(Comparator.comparingInt(SweepPoint::layer).thenComparingDouble(SweepPoint::strength));
        return points;
    }

    private void killDriverMidway(Path out) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx600m"));
        command.addAll(Clusters.moduleOptions());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Driver.class.getName()));
        command.addAll(List.of(out.toString(), folder.resolve("data").toString()));
        Process driver = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("driver.log").toFile())
                .start();
        try {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(200);
            while (Files.notExists(out.resolve("points")) || Sweeps.points(out).size() < 2) {
                assertThat(driver.isAlive() && System.nanoTime() < until)
                        .as(() -> read(folder.resolve("driver.log")))
                        .isTrue();
                Thread.sleep(20);
            }
        } finally {
            driver.destroyForcibly().waitFor();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** A driver in a process of its own. */
    static final class Driver {
        private Driver() {}

        public static void main(String[] args) {
            try (Library library = Library.open(Path.of(args[1]))) {
                job().run(
                                needed -> Clusters.local(2),
                                OptionalLong.empty(),
                                Path.of(args[0]),
                                library,
                                JobListener.SILENT);
            }
        }
    }
}
