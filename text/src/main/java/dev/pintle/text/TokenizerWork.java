package dev.pintle.text;

import dev.pintle.base.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The worst-case work of a tokenizer on a text. A text that would keep native code busy for minutes, or exhaust memory,
 * is refused before it is passed to native code, which cannot be interrupted.
 */
final class TokenizerWork {
    private static final int MAX_CHARACTERS = 4_000_000;
    private static final double MAX_BYTES = 16e6;
    private static final double MAX_STEPS = 2e9;
    private static final double MAX_SLOW_STEPS = 5e8;

    private final Path file;
    private final List<Use> uses = new ArrayList<>();
    private double growth = 1;
    private double decodedGrowth = 1;
    private double modelSteps = 1;
    private boolean changesText;

    TokenizerWork(Path file) {
        this.file = file;
    }

    /**
     * @param onGivenText whether it sees the text unmodified
     */
    private record Use(RegexWork regex, boolean onGivenText) {}

    // ---- what the file specifies

    void growsBy(double factor) {
        growth *= Math.max(1, factor);
    }

    double growth() {
        return growth;
    }

    void decodedGrowsBy(double factor) {
        decodedGrowth *= Math.max(1, factor);
    }

    double decodedGrowth() {
        return decodedGrowth;
    }

    /** From here on, regular expressions see a modified text, so the lengths of character runs in it are unknown. */
    void changesText() {
        changesText = true;
    }

    void matches(RegexWork regex) {
        uses.add(new Use(regex, !changesText));
    }

    /** Steps of the model per byte. */
    void modelSteps(double steps) {
        modelSteps = Math.max(1, steps);
    }

    // ---- what a text leads to

    /**
     * @throws TokenizerException if the text is too much for the tokenizer
     */
    void requireEncodable(String text) {
        if (text.length() > MAX_CHARACTERS) {
            throw refused("The text is too long for the tokenizer.", text, "at most " + number(MAX_CHARACTERS));
        }
        double bytes = utf8Length(text) * growth;
        if (bytes > MAX_BYTES) {
            throw refused(
                    "The tokenizer's replacements could make this text too long.",
                    text,
                    "at most " + number(MAX_BYTES / growth) + " UTF-8 bytes");
        }
        double ways = uses.stream().mapToInt(use -> use.regex().ways()).sum();
        if (bytes * Math.max(ways, modelSteps) > MAX_STEPS) {
            throw refused(
                    "The tokenizer would take too long on this text.",
                    text,
                    "about " + number(MAX_STEPS / Math.max(ways, modelSteps) / growth) + " at most");
        }
        for (Use use : uses) {
            for (RegexWork.Run run : use.regex().slow()) {
                double steps = use.onGivenText() ? slowSteps(text, run) : bytes * bytes / 2;
                if (steps * run.ways() > MAX_SLOW_STEPS) {
                    throw refused(
                            "The tokenizer would take too long on this text.",
                            text,
                            "shorter runs of similar characters: the tokenizer's regular expressions rescan each run many times");
                }
            }
        }
    }

    /**
     * @throws TokenizerException if that many characters are too much for the tokenizer
     */
    void requireDecodable(long characters) {
        if (characters * 3 * decodedGrowth > 8 * MAX_BYTES) {
            throw new TokenizerException(
                    "There are too many tokens to decode at once.",
                    null,
                    "tokenizer",
                    file.toString(),
                    "characters",
                    number(characters),
                    "expected",
                    "at most " + number(8 * MAX_BYTES / 3 / decodedGrowth));
        }
    }

    private static double slowSteps(String text, RegexWork.Run run) {
        double steps = 0;
        int length = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            if (run.of().test(c)) {
                length++;
            } else {
                steps += (double) length * length / 2;
                length = 0;
            }
            i += Character.charCount(c);
        }
        return steps + (double) length * length / 2;
    }

    private static long utf8Length(String text) {
        long length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            length += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return length;
    }

    private TokenizerException refused(String sentence, String text, String expected) {
        Problem problem = Facts.problem(
                sentence,
                "tokenizer",
                file.toString(),
                "characters",
                number(text.length()),
                "expected",
                expected,
                "try",
                "split the text into pieces");
        return new TokenizerException(problem, null);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%,.0f", Math.floor(value));
    }
}
