package dev.pintle.cli;

import dev.pintle.model.Generated;

/** How an answer that did not end by itself is marked for a reader. */
final class CutMark {
    private CutMark() {}

    /** Empty for an answer that ended by itself, and for one whose numbers overflowed, which is an error. */
    static String of(Generated answer) {
        return switch (answer.reason()) {
            case STOP_TOKEN, STOP_STRING, NOT_FINITE -> "";
            case LENGTH ->
                "[cut after " + answer.ids().length + (answer.ids().length == 1 ? " token" : " tokens")
                        + "; --max-new-tokens N allows more]";
            case CONTEXT_FULL -> "[cut: prompt and answer are as long as the model was made for]";
            case CANCELLED -> "[stopped]";
        };
    }
}
