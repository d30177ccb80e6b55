package dev.pintle.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** The semantics of Python's operators and built-in functions: truth, length, comparison, arithmetic, indexing. */
final class Operations {
    private final Budget budget;
    private final Text text;

    Operations(Budget budget) {
        this.budget = budget;
        this.text = new Text(budget);
    }

    Budget budget() {
        return budget;
    }

    /** Formats values. */
    Text text() {
        return text;
    }

    boolean isTrue(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        } else if (value instanceof Value.None || value instanceof Value.Undefined) {
            return false;
        } else if (value instanceof Double number) {
            return number != 0;
        } else if (value instanceof Long || value instanceof BigInteger) {
            return Numbers.big(value).signum() != 0;
        } else if (isText(value)) {
            return !plain(value).isEmpty();
        }
        int length = lengthOrMinusOne(value);
        return length != 0;
    }

    int length(Object value) {
        int length = lengthOrMinusOne(value);
        if (length < 0) {
            throw JinjaException.of(
                    "The template asks for the length of a value that has none.", "value", Types.name(value));
        }
        return length;
    }

    int lengthOrMinusOne(Object value) {
        if (value instanceof String string) {
            budget.work(string.length());
            return string.codePointCount(0, string.length());
        } else if (value instanceof Value.Markup markup) {
            return lengthOrMinusOne(markup.text());
        } else if (value instanceof Value.Elements elements) {
            return elements.size();
        } else if (value instanceof Value.Dict dict) {
            return dict.size();
        } else if (value instanceof Value.View view) {
            return view.dict().size();
        } else if (value instanceof Value.Range range) {
            return range.size();
        } else if (value instanceof Loop loop) {
            return loop.length();
        }
        return value instanceof Value.Undefined ? 0 : -1;
    }

    /** Iterates over the elements of a value; null if it is not iterable. */
    @Nullable
    Iterator<Object> iteratorOrNull(Object value) {
        if (value instanceof Value.Elements elements) {
            return elements.iterator();
        } else if (value instanceof Value.Dict dict) {
            budget.elements(dict.size());
            return dict.keys().iterator();
        } else if (value instanceof Value.View view) {
            return viewed(view).iterator();
        } else if (value instanceof Value.Range range) {
            return range.iterator();
        } else if (value instanceof Value.Lazy lazy) {
            return lazy;
        } else if (value instanceof String || value instanceof Value.Markup) {
            return characters(plain(value));
        } else if (value instanceof Value.Undefined) {
            return List.<Object>of().iterator();
        }
        return null;
    }

    Iterator<Object> iterator(Object value) {
        Iterator<Object> iterator = iteratorOrNull(value);
        if (iterator == null) {
            throw JinjaException.of(
                    "The template iterates over a value that is not iterable.", "value", Types.name(value));
        }
        return iterator;
    }

    List<Object> list(Object value) {
        Budget.Items items = budget.newItems();
        Iterator<Object> iterator = iterator(value);
        while (iterator.hasNext()) {
            items.add(iterator.next());
        }
        return items.list();
    }

    /** The contents of a view, as a list. */
    List<Object> viewed(Value.View view) {
        budget.elements(view.dict().size() * (view.kind() == Value.View.Kind.ITEMS ? 3L : 1L));
        budget.steps(view.dict().size());
        return view.items();
    }

    /** The characters of a text, created lazily. */
    private Iterator<Object> characters(String string) {
        return new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                return at < string.length();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int c = string.codePointAt(at);
                at += Character.charCount(c);
                budget.text(1);
                return Character.toString(c);
            }
        };
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof Value.Markup;
    }

    /** The text of a string, whether marked safe or not. */
    static String plain(Object string) {
        return string instanceof Value.Markup markup ? markup.text() : (String) string;
    }

    // ---- comparison

    boolean equal(Object left, Object right) {
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            budget.digits(left, right);
            return !Numbers.isNaN(left) && !Numbers.isNaN(right) && Numbers.compare(left, right) == 0;
        } else if (left == right) {
            return true;
        } else if (isText(left) && isText(right)) {
            budget.work(plain(left).length());
            return plain(left).equals(plain(right));
        } else if (left instanceof Value.Elements a && right instanceof Value.Elements b) {
            return left.getClass() == right.getClass() && equalElements(a.items(), b.items());
        } else if (left instanceof Value.Dict a && right instanceof Value.Dict b) {
            return equalEntries(a, b);
        } else if (left instanceof Value.Range a && right instanceof Value.Range b) {
            return a.sameAs(b);
        } else if (left instanceof Value.View a && right instanceof Value.View b) {
            return equalViews(a, b);
        }
        return left instanceof Value.Undefined && right instanceof Value.Undefined;
    }

    private boolean equalElements(List<Object> left, List<Object> right) {
        if (left.size() != right.size()) {
            return false;
        }
        budget.enter();
        try {
            for (int i = 0; i < left.size(); i++) {
                budget.step();
                if (!equal(left.get(i), right.get(i))) {
                    return false;
                }
            }
            return true;
        } finally {
            budget.leave();
        }
    }

    private boolean equalEntries(Value.Dict left, Value.Dict right) {
        if (left.size() != right.size()) {
            return false;
        }
        budget.enter();
        try {
            for (Map.Entry<Object, Object> entry : left.entries()) {
                budget.key(entry.getKey());
                budget.step();
                Object other = right.get(entry.getKey());
                if (other == null || !equal(entry.getValue(), other)) {
                    return false;
                }
            }
            return true;
        } finally {
            budget.leave();
        }
    }

    private boolean equalViews(Value.View left, Value.View right) {
        if (left.kind() == Value.View.Kind.KEYS && right.kind() == Value.View.Kind.KEYS) {
            left.dict().keys().forEach(key -> {
                budget.step();
                budget.key(key);
            });
            return left.dict().size() == right.dict().size()
                    && left.dict().keys().stream().allMatch(right.dict()::has);
        }
        if (left.kind() == Value.View.Kind.VALUES || right.kind() == Value.View.Kind.VALUES) {
            return false;
        }
        throw JinjaException.of("The template compares dict views, which is not supported.");
    }

    /** Evaluates {@code <}, {@code <=}, {@code >} or {@code >=}. */
    boolean ordered(String operator, Object left, Object right) {
        if (Numbers.isNaN(left) || Numbers.isNaN(right)) {
            if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
                return false;
            }
        }
        if (left instanceof Value.Elements a
                && right instanceof Value.Elements b
                && left.getClass() == right.getClass()) {
            budget.enter();
            try {
                for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
                    budget.step();
                    if (!equal(a.items().get(i), b.items().get(i))) {
                        return ordered(operator, a.items().get(i), b.items().get(i));
                    }
                }
                return holds(operator, Integer.compare(a.size(), b.size()));
            } finally {
                budget.leave();
            }
        }
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            budget.digits(left, right);
            return holds(operator, Numbers.compare(left, right));
        }
        if (isText(left) && isText(right)) {
            budget.work(plain(left).length());
            return holds(operator, compareText(plain(left), plain(right)));
        }
        throw unsupported(operator, left, right);
    }

    private static boolean holds(String operator, int order) {
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    /** Compares by code point, unlike Java's natural order, which compares UTF-16 units. */
    private static int compareText(String left, String right) {
        int i = 0;
        int end = Math.min(left.length(), right.length());
        while (i < end && left.charAt(i) == right.charAt(i)) {
            i++;
        }
        if (i == end) {
            return Integer.compare(left.length(), right.length());
        }
        if (i > 0 && Character.isHighSurrogate(left.charAt(i - 1))) {
            i--;
        }
        return Integer.compare(left.codePointAt(i), right.codePointAt(i));
    }

    /** The sort order; only uses {@code <}, as Python does. */
    int order(Object left, Object right) {
        budget.step();
        return ordered("<", left, right) ? -1 : ordered("<", right, left) ? 1 : 0;
    }

    boolean contains(Object container, Object value) {
        if (isText(container)) {
            if (!isText(value)) {
                throw JinjaException.of(
                        "The template searches a text for something that is not text.", "value", Types.name(value));
            }
            return Search.forwards(plain(value), budget).in(plain(container), 0) >= 0;
        } else if (container instanceof Value.Dict dict) {
            budget.key(value);
            return dict.has(value);
        } else if (container instanceof Value.View view && view.kind() == Value.View.Kind.KEYS) {
            budget.key(value);
            return view.dict().has(value);
        } else if (container instanceof Value.Range range && Numbers.isInteger(value)) {
            return range.has(value);
        }
        Iterator<Object> iterator = iterator(container);
        while (iterator.hasNext()) {
            budget.step();
            Object element = iterator.next();
            if (element == value || equal(element, value)) {
                return true;
            }
        }
        return false;
    }

    // ---- arithmetic

    Object binary(String operator, Object left, Object right) {
        if (operator.equals("%") && left instanceof String format) {
            return new Format(this).percent(format, right);
        }
        requireDefined(left);
        requireDefined(right);
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            return arithmetic(operator, left, right);
        }
        if (operator.equals("+")) {
            return plus(left, right);
        }
        if (operator.equals("*") && Numbers.isInteger(right)) {
            return repeat(left, right);
        }
        if (operator.equals("*") && Numbers.isInteger(left)) {
            return repeat(right, left);
        }
        throw unsupported(operator, left, right);
    }

    private Object arithmetic(String operator, Object left, Object right) {
        budget.digits(left, right);
        Object result = Numbers.apply(operator, left, right);
        if (result instanceof BigInteger big) {
            budget.memory(64 + big.bitLength() / 8L);
            // The cost of a power is roughly that of its last multiplication.
            budget.digits(result, result);
        }
        return result;
    }

    private Object plus(Object left, Object right) {
        if (isText(left) && isText(right)) {
            if (left instanceof String a && right instanceof String b) {
                budget.text(a.length() + (long) b.length());
                return a.concat(b);
            }
            String first = escaped(left).text();
            String second = escaped(right).text();
            budget.text(first.length() + (long) second.length());
            String joined = first.concat(second);
            return new Value.Markup(joined);
        }
        if (left instanceof Value.Elements a
                && right instanceof Value.Elements b
                && left.getClass() == right.getClass()) {
            budget.elements(a.size() + (long) b.size());
            budget.steps(a.size() + (long) b.size());
            List<Object> all = new ArrayList<>(a.items());
            all.addAll(b.items());
            return elementsLike(left, all);
        }
        throw unsupported("+", left, right);
    }

    private Object repeat(Object value, Object count) {
        if (Numbers.big(count).bitLength() > 63) {
            throw JinjaException.of("The template repeats a value too many times.");
        }
        int times = Math.max(0, Numbers.index(count, "repetition"));
        if (isText(value)) {
            String piece = plain(value);
            budget.text((long) piece.length() * times);
            budget.work((long) piece.length() * times);
            return textLike(value, piece.isEmpty() ? "" : piece.repeat(times));
        }
        if (value instanceof Value.Elements elements) {
            budget.elements((long) elements.size() * times);
            budget.steps((long) elements.size() * times >> 2);
            List<Object> all = new ArrayList<>();
            for (int i = 0; i < times && elements.size() > 0; i++) {
                all.addAll(elements.items());
            }
            return elementsLike(value, all);
        }
        throw unsupported("*", value, count);
    }

    static Object textLike(Object model, String value) {
        return model instanceof Value.Markup ? new Value.Markup(value) : value;
    }

    private static Object elementsLike(Object model, List<Object> items) {
        return model instanceof Value.Tuple ? new Value.Tuple(items) : new Value.ListValue(items);
    }

    /** The value as text that is safe in HTML. */
    Value.Markup escaped(Object value) {
        if (value instanceof Value.Markup markup) {
            return markup;
        }
        Budget.Text result = budget.newText();
        String plain = text.of(value);
        budget.work(plain.length());
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            switch (c) {
                case '&' -> result.append("&amp;");
                case '<' -> result.append("&lt;");
                case '>' -> result.append("&gt;");
                case '\'' -> result.append("&#39;");
                case '"' -> result.append("&#34;");
                default -> result.append(c);
            }
        }
        return new Value.Markup(result.toString());
    }

    Object unary(String operator, Object value) {
        if (operator.equals("not")) {
            return !isTrue(value);
        }
        requireDefined(value);
        if (!Numbers.isNumber(value)) {
            throw JinjaException.of(
                    "The template applies a sign to a value that is not a number.",
                    "sign",
                    operator,
                    "value",
                    Types.name(value));
        }
        budget.digits(value, 1L);
        return operator.equals("-")
                ? Numbers.negate(value)
                : value instanceof Double ? value : Numbers.of(Numbers.big(value));
    }

    static void requireDefined(Object value) {
        if (value instanceof Value.Undefined undefined) {
            throw undefined.error();
        }
    }

    private static JinjaException unsupported(String operator, Object left, Object right) {
        requireDefined(left);
        requireDefined(right);
        return JinjaException.of(
                "The template applies an operator to values that do not support it.",
                "operator",
                operator,
                "left",
                Types.name(left),
                "right",
                Types.name(right));
    }

    // ---- indexing

    /** {@code object[index]} with Python's semantics, or null if Python finds nothing. */
    @Nullable
    Object itemOrNull(Object object, Object index) {
        if (object instanceof Value.Dict dict) {
            boolean usable = !(index instanceof Value.ListValue || index instanceof Value.Dict);
            budget.key(index);
            return usable ? dict.get(index) : null;
        }
        requireDefined(object);
        boolean sequence = isText(object) || object instanceof Value.Elements || object instanceof Value.Range;
        if (!sequence || !Numbers.isInteger(index)) {
            return null;
        }
        long at = Numbers.index(index, "index");
        if (isText(object)) {
            return characterOrNull(object, at);
        }
        int length = length(object);
        at = at < 0 ? at + length : at;
        if (at < 0 || at >= length) {
            return null;
        }
        if (object instanceof Value.Elements elements) {
            return elements.items().get((int) at);
        }
        return object instanceof Value.Range range ? range.get((int) at) : null;
    }

    /** The character at an index, counting the characters before it (or after it, for a negative index). */
    private @Nullable Object characterOrNull(Object text, long at) {
        String string = plain(text);
        long steps = at < 0 ? -at : at + 1;
        if (steps > string.length()) {
            return null;
        }
        budget.work(2 * steps);
        int place = at < 0 ? string.length() : 0;
        for (long i = at < 0 ? at : 0; i < (at < 0 ? 0 : at); i++) {
            if (at < 0 ? place <= 0 : place >= string.length()) {
                return null;
            }
            place += at < 0
                    ? -Character.charCount(string.codePointBefore(place))
                    : Character.charCount(string.codePointAt(place));
        }
        if (place >= string.length()) {
            return null;
        }
        budget.text(1);
        return textLike(text, Character.toString(string.codePointAt(place)));
    }

    Object slice(Object object, Object start, Object stop, Object step) {
        requireDefined(object);
        boolean sequence = isText(object) || object instanceof Value.Elements || object instanceof Value.Range;
        if (!sequence) {
            throw JinjaException.of("The template slices a value that cannot be sliced.", "value", Types.name(object));
        }
        int by = step instanceof Value.None ? 1 : Numbers.index(step, "slice");
        if (by == 0) {
            throw JinjaException.of("The template takes a slice with step zero.");
        }
        int length = length(object);
        int low = by > 0 ? 0 : -1;
        int high = by > 0 ? length : length - 1;
        int from = bound(start, by > 0 ? low : high, length, low, high);
        int to = bound(stop, by > 0 ? high : low, length, low, high);
        if (object instanceof Value.Range range) {
            return new Value.Range(
                    range.start() + from * range.step(), range.start() + to * range.step(), range.step() * by);
        }
        if (isText(object) && by == 1) {
            String string = plain(object);
            budget.work(string.length());
            int begin = string.offsetByCodePoints(0, Math.min(from, length));
            int end = from >= to ? begin : string.offsetByCodePoints(begin, to - from);
            budget.text(end - begin);
            return textLike(object, string.substring(begin, end));
        }
        if (isText(object)) {
            budget.memory(4L * length);
            int[] characters = plain(object).codePoints().toArray();
            Budget.Text picked = budget.newText();
            for (long i = from; by > 0 ? i < to : i > to; i += by) {
                picked.appendCodePoint(characters[(int) i]);
            }
            return textLike(object, picked.toString());
        }
        List<Object> items = ((Value.Elements) object).items();
        Budget.Items picked = budget.newItems();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            picked.add(items.get((int) i));
        }
        return elementsLike(object, picked.list());
    }

    private static int bound(Object given, int otherwise, int length, int low, int high) {
        if (given instanceof Value.None) {
            return otherwise;
        }
        requireDefined(given);
        long at = Numbers.index(given, "slice");
        at = at < 0 ? at + length : at;
        return (int) Math.max(low, Math.min(high, at));
    }
}
