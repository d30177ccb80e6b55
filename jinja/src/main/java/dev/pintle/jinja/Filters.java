package dev.pintle.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Filters on single values; filters on sequences are in {@link SequenceFilters}. */
final class Filters {
    interface Filter {
        Object apply(Interpreter interpreter, Object value, Arguments arguments);
    }

    /** Filters of jinja2 that are not implemented: chat templates do not use them, and some are not deterministic. */
    private static final Set<String> NOT_SUPPORTED =
            Set.of("pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr");

    /** More characters than any number that Python still parses, including underscores between digits. */
    private static final int MAX_NUMBER_LENGTH = 10_000;

    private static final Map<String, Filter> ALL = new HashMap<>();

    static {
        text("upper", (operations, text) -> new TextMethods(operations).cased(text, "upper"));
        text("lower", (operations, text) -> new TextMethods(operations).cased(text, "lower"));
        text("capitalize", (operations, text) -> new TextMethods(operations).cased(text, "capitalize"));
        put("title", Filters::title);
        put("trim", (interpreter, value, arguments) -> {
            Operations operations = interpreter.operations();
            Object characters = arguments.bind("trim", 0, "chars").get(0, Value.None.NONE);
            Object stripped =
                    new TextMethods(operations).strip(operations.text().of(value), characters, true, true);
            return Operations.textLike(value, (String) stripped);
        });
        put("string", (interpreter, value, arguments) -> {
            arguments.bind("string", 0);
            return Operations.isText(value)
                    ? value
                    : interpreter.operations().text().of(value);
        });
        put("safe", (interpreter, value, arguments) -> {
            arguments.bind("safe", 0);
            return new Value.Markup(interpreter.operations().text().of(value));
        });
        put("escape", (interpreter, value, arguments) -> {
            arguments.bind("escape", 0);
            return interpreter.operations().escaped(value);
        });
        alias("e", "escape");
        put("forceescape", (interpreter, value, arguments) -> {
            arguments.bind("forceescape", 0);
            return interpreter
                    .operations()
                    .escaped(interpreter.operations().text().of(value));
        });
        put("replace", Filters::replace);
        put("center", Filters::center);
        put("indent", Filters::indent);
        put("truncate", Filters::truncate);
        put("format", Filters::format);
        put("wordcount", Filters::wordCount);
        put("filesizeformat", Filters::fileSize);
        put("tojson", (interpreter, value, arguments) -> Json.dump(interpreter.operations(), value, arguments));
        put("default", Filters::otherwise);
        alias("d", "default");
        put("length", (interpreter, value, arguments) -> {
            arguments.bind("length", 0);
            return (long) interpreter.operations().length(value);
        });
        alias("count", "length");
        put("attr", (interpreter, value, arguments) -> {
            Object name = arguments.bind("attr", 1, "name").get(0);
            return new Access(interpreter.operations()).attributeOnly(value, TextMethods.string(name, "attr"));
        });
        put("abs", (interpreter, value, arguments) -> {
            arguments.bind("abs", 0);
            Object positive = interpreter.operations().unary("+", value);
            interpreter.operations().budget().digits(positive, 1L);
            return positive instanceof Double number
                    ? (Object) Math.abs(number)
                    : Numbers.of(Numbers.big(positive).abs());
        });
        put("int", Filters::integer);
        put("float", Filters::real);
        put("round", Filters::round);
        SequenceFilters.addTo(ALL);
    }

    private Filters() {}

    private interface OnText {
        String apply(Operations operations, String text);
    }

    private static void put(String name, Filter filter) {
        ALL.put(name, filter);
    }

    private static void alias(String name, String of) {
        Filter filter = ALL.get(of);
        if (filter != null) {
            ALL.put(name, filter);
        }
    }

    private static void text(String name, OnText filter) {
        put(name, (interpreter, value, arguments) -> {
            arguments.bind(name, 0);
            Operations operations = interpreter.operations();
            return Operations.textLike(
                    value, filter.apply(operations, operations.text().of(value)));
        });
    }

    static Set<String> names() {
        return ALL.keySet();
    }

