package dev.pintle.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Python's two kinds of string formatting: {@code '%s is %d' % values} and {@code '{} is {}'.format(values)}. */
final class Format {
    private final Operations operations;
    private int automatic;
    private boolean numbered;

    Format(Operations operations) {
        this.operations = operations;
    }

    // ---- percent formatting

    String percent(String format, Object values) {
        Budget.Text out = operations.budget().newText();
        List<Object> given = values instanceof Value.Tuple tuple ? tuple.items() : List.of(values);
        int used = 0;
        boolean named = false;
        int i = 0;
        while (i < format.length()) {
            int percent = format.indexOf('%', i);
            if (percent < 0) {
                break;
            }
            operations.budget().steps(4);
            out.append(format, i, percent);
            Spec spec = new Spec();
            i = percent + 1;
            String key = null;
            if (format.startsWith("(", i)) {
                int end = format.indexOf(')', i);
                key = end < 0 ? null : format.substring(i + 1, end);
                i = end + 1;
                if (key == null || !(values instanceof Value.Dict)) {
                    throw badFormat(format);
                }
                named = true;
            }
            while (i < format.length() && "-+ #0".indexOf(format.charAt(i)) >= 0) {
                switch (format.charAt(i++)) {
                    case '-' -> spec.align = '<';
                    case '+' -> spec.sign = '+';
                    case ' ' -> spec.sign = spec.sign == '+' ? '+' : ' ';
                    case '0' -> spec.zero = true;
                    default -> spec.alternate = true;
                }
            }
            i = spec.readWidth(format, i);
            i = spec.readPrecision(format, i);
            if (i >= format.length() || "*hlL".indexOf(format.charAt(i)) >= 0) {
                throw badFormat(format);
            }
            char type = format.charAt(i++);
            if (type == '%' && key == null) {
                out.append("%");
                continue;
            }
            Object value;
            if (key != null) {
                operations.budget().key(key);
                Object found = ((Value.Dict) values).get(key);
                if (found == null) {
                    throw JinjaException.of("The template formats a value that is not in its dict.", "key", key);
                }
                value = found;
            } else if (used < given.size()) {
                value = given.get(used++);
            } else {
                throw JinjaException.of("The template formats more values than it has.", "format", format);
            }
            out.append(percent(value, type, spec, format));
        }
        boolean mapping = !Numbers.isNumber(values)
                && !Operations.isText(values)
                && !(values instanceof Value.Tuple)
                && (values instanceof Value.Undefined || operations.lengthOrMinusOne(values) >= 0);
        if (used < given.size() && !named && !mapping) {
            throw JinjaException.of("The template formats fewer values than it has.", "format", format);
        }
        return out.append(format, i, format.length()).toString();
    }

    private String percent(Object value, char type, Spec spec, String format) {
        spec.defaultAlign = '>';
        return switch (type) {
            case 's', 'r' -> {
                spec.zero = false;
                String text = type == 's'
                        ? operations.text().of(value)
                        : operations.text().repr(value);
                yield padded(cut(text, spec.precision), "", spec);
            }
            case 'd', 'i', 'u' -> {
                Operations.requireDefined(value);
                if (value instanceof Double number) {
                    requireFinite(number);
                    operations.budget().digits(number, number);
                    yield integer(new BigDecimal(number).toBigInteger(), 'd', spec);
                }
                requireNumber(value, format);
                yield integer(Numbers.big(value), 'd', spec);
            }
            case 'x', 'X', 'o' -> {
                Operations.requireDefined(value);
                if (!Numbers.isInteger(value)) {
                    throw badFormat(format);
                }
                yield integer(Numbers.big(value), type, spec);
            }
            case 'f', 'F', 'e', 'E', 'g', 'G' -> {
                Operations.requireDefined(value);
                requireNumber(value, format);
                yield real(Numbers.toDouble(value), type, spec);
            }
            case 'c' -> {
                spec.zero = false;
                if (Operations.isText(value) && operations.length(value) == 1) {
                    yield padded(Operations.plain(value), "", spec);
                }
                throw badFormat(format);
            }
            default -> throw badFormat(format);
        };
    }

    // ---- brace formatting

    String braces(String format, Arguments arguments) {
        return braces(format, arguments.positional(), Value.Dict.of(arguments.keywords()), 2);
    }

    String bracesOf(String format, Object map) {
        return braces(format, List.of(), map, 2);
    }

