package dev.pintle.spark;

import java.util.List;

/**
 * What became of a job.
 *
 * @param tasks of the whole job
 * @param done those whose outcome is in the output folder
 * @param failures of this submission, which another will try again
 */
public record JobResult(int tasks, int done, List<TaskFailure> failures) {
    /** Copies the list. */
    public JobResult {
        failures = List.copyOf(failures);
    }

    /** Whether everything is there. */
    public boolean whole() {
        return done == tasks;
    }
}
