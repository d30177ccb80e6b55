package dev.pintle.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The attributes and methods of Python's built-in types. */
final class Methods {
    private static final Set<String> LIST =
            Set.of("append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort");
    private static final Set<String> DICT = Set.of(
            "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values");
    private static final Set<String> CHANGING = Set.of(
            "append",
            "clear",
            "extend",
            "insert",
            "pop",
            "popitem",
            "remove",
            "reverse",
            "setdefault",
            "sort",
            "update");
    private static final Set<String> INTEGER =
            Set.of("as_integer_ratio", "bit_count", "bit_length", "conjugate", "from_bytes", "to_bytes");
    private static final Set<String> FLOAT = Set.of("as_integer_ratio", "conjugate", "fromhex", "hex", "is_integer");

    private final Operations operations;
    private final TextMethods textMethods;

    Methods(Operations operations) {
        this.operations = operations;
        this.textMethods = new TextMethods(operations);
    }

    /** The result of Python's {@code getattr}, an {@link Value.Undefined} for what the sandbox hides, or null. */
    @Nullable
    Object attribute(Object object, String name) {
        Operations.requireDefined(object);
        operations.budget().memory(32);
        if (name.startsWith("__") && name.endsWith("__")) {
            if (object instanceof Value.Dict dict && dict.has(name)) {
                throw JinjaException.of(
                        "The template reads a key that looks like one of Python's internal attributes.", "key", name);
            }
            return new Value.Undefined(
                    "The template reads an attribute that the sandbox hides.",
                    "value",
                    Types.name(object),
                    "attribute",
                    name);
        }
        if (object instanceof Value.Namespace namespace) {
            return namespace.attributes().get(name);
        } else if (object instanceof Value.WithAttributes owner) {
            return owner.attribute(name);
        } else if (Operations.isText(object)) {
            return TextMethods.NAMES.contains(name) ? textMethods.bind(object, name) : null;
        } else if (object instanceof Value.ListValue list) {
            return LIST.contains(name) ? changing(object, name, () -> list(list, name)) : null;
        } else if (object instanceof Value.Dict dict) {
            return DICT.contains(name) ? changing(object, name, () -> dict(dict, name)) : null;
        } else if (object instanceof Value.Tuple tuple) {
            return tuple(tuple, name);
        } else if (object instanceof Double number) {
            return number(number, name);
        } else if (Numbers.isInteger(object)) {
            return integer(object, name);
        } else if (object instanceof Value.Range range) {
            return range(range, name);
        } else if (object instanceof Value.View view) {
            return name.equals("mapping") || (name.equals("isdisjoint") && view.kind() != Value.View.Kind.VALUES)
                    ? unsupported("dict view", name)
                    : null;
        } else if (object instanceof Value.Lazy) {
            return Set.of("close", "send", "throw").contains(name) ? unsupported("generator", name) : null;
        }
        return null;
    }

    private interface Found {
        Value.Function get();
    }

    private static Object changing(Object object, String name, Found found) {
        if (CHANGING.contains(name)) {
            return new Value.Undefined(
                    "The template modifies a value, which the sandbox forbids.",
                    "value",
                    Types.name(object),
                    "method",
                    name);
        }
        return found.get();
    }

    static Value.Function unsupported(String type, String name) {
        return new Value.Function(name, arguments -> {
            throw JinjaException.of("The template calls a method that is not supported.", "type", type, "method", name);
        });
    }

    private Value.Function list(Value.ListValue list, String name) {
        return switch (name) {
            case "copy" ->
                new Value.Function(name, arguments -> {
                    arguments.bind("copy", 0);
                    return list;
                });
            case "count" -> new Value.Function(name, arguments -> count(list.items(), arguments));
            default -> new Value.Function(name, arguments -> index(list.items(), arguments));
        };
    }

