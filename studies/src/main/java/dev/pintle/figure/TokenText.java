package dev.pintle.figure;

/** Tokens as a figure writes them: everything can be seen, nothing is long. */
final class TokenText {
    private static final int LONGEST = 18;

    private TokenText() {}

    /** A space at the start as a middle dot, line breaks as arrows, a special token without its brackets and bars. */
    static String shown(String token) {
        String text = token.replaceFirst("^<\\|(.+)\\|>$", "‹$1›")
                .replaceFirst("^ ", "·")
                .replace("\r", "")
                .replace("\n", "↵")
                .replace("\t", "⇥");
        StringBuilder visible = new StringBuilder();
        text.codePoints()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? 0xFFFD : c)
                .forEach(visible::appendCodePoint);
        String whole = visible.toString();
        return whole.codePointCount(0, whole.length()) <= LONGEST
                ? whole
                : whole.substring(0, whole.offsetByCodePoints(0, LONGEST - 1)) + "…";
    }
}
