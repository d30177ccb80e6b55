package dev.pintle.model;

/** Receives text as it is generated. */
@FunctionalInterface
public interface GenerationListener {
    /** Ignores the text and never stops. */
    GenerationListener SILENT = (row, piece) -> true;

    /**
     * Called for each piece of text, in whole Unicode characters; empty if a token completes none.
     *
     * @param row index of the request
     * @param piece the new text
     * @return false to stop this row
     */
    boolean onText(int row, String piece);
}
