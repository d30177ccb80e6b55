package dev.pintle.jinja;

import java.util.BitSet;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/** The methods of Python's {@code str}. Lengths and indices count characters (code points), not UTF-16 units. */
final class TextMethods {
    static final Set<String> NAMES = Set.of(
            "capitalize",
            "casefold",
            "center",
            "count",
            "encode",
            "endswith",
            "expandtabs",
            "find",
            "format",
            "format_map",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isprintable",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "maketrans",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "translate",
            "upper",
            "zfill");

    /** Methods that escape their arguments if the text is marked safe. */
    private static final Set<String> ESCAPING = Set.of(
            "center",
            "format",
            "format_map",
            "join",
            "ljust",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rjust",
            "rpartition",
            "zfill",
            "expandtabs");

    private final Operations operations;

    TextMethods(Operations operations) {
        this.operations = operations;
    }

    Value.Function bind(Object owner, String name) {
        return new Value.Function(name, arguments -> {
            if (owner instanceof Value.Markup && ESCAPING.contains(name)) {
                throw JinjaException.of(
                        "The template calls a method that is not supported on text marked safe.", "method", name);
            }
            if (!Set.of("split", "rsplit", "splitlines", "format", "expandtabs", "encode")
                    .contains(name)) {
                Methods.noKeywords(name, arguments);
            }
            String text = Operations.plain(owner);
            operations.budget().work(text.length());
            Object result = call(text, name, arguments);
            if (!(owner instanceof Value.Markup)) {
                return result;
            }
            operations.budget().value();
            if (result instanceof Value.ListValue list) {
                return new Value.ListValue(
                        list.items().stream().map(item -> like(owner, item)).toList());
            }
            return like(owner, result);
        });
    }

    private static Object like(Object owner, Object result) {
        return result instanceof String text ? Operations.textLike(owner, text) : result;
    }

    private Object call(String text, String name, Arguments arguments) {
        return switch (name) {
            case "upper", "lower", "title", "capitalize", "swapcase", "casefold" -> {
                arguments.bind(name, 0);
                yield cased(text, name);
            }
            case "strip", "lstrip", "rstrip" -> {
                Object characters = arguments.bind(name, 0, "chars").get(0, Value.None.NONE);
                yield strip(text, characters, !name.equals("rstrip"), !name.equals("lstrip"));
            }
            case "startswith", "endswith" -> affix(text, name, arguments.bind(name, 1, "affix", "start", "end"));
            case "removeprefix" -> {
                String prefix = string(arguments.bind(name, 1, "prefix").get(0), name);
                operations.budget().work(prefix.length());
                operations.budget().text(text.length());
                yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            }
            case "removesuffix" -> {
                String suffix = string(arguments.bind(name, 1, "suffix").get(0), name);
                operations.budget().work(suffix.length());
                operations.budget().text(text.length());
                yield text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            }
            case "split", "rsplit" -> {
                Arguments.Bound split = arguments.bind(name, 0, "sep", "maxsplit");
                int limit = Numbers.index(split.get(1, -1L), "maxsplit");
                yield split(text, split.get(0, Value.None.NONE), limit, name.equals("rsplit"));
            }
            case "splitlines" -> {
                boolean keep =
                        operations.isTrue(arguments.bind(name, 0, "keepends").get(0, false));
                yield new Value.ListValue(Chars.lines(text, keep, operations.budget()));
            }
            case "partition", "rpartition" ->
                partition(text, string(arguments.bind(name, 1, "sep").get(0), name), name.equals("rpartition"));
            case "replace" -> {
                Arguments.Bound replace = arguments.bind(name, 2, "old", "new", "count");
                int count = Numbers.index(replace.get(2, -1L), "count");
                yield replace(text, string(replace.get(0), name), string(replace.get(1), name), count);
            }
            case "join" -> join(text, arguments.bind(name, 1, "iterable").get(0), true);
            case "find", "rfind", "index", "rindex", "count" ->
                find(text, name, arguments.bind(name, 1, "sub", "start", "end"));
            case "center", "ljust", "rjust", "zfill" -> justify(text, name, arguments);
            case "expandtabs" -> {
                int size = Numbers.index(arguments.bind(name, 0, "tabsize").get(0, 8L), "tabsize");
                yield expandTabs(text, size);
            }
            case "format" -> new Format(operations).braces(text, arguments);
            case "format_map" -> {
                Object map = arguments.bind(name, 1, "map").get(0);
                yield new Format(operations).bracesOf(text, map);
            }
            case "isidentifier" -> {
                arguments.bind(name, 0);
                operations.budget().work(4L * text.length());
                yield isIdentifier(text);
            }
            default -> {
                if (name.startsWith("is")) {
                    arguments.bind(name, 0);
                    operations.budget().work(4L * text.length());
                    yield is(text, name);
                }
                throw JinjaException.of(
                        "The template calls a method that is not supported.", "type", "str", "method", name);
            }
        };
    }