    private String braces(String format, List<Object> positional, Object named, int depth) {
        if (depth < 0) {
            throw JinjaException.of("The template nests braces too deeply in a format.", "format", format);
        }
        Budget.Text out = operations.budget().newText();
        operations.budget().steps(format.length() >> 2);
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i++);
            if (c != '{' && c != '}') {
                out.append(c);
            } else if (i < format.length() && format.charAt(i) == c) {
                out.append(c);
                i++;
            } else if (c == '}') {
                throw badFormat(format);
            } else {
                int end = closing(format, i);
                operations.budget().steps(8 + (end - i >> 3));
                operations.budget().text(end - (long) i);
                out.append(field(format.substring(i, end), positional, named, depth, format));
                i = end + 1;
            }
        }
        return out.toString();
    }

    private static int closing(String format, int from) {
        int open = 1;
        for (int i = from; i < format.length(); i++) {
            open += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw badFormat(format);
    }

    private String field(String field, List<Object> positional, Object named, int depth, String format) {
        int nameEnd = 0;
        while (nameEnd < field.length() && field.charAt(nameEnd) != ':' && field.charAt(nameEnd) != '!') {
            int bracket = field.charAt(nameEnd) == '[' ? field.indexOf(']', nameEnd) : nameEnd;
            if (bracket < 0) {
                throw badFormat(format);
            }
            nameEnd = bracket + 1;
        }
        Object value = lookup(field.substring(0, nameEnd), positional, named, format);
        int at = nameEnd;
        if (field.startsWith("!", at)) {
            if (at + 1 >= field.length()) {
                throw badFormat(format);
            }
            switch (field.charAt(at + 1)) {
                case 's' -> value = operations.text().of(value);
                case 'r' -> value = operations.text().repr(value);
                default -> throw badFormat(format);
            }
            at += 2;
        }
        if (at < field.length() && field.charAt(at) != ':') {
            throw badFormat(format);
        }
        String spec = at < field.length() ? braces(field.substring(at + 1), positional, named, depth - 1) : "";
        return formatted(value, spec);
    }

    private Object lookup(String path, List<Object> positional, Object named, String format) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        String first = path.substring(0, end);
        Object value;
        if (first.isEmpty() || first.chars().allMatch(c -> c >= '0' && c <= '9')) {
            if (first.isEmpty() ? numbered : automatic > 0) {
                throw badFormat(format);
            }
            numbered |= !first.isEmpty();
            int index =
                    first.isEmpty() ? automatic++ : first.length() > 6 ? Integer.MAX_VALUE : Integer.parseInt(first);
            if (index >= positional.size()) {
                throw JinjaException.of("The template formats more values than it has.", "format", format);
            }
            value = positional.get(index);
        } else {
            operations.budget().key(first);
            Object found = named instanceof Value.Dict dict ? dict.get(first) : null;
            if (found == null) {
                throw JinjaException.of("The template formats a value that it does not have.", "name", first);
            }
            value = found;
        }
        Access access = new Access(operations);
        int at = end;
        while (at < path.length()) {
            operations.budget().step();
            if (path.charAt(at) == '.') {
                int stop = at + 1;
                while (stop < path.length() && path.charAt(stop) != '.' && path.charAt(stop) != '[') {
                    stop++;
                }
                if (stop == at + 1) {
                    throw badFormat(format);
                }
                value = access.attribute(value, path.substring(at + 1, stop));
                at = stop;
            } else {
                int stop = path.indexOf(']', at);
                if (path.charAt(at) != '[' || stop <= at + 1) {
                    throw badFormat(format);
                }
                String key = path.substring(at + 1, stop);
                boolean number = key.length() < 10 && key.chars().allMatch(c -> c >= '0' && c <= '9');
                value = access.item(value, number ? (Object) Long.valueOf(key) : key);
                at = stop + 1;
            }
        }
        return value;
    }

    /** Python's {@code format(value, spec)}. */
    private String formatted(Object value, String specification) {
        if (specification.isEmpty()) {
            return operations.text().of(value);
        }
        Spec spec = new Spec();
        char type = spec.read(specification);
        if (Operations.isText(value)) {
            if ((type != 's' && type != 0)
                    || spec.sign != 0
                    || spec.grouping != 0
                    || spec.alternate
                    || spec.align == '=') {
                throw badFormat(specification);
            }
            spec.defaultAlign = '<';
            if (spec.zero && spec.fill == null) {
                spec.fill = "0";
            }
            spec.zero = false;
            return padded(cut(Operations.plain(value), spec.precision), "", spec);
        }
        boolean integer = Numbers.isInteger(value);
        if (!Numbers.isNumber(value)) {
            Operations.requireDefined(value);
            throw badFormat(specification);
        }
        spec.defaultAlign = '>';
        if (integer && (type == 0 || "dxXob".indexOf(type) >= 0)) {
            if (spec.precision >= 0) {
                throw badFormat(specification);
            }
            return integer(Numbers.big(value), type == 0 ? 'd' : type, spec);
        }
        if (type != 0 && "feEFgG%".indexOf(type) >= 0) {
            return real(Numbers.toDouble(value), type, spec);
        }
        if (type == 0 && spec.precision < 0) {
            double number = Numbers.toDouble(value);
            String digits = operations.text().number(Math.abs(number));
            return padded(grouped(digits, spec), signOf(number < 0 || 1 / number < 0, spec), spec);
        }
        throw badFormat(specification);
    }

    // ---- numbers

    private String integer(BigInteger value, char type, Spec spec) {
        int radix = type == 'd' ? 10 : type == 'o' ? 8 : type == 'b' ? 2 : 16;
        operations.budget().digits(value, value);
        operations.budget().memory(value.bitLength());
        String digits = value.abs().toString(radix);
        if (spec.precision > digits.length()) {
            operations.budget().text(spec.precision);
            digits = "0".repeat(spec.precision - digits.length()) + digits;
        }
        digits = type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
        String prefix = spec.alternate && type != 'd' ? "0" + type : "";
        return padded(grouped(digits, spec), signOf(value.signum() < 0, spec) + prefix, spec);
    }

    private String real(double value, char type, Spec spec) {
        boolean negative = Double.doubleToRawLongBits(value) < 0 && !Double.isNaN(value);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            String word = Double.isNaN(value) ? "nan" : "inf";
            spec.zero = false;
            return padded(
                    Character.isUpperCase(type) ? word.toUpperCase(Locale.ROOT) : word, signOf(negative, spec), spec);
        }
        int precision = spec.precision < 0 ? 6 : spec.precision;
        if (precision > 400) {
            throw JinjaException.of(
                    "The template asks for more digits than a float has.", "digits", String.valueOf(precision));
        }
        if (type == '%' && Double.isInfinite(value * 100)) {
            spec.zero = false;
            return padded("inf%", signOf(negative, spec), spec);
        }
        operations.budget().steps(200 + 4L * Math.abs(Math.getExponent(value)));
        BigDecimal exact = new BigDecimal(Math.abs(value));
        String digits = switch (Character.toLowerCase(type)) {
            case 'f' -> exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
            case '%' ->
                new BigDecimal(Math.abs(value * 100))
                                .setScale(precision, RoundingMode.HALF_EVEN)
                                .toPlainString() + "%";
            case 'e' -> scientific(exact, precision);
            default -> general(exact, Math.max(1, precision), spec.alternate);
        };
        digits = Character.isUpperCase(type) ? digits.toUpperCase(Locale.ROOT) : digits;
        return padded(grouped(digits, spec), signOf(negative, spec), spec);
    }

    private static String scientific(BigDecimal value, int precision) {
        int exponent = 0;
        BigDecimal rounded = BigDecimal.ZERO.setScale(precision);
        if (value.signum() != 0) {
            BigDecimal digits = value.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
            exponent = digits.precision() - digits.scale() - 1;
            rounded = digits.scaleByPowerOfTen(-exponent).setScale(precision, RoundingMode.HALF_EVEN);
        }
        String power = String.format(Locale.ROOT, "%02d", Math.abs(exponent));
        return rounded.toPlainString() + "e" + (exponent < 0 ? "-" : "+") + power;
    }

    private static String general(BigDecimal value, int precision, boolean keepZeros) {
        String scientific = scientific(value, precision - 1);
        int split = scientific.indexOf('e');
        int exponent = Integer.parseInt(scientific.substring(split + 1));
        boolean plain = exponent >= -4 && exponent < precision;
        String digits = plain
                ? value.setScale(precision - 1 - exponent, RoundingMode.HALF_EVEN)
                        .toPlainString()
                : scientific.substring(0, split);
        if (!keepZeros && digits.indexOf('.') >= 0) {
            int end = digits.length();
            while (digits.charAt(end - 1) == '0') {
                end--;
            }
            digits = digits.substring(0, digits.charAt(end - 1) == '.' ? end - 1 : end);
        }
        return plain ? digits : digits + scientific.substring(split);
    }

    private static String signOf(boolean negative, Spec spec) {
        return negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
    }

    private static String grouped(String digits, Spec spec) {
        if (spec.grouping == 0) {
            return digits;
        }
        if (spec.zero) {
            throw JinjaException.of("The template zero-pads a number with separators, which is not supported.");
        }
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), 10) >= 0) {
            end++;
        }
        StringBuilder result = new StringBuilder();
        for (int i = 0; i < end; i++) {
            if (i > 0 && (end - i) % 3 == 0) {
                result.append(spec.grouping);
            }
            result.append(digits.charAt(i));
        }
        return result.append(digits.substring(end)).toString();
    }

    private String padded(String text, String sign, Spec spec) {
        int missing = spec.width - operations.length(text) - sign.length();
        if (missing <= 0) {
            return sign + text;
        }
        operations.budget().text(spec.width * (spec.fill == null ? 1L : 2L));
        char align = spec.align != 0 ? spec.align : spec.zero ? '=' : spec.defaultAlign;
        String fill = spec.fill != null ? spec.fill : spec.zero && align == '=' ? "0" : " ";
        return switch (align) {
            case '<' -> sign + text + fill.repeat(missing);
            case '^' -> fill.repeat(missing / 2) + sign + text + fill.repeat(missing - missing / 2);
            case '=' -> sign + fill.repeat(missing) + text;
            default -> fill.repeat(missing) + sign + text;
        };
    }

    private String cut(String text, int precision) {
        return precision < 0 || precision >= operations.length(text)
                ? text
                : text.substring(0, text.offsetByCodePoints(0, precision));
    }

    private static void requireFinite(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            throw JinjaException.of("The template formats something that is not an integer as one.");
        }
    }

    private static void requireNumber(Object value, String format) {
        if (!Numbers.isNumber(value)) {
            throw JinjaException.of(
                    "The template formats something that is not a number as one.",
                    "format",
                    format,
                    "value",
                    Types.name(value));
        }
    }

    private static JinjaException badFormat(String format) {
        return JinjaException.of("The template uses a format that is invalid or not supported.", "format", format);
    }

    /** A parsed format specification. */
    private static final class Spec {
        @Nullable
        String fill;

        char align;
        char defaultAlign = '>';
        char sign;
        boolean alternate;
        boolean zero;
        int width;
        char grouping;
        int precision = -1;

        /** Parses Python's format specification and returns its type, or 0. */
        char read(String text) {
            int i = 0;
            int first = text.offsetByCodePoints(0, 1);
            if (first < text.length() && "<>^=".indexOf(text.charAt(first)) >= 0) {
                fill = text.substring(0, first);
                align = text.charAt(first);
                i = first + 1;
            } else if ("<>^=".indexOf(text.charAt(0)) >= 0) {
                align = text.charAt(0);
                i = 1;
            }
            if (i < text.length() && "+- ".indexOf(text.charAt(i)) >= 0) {
                sign = text.charAt(i++);
            }
            if (text.startsWith("#", i)) {
                alternate = true;
                i++;
            }
            if (text.startsWith("0", i)) {
                zero = true;
                i++;
            }
            if (zero && align != 0 && fill == null) {
                fill = "0";
            }
            i = readWidth(text, i);
            if (i < text.length() && ",_".indexOf(text.charAt(i)) >= 0) {
                grouping = text.charAt(i++);
            }
            i = readPrecision(text, i);
            if (i < text.length() - 1 || (i < text.length() && "sdxXobfFeEgG%".indexOf(text.charAt(i)) < 0)) {
                throw badFormat(text);
            }
            return i < text.length() ? text.charAt(i) : 0;
        }

        int readWidth(String text, int from) {
            int i = from;
            while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                width = Math.min(1 << 26, width * 10 + text.charAt(i++) - '0');
            }
            return i;
        }

        int readPrecision(String text, int from) {
            if (!text.startsWith(".", from)) {
                return from;
            }
            int i = from + 1;
            precision = 0;
            while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                precision = Math.min(1 << 26, precision * 10 + text.charAt(i++) - '0');
            }
            return i;
        }
    }
}
