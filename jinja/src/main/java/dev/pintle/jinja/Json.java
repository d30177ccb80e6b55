package dev.pintle.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code tojson} as transformers defines it: Python's {@code json.dumps}, without HTML escaping. */
final class Json {
    private final Operations operations;
    private final boolean ascii;
    private final boolean sorted;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final Budget.Text out;

    private Json(Operations operations, Arguments.Bound options) {
        this.operations = operations;
        ascii = operations.isTrue(options.get(0, false));
        indent = indent(operations, options.get(1, Value.None.NONE));
        Object separators = options.get(2, Value.None.NONE);
        if (separators instanceof Value.None) {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        } else {
            List<Object> both = operations.list(separators);
            if (both.size() != 2 || !Operations.isText(both.get(0)) || !Operations.isText(both.get(1))) {
                throw JinjaException.of("The template gives tojson separators that are not two strings.");
            }
            itemSeparator = Operations.plain(both.get(0));
            keySeparator = Operations.plain(both.get(1));
        }
        sorted = operations.isTrue(options.get(3, false));
        out = operations.budget().newText();
    }

    static Object dump(Operations operations, Object value, Arguments arguments) {
        Arguments.Bound options = arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        Json json = new Json(operations, options);
        json.write(value, 0);
        return json.out.toString();
    }

    private static @Nullable String indent(Operations operations, Object indent) {
        if (indent instanceof Value.None) {
            return null;
        }
        if (Operations.isText(indent)) {
            return Operations.plain(indent);
        }
        int width = Math.max(0, Numbers.index(indent, "indent"));
        operations.budget().text(width);
        return " ".repeat(width);
    }

    private void write(Object value, int level) {
        operations.budget().step();
        if (Operations.isText(value)) {
            string(Operations.plain(value));
        } else if (value instanceof Value.None) {
            out.append("null");
        } else if (value instanceof Boolean) {
            out.append(value.toString());
        } else if (value instanceof Long || value instanceof BigInteger) {
            operations.budget().digits(value, value);
            out.append(value.toString());
        } else if (value instanceof Double number) {
            out.append(number(number));
        } else if (value instanceof Value.Elements elements) {
            elements(elements, level);
        } else if (value instanceof Value.Dict dict) {
            dict(dict, level);
        } else {
            Operations.requireDefined(value);
            throw JinjaException.of(
                    "The template converts a value to JSON that JSON cannot represent.", "value", Types.name(value));
        }
    }

    private String number(double number) {
        return Double.isNaN(number)
                ? "NaN"
                : Double.isInfinite(number)
                        ? (number > 0 ? "Infinity" : "-Infinity")
                        : operations.text().number(number);
    }

    private void elements(Value.Elements elements, int level) {
        if (elements.size() == 0) {
            out.append("[]");
            return;
        }
        operations.budget().enter();
        out.append("[");
        Iterator<Object> items = elements.iterator();
        while (items.hasNext()) {
            newline(level + 1);
            write(items.next(), level + 1);
            out.append(items.hasNext() ? itemSeparator : "");
        }
        newline(level);
        out.append("]");
        operations.budget().leave();
    }

    private void dict(Value.Dict dict, int level) {
        if (dict.size() == 0) {
            out.append("{}");
            return;
        }
        operations.budget().enter();
        operations.budget().elements(dict.size());
        List<Map.Entry<Object, Object>> entries = new ArrayList<>();
        dict.entries().forEach(entries::add);
        if (sorted) {
            entries.sort(Comparator.comparing(Map.Entry::getKey, operations::order));
        }
        out.append("{");
        Iterator<Map.Entry<Object, Object>> rest = entries.iterator();
        while (rest.hasNext()) {
            Map.Entry<Object, Object> entry = rest.next();
            newline(level + 1);
            string(key(entry.getKey()));
            out.append(keySeparator);
            write(entry.getValue(), level + 1);
            out.append(rest.hasNext() ? itemSeparator : "");
        }
        newline(level);
        out.append("}");
        operations.budget().leave();
    }

    private String key(Object key) {
        if (Operations.isText(key)) {
            return Operations.plain(key);
        } else if (key instanceof Value.None) {
            return "null";
        } else if (key instanceof Double number) {
            return number(number);
        } else if (Numbers.isInteger(key)) {
            operations.budget().digits(key, key);
            return key.toString();
        }
        throw JinjaException.of(
                "The template converts a dict to JSON with a key that JSON cannot represent.", "key", Types.name(key));
    }

    private void newline(int level) {
        if (indent != null) {
            out.append("\n").repeat(indent, level);
        }
    }

    private void string(String string) {
        operations.budget().steps(string.length() >> 2);
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            int simple = "\"\\\n\r\t\f\b".indexOf(c);
            if (simple >= 0) {
                out.append('\\').append("\"\\nrtfb".charAt(simple));
            } else if (c < 0x20 || (ascii && c > 0x7e)) {
                String number = Integer.toHexString(c);
                out.append("\\u").append("0".repeat(4 - number.length())).append(number);
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
