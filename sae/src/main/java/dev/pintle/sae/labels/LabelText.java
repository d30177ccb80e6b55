package dev.pintle.sae.labels;

import java.util.Optional;

/** Makes untrusted labels safe to print on one line of a terminal. */
final class LabelText {
    private static final int LONGEST = 1000;

    private LabelText() {}

    /** The label without line breaks and control characters, truncated if absurdly long; empty if nothing is left. */
    static Optional<String> clean(String raw) {
        StringBuilder text = new StringBuilder();
        boolean gap = false;
        for (int i = 0; i < raw.length() && text.length() < LONGEST; ) {
            int c = raw.codePointAt(i);
            i += Character.charCount(c);
            boolean unseen = Character.isISOControl(c)
                    || Character.isWhitespace(c)
                    || Character.getType(c) == Character.FORMAT // including those that reverse text direction
                    || Character.getType(c) == Character.SURROGATE;
            if (unseen) {
                gap = true;
                continue;
            }
            if (gap && text.length() > 0) {
                text.append(' ');
            }
            gap = false;
            text.appendCodePoint(c);
        }
        if (text.length() >= LONGEST) {
            text.append('…');
        }
        return text.length() == 0 ? Optional.empty() : Optional.of(text.toString());
    }
}
