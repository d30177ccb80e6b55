package dev.pintle.notebook.build;

import dev.pintle.notebook.Checks;
import java.util.List;
import java.util.Optional;

/**
 * A notebook that has run.
 *
 * @param source what was run
 * @param cells those that ran, with what they showed; text among them as it is
 * @param checks the checks that were made, in order
 * @param failure why it ended early
 */
public record NotebookRun(
        NotebookSource source, List<RunCell> cells, List<Checks.Check> checks, Optional<Failure> failure) {
    /** Keeps copies. */
    public NotebookRun {
        cells = List.copyOf(cells);
        checks = List.copyOf(checks);
    }

    /**
     * What ended a run.
     *
     * @param cell in which
     * @param message what went wrong
     */
    public record Failure(Cell cell, String message) {}
}
