package dev.pintle.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The tests that follow {@code is}. */
final class Tests {
    private interface Test {
        boolean holds(Operations operations, Object value, Arguments arguments);
    }

    private static final Map<String, Test> ALL = new HashMap<>();

    static {
        simple("defined", (operations, value) -> !(value instanceof Value.Undefined));
        simple("undefined", (operations, value) -> value instanceof Value.Undefined);
        simple("none", (operations, value) -> value instanceof Value.None);
        simple("boolean", (operations, value) -> value instanceof Boolean);
        simple("true", (operations, value) -> Boolean.TRUE.equals(value));
        simple("false", (operations, value) -> Boolean.FALSE.equals(value));
        simple("integer", (operations, value) -> Numbers.isInteger(value) && !(value instanceof Boolean));
        simple("float", (operations, value) -> value instanceof Double);
        simple("number", (operations, value) -> Numbers.isNumber(value));
        simple("string", (operations, value) -> Operations.isText(value));
        simple("mapping", (operations, value) -> value instanceof Value.Dict);
        simple("iterable", (operations, value) -> value instanceof Loop || operations.iteratorOrNull(value) != null);
        simple("sequence", Tests::isSequence);
        simple("callable", (operations, value) -> value instanceof Value.Callable || value instanceof Value.Undefined);
        simple("escaped", (operations, value) -> value instanceof Value.Markup);
        simple("lower", (operations, value) -> isAll(operations, value, false));
        simple("upper", (operations, value) -> isAll(operations, value, true));
        simple(
                "filter",
                (operations, value) -> Value.Dict.canonical(value) instanceof String name && Filters.exists(name));
        simple(
                "test",
                (operations, value) -> Value.Dict.canonical(value) instanceof String name && ALL.containsKey(name));
        simple("odd", (operations, value) -> operations.equal(operations.binary("%", value, 2L), 1L));
        simple("even", (operations, value) -> operations.equal(operations.binary("%", value, 2L), 0L));
        compared("divisibleby", "num", (operations, a, b) -> operations.equal(operations.binary("%", a, b), 0L));
        compared("in", "seq", (operations, a, b) -> operations.contains(b, a));
        compared("sameas", "other", Tests::isSame);
        for (String name : Set.of("==", "eq", "equalto")) {
            compared(name, "b", Operations::equal);
        }
        for (String name : Set.of("!=", "ne")) {
            compared(name, "b", (operations, a, b) -> !operations.equal(a, b));
        }
        Map<String, Set<String>> orders = Map.of(
                ">", Set.of(">", "gt", "greaterthan"),
                ">=", Set.of(">=", "ge"),
                "<", Set.of("<", "lt", "lessthan"),
                "<=", Set.of("<=", "le"));
        orders.forEach((operator, names) ->
                names.forEach(name -> compared(name, "b", (operations, a, b) -> operations.ordered(operator, a, b))));
    }

    private Tests() {}

    private interface Simple {
        boolean holds(Operations operations, Object value);
    }

    private interface Compared {
        boolean holds(Operations operations, Object value, Object other);
    }

    private static void simple(String name, Simple test) {
        ALL.put(name, (operations, value, arguments) -> {
            arguments.bind(name, 0);
            return test.holds(operations, value);
        });
    }

    private static void compared(String name, String parameter, Compared test) {
        ALL.put(
                name,
                (operations, value, arguments) -> test.holds(
                        operations, value, arguments.bind(name, 1, parameter).get(0)));
    }

    static Set<String> names() {
        return ALL.keySet();
    }

    static boolean holds(Interpreter interpreter, String name, Object value, Arguments arguments) {
        Test test = ALL.get(name);
        if (test == null) {
            throw JinjaException.of("The template uses a test that does not exist here.", "test", name);
        }
        return test.holds(interpreter.operations(), value, arguments);
    }

    private static boolean isAll(Operations operations, Object value, boolean upper) {
        String text = operations.text().of(value);
        operations.budget().work(4L * text.length());
        return TextMethods.isAll(text, upper);
    }

    private static boolean isSequence(Operations operations, Object value) {
        return Operations.isText(value)
                || value instanceof Value.Elements
                || value instanceof Value.Dict
                || value instanceof Value.Range
                || value instanceof Value.Undefined;
    }

    private static boolean isSame(Operations operations, Object value, Object other) {
        if (value == other) {
            return true;
        }
        boolean plain = Operations.isText(value) || (Numbers.isNumber(value) && !(value instanceof Boolean));
        if (plain && Types.name(value).equals(Types.name(other)) && operations.equal(value, other)) {
            if (value instanceof Long number && number >= -5 && number <= 256) {
                return true;
            }
            throw JinjaException.of(
                    "The template tests whether two equal values are the same object, which is not defined.");
        }
        return value.equals(other) && value instanceof Boolean;
    }
}
