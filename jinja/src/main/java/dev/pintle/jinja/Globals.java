package dev.pintle.jinja;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions available to every template. */
final class Globals {
    private final Operations operations;
    private final Clock clock;

    private Globals(Operations operations, Clock clock) {
        this.operations = operations;
        this.clock = clock;
    }

    /** The functions, overridden by the caller's variables. */
    static Map<String, Object> with(Operations operations, Clock clock, Map<String, Object> variables) {
        Globals globals = new Globals(operations, clock);
        Map<String, Object> all = new HashMap<>();
        globals.add(all, "range", globals::range);
        globals.add(all, "dict", globals::dict);
        globals.add(all, "namespace", arguments -> new Value.Namespace((Value.Dict) globals.dict(arguments)));
        globals.add(all, "cycler", arguments -> new Cycler(arguments));
        globals.add(all, "joiner", globals::joiner);
        globals.add(all, "raise_exception", globals::raise);
        globals.add(all, "strftime_now", globals::now);
        globals.add(all, "lipsum", arguments -> {
            throw JinjaException.of("The template asks for random text.");
        });
        variables.forEach(all::put);
        return all;
    }

    private void add(Map<String, Object> all, String name, Value.Function.Body body) {
        all.put(name, new Value.Function(name, body));
    }

    private Object range(Arguments arguments) {
        Methods.noKeywords("range", arguments);
        List<Object> given = arguments.positional();
        if (given.isEmpty() || given.size() > 3) {
            throw JinjaException.of("The template calls range with the wrong number of arguments.");
        }
        given.forEach(Operations::requireDefined);
        long start = given.size() == 1 ? 0 : Numbers.index(given.get(0), "range");
        long stop = Numbers.index(given.get(given.size() == 1 ? 0 : 1), "range");
        long step = given.size() < 3 ? 1 : Numbers.index(given.get(2), "range");
        if (step == 0) {
            throw JinjaException.of("The template creates a range with step zero.");
        }
        Value.Range range = new Value.Range(start, stop, step);
        if (range.size() > Limits.RANGE) {
            throw JinjaException.of(
                    "The template creates a range that is too long.", "elements", "over " + Limits.RANGE);
        }
        operations.budget().value();
        return range;
    }

    private Object dict(Arguments arguments) {
        Value.Dict dict = new Value.Dict();
        if (arguments.positional().size() > 1) {
            throw JinjaException.of("The template creates a dict from several values.");
        }
        for (Object given : arguments.positional()) {
            if (given instanceof Value.Dict other) {
                operations.budget().entries(other.size());
                other.entries().forEach(entry -> dict.put(entry.getKey(), entry.getValue()));
                continue;
            }
            for (Object pair : operations.list(given)) {
                List<Object> both = operations.list(pair);
                if (both.size() != 2) {
                    throw JinjaException.of("The template creates a dict from something other than pairs.");
                }
                operations.budget().entries(1);
                operations.budget().key(both.get(0));
                dict.put(both.get(0), both.get(1));
            }
        }
        operations.budget().entries(arguments.keywords().size());
        arguments.keywords().forEach(dict::put);
        return dict;
    }

    private Object joiner(Arguments arguments) {
        Object separator = arguments.bind("joiner", 0, "sep").get(0, ", ");
        boolean[] used = {false};
        return new Value.Function("joiner", call -> {
            call.bind("joiner", 0);
            Object result = used[0] ? separator : "";
            used[0] = true;
            return result;
        });
    }

    private Object raise(Arguments arguments) {
        Object message = arguments.bind("raise_exception", 1, "message").get(0);
        throw JinjaException.of(
                "The template rejects this conversation.",
                "it says",
                operations.text().of(message));
    }

    private Object now(Arguments arguments) {
        String format =
                TextMethods.string(arguments.bind("strftime_now", 1, "format").get(0), "strftime_now");
        return Strftime.format(format, ZonedDateTime.now(clock), operations.budget());
    }

    /** {@code cycler(a, b)}: returns its values in turn. */
    private static final class Cycler implements Value.WithAttributes {
        private final List<Object> items;
        private int position;

        Cycler(Arguments arguments) {
            Methods.noKeywords("cycler", arguments);
            items = arguments.positional();
            if (items.isEmpty()) {
                throw JinjaException.of("The template calls cycler without values.");
            }
        }

        @Override
        public @Nullable Object attribute(String name) {
            return switch (name) {
                case "current" -> items.get(position);
                case "pos" -> (long) position;
                case "items" -> new Value.Tuple(items);
                case "next" ->
                    new Value.Function(name, arguments -> {
                        arguments.bind(name, 0);
                        Object current = items.get(position);
                        position = (position + 1) % items.size();
                        return current;
                    });
                case "reset" ->
                    new Value.Function(name, arguments -> {
                        arguments.bind(name, 0);
                        position = 0;
                        return Value.None.NONE;
                    });
                default -> null;
            };
        }
    }
}
