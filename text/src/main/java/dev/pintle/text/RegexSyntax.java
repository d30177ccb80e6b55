package dev.pintle.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Parses regular expressions in Oniguruma syntax, which tokenizers use. Constructs whose matches depend on more than
 * the text at hand (back references, subexpression calls, conditionals, callouts) are refused, and so is unknown
 * syntax.
 */
final class RegexSyntax {
    private static final int MAX_LENGTH = 20_000;
    private static final int MAX_DEPTH = 32;
    private static final int MAX_REPETITIONS = 1_000;
    private static final int MAX_PARTS = 20_000;

    /** A regular expression with unknown work; the message is the reason, as a clause. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String why) {
            super(why);
        }
    }

    private final String source;
    private int at;
    private int depth;

    private RegexSyntax(String source) {
        this.source = source;
    }

    static RegexNode parse(String source) {
        if (source.length() > MAX_LENGTH) {
            throw new Refused("it is longer than " + MAX_LENGTH + " characters");
        }
        RegexSyntax reader = new RegexSyntax(source);
        RegexNode root = reader.choice();
        if (reader.at < source.length()) {
            throw new Refused("it has an unmatched closing bracket");
        }
        if (root.size() > MAX_PARTS) {
            throw new Refused("it expands to more than " + MAX_PARTS + " parts");
        }
        return root;
    }

    private boolean more() {
        return at < source.length();
    }

    private boolean skip(String token) {
        if (source.startsWith(token, at)) {
            at += token.length();
            return true;
        }
        return false;
    }

    private int next() {
        if (!more()) {
            throw new Refused("it ends unexpectedly");
        }
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private RegexNode choice() {
        if (++depth > MAX_DEPTH) {
            throw new Refused("its groups are nested more than " + MAX_DEPTH + " deep");
        }
        List<RegexNode> branches = new ArrayList<>();
        do {
            branches.add(row());
        } while (skip("|"));
        depth--;
        return branches.size() == 1 ? branches.get(0) : new RegexNode.Choice(branches);
    }

    private RegexNode row() {
        List<RegexNode> parts = new ArrayList<>();
        while (more() && source.charAt(at) != '|' && source.charAt(at) != ')') {
            RegexNode atom = atom();
            if (atom != null) {
                parts.add(quantified(atom));
            }
        }
        return parts.size() == 1 ? parts.get(0) : new RegexNode.Row(parts);
    }

    // ---- quantifiers

    private RegexNode quantified(RegexNode atom) {
        RegexNode node = atom;
        int times = 0;
        while (more()) {
            int least;
            int most;
            boolean interval = false;
            if (skip("*")) {
                least = 0;
                most = RegexNode.UNBOUNDED;
            } else if (skip("+")) {
                least = 1;
                most = RegexNode.UNBOUNDED;
            } else if (skip("?")) {
                least = 0;
                most = 1;
            } else {
                int start = at;
                int[] bounds = interval();
                if (bounds == null) {
                    at = start;
                    break;
                }
                least = bounds[0];
                most = bounds[1];
                interval = true;
            }
            boolean lazy = skip("?");
            if (lazy && interval && least == most) {
                // Some versions read this as "at most once", others as lazy; treated as either.
                least = 0;
            }
            if (!interval) {
                skip("+"); // possessive: never backtracks, so it costs less than what is counted
            }
            if (++times > 2) {
                throw new Refused("it has a quantifier on a quantifier");
            }
            node = new RegexNode.Repeat(node, least, most, lazy);
        }
        return node;
    }

    /** The bounds in braces, or null if the brace is an ordinary character. */
    private int @Nullable [] interval() {
        if (!skip("{")) {
            return null;
        }
        Integer low = number();
        boolean comma = skip(",");
        Integer high = comma ? number() : low;
        if (!skip("}") || (low == null && high == null)) {
            return null;
        }
        int least = low == null ? 0 : low;
        int most = high == null ? RegexNode.UNBOUNDED : high;
        if (least > MAX_REPETITIONS || (high != null && most > MAX_REPETITIONS)) {
            throw new Refused("it repeats a part more than " + MAX_REPETITIONS + " times");
        }
        return new int[] {Math.min(least, most), Math.max(least, most)};
    }

