package dev.pintle.spark;

import dev.pintle.base.Cause;
import dev.pintle.base.Problem;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * Starts Spark as Pintle needs it: a task has an executor to itself, since a model uses all its cores; a task that finds no model
 * is tried on another executor; and executors find Pintle where the driver has it, unless the configuration says otherwise.
 */
public final class Clusters {
    private static final List<String> PASSED_ON = List.of(
            "HF_HOME",
            "HF_HUB_CACHE",
            "HF_HUB_OFFLINE",
            "HF_ENDPOINT",
            "PINTLE_DATA",
            "PINTLE_GPU",
            "PINTLE_GPU_MEMORY",
            "PINTLE_CUDA_LIBS",
            "PINTLE_THREADS",
            "LD_LIBRARY_PATH",
            "OMP_WAIT_POLICY",
            "OPT_OUT_TRACKING");
    private static final List<String> PROPERTIES = List.of(
            "pintle.home",
            "org.bytedeco.javacpp.platform.extension",
            "org.bytedeco.javacpp.nopointergc",
            "org.bytedeco.javacpp.maxBytes",
            "org.bytedeco.javacpp.maxPhysicalBytes");
    private static final long MEGABYTE = 1L << 20;

    private Clusters() {}

    /**
     * Spark within this process. It needs the options of {@link #moduleOptions}.
     *
     * @param cores that it counts with; one task runs at a time, on all of them
     */
    public static JavaSparkContext local(int cores) {
        SparkConf conf = usual().setMaster("local[" + cores + "]")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.task.cpus", String.valueOf(cores));
        return start(conf);
    }

    /**
     * Spark on a cluster, with this process as the driver.
     *
     * @param master such as {@code spark://HOST:7077}; empty where spark-submit has said it
     * @param memory bytes that an executor needs beside its heap
     * @param settings of Spark's, which come before all others
     */
    public static JavaSparkContext at(String master, long memory, Map<String, String> settings) {
        SparkConf conf = usual();
        if (!master.isEmpty()) {
            conf.setMaster(master);
        }
        conf.setIfMissing("spark.executor.memoryOverhead", Math.max(384, 1 + memory / MEGABYTE) + "m")
                .setIfMissing("spark.executor.extraClassPath", executorClassPath())
                .setIfMissing("spark.executor.extraJavaOptions", executorOptions())
                .setIfMissing("spark.excludeOnFailure.enabled", "true");
        for (String name : PASSED_ON) {
            String value = System.getenv(name);
            if (value != null) {
                conf.setIfMissing("spark.executorEnv." + name, value);
            }
        }
        settings.forEach(conf::set);
        if (!conf.contains("spark.task.cpus") && conf.contains("spark.executor.cores")) {
            conf.set("spark.task.cpus", conf.get("spark.executor.cores"));
        }
        return start(conf);
    }

    private static SparkConf usual() {
        return new SparkConf()
                .setIfMissing("spark.app.name", "pintle")
                .setIfMissing("spark.ui.enabled", "false")
                .setIfMissing("spark.ui.showConsoleProgress", "false");
    }

    private static JavaSparkContext start(SparkConf conf) {
        try {
            return new JavaSparkContext(conf);
        } catch (RuntimeException e) {
            throw Problem.of("Spark cannot start.")
                    .fact("master", conf.get("spark.master", "none"))
                    .fact("cause", Cause.words(e).lines().findFirst().orElse(""))
                    .toException(e);
        }
    }

    /** Options that a JVM with Spark must start with. */
    public static List<String> moduleOptions() {
        return List.of(JavaModuleOptions.defaultModuleOptions().strip().split("\\s+"));
    }

    /** That of this process, without what keeps Spark's log from its terminal: executors have log files. */
    private static String executorClassPath() {
        return Arrays.stream(System.getProperty("java.class.path", "").split(File.pathSeparator, -1))
                .filter(entry -> !entry.matches(".*slf4j-nop-[^/\\\\]*\\.jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static String executorOptions() {
        List<String> options = new ArrayList<>(moduleOptions());
        Stream.of("-Djava.awt.headless=true", "-Dfile.encoding=UTF-8").forEach(options::add);
        for (String name : PROPERTIES) {
            String value = System.getProperty(name);
            if (value != null) {
                options.add("-D" + name + "=" + (value.contains(" ") ? '"' + value + '"' : value));
            }
        }
        return String.join(" ", options);
    }
}