    static String string(Object value, String function) {
        Operations.requireDefined(value);
        if (!Operations.isText(value)) {
            throw JinjaException.of(
                    "The template gives a function something other than text.",
                    "function",
                    function,
                    "was given",
                    Types.name(value));
        }
        return Operations.plain(value);
    }

    String cased(String text, String name) {
        // Some characters expand to two or three; case conversion per character costs ten times as much as a scan.
        operations.budget().text(text.length() + (long) text.length() / 2);
        operations.budget().work(text.length() * (name.equals("title") || name.equals("swapcase") ? 16L : 2L));
        String result = switch (name) {
            case "upper" -> Chars.upper(text, operations.budget());
            case "lower" -> Chars.lower(text, operations.budget());
            case "capitalize" -> capitalized(text);
            case "swapcase" -> swapped(text);
            case "title" -> titled(text);
            default -> casefolded(text);
        };
        operations.budget().text(result.length());
        return result;
    }

    private String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        String first = Character.toString(text.codePointAt(0));
        // Converted as a whole, because a word-final sigma has its own form.
        String lower = Chars.lower(text, operations.budget());
        return titleCase(first.codePointAt(0))
                + lower.substring(first.toLowerCase(Locale.ROOT).length());
    }

    /** A character in title case; ß becomes Ss, which is not a single character. */
    private static String titleCase(int c) {
        String upper = Character.toString(c).toUpperCase(Locale.ROOT);
        int first = upper.offsetByCodePoints(0, 1);
        if (first < upper.length() && Character.toTitleCase(c) == c) {
            String rest = upper.substring(first);
            return upper.substring(0, first)
                    + (Chars.isCased(upper.codePointAt(0)) ? rest.toLowerCase(Locale.ROOT) : rest);
        }
        return Character.toString(Character.toTitleCase(c));
    }

    private String swapped(String text) {
        StringBuilder result = new StringBuilder();
        String whole = Chars.lower(text, operations.budget());
        int[] at = {0};
        text.codePoints().forEach(c -> {
            operations.budget().step();
            int start = at[0];
            at[0] += loweredLength(c);
            if (Character.isUpperCase(c)) {
                result.append(whole, start, at[0]);
            } else {
                result.append(Character.toString(c).toUpperCase(Locale.ROOT));
            }
        });
        return result.toString();
    }

    private String titled(String text) {
        StringBuilder result = new StringBuilder();
        boolean[] inWord = {false};
        String whole = Chars.lower(text, operations.budget());
        int[] at = {0};
        text.codePoints().forEach(c -> {
            operations.budget().step();
            int start = at[0];
            at[0] += loweredLength(c);
            if (inWord[0]) {
                result.append(whole, start, at[0]);
            } else {
                result.append(titleCase(c));
            }
            inWord[0] = Chars.isCased(c);
        });
        return result.toString();
    }

    /** The length of a character in lower case; the dotted capital I is the only one that becomes two. */
    private static int loweredLength(int c) {
        return c == 0x130 ? 2 : Character.charCount(Character.toLowerCase(c));
    }

    private static String casefolded(String text) {
        if (text.chars().anyMatch(c -> c > 0x7f)) {
            throw JinjaException.of("The template case-folds non-ASCII text, which is not supported.");
        }
        return text.toLowerCase(Locale.ROOT);
    }

    Object strip(String text, Object characters, boolean left, boolean right) {
        IntPredicate drop = Chars::isSpace;
        if (!(characters instanceof Value.None)) {
            String dropped = string(characters, "strip");
            operations.budget().work(dropped.length() + text.length());
            BitSet set = new BitSet();
            dropped.codePoints().forEach(set::set);
            drop = set::get;
        }
        operations.budget().work(text.length());
        int start = 0;
        int end = text.length();
        while (left && start < end && drop.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && drop.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        operations.budget().text(end - start);
        return text.substring(start, end);
    }

    private Object affix(String text, String name, Arguments.Bound bound) {
        String part = part(text, bound);
        List<Object> affixes = bound.get(0) instanceof Value.Tuple tuple ? tuple.items() : List.of(bound.get(0));
        for (Object affix : affixes) {
            String candidate = string(affix, name);
            operations.budget().work(candidate.length());
            if (startsWithin(text, bound)
                    && (name.equals("startswith") ? part.startsWith(candidate) : part.endsWith(candidate))) {
                return true;
            }
        }
        return false;
    }

    /** Whether the second argument is an index within the text; past its end there is not even the empty text. */
    private boolean startsWithin(String text, Arguments.Bound bound) {
        Object start = bound.get(1, Value.None.NONE);
        return start instanceof Value.None || Numbers.index(start, "start") <= operations.length(text);
    }

    /** The part of the text between the second and third argument, which count characters. */
    private String part(String text, Arguments.Bound bound) {
        if (!bound.has(1) && !bound.has(2)) {
            return text;
        }
        Object sliced =
                operations.slice(text, bound.get(1, Value.None.NONE), bound.get(2, Value.None.NONE), Value.None.NONE);
        return Operations.plain(sliced);
    }

    private Object split(String text, Object separator, int limit, boolean fromRight) {
        Budget.Items parts = operations.budget().newItems();
        int most = limit < 0 ? Integer.MAX_VALUE : limit;
        if (separator instanceof Value.None) {
            operations.budget().work(text.length());
            splitOnSpace(text, most, fromRight, parts);
            return new Value.ListValue(parts.list());
        }
        String at = string(separator, "split");
        if (at.isEmpty()) {
            throw JinjaException.of("The template splits a text at an empty separator.");
        }
        if (fromRight) {
            Search search = Search.backwards(at, operations.budget());
            int end = text.length();
            for (int i = search.before(text, end); i >= 0 && parts.size() < most; i = search.before(text, end)) {
                parts.addText(text, i + at.length(), end);
                end = i;
            }
            parts.addText(text, 0, end);
            Collections.reverse(parts.list());
        } else {
            Search search = Search.forwards(at, operations.budget());
            int start = 0;
            for (int i = search.in(text, 0); i >= 0 && parts.size() < most; i = search.in(text, start)) {
                parts.addText(text, start, i);
                start = i + at.length();
            }
            parts.addText(text, start, text.length());
        }
        return new Value.ListValue(parts.list());
    }

    private static void splitOnSpace(String text, int most, boolean fromRight, Budget.Items parts) {
        if (fromRight) {
            int end = endWithoutSpace(text, text.length());
            while (end > 0 && parts.size() < most) {
                int start = end;
                while (start > 0 && !Chars.isSpace(text.charAt(start - 1))) {
                    start--;
                }
                parts.addText(text, start, end);
                end = endWithoutSpace(text, start);
            }
            if (end > 0) {
                parts.addText(text, 0, end);
            }
            Collections.reverse(parts.list());
            return;
        }
        int start = Chars.skipSpaces(text, 0);
        while (start < text.length() && parts.size() < most) {
            int end = start;
            while (end < text.length() && !Chars.isSpace(text.charAt(end))) {
                end++;
            }
            parts.addText(text, start, end);
            start = Chars.skipSpaces(text, end);
        }
        if (start < text.length()) {
            parts.addText(text, start, endWithoutSpace(text, text.length()));
        }
    }

    private static int endWithoutSpace(String text, int from) {
        int end = from;
        while (end > 0 && Chars.isSpace(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    private Object partition(String text, String separator, boolean last) {
        if (separator.isEmpty()) {
            throw JinjaException.of("The template splits a text at an empty separator.");
        }
        int at = place(text, separator, last);
        if (at < 0) {
            return last ? Value.Tuple.of("", "", text) : Value.Tuple.of(text, "", "");
        }
        operations.budget().text(text.length());
        return Value.Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    /** The first or last index of one text in another, or -1. */
    private int place(String text, String wanted, boolean last) {
        Budget budget = operations.budget();
        return last
                ? Search.backwards(wanted, budget).before(text, text.length())
                : Search.forwards(wanted, budget).in(text, 0);
    }

    String replace(String text, String old, String fresh, int count) {
        Budget.Text result = operations.budget().newText();
        int most = count < 0 ? Integer.MAX_VALUE : count;
        int start = 0;
        if (old.isEmpty()) {
            operations.budget().steps(text.length());
            int done = 0;
            while (done < most) {
                result.append(fresh);
                done++;
                if (start >= text.length()) {
                    break;
                }
                int end = text.offsetByCodePoints(start, 1);
                result.append(text, start, end);
                start = end;
            }
            return result.append(text, start, text.length()).toString();
        }
        Search search = Search.forwards(old, operations.budget());
        int done = 0;
        for (int i = search.in(text, 0); i >= 0 && done < most; i = search.in(text, start)) {
            operations.budget().step();
            result.append(text, start, i).append(fresh);
            start = i + old.length();
            done++;
        }
        return result.append(text, start, text.length()).toString();
    }

    /** Joins values; {@code strict} rejects values that are not text, as Python's {@code str.join} does. */
    String join(String separator, Object values, boolean strict) {
        Budget.Text result = operations.budget().newText();
        Iterator<Object> items = operations.iterator(values);
        boolean first = true;
        while (items.hasNext()) {
            operations.budget().step();
            Object item = items.next();
            result.append(first ? "" : separator)
                    .append(strict ? string(item, "join") : operations.text().of(item));
            first = false;
        }
        return result.toString();
    }

    private Object find(String text, String name, Arguments.Bound bound) {
        String wanted = string(bound.get(0), name);
        String part = part(text, bound);
        if (name.equals("count")) {
            if (!startsWithin(text, bound)) {
                return 0L;
            }
            if (wanted.isEmpty()) {
                return (long) operations.length(part) + 1;
            }
            long count = 0;
            Search search = Search.forwards(wanted, operations.budget());
            for (int i = search.in(part, 0); i >= 0; i = search.in(part, i + wanted.length())) {
                operations.budget().step();
                count++;
            }
            return count;
        }
        int at = !startsWithin(text, bound) ? -1 : place(part, wanted, name.startsWith("r"));
        if (at < 0) {
            if (name.endsWith("index")) {
                throw JinjaException.of(
                        "The template asks for the index of a text that does not occur.", "text", wanted);
            }
            return -1L;
        }
        operations.budget().work(at);
        Object start = bound.get(1, 0L);
        int from =
                start instanceof Value.None ? 0 : Methods.clamp(Numbers.index(start, "start"), operations.length(text));
        return (long) from + part.codePointCount(0, at);
    }

    private Object justify(String text, String name, Arguments arguments) {
        Arguments.Bound bound =
                name.equals("zfill") ? arguments.bind(name, 1, "width") : arguments.bind(name, 1, "width", "fillchar");
        int width = Numbers.index(bound.get(0), "width");
        if (name.equals("zfill")) {
            int missing = Math.max(0, width - operations.length(text));
            operations.budget().text(text.length() + (long) missing);
            boolean signed = text.startsWith("-") || text.startsWith("+");
            return (signed ? text.substring(0, 1) : "") + "0".repeat(missing) + text.substring(signed ? 1 : 0);
        }
        String fill = string(bound.get(1, " "), name);
        if (operations.length(fill) != 1) {
            throw JinjaException.of("The template pads a text with something other than one character.", "fill", fill);
        }
        return justify(text, name, width, fill);
    }

    String justify(String text, String name, int width, String fill) {
        int missing = Math.max(0, width - operations.length(text));
        // Python puts the extra space of an odd width on the left.
        int left = name.equals("ljust") ? 0 : name.equals("rjust") ? missing : missing / 2 + (missing & width & 1);
        operations.budget().text(text.length() + (long) missing * fill.length());
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private Object expandTabs(String text, int size) {
        Budget.Text result = operations.budget().newText();
        int column = 0;
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            int c = text.codePointAt(i);
            operations.budget().step();
            if (c == '\t') {
                int spaces = size > 0 ? size - column % size : 0;
                result.repeat(" ", spaces);
                column += spaces;
            } else {
                result.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return result.toString();
    }

    private static boolean isIdentifier(String text) {
        return !text.isEmpty()
                && (text.codePointAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                && text.codePoints()
                        .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }

    private static boolean is(String text, String name) {
        return switch (name) {
            case "isascii" -> text.chars().allMatch(c -> c < 0x80);
            case "isprintable" -> text.codePoints().allMatch(Chars::isPrintable);
            case "isspace" -> all(text, Chars::isSpace);
            case "isalpha" -> all(text, Character::isLetter);
            case "isdecimal" -> all(text, Chars::isDecimal);
            case "isdigit" -> all(text, Chars::isDigit);
            case "isnumeric" -> all(text, Chars::isNumeric);
            case "isalnum" -> all(text, c -> Character.isLetter(c) || Chars.isNumeric(c));
            case "istitle" -> isTitle(text);
            default -> isAll(text, name.equals("isupper"));
        };
    }

    private static boolean all(String text, IntPredicate predicate) {
        return !text.isEmpty() && text.codePoints().allMatch(predicate);
    }

    /** Whether there are cased letters and all of them have this case. */
    static boolean isAll(String text, boolean upper) {
        IntPredicate wanted = upper ? Character::isUpperCase : Character::isLowerCase;
        return text.codePoints().anyMatch(wanted)
                && text.codePoints().filter(Chars::isCased).allMatch(wanted);
    }

    private static boolean isTitle(String text) {
        boolean inWord = false;
        boolean found = false;
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            int c = text.codePointAt(i);
            boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
            if ((upper && inWord) || (Character.isLowerCase(c) && !inWord)) {
                return false;
            }
            inWord = Chars.isCased(c);
            found |= inWord;
        }
        return found;
    }
}