    private @Nullable Integer number() {
        int start = at;
        while (more() && Character.digit(source.charAt(at), 10) >= 0 && at - start < 6) {
            at++;
        }
        return start == at ? null : Integer.valueOf(source.substring(start, at));
    }

    // ---- atoms

    /** The next part, or null for something that matches nothing, such as an option or a comment. */
    private @Nullable RegexNode atom() {
        int start = at;
        int c = next();
        return switch (c) {
            case '(' -> group();
            case '[' -> {
                IntPredicate characters = insideClass();
                yield new RegexNode.One(source.substring(start, at), characters);
            }
            case '.' -> new RegexNode.One(".", any -> true);
            case '^', '$' -> new RegexNode.Anchor();
            case '\\' -> escape(start);
            case '*', '+', '?' -> throw new Refused("it has a quantifier with nothing to repeat");
            default -> new RegexNode.One(Character.toString(c), letter(c));
        };
    }

    private static IntPredicate letter(int c) {
        String text = Character.toString(c);
        return other -> other == c || Character.toString(other).equalsIgnoreCase(text);
    }

    private @Nullable RegexNode group() {
        if (skip("*")) {
            throw new Refused("it has a callout");
        }
        if (!skip("?")) {
            return close(choice());
        }
        if (skip("#")) {
            int end = source.indexOf(')', at);
            if (end < 0) {
                throw new Refused("it ends unexpectedly");
            }
            at = end + 1;
            return null;
        }
        if (skip(":") || skip(">")) {
            return close(choice());
        }
        if (skip("=") || skip("!") || skip("<=") || skip("<!")) {
            return new RegexNode.Look(close(choice()));
        }
        if (skip("<") || skip("'")) {
            int name = at;
            while (more() && Character.isLetterOrDigit(source.charAt(at)) || more() && source.charAt(at) == '_') {
                at++;
            }
            if (at == name || !(skip(">") || skip("'"))) {
                throw new Refused("it has an unknown kind of group");
            }
            return close(choice());
        }
        int options = at;
        while (more() && "im-".indexOf(source.charAt(at)) >= 0) {
            at++;
        }
        if (at > options && skip(":")) {
            return close(choice());
        }
        if (at > options && skip(")")) {
            // Applies to the rest of the group, including its alternatives.
            return choice();
        }
        throw new Refused("it has an unknown kind of group");
    }

    private RegexNode close(RegexNode inside) {
        if (!skip(")")) {
            throw new Refused("it has an unclosed bracket");
        }
        return inside;
    }

    private RegexNode escape(int start) {
        int c = next();
        if ("bBAZzGyY".indexOf(c) >= 0) {
            return new RegexNode.Anchor();
        }
        if (c == 'R') {
            return new RegexNode.Row(List.of(
                    new RegexNode.One("\\R", any -> true),
                    new RegexNode.Repeat(new RegexNode.One("\\n", n -> n == '\n'), 0, 1, false)));
        }
        if ((c >= '1' && c <= '9') || "kgKX".indexOf(c) >= 0) {
            throw new Refused("it has a back reference");
        }
        IntPredicate characters = escaped(c);
        return new RegexNode.One(source.substring(start, at), characters);
    }

    /** The characters matched by an escape whose letter was just read. */
    private IntPredicate escaped(int c) {
        return switch (c) {
            case 's' -> RegexSyntax::isSpace;
            case 'S' -> other -> !isSpace(other);
            case 'd' -> Character::isDigit;
            case 'D' -> other -> !Character.isDigit(other);
            case 'w' -> RegexSyntax::isWord;
            case 'W' -> other -> !isWord(other);
            case 'h' -> other -> Character.digit(other, 16) >= 0;
            case 'H' -> other -> Character.digit(other, 16) < 0;
            case 'N', 'O' -> any -> true;
            case 't' -> same('\t');
            case 'n' -> same('\n');
            case 'r' -> same('\r');
            case 'f' -> same('\f');
            case 'v' -> same(0x0b);
            case 'a' -> same(0x07);
            case 'e' -> same(0x1b);
            case 'x', 'u', '0', 'o', 'c', 'C', 'M' -> number(c);
            case 'p', 'P' -> property(c == 'P');
            default -> same(c);
        };
    }

