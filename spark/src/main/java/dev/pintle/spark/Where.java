package dev.pintle.spark;

import com.sun.management.OperatingSystemMXBean;
import dev.pintle.base.Problem;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Option;

/** Where a job runs, as options say. */
abstract class Where {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})\\s*([kmgt])b?", Pattern.CASE_INSENSITIVE);

    @Option(
            names = "--executor-memory",
            paramLabel = "SIZE",
            description =
                    "Memory that an executor has for models, beside its Java heap, such as 20g; a model that needs"
                            + " more is refused.")
    private String memory = "";

    /** Bytes that an executor has for models; empty if nobody says. */
    OptionalLong memory() {
        if (memory.isEmpty()) {
            return usualMemory();
        }
        Matcher size = SIZE.matcher(memory.strip());
        if (!size.matches()) {
            throw Problem.of("This is not a size.")
                    .fact("expected", "a number and a unit, such as 20g or 512m")
                    .fact("but was", memory)
                    .toIllegalArgument();
        }
        int power = 1 + "kmgt".indexOf(size.group(2).toLowerCase(Locale.ROOT));
        return OptionalLong.of(Long.parseLong(size.group(1)) << 10 * power);
    }

    abstract OptionalLong usualMemory();

    /** @throws IllegalArgumentException if an option cannot be used */
    abstract void check();

    /** Starts Spark. */
    abstract JavaSparkContext start(long needed);

    /** Within this process. */
    static final class Here extends Where {
        @Option(
                names = "--cores",
                paramLabel = "N",
                description = "Cores that Spark counts with (default: all). One task runs at a time, on all of them.")
        private int cores = Runtime.getRuntime().availableProcessors();

        @Override
        OptionalLong usualMemory() {
            return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine
                    ? OptionalLong.of(machine.getTotalMemorySize())
                    : OptionalLong.empty();
        }

        @Override
        void check() {
            if (cores < 1) {
                throw Problem.of("Spark needs at least one core.")
                        .fact("but was", cores)
                        .toIllegalArgument();
            }
        }

        @Override
        JavaSparkContext start(long needed) {
            return Clusters.local(cores);
        }
    }

    /** On a cluster. */
    static final class There extends Where {
        @Option(
                names = "--master",
                paramLabel = "URL",
                description =
                        "Master of the cluster, such as spark://HOST:7077 (default: what spark-submit was given).")
        private String master = System.getProperty("spark.master", "");

        @Option(
                names = "--conf",
                paramLabel = "KEY=VALUE",
                description = "A setting of Spark's, such as spark.executor.cores=8; may be repeated.")
        private List<String> settings = new ArrayList<>();

        @Override
        OptionalLong usualMemory() {
            return OptionalLong.empty();
        }

        @Override
        void check() {
            if (master.isEmpty()) {
                throw Problem.of("It is not said which cluster the job runs on.")
                        .fact("expected", "--master spark://HOST:7077, or a start with spark-submit --master …")
                        .fact("try", "pintle spark local, which needs no cluster")
                        .toIllegalArgument();
            }
            settings();
        }

        /** @throws IllegalArgumentException if one is no pair */
        private Map<String, String> settings() {
            Map<String, String> pairs = new LinkedHashMap<>();
            for (String setting : settings) {
                int sign = setting.indexOf('=');
                if (sign < 1) {
                    throw Problem.of("This is not a setting of Spark's.")
                            .fact("expected", "KEY=VALUE, such as spark.executor.cores=8")
                            .fact("but was", setting)
                            .toIllegalArgument();
                }
                pairs.put(setting.substring(0, sign), setting.substring(sign + 1));
            }
            return pairs;
        }

        @Override
        JavaSparkContext start(long needed) {
            return Clusters.at(master, Math.max(needed, memory().orElse(0)), settings());
        }
    }
}
