package dev.pintle.base;

import org.jspecify.annotations.Nullable;

/** A request that cannot be met. Its message is a {@link Problem}: one sentence, then facts. */
public class PintleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    /** @param problem what went wrong */
    public PintleException(Problem problem) {
        super(problem.toString());
        this.problem = problem;
    }

    /**
     * @param problem what went wrong
     * @param cause the underlying exception, or null
     */
    public PintleException(Problem problem, @Nullable Throwable cause) {
        super(problem.toString(), cause);
        this.problem = problem;
    }

    /** What went wrong. */
    public Problem problem() {
        return problem;
    }
}
