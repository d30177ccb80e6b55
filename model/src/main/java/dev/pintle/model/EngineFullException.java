package dev.pintle.model;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;

/** An engine has no place for one more waiting request; the same request may be taken later. */
public final class EngineFullException extends PintleException {
    private static final long serialVersionUID = 1L;

    EngineFullException(Problem problem) {
        super(problem);
    }
}
