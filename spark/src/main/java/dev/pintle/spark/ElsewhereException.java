package dev.pintle.spark;

/** A task cannot run on this executor, as where a model is missing, but perhaps on another: Spark tries it there. */
final class ElsewhereException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ElsewhereException(RuntimeException cause) {
        super(cause.getMessage(), cause);
    }
}
