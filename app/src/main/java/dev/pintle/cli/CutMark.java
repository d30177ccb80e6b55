package dev.pintle.cli;

import dev.pintle.model.Generated;

/** The mark shown after an answer that was cut off. */
final class CutMark {
    private CutMark() {}

    /** Empty for an answer that ended by itself, and for one that overflowed, which is reported as an error. */
    static String of(Generated answer) {
        return switch (answer.reason()) {
            case STOP_TOKEN, STOP_STRING, NOT_FINITE -> "";
            case LENGTH ->
                "[cut after " + answer.ids().length + (answer.ids().length == 1 ? " token" : " tokens")
                        + "; --max-new-tokens N allows more]";
            case CONTEXT_FULL -> "[cut: prompt and answer fill the model's context]";
            case CANCELLED -> "[stopped]";
        };
    }
}
