package dev.pintle.model;

import dev.pintle.base.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * What has been told cannot be taken back, and a stop string may come in pieces. So the longest end of the text that is the
 * beginning of any stop string is held back until it is clear what it becomes; what is told, joined, is the text.
 *
 * Of several stop strings the one that is complete first counts, of those that are complete at once the one that begins first.
 * So the text does not depend on how it was cut into pieces.
 */
/** A text that grows by pieces and ends before the first stop string in it. */
final class StoppableText {
    private final List<String> stops;
    private final StringBuilder text = new StringBuilder();
    private int told;
    private @Nullable String found;

    StoppableText(List<String> stops) {
        this.stops = stops;
    }

    /** @throws IllegalArgumentException for a stop string that no text can be cut before */
    static void require(List<String> stops) {
        for (String stop : stops) {
            boolean halves =
                    stop.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
            if (stop.isEmpty() || halves) {
                throw Problem.of("A stop string cannot end a text.")
                        .fact("expected", "at least one character, and whole characters")
                        .fact("but was", stop.isEmpty() ? "an empty string" : "half of a surrogate pair")
                        .toIllegalArgument();
            }
        }
    }

    /**
     * Adds a piece.
     *
     * @return what can be told now
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

    /** The stop string that was found; null while there is none. */
    @Nullable
    String found() {
        return found;
    }

    /** What was held back and is told at the end. */
    String rest() {
        return tell(text.length());
    }

    /** Cuts the text where telling ended. */
    void cutToTold() {
        text.setLength(told);
    }

    private String tell(int until) {
        String ready = text.substring(told, until);
        told = until;
        return ready;
    }

    /** Length of the longest end of the text that is the beginning of a stop string. */
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
