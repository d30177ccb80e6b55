package dev.pintle.model;

import dev.pintle.base.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * Emitted text cannot be taken back, and a stop string may arrive in pieces. So the longest suffix of the text that is
 * a prefix of any stop string is held back until it is clear what follows; the emitted pieces, concatenated, are the
 * text.
 *
 * Of several stop strings, the one that ends first counts, and of those that end at the same place, the one that starts
 * first. So the text does not depend on how it is split into pieces.
 */
/** A text that grows piece by piece and ends before the first stop string in it. */
final class StoppableText {
    private final List<String> stops;
    private final StringBuilder text = new StringBuilder();
    private int told;
    private @Nullable String found;

    StoppableText(List<String> stops) {
        this.stops = stops;
    }

    /** @throws IllegalArgumentException for a stop string that is empty or splits a character */
    static void require(List<String> stops) {
        for (String stop : stops) {
            boolean halves =
                    stop.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
            if (stop.isEmpty() || halves) {
                throw Problem.of("This stop string cannot be used.")
                        .fact("expected", "at least one character, and whole characters")
                        .fact("but was", stop.isEmpty() ? "an empty string" : "half of a surrogate pair")
                        .toIllegalArgument();
            }
        }
    }

    /**
     * Adds a piece.
     *
     * @return the text that can be emitted now
     */
    String add(String piece) {
        int before = text.length();
        text.append(piece);
        int end = Integer.MAX_VALUE;
        int cut = 0;
        for (String stop : stops) {
            int at = text.indexOf(stop, Math.max(0, before - stop.length() + 1));
            int itsEnd = at + stop.length();
            if (at >= 0 && (itsEnd < end || (itsEnd == end && at < cut))) {
                end = itsEnd;
                cut = at;
                found = stop;
            }
        }
        if (found != null) {
            text.setLength(cut);
        }
        return tell(found == null ? text.length() - held() : cut);
    }

    /** The stop string that was found; null if none was found yet. */
    @Nullable
    String found() {
        return found;
    }

    /** The text that was held back, to be emitted at the end. */
    String rest() {
        return tell(text.length());
    }

    /** Truncates the text to what was emitted. */
    void cutToTold() {
        text.setLength(told);
    }

    private String tell(int until) {
        String ready = text.substring(told, until);
        told = until;
        return ready;
    }

    /** Length of the longest suffix of the text that is a prefix of a stop string. */
    private int held() {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, text.length()); length > longest; length--) {
                if (endsWithBeginningOf(stop, length)) {
                    longest = length;
                }
            }
        }
        return longest;
    }

    private boolean endsWithBeginningOf(String stop, int length) {
        int from = text.length() - length;
        for (int i = 0; i < length; i++) {
            if (text.charAt(from + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
