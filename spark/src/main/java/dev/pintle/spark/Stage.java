package dev.pintle.spark;

import java.util.List;

/** Counts the tasks of a stage and tells a listener. */
final class Stage {
    private final String name;
    private final int before;
    private final int total;
    private final JobListener listener;
    private int done;
    private int failed;
    private long rows;
    private long tokens;

    /** @param before tasks that are done already */
    Stage(String name, int before, int total, JobListener listener) {
        this.name = name;
        this.before = before;
        this.total = total;
        this.listener = listener;
        this.done = before;
        tell();
    }

    void done(long moreRows, long moreTokens) {
        done++;
        rows += moreRows;
        tokens += moreTokens;
        tell();
    }

    void failed(TaskFailure failure, List<TaskFailure> failures) {
        failures.add(failure);
        failed++;
        tell();
    }

    int done() {
        return done;
    }

    private void tell() {
        listener.at(new JobListener.State(name, before, done, failed, total, rows, tokens));
    }
}
