package dev.pintle.spark;

import dev.pintle.base.Problem;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Tells of a cluster that gives no executor, so that nobody waits without knowing for what: after some seconds, and then each time
 * after four times as long.
 */
final class ExecutorWatch {
    private static final long LOOK = TimeUnit.SECONDS.toNanos(1);
    private static final long FIRST = TimeUnit.SECONDS.toNanos(15);
    private static final int RARER = 4;

    private final JavaSparkContext spark;
    private final JobListener listener;
    private final LongSupplier nanos;
    private long since;
    private long looked;
    private long patience = FIRST;

    ExecutorWatch(JavaSparkContext spark, JobListener listener, LongSupplier nanos) {
        this.spark = spark;
        this.listener = listener;
        this.nanos = nanos;
        since = nanos.getAsLong();
        looked = since;
    }

    /** Called often while tasks wait or run. */
    void look() {
        long now = nanos.getAsLong();
        if (spark.isLocal() || now - looked < LOOK) {
            return;
        }
        looked = now;
        if (spark.sc().getExecutorMemoryStatus().size() > 1) { // besides the driver
            since = now;
            patience = FIRST;
        } else if (now - since >= patience) {
            patience *= RARER;
            listener.waiting(why(TimeUnit.NANOSECONDS.toSeconds(now - since)));
        }
    }

    private Problem why(long seconds) {
        SparkConf conf = spark.getConf();
        String cores = conf.get("spark.executor.cores", "");
        return Problem.of("The cluster has given no executor so far.")
                .fact("master", spark.master())
                .fact("waiting", seconds < 120 ? seconds + " s" : String.format(Locale.ROOT, "%,d min", seconds / 60))
                .fact(
                        "asked for",
                        "executors with "
                                + (cores.isEmpty()
                                        ? "as many cores as the cluster gives"
                                        : cores + (cores.equals("1") ? " core" : " cores"))
                                + ", a heap of " + spark.sc().executorMemory() + "m" + ", and "
                                + conf.get("spark.executor.memoryOverhead", "Spark's usual memory") + " beside it")
                .fact("the master has", StandaloneMaster.words(spark.master()))
                .fact(
                        "try",
                        "less with --conf spark.executor.cores and spark.executor.memory, or waiting for other jobs")
                .fact("stop", "with Ctrl-C; the same command goes on");
    }
}
