package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of one call. */
record Arguments(List<Object> positional, Map<String, Object> keywords) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** The values by parameter, passed by position or by name, or null. */
    static final class Bound {
        private final @Nullable Object[] values;

        private Bound(int count) {
            values = new @Nullable Object[count];
        }

        boolean has(int index) {
            return values[index] != null;
        }

        Object get(int index, Object otherwise) {
            Object value = values[index];
            return value == null ? otherwise : value;
        }

        /** A parameter that {@link #bind} has already checked to be present. */
        Object get(int index) {
            Object value = values[index];
            if (value == null) {
                throw new IllegalStateException("parameter " + index + " was not required");
            }
            return value;
        }
    }

    /** Binds the values to parameters, of which the first {@code required} are mandatory. */
    Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw JinjaException.of(
                    "The template passes too many arguments to a function.",
                    "function",
                    function,
                    "takes",
                    String.valueOf(parameters.length),
                    "was given",
                    String.valueOf(positional.size()));
        }
        Bound bound = new Bound(parameters.length);
        for (int i = 0; i < positional.size(); i++) {
            bound.values[i] = positional.get(i);
        }
        List<String> names = List.of(parameters);
        keywords.forEach((name, value) -> {
            int index = names.indexOf(name);
            if (index < 0 || bound.values[index] != null) {
                throw JinjaException.of(
                        index < 0
                                ? "The template passes an argument that the function does not accept."
                                : "The template passes the same argument twice.",
                        "function",
                        function,
                        "argument",
                        name);
            }
            bound.values[index] = value;
        });
        for (int i = 0; i < required; i++) {
            if (bound.values[i] == null) {
                throw JinjaException.of(
                        "The template omits a required argument.", "function", function, "argument", parameters[i]);
            }
        }
        return bound;
    }

    /** These arguments without the first {@code count} positional ones. */
    Arguments without(int count) {
        return new Arguments(positional.subList(count, positional.size()), keywords);
    }

    /** These arguments with additional named ones. */
    Arguments with(Map<String, Object> others) {
        Map<String, Object> more = new LinkedHashMap<>(keywords);
        others.forEach((name, value) -> {
            if (more.put(name, value) != null) {
                throw JinjaException.of("The template passes the same argument twice.", "argument", name);
            }
        });
        return new Arguments(positional, more);
    }

    /** These arguments with one more named argument. */
    Arguments with(String name, Object value) {
        if (keywords.containsKey(name)) {
            throw JinjaException.of("The template passes the same argument twice.", "argument", name);
        }
        Map<String, Object> more = new LinkedHashMap<>(keywords);
        more.put(name, value);
        return new Arguments(new ArrayList<>(positional), more);
    }
}
