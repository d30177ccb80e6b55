package dev.pintle.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Formats values like Python's {@code str} and {@code repr}. */
final class Text {
    private final Budget budget;

    Text(Budget budget) {
        this.budget = budget;
    }

    /** The value as formatted by {@code str}. */
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

    /** The value as formatted by {@code repr}. */
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
            budget.digits(value, value);
            out.append(value.toString());
        } else if (value instanceof Double number) {
            out.append(number(number));
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
            budget.elements(3L * view.dict().size());
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
            // Python would print a memory address.
            throw JinjaException.of("The template prints a value that has no text form.", "value", Types.name(value));
        }
    }

    /** The digits of a float, searched for among its exact ones. */
    String number(double number) {
        budget.steps(100 + 4L * Math.abs(Math.getExponent(number)));
        return Numbers.text(number);
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

    private void writeString(String string, Budget.Text out) {
        budget.steps(string.length() >> 2);
        char quote = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < string.length(); ) {
            int c = string.codePointAt(i);
            i += Character.charCount(c);
            if (c == quote || c == '\\') {
                out.append('\\').append((char) c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\r') {
                out.append("\\r");
            } else if (c == '\t') {
                out.append("\\t");
            } else if (Chars.isPrintable(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(Chars.escape(c));
            }
        }
        out.append(quote);
    }
}
