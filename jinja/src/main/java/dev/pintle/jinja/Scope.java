package dev.pintle.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables of one scope at run time. */
final class Scope {
    private final Symbols symbols;
    private final @Nullable Scope outer;
    private final Map<String, Object> context;
    private final Map<String, Object> values = new HashMap<>();
    private boolean left;

    Scope(Symbols symbols, @Nullable Scope outer, Map<String, Object> context) {
        this.symbols = symbols;
        this.outer = outer;
        this.context = context;
    }

    /** The number of names it owns. */
    int size() {
        return symbols.starts().size();
    }

    Scope inner(Symbols inner) {
        return new Scope(inner, this, context);
    }

    /** Initialises every name, once per loop iteration; parameters keep their values. */
    void enter() {
        symbols.starts().forEach((name, start) -> {
            Object value = switch (start) {
                case CONTEXT -> context.get(name);
                case OUTER -> outer == null ? null : outer.find(name);
                case NOTHING -> null;
                case PARAMETER -> values.get(name);
            };
            put(name, value);
        });
    }

    /** Drops all values, for macros that outlive the loop in which they were defined. */
    void leave() {
        values.clear();
        left = true;
    }

    void put(String name, @Nullable Object value) {
        if (value == null) {
            values.remove(name);
        } else {
            values.put(name, value);
        }
    }

    /** The value of a variable, or null if it has none. */
    @Nullable
    Object find(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            if (scope.symbols.owns(name)) {
                if (scope.left && scope.symbols.starts().get(name) == Symbols.Start.PARAMETER) {
                    throw JinjaException.of("The template reads the variable of a loop that has ended.", "name", name);
                }
                return scope.values.get(name);
            }
        }
        // Only the filter of a set block can use a name that no scope knows; jinja2 rejects such a template too.
        throw JinjaException.of("The template uses a name where it cannot be resolved.", "name", name);
    }

    Object get(String name) {
        Object value = find(name);
        return value == null ? Value.Undefined.name(name) : value;
    }
}
