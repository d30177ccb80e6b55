package dev.pintle.jinja;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Type names for messages, and conversion of Java values to template values. */
final class Types {
    private Types() {}

    /** Python's name for the type of a value. */
    static String name(Object value) {
        if (value instanceof String) {
            return "str";
        } else if (value instanceof Boolean) {
            return "bool";
        } else if (value instanceof Long || value instanceof BigInteger) {
            return "int";
        } else if (value instanceof Double) {
            return "float";
        } else if (value instanceof Value.ListValue) {
            return "list";
        } else if (value instanceof Value.Dict) {
            return "dict";
        } else if (value instanceof Value.None) {
            return "None";
        } else if (value instanceof Value.View view) {
            return "dict_" + view.kind().name().toLowerCase(Locale.ROOT);
        } else if (value instanceof Value.Lazy) {
            return "generator";
        }
        return value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    /** Converts a Java value (string, number, boolean, null, list, map, array) to a template value. */
    static Object of(@Nullable Object java, int depth) {
        if (depth <= 0) {
            throw JinjaException.of("A value passed to the template is nested too deeply.");
        }
        if (java == null) {
            return Value.None.NONE;
        } else if (java instanceof String
                || java instanceof Boolean
                || java instanceof Double
                || java instanceof Value) {
            return java;
        } else if (java instanceof BigInteger big) {
            return Numbers.of(big);
        } else if (java instanceof Float || java instanceof BigDecimal) {
            return ((Number) java).doubleValue();
        } else if (java instanceof Byte || java instanceof Short || java instanceof Integer || java instanceof Long) {
            return ((Number) java).longValue();
        } else if (java instanceof CharSequence || java instanceof Character || java instanceof Enum<?>) {
            return java.toString();
        } else if (java instanceof Map<?, ?> map) {
            Value.Dict dict = new Value.Dict();
            map.forEach((key, value) -> dict.put(of(key, depth - 1), of(value, depth - 1)));
            return dict;
        } else if (java instanceof Iterable<?> items) {
            List<Object> list = new ArrayList<>();
            items.forEach(item -> list.add(of(item, depth - 1)));
            return new Value.ListValue(list);
        } else if (java.getClass().isArray()) {
            List<Object> list = new ArrayList<>();
            for (int i = 0; i < Array.getLength(java); i++) {
                list.add(of(Array.get(java, i), depth - 1));
            }
            return new Value.ListValue(list);
        }
        throw JinjaException.of(
                "A value passed to the template has a type that templates do not support.",
                "type",
                java.getClass().getName());
    }
}
