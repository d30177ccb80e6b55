package dev.pintle.spark;

import java.io.Serializable;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;

/** A cluster that is started when there is a first task for it. */
final class LazyCluster {
    private final LongFunction<JavaSparkContext> start;
    private final long memory;
    private @Nullable JavaSparkContext started;

    /** @param memory bytes that a model needs beside an executor's heap, which {@code start} receives */
    LazyCluster(LongFunction<JavaSparkContext> start, long memory) {
        this.start = start;
        this.memory = memory;
    }

    /** Runs tasks as {@link TaskRun} does. */
    <R extends Serializable> void run(
            List<? extends Task<R>> tasks, Consumer<R> results, Consumer<TaskFailure> failures, JobListener listener) {
        if (tasks.isEmpty() || !listener.goesOn()) {
            return;
        }
        JavaSparkContext spark = started == null ? start.apply(memory) : started;
        started = spark;
        TaskRun.run(spark, tasks, results, failures, listener);
    }
}
