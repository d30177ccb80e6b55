package dev.pintle.notebook;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;

/** A number is not what the text of a notebook says of it. */
public final class CheckFailed extends PintleException {
    private static final long serialVersionUID = 1L;

    CheckFailed(Problem problem) {
        super(problem);
    }
}
