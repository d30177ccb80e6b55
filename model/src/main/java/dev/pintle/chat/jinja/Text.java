package dev.pintle.chat.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Values as Python's {@code str} and {@code repr} write them. */
final class Text {
    private final Budget budget;

    Text(Budget budget) {
        this.budget = budget;
    }

    /** The value as {@code str} writes it. */
    String of(Object value) {
        if (value instanceof String string) {
            return string;
        } else if (value instanceof Value.Markup markup) {
            return markup.text();
        } else if (value instanceof Value.Undefined) {
            return "";
        }
        return repr(value);
    }

    /** The value as {@code repr} writes it. */
    String repr(Object value) {
        Budget.Text out = budget.newText();
        write(value, out);
        return out.toString();
    }

    private void write(Object value, Budget.Text out) {
        budget.step();
        if (value instanceof String string) {
            writeString(string, out);
        } else if (value instanceof Value.Markup markup) {
            out.append("Markup(");
            writeString(markup.text(), out);
            out.append(")");
        } else if (value instanceof Boolean flag) {
            out.append(flag ? "True" : "False");
        } else if (value instanceof Long || value instanceof BigInteger) {
            out.append(value.toString());
        } else if (value instanceof Double number) {
            out.append(Numbers.text(number));
        } else if (value instanceof Value.None) {
            out.append("None");
        } else if (value instanceof Value.Undefined) {
            out.append("Undefined");
        } else if (value instanceof Value.Tuple tuple) {
            writeAll(tuple.items(), "(", tuple.size() == 1 ? ",)" : ")", out);
        } else if (value instanceof Value.ListValue list) {
            writeAll(list.items(), "[", "]", out);
        } else if (value instanceof Value.Dict dict) {
            writeDict(dict, out);
        } else if (value instanceof Value.View view) {
            writeAll(view.items(), Types.name(view) + "([", "])", out);
        } else if (value instanceof Value.Range range) {
            String step = range.step() == 1 ? "" : ", " + range.step();
            out.append("range(" + range.start() + ", " + range.stop() + step + ")");
        } else if (value instanceof Value.Namespace namespace) {
            out.append("<Namespace ");
            write(namespace.attributes(), out);
            out.append(">");
        } else if (value instanceof Macro macro) {
            out.append("<Macro ")
                    .append(macro.name() == null ? "anonymous" : quoted(macro.name()))
                    .append(">");
        } else if (value instanceof Loop loop) {
            out.append("<LoopContext " + (loop.index0() + 1) + "/" + loop.length() + ">");
        } else {
            // Python would print an address in memory.
            throw JinjaException.of("The template prints a value that has no text.", "value", Types.name(value));
        }
    }

    private void writeAll(List<Object> items, String open, String close, Budget.Text out) {
        budget.enter();
        out.append(open);
        boolean first = true;
        for (Object item : items) {
            out.append(first ? "" : ", ");
            write(item, out);
            first = false;
        }
        out.append(close);
        budget.leave();
    }

    private void writeDict(Value.Dict dict, Budget.Text out) {
        budget.enter();
        out.append("{");
        boolean first = true;
        for (Map.Entry<Object, Object> entry : dict.entries()) {
            out.append(first ? "" : ", ");
            write(entry.getKey(), out);
            out.append(": ");
            write(entry.getValue(), out);
            first = false;
        }
        out.append("}");
        budget.leave();
    }

    private String quoted(String string) {
        Budget.Text out = budget.newText();
        writeString(string, out);
        return out.toString();
    }

    private static void writeString(String string, Budget.Text out) {
        char quote = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder result = new StringBuilder().append(quote);
        string.codePoints().forEach(c -> {
            if (c == quote || c == '\\') {
                result.append('\\').append((char) c);
            } else if (c == '\n') {
                result.append("\\n");
            } else if (c == '\r') {
                result.append("\\r");
            } else if (c == '\t') {
                result.append("\\t");
            } else if (Chars.isPrintable(c)) {
                result.appendCodePoint(c);
            } else {
                String format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
                result.append(String.format(Locale.ROOT, format, c));
            }
        });
        out.append(result.append(quote).toString());
    }
}
