package dev.pintle.spark;

import dev.pintle.base.Cause;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.jspecify.annotations.Nullable;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction0;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Runs tasks on a cluster, each as a partition of its own, and hands over each outcome as soon as it is there. A task that fails is
 * recorded with its cause, and the others go on; one that takes its executor down with it is tried as often as Spark is told to
 * ({@code spark.task.maxFailures}), then recorded, and the others go on.
 */
final class TaskRun {
    private static final long POLL_MILLIS = 100;

    private TaskRun() {}

    /**
     * What became of a task.
     *
     * @param place among the tasks
     * @param failure null where it was computed
     */
    private record Outcome<R>(
            int place, @Nullable R value, @Nullable String failure) implements Serializable {}

    /**
     * Runs the tasks; returns when all have ended, or after the listener says that the job does not go on.
     *
     * @param results receives each outcome, on the caller's thread; what it throws ends the run
     * @param failures receives each failure, likewise
     * @throws PintleException if the cluster fails rather than a task
     */
    static <R> void run(
            JavaSparkContext spark,
            List<? extends Task<R>> tasks,
            Consumer<R> results,
            Consumer<TaskFailure> failures,
            JobListener listener) {
        if (tasks.isEmpty()) {
            return;
        }
        List<Task<R>> all = List.copyOf(tasks);
        RDD<Task<R>> rdd = spark.parallelize(all, all.size()).rdd();
        Map<Integer, String> left = new TreeMap<>(); // by place, of tasks without an outcome
        IntStream.range(0, all.size()).forEach(i -> left.put(i, all.get(i).what()));
        Deaths deaths = new Deaths();
        ExecutorWatch watch = new ExecutorWatch(spark, listener, System::nanoTime);
        spark.sc().addSparkListener(deaths);
        try {
            while (!left.isEmpty() && listener.goesOn()) {
                Throwable abort = once(spark, rdd, List.copyOf(left.keySet()), listener, watch, outcome -> {
                    String what = left.remove(outcome.place());
                    if (what == null) {
                        return; // known already
                    }
                    R value = outcome.value();
                    if (value != null) {
                        results.accept(value);
                    } else {
                        failures.accept(new TaskFailure(what, String.valueOf(outcome.failure())));
                    }
                });
                if (abort == null || !listener.goesOn()) {
                    continue;
                }
                Map<Integer, String> lost = deaths.of(left.keySet());
                if (lost.isEmpty()) {
                    throw Problem.of("The cluster ended the job.")
                            .fact("cause", firstLine(Cause.words(abort)))
                            .fact("try", "the same command again, which goes on where it stopped")
                            .toException(abort);
                }
                lost.forEach(
                        (place, cause) -> failures.accept(new TaskFailure(String.valueOf(left.remove(place)), cause)));
            }
        } finally {
            spark.sc().removeSparkListener(deaths);
        }
    }

    /** One job of Spark's over some of the tasks; returns why it was aborted, or null. */
    private static <R> @Nullable Throwable once(
            JavaSparkContext spark,
            RDD<Task<R>> rdd,
            List<Integer> places,
            JobListener listener,
            ExecutorWatch watch,
            Consumer<Outcome<R>> outcomes) {
        BlockingQueue<Outcome<R>> queue = new LinkedBlockingQueue<>();
        List<Object> partitions = new ArrayList<>(places);
        SimpleFutureAction<Boolean> job = spark.sc()
                .submitJob(
                        rdd,
                        new Compute<R>(),
                        JavaConverters.asScala(partitions).toSeq(),
                        new AbstractFunction2<Object, Outcome<R>, BoxedUnit>() {
                            @Override
                            public BoxedUnit apply(Object index, Outcome<R> outcome) {
                                queue.add(
                                        new Outcome<>(places.get((Integer) index), outcome.value(), outcome.failure()));
                                return BoxedUnit.UNIT;
                            }
                        },
                        new AbstractFunction0<Boolean>() {
                            @Override
                            public Boolean apply() {
                                return true;
                            }
                        });
        try {
            while (true) {
                boolean ended = job.isCompleted(); // asked first: what came before is in the queue
                Outcome<R> next = queue.poll(ended ? 0 : POLL_MILLIS, TimeUnit.MILLISECONDS);
                if (next != null) {
                    outcomes.accept(next);
                } else if (ended) {
                    return job.value().get().isFailure()
                            ? job.value().get().failed().get()
                            : null;
                }
                if (!listener.goesOn()) {
                    return null;
                }
                watch.look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Problem.of("The job was interrupted.").toException(e);
        } finally {
            if (!job.isCompleted()) {
                job.cancel();
            }
        }
    }

    /** What an executor does with a partition, which is one task. */
    private static final class Compute<R> extends AbstractFunction1<Iterator<Task<R>>, Outcome<R>>
            implements Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Outcome<R> apply(Iterator<Task<R>> partition) {
            Task<R> task = partition.next();
            try {
                return new Outcome<>(-1, task.compute(), null);
            } catch (ElsewhereException e) {
                throw e;
            } catch (RuntimeException e) {
                return new Outcome<>(-1, null, message(e));
            }
        }
    }

    private static String message(RuntimeException e) {
        return e instanceof PintleException || e instanceof IllegalArgumentException
                ? String.valueOf(e.getMessage())
                : Cause.words(e);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    /** Attempts that ended without an outcome. */
    private static final class Deaths extends SparkListener {
        private final Map<Integer, String> causes = new ConcurrentHashMap<>(); // by partition, the last one

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.reason() instanceof TaskFailedReason failed && failed.countTowardsTaskFailures()) {
                causes.put(end.taskInfo().partitionId(), words(failed.toErrorString()));
            }
        }

        /** Those of some partitions that failed. Spark tells its listeners a little later than its caller. */
        Map<Integer, String> of(java.util.Set<Integer> places) {
            Map<Integer, String> found = new TreeMap<>();
            for (int wait = 0; wait < 20 && found.isEmpty(); wait++) {
                for (int place : places) {
                    String cause = causes.get(place);
                    if (cause != null) {
                        found.put(place, cause);
                    }
                }
                if (found.isEmpty()) {
                    pause();
                }
            }
            return found;
        }

        private static void pause() {
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** The message of an exception without its class and stack trace. */
        private static String words(String error) {
            String message =
                    error.replaceFirst("(?s)\\n\\s+at [\\w.$/]+\\(.*", "").strip();
            String name = ElsewhereException.class.getName() + ": ";
            return message.startsWith(name) ? message.substring(name.length()) : message;
        }
    }
}
