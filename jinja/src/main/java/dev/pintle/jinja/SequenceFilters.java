package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Filters on lists and dicts. Several return lazy sequences that can be read only once, as in jinja2. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void addTo(Map<String, Filters.Filter> filters) {
        filters.put("list", (interpreter, value, arguments) -> {
            arguments.bind("list", 0);
            return new Value.ListValue(interpreter.operations().list(value));
        });
        filters.put("first", SequenceFilters::first);
        filters.put("last", SequenceFilters::last);
        filters.put("join", SequenceFilters::join);
        filters.put("items", SequenceFilters::items);
        filters.put("dictsort", SequenceFilters::dictSort);
        filters.put("sort", SequenceFilters::sort);
        filters.put("unique", SequenceFilters::unique);
        filters.put("min", (interpreter, value, arguments) -> extreme(interpreter, value, arguments, "min"));
        filters.put("max", (interpreter, value, arguments) -> extreme(interpreter, value, arguments, "max"));
        filters.put("sum", SequenceFilters::sum);
        filters.put("reverse", SequenceFilters::reverse);
        filters.put("map", SequenceFilters::map);
        filters.put("select", (interpreter, value, arguments) -> select(interpreter, value, arguments, true, false));
        filters.put("reject", (interpreter, value, arguments) -> select(interpreter, value, arguments, false, false));
        filters.put("selectattr", (interpreter, value, arguments) -> select(interpreter, value, arguments, true, true));
        filters.put(
                "rejectattr", (interpreter, value, arguments) -> select(interpreter, value, arguments, false, true));
        filters.put("groupby", SequenceFilters::groupBy);
        filters.put("batch", SequenceFilters::batch);
        filters.put("slice", SequenceFilters::slice);
    }

    // ---- by attribute

    /** Reads {@code a.b.0} from a value, one component at a time. */
    private static UnaryOperator<Object> getter(Operations operations, Object path, Object otherwise) {
        List<Object> parts = new ArrayList<>();
        if (Operations.isText(path)) {
            operations.budget().steps(Operations.plain(path).length());
            operations.budget().memory(64L * Operations.plain(path).length());
            for (String part : Operations.plain(path).split("\\.", -1)) {
                boolean number =
                        !part.isEmpty() && part.length() < 10 && part.chars().allMatch(Chars::isDecimal);
                parts.add(number ? (Object) Long.valueOf(part) : part);
            }
        } else if (!(path instanceof Value.None)) {
            parts.add(path);
        }
        Access access = new Access(operations);
        return value -> {
            Object found = value;
            for (Object part : parts) {
                operations.budget().step();
                found = access.item(found, part);
                if (found instanceof Value.Undefined && !(otherwise instanceof Value.None)) {
                    found = otherwise;
                }
            }
            return found;
        };
    }

    private static UnaryOperator<Object> key(
            Operations operations, Object path, Object otherwise, boolean caseSensitive) {
        UnaryOperator<Object> getter = getter(operations, path, otherwise);
        return caseSensitive ? getter : value -> ignoringCase(operations, getter.apply(value));
    }

    private static Object ignoringCase(Operations operations, Object value) {
        return Operations.isText(value) ? new TextMethods(operations).cased(Operations.plain(value), "lower") : value;
    }

    private static List<Object> sorted(
            Operations operations, List<Object> items, UnaryOperator<Object> key, boolean reverse) {
        operations.budget().elements(4L * items.size());
        List<Map.Entry<Object, Object>> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(Map.entry(key.apply(item), item)));
        Comparator<Map.Entry<Object, Object>> order = Comparator.comparing(Map.Entry::getKey, operations::order);
        try {
            keyed.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) {
            throw JinjaException.of("The template sorts values that cannot be ordered.");
        }
        List<Object> sorted = new ArrayList<>();
        keyed.forEach(entry -> sorted.add(entry.getValue()));
        return sorted;
    }

    private static Object sort(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        boolean caseSensitive = operations.isTrue(bound.get(1, false));
        Object attribute = bound.get(2, Value.None.NONE);
        List<UnaryOperator<Object>> keys = new ArrayList<>();
        if (Operations.isText(attribute)) {
            operations.budget().memory(64L * Operations.plain(attribute).length());
            for (String part : Operations.plain(attribute).split(",", -1)) {
                keys.add(key(operations, part, Value.None.NONE, caseSensitive));
            }
        } else {
            keys.add(key(operations, attribute, Value.None.NONE, caseSensitive));
        }
        UnaryOperator<Object> all = item -> {
            operations.budget().elements(1L + keys.size());
            return new Value.ListValue(keys.stream().map(key -> key.apply(item)).toList());
        };
        boolean reverse = operations.isTrue(bound.get(0, false));
        return new Value.ListValue(sorted(operations, operations.list(value), all, reverse));
    }

    private static Object dictSort(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        Object by = bound.get(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw JinjaException.of("The template sorts a dict by something other than key or value.");
        }
        boolean caseSensitive = operations.isTrue(bound.get(0, false));
        UnaryOperator<Object> key = key(operations, by.equals("key") ? 0L : 1L, Value.None.NONE, caseSensitive);
        boolean reverse = operations.isTrue(bound.get(2, false));
        return new Value.ListValue(sorted(operations, pairs(operations, dict(value, "dictsort")), key, reverse));
    }

    private static List<Object> pairs(Operations operations, Value.Dict dict) {
        return operations.viewed(new Value.View(Value.View.Kind.ITEMS, dict));
    }

    private static Value.Dict dict(Object value, String filter) {
        Operations.requireDefined(value);
        if (value instanceof Value.Dict dict) {
            return dict;
        }
        throw JinjaException.of(
                "The template applies a dict filter to something else.", "filter", filter, "value", Types.name(value));
    }

    private static Object items(Interpreter interpreter, Object value, Arguments arguments) {
        arguments.bind("items", 0);
        boolean undefined = value instanceof Value.Undefined;
        return new Value.Lazy(
                (undefined ? List.of() : pairs(interpreter.operations(), dict(value, "items"))).iterator());
    }

    private static Object unique(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
        boolean caseSensitive = operations.isTrue(bound.get(0, false));
        UnaryOperator<Object> key = key(operations, bound.get(1, Value.None.NONE), Value.None.NONE, caseSensitive);
        Iterator<Object> items = operations.iterator(value);
        Value.Dict seen = new Value.Dict();
        return lazy(() -> {
            while (items.hasNext()) {
                operations.budget().step();
                Object item = items.next();
                Object found = key.apply(item);
                operations.budget().key(found);
                if (!seen.has(found)) {
                    operations.budget().entries(1);
                    seen.put(found, true);
                    return item;
                }
            }
            return null;
        });
    }

    private static Object groupBy(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
        boolean caseSensitive = operations.isTrue(bound.get(2, false));
        Object otherwise = bound.get(1, Value.None.NONE);
        UnaryOperator<Object> key = key(operations, bound.get(0), otherwise, caseSensitive);
        UnaryOperator<Object> shown = getter(operations, bound.get(0), otherwise);
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        Object groupKey = Value.None.NONE;
        for (Object item : sorted(operations, operations.list(value), key, false)) {
            Object itemKey = key.apply(item);
            operations.budget().elements(1);
            if (group.isEmpty() || !operations.equal(groupKey, itemKey)) {
                operations.budget().elements(8);
                group = new ArrayList<>();
                groupKey = itemKey;
                groups.add(new Value.Tuple(List.of(shown.apply(item), new Value.ListValue(group)), true));
            }
            group.add(item);
        }
        return new Value.ListValue(groups);
    }

    private static Object extreme(Interpreter interpreter, Object value, Arguments arguments, String name) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind(name, 0, "case_sensitive", "attribute");
        boolean caseSensitive = operations.isTrue(bound.get(0, false));
        UnaryOperator<Object> key = key(operations, bound.get(1, Value.None.NONE), Value.None.NONE, caseSensitive);
        Iterator<Object> items = operations.iterator(value);
        if (!items.hasNext()) {
            return new Value.Undefined("The template asks for the " + name + " of an empty sequence.");
        }
        Object best = items.next();
        Object bestKey = key.apply(best);
        while (items.hasNext()) {
            operations.budget().step();
            Object item = items.next();
            Object itemKey = key.apply(item);
            boolean better = name.equals("min")
                    ? operations.ordered("<", itemKey, bestKey)
                    : operations.ordered(">", itemKey, bestKey);
            if (better) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    private static Object sum(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("sum", 0, "attribute", "start");
        UnaryOperator<Object> getter = getter(operations, bound.get(0, Value.None.NONE), Value.None.NONE);
        Object total = bound.get(1, 0L);
        if (Operations.isText(total)) {
            throw JinjaException.of("The template sums texts.");
        }
        Iterator<Object> items = operations.iterator(value);
        while (items.hasNext()) {
            operations.budget().step();
            total = operations.binary("+", total, getter.apply(items.next()));
        }
        return total;
    }

    private static Object join(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("join", 0, "d", "attribute");
        Object attribute = bound.get(1, Value.None.NONE);
        Object items = value;
        if (!(attribute instanceof Value.None)) {
            UnaryOperator<Object> getter = getter(operations, attribute, Value.None.NONE);
            List<Object> all = operations.list(value);
            operations.budget().elements(all.size());
            items = new Value.ListValue(all.stream().map(getter).toList());
        }
        return new TextMethods(operations).join(operations.text().of(bound.get(0, "")), items, false);
    }

    // ---- first, last, reversed

    private static Object first(Interpreter interpreter, Object value, Arguments arguments) {
        arguments.bind("first", 0);
        Iterator<Object> items = interpreter.operations().iterator(value);
        return items.hasNext()
                ? items.next()
                : new Value.Undefined("The template asks for the first element of an empty sequence.");
    }

    private static Object last(Interpreter interpreter, Object value, Arguments arguments) {
        arguments.bind("last", 0);
        if (value instanceof Value.Lazy) {
            throw JinjaException.of("The template asks for the last element of a lazy sequence.");
        }
        List<Object> items = interpreter.operations().list(value);
        return items.isEmpty()
                ? new Value.Undefined("The template asks for the last element of an empty sequence.")
                : items.get(items.size() - 1);
    }

    private static Object reverse(Interpreter interpreter, Object value, Arguments arguments) {
        arguments.bind("reverse", 0);
        Operations operations = interpreter.operations();
        if (Operations.isText(value)) {
            return operations.slice(value, Value.None.NONE, Value.None.NONE, -1L);
        }
        List<Object> items = operations.list(value);
        Collections.reverse(items);
        return value instanceof Value.Lazy ? new Value.ListValue(items) : new Value.Lazy(items.iterator());
    }

    // ---- one by one

    private interface Advance {
        @Nullable
        Object next();
    }

    private static Value.Lazy lazy(Advance advance) {
        return new Value.Lazy(new Value.Generated() {
            @Override
            @Nullable
            Object advance() {
                return advance.next();
            }
        });
    }

    private static Object map(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        UnaryOperator<Object> function;
        if (arguments.positional().isEmpty() && arguments.keywords().containsKey("attribute")) {
            Arguments.Bound bound = arguments.bind("map", 0, "attribute", "default");
            function = getter(operations, bound.get(0), bound.get(1, Value.None.NONE));
        } else if (arguments.positional().isEmpty()) {
            throw JinjaException.of("The template uses map without a filter.");
        } else {
            String name = TextMethods.string(arguments.positional().get(0), "map");
            Arguments rest = arguments.without(1);
            function = item -> Filters.apply(interpreter, name, item, rest);
        }
        Iterator<Object> items = whenTrue(operations, value);
        return lazy(() -> {
            operations.budget().step();
            return items.hasNext() ? function.apply(items.next()) : null;
        });
    }

    private static Object select(
            Interpreter interpreter, Object value, Arguments arguments, boolean keep, boolean byAttribute) {
        Operations operations = interpreter.operations();
        List<Object> given = arguments.positional();
        if (byAttribute && given.isEmpty()) {
            throw JinjaException.of("The template uses select by attribute without naming the attribute.");
        }
        Object attribute = byAttribute ? given.get(0) : Value.None.NONE;
        UnaryOperator<Object> getter = getter(operations, attribute, Value.None.NONE);
        int offset = byAttribute ? 1 : 0;
        String test = given.size() > offset ? TextMethods.string(given.get(offset), "select") : null;
        Arguments rest = test == null ? Arguments.NONE : arguments.without(offset + 1);
        Iterator<Object> items = whenTrue(operations, value);
        return lazy(() -> {
            while (items.hasNext()) {
                operations.budget().step();
                Object item = items.next();
                Object tested = getter.apply(item);
                boolean holds = test == null ? operations.isTrue(tested) : Tests.holds(interpreter, test, tested, rest);
                if (holds == keep) {
                    return item;
                }
            }
            return null;
        });
    }

    /** The elements of a truthy value; none for a falsy one, whatever it is. */
    private static Iterator<Object> whenTrue(Operations operations, Object value) {
        return operations.isTrue(value)
                ? operations.iterator(value)
                : List.<Object>of().iterator();
    }

    private static Object batch(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("batch", 1, "linecount", "fill_with");
        int size = Numbers.index(bound.get(0), "linecount");
        Object fill = bound.get(1, Value.None.NONE);
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object item : operations.list(value)) {
            operations.budget().elements(1);
            if (batch.size() == size) {
                operations.budget().elements(4);
                batches.add(new Value.ListValue(batch));
                batch = new ArrayList<>();
            }
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            int missing = fill instanceof Value.None ? 0 : Math.max(0, size - batch.size());
            operations.budget().elements(missing);
            batch.addAll(Collections.nCopies(missing, fill));
            batches.add(new Value.ListValue(batch));
        }
        return new Value.Lazy(batches.iterator());
    }

    private static Object slice(Interpreter interpreter, Object value, Arguments arguments) {
        Operations operations = interpreter.operations();
        Arguments.Bound bound = arguments.bind("slice", 1, "slices", "fill_with");
        List<Object> items = operations.list(value);
        int slices = Numbers.index(bound.get(0), "slices");
        if (slices == 0) {
            throw JinjaException.of("The template divides by zero.");
        }
        Object fill = bound.get(1, Value.None.NONE);
        operations.budget().elements(6L * Math.max(0, slices) + items.size());
        operations.budget().steps(Math.max(0, slices));
        List<Object> result = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < slices; i++) {
            boolean extra = i < items.size() % slices;
            int end = start + items.size() / slices + (extra ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(start, end));
            if (!(fill instanceof Value.None) && !extra) {
                part.add(fill);
            }
            result.add(new Value.ListValue(part));
            start = end;
        }
        return new Value.Lazy(result.iterator());
    }
}
