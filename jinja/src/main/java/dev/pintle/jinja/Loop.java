package dev.pintle.jinja;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code loop} variable: iterates over the elements with one element of lookahead and lookbehind. */
final class Loop extends Value.Generated implements Value.WithAttributes, Value.Callable {
    /** Renders the loop body for other elements, in a recursive loop. */
    interface Recursion {
        Object render(Object items, int depth);
    }

    private final Operations operations;
    private final Object items;
    private final @Nullable Recursion recursion;
    private final int depth;
    private Iterator<Object> source;
    private int index0 = -1;
    private int length = -1;
    private @Nullable Object previous;
    private @Nullable Object current;
    private @Nullable Object following;
    private @Nullable Object lastChanged;

    Loop(Operations operations, Object items, @Nullable Recursion recursion, int depth) {
        this.operations = operations;
        this.items = items;
        this.recursion = recursion;
        this.depth = depth;
        this.source = operations.iterator(items);
    }

    @Override
    @Nullable
    Object advance() {
        return peek();
    }

    /** The next element without consuming it, or null at the end. */
    private @Nullable Object peek() {
        if (following == null && source.hasNext()) {
            following = source.next();
        }
        return following;
    }

    /** Consumes the next element; null at the end. */
    @Nullable
    Object turn() {
        Object taken = peek();
        following = null;
        if (taken != null) {
            index0++;
            previous = current;
            current = taken;
        }
        return taken;
    }

    int index0() {
        return index0;
    }

    int length() {
        if (length < 0) {
            length = items instanceof Value.Lazy ? -1 : operations.lengthOrMinusOne(items);
            if (length < 0) {
                Budget.Items all = operations.budget().newItems();
                source.forEachRemaining(all::add);
                List<Object> rest = all.list();
                source = rest.iterator();
                length = rest.size() + index0 + 1 + (following == null ? 0 : 1);
            }
        }
        return length;
    }

    @Override
    public @Nullable Object attribute(String name) {
        return switch (name) {
            case "index" -> (long) index0 + 1;
            case "index0" -> (long) index0;
            case "revindex" -> (long) length() - index0;
            case "revindex0" -> (long) length() - index0 - 1;
            case "first" -> index0 == 0;
            case "last" -> peek() == null;
            case "length" -> (long) length();
            case "depth" -> (long) depth + 1;
            case "depth0" -> (long) depth;
            case "previtem" ->
                previous == null ? new Value.Undefined("The template asks for the item before the first.") : previous;
            case "nextitem" -> {
                Object next = peek();
                yield next == null ? new Value.Undefined("The template asks for the item after the last.") : next;
            }
            case "cycle" -> new Value.Function(name, this::cycle);
            case "changed" -> new Value.Function(name, this::changed);
            default -> null;
        };
    }

    private Object cycle(Arguments arguments) {
        Methods.noKeywords("cycle", arguments);
        if (arguments.positional().isEmpty()) {
            throw JinjaException.of("The template calls cycle without values.");
        }
        return arguments.positional().get(index0 % arguments.positional().size());
    }

    private Object changed(Arguments arguments) {
        Methods.noKeywords("changed", arguments);
        Object value = new Value.Tuple(arguments.positional());
        boolean changed = lastChanged == null || !operations.equal(lastChanged, value);
        lastChanged = value;
        return changed;
    }

    @Override
    public Object call(Arguments arguments) {
        if (recursion == null) {
            throw JinjaException.of("The template calls a loop that is not marked recursive.");
        }
        return recursion.render(arguments.bind("loop", 1, "iterable").get(0), depth + 1);
    }
}
