package dev.pintle.model;

/** Text from files made fit for a message, however long it is there. */
final class Bounded {
    private static final int SHOWN = 120;

    private Bounded() {}

    /** The text itself, or its beginning and its length. */
    static String text(String text) {
        if (text.length() <= SHOWN) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(SHOWN - 1)) ? SHOWN - 1 : SHOWN;
        return text.substring(0, end) + "… (" + text.length() + " characters)";
    }
}