    /** Whether jinja2 has the filter, which is what {@code is filter} tests. */
    static boolean exists(String name) {
        return ALL.containsKey(name) || NOT_SUPPORTED.contains(name);
    }

    static Object apply(Interpreter interpreter, String name, Object value, Arguments arguments) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw JinjaException.of("The template uses a filter that does not exist here.", "filter", name);
        }
        interpreter.operations().budget().value();
        if (Operations.isText(value)) {
            interpreter.operations().budget().work(Operations.plain(value).length());
        }
        return filter.apply(interpreter, value, arguments);
    }

    // ---- text

    private static Object title(Interpreter interpreter, Object value, Arguments arguments) {
        arguments.bind("title", 0);
        String text = interpreter.operations().text().of(value);
        interpreter.operations().budget().work(text.length());
        Budget.Text result = interpreter.operations().budget().newText();
        int start = 0;
        while (start < text.length()) {
            interpreter.operations().budget().steps(4);
            boolean between = isBetweenWords(text.charAt(start));
            int end = start;
            while (end < text.length() && isBetweenWords(text.charAt(end)) == between) {
                end++;
            }
            int rest = text.offsetByCodePoints(start, 1);
            result.append(text.substring(start, rest).toUpperCase(Locale.ROOT));
            result.append(Chars.lower(
                    text.substring(rest, end), interpreter.operations().budget()));
            start = end;
        }
        return result.toString();
    }

    private static boolean isBetweenWords(char c) {
        return Chars.isSpace(c) || "-({[<".indexOf(c) >= 0;
    }

    private static Object replace(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("replace", 2, "old", "new", "count");
        Object count = bound.get(2, Value.None.NONE);
        return new TextMethods(operations)
                .replace(
                        operations.text().of(value),
                        operations.text().of(bound.get(0)),
                        operations.text().of(bound.get(1)),
                        count instanceof Value.None ? -1 : Numbers.index(count, "count"));
    }

    private static Object center(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        int width = Numbers.index(arguments.bind("center", 0, "width").get(0, 80L), "width");
        String centered = new TextMethods(operations).justify(operations.text().of(value), "center", width, " ");
        return Operations.textLike(value, centered);
    }

    private static Object indent(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
        Object width = bound.get(0, 4L);
        String indent;
        if (Operations.isText(width)) {
            indent = value instanceof Value.Markup ? operations.escaped(width).text() : Operations.plain(width);
        } else {
            int spaces = Math.max(0, Numbers.index(width, "width"));
            operations.budget().text(spaces);
            indent = " ".repeat(spaces);
        }
        boolean blank = operations.isTrue(bound.get(2, false));
        String text = TextMethods.string(value, "indent");
        operations.budget().text(text.length() + 1L);
        List<Object> lines = Chars.lines(text + "\n", false, operations.budget());
        Budget.Text result = operations.budget().newText();
        result.append(operations.isTrue(bound.get(1, false)) ? indent : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indented = i > 0 && (blank || !line.isEmpty());
            result.append(i > 0 ? "\n" : "").append(indented ? indent : "").append(line);
        }
        return Operations.textLike(value, result.toString());
    }

    private static Object truncate(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
        int length = Numbers.index(bound.get(0, 255L), "length");
        Object end = bound.get(2, "...");
        int endLength = operations.length(end);
        Object leeway = bound.get(3, Value.None.NONE);
        int slack = leeway instanceof Value.None ? 5 : Numbers.index(leeway, "leeway");
        if (length < endLength || slack < 0) {
            throw JinjaException.of("The template truncates a text to less than the length of its ending.");
        }
        if (operations.length(value) <= length + slack) {
            return value;
        }
        TextMethods.string(value, "truncate");
        Object start = operations.slice(value, Value.None.NONE, (long) length - endLength, Value.None.NONE);
        if (!operations.isTrue(bound.get(1, false))) {
            int space = Operations.plain(start).lastIndexOf(' ');
            operations.budget().text(Math.max(0, space));
            start = space < 0
                    ? start
                    : Operations.textLike(start, Operations.plain(start).substring(0, space));
        }
        return operations.binary("+", start, end);
    }

    private static Object format(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        if (value instanceof Value.Markup) {
            throw JinjaException.of("The template formats a text marked safe, which is not supported.");
        }
        if (!arguments.positional().isEmpty() && !arguments.keywords().isEmpty()) {
            throw JinjaException.of("The template mixes positional and named values in a format.");
        }
        Object values = arguments.keywords().isEmpty()
                ? new Value.Tuple(arguments.positional())
                : Value.Dict.of(arguments.keywords());
        return new Format(operations).percent(operations.text().of(value), values);
    }

    private static Object wordCount(Interpreter interpreter, Object value, Arguments arguments) {
        arguments.bind("wordcount", 0);
        long words = 0;
        boolean inWord = false;
        String text = interpreter.operations().text().of(value);
        interpreter.operations().budget().work(4L * text.length());
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            int c = text.codePointAt(i);
            words += Chars.isWord(c) && !inWord ? 1 : 0;
            inWord = Chars.isWord(c);
        }
        return words;
    }

    private static Object fileSize(Interpreter interpreter, Object value, Arguments arguments) {
        boolean binary = interpreter
                .operations()
                .isTrue(arguments.bind("filesizeformat", 0, "binary").get(0, false));
        Operations.requireDefined(value);
        if (Operations.isText(value)) {
            interpreter.operations().budget().text(3L * Operations.plain(value).length());
        }
        Object size = Operations.isText(value) ? parseFloat(Operations.plain(value)) : value;
        if (size == null || !Numbers.isNumber(size)) {
            throw JinjaException.of("The template formats something that is not a number as a file size.");
        }
        double bytes = Numbers.toDouble(size);
        int base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        } else if (bytes < base) {
            return new BigDecimal(bytes).toBigInteger() + " Bytes";
        }
        String units = "kMGTPEZY";
        double unit = Math.pow(base, 2);
        int i = 0;
        while (i < 7 && bytes >= unit) {
            unit = Math.pow(base, ++i + 2);
        }
        String prefix = binary ? Character.toUpperCase(units.charAt(i)) + "iB" : units.charAt(i) + "B";
        String number = new Format(interpreter.operations()).percent("%.1f", base * bytes / unit);
        return number + " " + prefix;
    }

    // ---- values

    private static Object otherwise(Interpreter interpreter, Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
        boolean evenFalse = interpreter.operations().isTrue(bound.get(1, false));
        boolean missing = value instanceof Value.Undefined
                || (evenFalse && !interpreter.operations().isTrue(value));
        return missing ? bound.get(0, "") : value;
    }

    private static Object integer(Interpreter interpreter, Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("int", 0, "default", "base");
        Operations.requireDefined(value);
        Object otherwise = bound.get(0, 0L);
        if (Numbers.isInteger(value)) {
            return Numbers.of(Numbers.big(value));
        }
        Object real = value;
        if (Operations.isText(value)) {
            String text = Chars.strip(Operations.plain(value));
            // A number has at most 4,300 digits; longer texts are only scanned.
            interpreter.operations().budget().text(4L * text.length());
            interpreter.operations().budget().steps(Math.min(text.length(), 5_000) * 4L + (text.length() >> 2));
            Object parsed = parseInteger(text, Numbers.index(bound.get(1, 10L), "base"));
            if (parsed != null) {
                return parsed;
            }
            Double number = parseFloat(text);
            real = number == null ? text : number;
        }
        if (real instanceof Double number && !Double.isNaN(number) && !Double.isInfinite(number)) {
            return Numbers.of(new BigDecimal(number).toBigInteger());
        }
        return otherwise;
    }

    private static @Nullable Object parseInteger(String text, int base) {
        if (text.length() > MAX_NUMBER_LENGTH) {
            return null;
        }
        String sign = text.startsWith("-") || text.startsWith("+") ? text.substring(0, 1) : "";
        String digits = text.substring(sign.length()).toLowerCase(Locale.ROOT);
        int radix = base;
        boolean prefixed = false;
        Map<String, Integer> prefixes = Map.of("0x", 16, "0o", 8, "0b", 2);
        for (Map.Entry<String, Integer> prefix : prefixes.entrySet()) {
            if (digits.startsWith(prefix.getKey()) && (base == 0 || base == prefix.getValue())) {
                digits = digits.substring(2);
                radix = prefix.getValue();
                prefixed = true;
            }
        }
        boolean wellFormed = !digits.endsWith("_") && (prefixed || !digits.startsWith("_")) && !digits.contains("__");
        String plain = digits.replace("_", "");
        boolean leadingZero = base == 0
                && !prefixed
                && plain.startsWith("0")
                && !plain.chars().allMatch(c -> c == '0');
        radix = radix == 0 ? 10 : radix;
        int checked = radix;
        if (!wellFormed
                || leadingZero
                || plain.isEmpty()
                || radix < 2
                || radix > 36
                || plain.length() > 4300
                || !plain.chars().allMatch(c -> Character.digit(c, checked) >= 0)) {
            return null;
        }
        return Numbers.of(new BigInteger((sign.equals("-") ? "-" : "") + plain, radix));
    }

    private static @Nullable Double parseFloat(String given) {
        String shown = Chars.strip(given);
        if (shown.length() > MAX_NUMBER_LENGTH) {
            return null;
        }
        StringBuilder ascii = new StringBuilder();
        shown.codePoints().forEach(c -> ascii.appendCodePoint(Chars.isDecimal(c) ? '0' + Character.digit(c, 10) : c));
        String text = ascii.toString().toLowerCase(Locale.ROOT);
        if (text.matches("[+-]?(inf|infinity|nan)")) {
            return text.endsWith("nan")
                    ? Double.NaN
                    : text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        String digits = "[0-9](_?[0-9])*+";
        boolean number = text.length() < 5000
                && text.matches(
                        "[+-]?(" + digits + "(\\.(" + digits + ")?)?|\\." + digits + ")(e[+-]?" + digits + ")?");
        if (!number) {
            return null;
        }
        return Double.valueOf(text.replace("_", ""));
    }

    private static Object real(Interpreter interpreter, Object value, Arguments arguments) {
        Object otherwise = arguments.bind("float", 0, "default").get(0, 0.0);
        Operations.requireDefined(value);
        if (Numbers.isNumber(value)) {
            return Numbers.toDouble(value);
        }
        if (Operations.isText(value)) {
            int length = Operations.plain(value).length();
            interpreter.operations().budget().text(3L * length);
            interpreter.operations().budget().steps(Math.min(length, 5_000) * 4L + (length >> 2));
        }
        Double parsed = Operations.isText(value) ? parseFloat(Operations.plain(value)) : null;
        return parsed == null ? otherwise : parsed;
    }

    private static Object round(Interpreter interpreter, Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("round", 0, "precision", "method");
        Object number = value instanceof Boolean ? Numbers.of(Numbers.big(value)) : value;
        Operations.requireDefined(number);
        Object precision = bound.get(0, 0L);
        String method = TextMethods.string(bound.get(1, "common"), "round");
        if (!Set.of("common", "ceil", "floor").contains(method)) {
            throw JinjaException.of("The template uses an unknown rounding method.", "method", method);
        }
        if (!Numbers.isNumber(number)) {
            throw JinjaException.of("The template rounds something that is not a number.", "value", Types.name(number));
        }
        interpreter.operations().budget().digits(number, number);
        // Rounding a number to thousands of places first creates a number with that many digits.
        interpreter.operations().budget().steps(method.equals("common") && !(number instanceof Double) ? 20_000 : 500);
        if (method.equals("common")) {
            return Numbers.round(number, Numbers.index(precision, "precision"));
        }
        Object scale = interpreter.operations().binary("**", 10L, precision);
        Object scaled = interpreter.operations().binary("*", number, scale);
        if (scaled instanceof Double shifted) {
            if (Double.isNaN(shifted) || Double.isInfinite(shifted)) {
                throw JinjaException.of(
                        "The template rounds something that is not a number.", "value", Numbers.text(shifted));
            }
            double whole = method.equals("ceil") ? Math.ceil(shifted) : Math.floor(shifted);
            scaled = Numbers.of(new BigDecimal(whole).toBigInteger());
        }
        return interpreter.operations().binary("/", scaled, scale);
    }
}