    private @Nullable Object tuple(Value.Tuple tuple, String name) {
        if (tuple.isGroup() && name.equals("grouper")) {
            return tuple.items().get(0);
        } else if (tuple.isGroup() && name.equals("list")) {
            return tuple.items().get(1);
        } else if (name.equals("count")) {
            return new Value.Function(name, arguments -> count(tuple.items(), arguments));
        }
        return name.equals("index") ? new Value.Function(name, arguments -> index(tuple.items(), arguments)) : null;
    }

    private Object count(Iterable<Object> items, Arguments arguments) {
        Object wanted = arguments.bind("count", 1, "value").get(0);
        long count = 0;
        for (Object item : items) {
            operations.budget().step();
            count += item == wanted || operations.equal(item, wanted) ? 1 : 0;
        }
        return count;
    }

    private Object index(List<Object> items, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("index", 1, "value", "start", "stop");
        int from = clamp(Numbers.index(bound.get(1, 0L), "start"), items.size());
        int to = clamp(Numbers.index(bound.get(2, (long) items.size()), "stop"), items.size());
        for (int i = from; i < to; i++) {
            operations.budget().step();
            if (items.get(i) == bound.get(0) || operations.equal(items.get(i), bound.get(0))) {
                return (long) i;
            }
        }
        throw JinjaException.of("The template asks for the index of a value that is not in the list.");
    }

    static int clamp(int index, int length) {
        return Math.max(0, Math.min(length, index < 0 ? index + length : index));
    }

    private Value.Function dict(Value.Dict dict, String name) {
        return switch (name) {
            case "get" ->
                new Value.Function(name, arguments -> {
                    noKeywords(name, arguments);
                    Arguments.Bound bound = arguments.bind("get", 1, "key", "default");
                    operations.budget().key(bound.get(0));
                    Object value = dict.get(bound.get(0));
                    return value == null ? bound.get(1, Value.None.NONE) : value;
                });
            case "keys" -> view(dict, name, Value.View.Kind.KEYS);
            case "values" -> view(dict, name, Value.View.Kind.VALUES);
            case "items" -> view(dict, name, Value.View.Kind.ITEMS);
            case "copy" ->
                new Value.Function(name, arguments -> {
                    arguments.bind(name, 0);
                    return dict;
                });
            default -> unsupported("dict", name);
        };
    }

    private static Value.Function view(Value.Dict dict, String name, Value.View.Kind kind) {
        return new Value.Function(name, arguments -> {
            arguments.bind(name, 0);
            return new Value.View(kind, dict);
        });
    }

    static void noKeywords(String function, Arguments arguments) {
        if (!arguments.keywords().isEmpty()) {
            throw JinjaException.of("The template passes positional-only arguments by name.", "function", function);
        }
    }

    private static @Nullable Object integer(Object integer, String name) {
        BigInteger value = Numbers.big(integer);
        return switch (name) {
            case "real", "numerator" -> Numbers.of(value);
            case "imag" -> 0L;
            case "denominator" -> 1L;
            case "bit_length" ->
                new Value.Function(name, arguments -> {
                    arguments.bind(name, 0);
                    return (long) value.abs().bitLength();
                });
            default -> INTEGER.contains(name) ? unsupported("int", name) : null;
        };
    }

    private static @Nullable Object number(Double number, String name) {
        return switch (name) {
            case "real" -> number;
            case "imag" -> 0.0;
            case "is_integer" ->
                new Value.Function(name, arguments -> {
                    arguments.bind(name, 0);
                    return !Double.isInfinite(number) && number == Math.rint(number);
                });
            default -> FLOAT.contains(name) ? unsupported("float", name) : null;
        };
    }

    private @Nullable Object range(Value.Range range, String name) {
        return switch (name) {
            case "start" -> range.start();
            case "stop" -> range.stop();
            case "step" -> range.step();
            case "count" -> new Value.Function(name, arguments -> count(range, arguments));
            case "index" -> new Value.Function(name, arguments -> index(operations.list(range), arguments));
            default -> null;
        };
    }
}