    private static IntPredicate same(int c) {
        return other -> other == c;
    }

    private IntPredicate number(int kind) {
        if (kind == 'c' || kind == 'C' || kind == 'M') {
            throw new Refused("it has a control-key escape");
        }
        boolean braces = skip("{");
        int radix = kind == '0' || kind == 'o' ? 8 : 16;
        int longest = braces ? 11 : kind == 'u' ? 4 : 2;
        int start = at;
        while (more() && at - start < longest && Character.digit(source.charAt(at), radix) >= 0) {
            at++;
        }
        String digits = source.substring(start, at);
        if (braces && !skip("}")) {
            throw new Refused("it has an incomplete number");
        }
        return same(digits.isEmpty() ? 0 : (int) Math.min(Character.MAX_CODE_POINT, Long.parseLong(digits, radix)));
    }

    private static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    private static boolean isWord(int c) {
        int type = Character.getType(c);
        return Character.isLetterOrDigit(c)
                || Character.isAlphabetic(c)
                || type == Character.CONNECTOR_PUNCTUATION
                || type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK
                || type == Character.OTHER_NUMBER
                || type == Character.LETTER_NUMBER;
    }

    private IntPredicate property(boolean negated) {
        String name;
        if (skip("{")) {
            int end = source.indexOf('}', at);
            if (end < 0 || end - at > 60) {
                throw new Refused("it has an incomplete property name");
            }
            name = source.substring(at, end);
            at = end + 1;
        } else {
            throw new Refused("it has a property name without braces");
        }
        boolean not = negated != name.startsWith("^");
        IntPredicate known = RegexProperties.of(name.startsWith("^") ? name.substring(1) : name);
        return known == null ? any -> true : not ? known.negate() : known;
    }

    // ---- character classes

    /** The characters of a class whose bracket was just opened; the reader ends up after the class. */
    private IntPredicate insideClass() {
        if (++depth > MAX_DEPTH) {
            throw new Refused("its classes are nested more than " + MAX_DEPTH + " deep");
        }
        boolean negated = skip("^");
        List<IntPredicate> parts = new ArrayList<>();
        List<IntPredicate> whole = new ArrayList<>();
        boolean first = true;
        while (true) {
            if (!first && skip("]")) {
                break;
            }
            if (skip("&&")) {
                whole.add(anyOf(parts));
                parts = new ArrayList<>();
                first = false;
                continue;
            }
            parts.add(member());
            first = false;
        }
        depth--;
        whole.add(anyOf(parts));
        IntPredicate all = c -> whole.stream().allMatch(part -> part.test(c));
        return negated ? all.negate() : all;
    }

    private static IntPredicate anyOf(List<IntPredicate> parts) {
        List<IntPredicate> fixed = List.copyOf(parts);
        return c -> fixed.stream().anyMatch(part -> part.test(c));
    }

    private IntPredicate member() {
        if (skip("[:")) {
            int end = source.indexOf(":]", at);
            if (end < 0 || end - at > 30) {
                throw new Refused("it has an incomplete character class");
            }
            at = end + 2;
            return any -> true;
        }
        if (skip("[")) {
            return insideClass();
        }
        int from = next();
        if (from == '\\') {
            int start = at;
            IntPredicate escaped = escaped(next());
            boolean oneCharacter = "sSdDwWhHpPNORX".indexOf(source.charAt(start)) < 0;
            if (!oneCharacter || !startsRange()) {
                return escaped;
            }
            from = -1;
        } else if (!startsRange()) {
            return letter(from);
        }
        at++;
        int to = next();
        if (to == '\\') {
            escaped(next());
            to = -1;
        }
        if (from < 0 || to < 0) {
            return any -> true; // a range between code points: a superset
        }
        int low = from;
        int high = to;
        return c -> (c >= low && c <= high)
                || (Character.toLowerCase(c) >= low && Character.toLowerCase(c) <= high)
                || (Character.toUpperCase(c) >= low && Character.toUpperCase(c) <= high);
    }

    private boolean startsRange() {
        return at + 1 < source.length() && source.charAt(at) == '-' && source.charAt(at + 1) != ']';
    }
}
