package dev.pintle.spark;

import dev.pintle.base.Problem;

/** Is told how far a job has come, and may stop it. */
public interface JobListener {
    /** Ignores everything and never stops. */
    JobListener SILENT = state -> {};

    /**
     * Called when a stage begins and after each of its tasks.
     *
     * @param state what is done so far
     */
    void at(State state);

    /**
     * Called when a cluster gives no executor, first after some seconds and then ever more rarely.
     *
     * @param why what was asked for, and what there is
     */
    default void waiting(Problem why) {}

    /** Whether the job goes on; asked often. What is computed when it does not is kept. */
    default boolean goesOn() {
        return true;
    }

    /**
     * How far a job has come.
     *
     * @param stage what its tasks do
     * @param before tasks that an earlier submission had done
     * @param done tasks done, those before included
     * @param failed tasks that could not be computed
     * @param total tasks of the stage
     * @param rows rows written by this submission, such as answers
     * @param tokens tokens generated or read by this submission
     */
    record State(String stage, int before, int done, int failed, int total, long rows, long tokens) {}
}
