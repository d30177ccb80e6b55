package dev.pintle.model;

/** Hears text as it is written. */
@FunctionalInterface
public interface GenerationListener {
    /** Hears nothing and never stops. */
    GenerationListener SILENT = (row, piece) -> true;

    /**
     * Called for each piece of text, in whole Unicode characters; empty where a token completes none.
     *
     * @param row index of the request
     * @param piece the text that is new
     * @return false to stop this row
     */
    boolean onText(int row, String piece);
}
